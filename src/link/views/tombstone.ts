import type { Resource } from '@medplum/fhirtypes';
import type { StoredView, View } from '../../store/facts.ts';
import { type Family, view } from './family.ts';

/**
 * What a resource becomes when facts no longer support it: it still answers, inactive, and says no more than
 * that.
 */
export function tombstone(family: Family, { type, id, owner, persons, authors, service }: StoredView): View {
  const subject = { reference: `Patient/${persons[0]}` };
  const survivor = family.personOf(id);
  const contents: Record<string, Resource> = {
    Patient: {
      resourceType: 'Patient',
      id,
      active: false,
      ...(survivor && survivor.id !== id
        ? { link: [{ other: { reference: `Patient/${survivor.id}` }, type: 'replaced-by' as const }] }
        : {}),
    },
    RelatedPerson: { resourceType: 'RelatedPerson', id, active: false, patient: subject },
    Group: { resourceType: 'Group', id, active: false, type: 'person', actual: true },
    CareTeam: { resourceType: 'CareTeam', id, status: 'inactive', subject },
    EpisodeOfCare: { resourceType: 'EpisodeOfCare', id, status: 'entered-in-error', patient: subject },
    ServiceRequest: {
      resourceType: 'ServiceRequest',
      id,
      status: 'entered-in-error',
      intent: 'plan',
      subject,
    },
    Task: { resourceType: 'Task', id, status: 'entered-in-error', intent: 'order' },
    Encounter: { resourceType: 'Encounter', id, status: 'entered-in-error', class: { code: 'AMB' }, subject },
  };
  const content = contents[type] as Resource;
  const about =
    type === 'Patient' && survivor && survivor.id !== id
      ? [id, survivor.id]
      : // Whose journey it was, by the ids that they have now: each of their services is told that it went.
        type === 'Group'
        ? [...new Set(persons.map((person) => family.personOf(person)?.id ?? person))].sort()
        : persons;
  return view({ type, id, content, owner, persons: about, authors, service, state: 'gone' });
}
