/** What of a snapshot a subscription's own filters let through, as they do events. */
import type { Group, Resource } from '@medplum/fhirtypes';
import type { Filter, Kind } from '../../access/decide/may-tell.ts';
import { journeysOf } from '../../access/project/project-care.ts';
import type { Seen } from '../../access/see/visible.ts';
import { idOf, referencesIn } from '../../fhir/references.ts';
import { EVENT_CODES } from '../../model.ts';
import { asOf } from '../../store/clock.ts';

/** By type, the codes of events that tell of such a thing; a person is of every event. */
const CODES: Record<string, readonly string[]> = {
  Patient: EVENT_CODES,
  RelatedPerson: ['member-linked', 'member-unlinked'],
  Group: ['stage-changed', 'member-linked', 'member-unlinked', 'loss', 'loss-retracted'],
  EpisodeOfCare: ['episode-started', 'episode-changed', 'episode-ended'],
  CareTeam: ['episode-started', 'episode-changed', 'episode-ended'],
  ServiceRequest: EVENT_CODES.filter((code) => /^(referral-|episode-(changed|ended))/.test(code)),
  Task: EVENT_CODES.filter((code) => /^(referral-(accepted|declined|redirected)|prompt-)/.test(code)),
  Encounter: ['encounter'],
};

/** Types that a subscription is given: contacts only where it asks to be told of them. */
export const typesFor = (filters: Filter[]): string[] =>
  Object.entries(CODES).flatMap(([type, codes]) => {
    const asked = filters.filter(({ kind }) => kind === 'event').map(({ value }) => value);
    const wanted = asked.length > 0 ? asked : EVENT_CODES.filter((code) => code !== 'encounter');
    return type === 'Patient' || wanted.some((code) => codes.includes(code)) ? [type] : [];
  });

/**
 * Those that all filters hold of, by what their reader sees and nothing else. `groups`: the journeys that it
 * sees of these people. A filter for a service holds of what names that service.
 */
export function filterSeen(seen: Seen[], filters: Filter[], groups: Group[]): Seen[] {
  const clauses = [...Map.groupBy(filters, ({ clause }) => clause).values()];
  return seen.filter(({ resource }) => {
    const facets = facetsOf(resource, groups);
    return clauses.every((clause) => clause.some(({ kind, value }) => facets[kind].includes(value)));
  });
}

function facetsOf(resource: Resource, groups: Group[]): Record<Kind, readonly string[]> {
  const references = referencesIn(resource);
  const named = (type: string) => references.flatMap((reference) => idOf(reference, type) ?? []);
  const { resourceType, id = '' } = resource;
  const persons = resourceType === 'Patient' ? [id] : named('Patient');
  const own = groups.filter((group) => isOf(resource, persons, group));
  return {
    event: CODES[resourceType] ?? [],
    patient: persons,
    service: named('Organization'),
    journey: own.flatMap((group) => group.id ?? []),
    stage: own.flatMap(stagesOf),
  };
}

/**
 * Care is of the journeys that it is tagged with; whoever is a member, and what is of members alone, is of
 * theirs.
 */
function isOf(resource: Resource, persons: string[], group: Group): boolean {
  if (resource.resourceType === 'Group') return resource.id === group.id;
  const tagged = journeysOf(resource);
  if (tagged.length > 0) return tagged.includes(group.id ?? '');
  const members = membersOf(group);
  return persons.length > 0 && persons.every((person) => members.includes(person));
}

export const membersOf = ({ member = [] }: Group): string[] =>
  member.flatMap(({ entity }) => idOf(entity?.reference, 'Patient') ?? []);

/** Those in force today. */
function stagesOf({ characteristic = [] }: Group): string[] {
  const today = asOf().toISOString().slice(0, 10);
  const inForce = characteristic.filter(
    ({ period }) => (period?.start ?? '') <= today && today < (period?.end ?? '9999'),
  );
  return inForce.flatMap(({ valueCodeableConcept }) => valueCodeableConcept?.coding?.[0]?.code ?? []);
}
