import type {
  CareTeam,
  Encounter,
  EpisodeOfCare,
  Group,
  RelatedPerson,
  Resource,
  ServiceRequest,
} from '@medplum/fhirtypes';
import { keyedId } from '../db.ts';
import type { StatementState, StoredView, View } from '../facts.ts';
import { idOf, renameReferences } from '../fhir/references.ts';
import type { Journey } from './journeys.ts';
import { composePatient } from './patient-view.ts';
import type { Person } from './persons.ts';
import type { Edge } from './relate.ts';
import type { Spell } from './spells.ts';

export const STAGE_SYSTEM = 'https://skein.example/fhir/CodeSystem/stage';
const JOURNEY_TAG = 'https://skein.example/fhir/journey';
const ROLE = 'http://terminology.hl7.org/CodeSystem/v3-RoleCode';

export type Family = {
  key: Buffer;
  statements: StatementState[];
  persons: Person[];
  personOf: (key: string | null) => Person | undefined;
  edges: Edge[];
  spells: Spell[];
  journeys: Journey[];
  stored: StoredView[];
};

type Made = Omit<View, 'state'> & { state?: string | null };
const view = (made: Made): View => ({ ...made, state: made.state ?? null });

/** Every shared resource of a family as it should be, from facts alone. */
export function composeViews(family: Family): View[] {
  const views = [
    ...family.persons.map((person) => patientView(family, person)),
    ...family.edges.flatMap((edge) => relationViews(family.key, edge)),
    ...family.spells.map((spell) => episodeView(family, spell)),
    ...family.statements.flatMap((state) => directView(family, state)),
    ...family.journeys.map(groupView),
    ...family.journeys.flatMap((journey) => teamViews(family, journey)),
  ];
  const made = new Set(views.map(({ type, id }) => `${type}/${id}`));
  const gone = family.stored.filter(({ type, id }) => !made.has(`${type}/${id}`));
  return [...views, ...gone.map((stored) => tombstone(family, stored))];
}

function patientView(family: Family, person: Person): View {
  const links = family.edges
    .filter(({ parent, child }) => parent === person || child === person)
    .map((edge) => ({
      id: relationId(family.key, edge, edge.parent === person),
      other: edge.parent === person ? edge.child.id : edge.parent.id,
    }))
    .sort((a, b) => (a.id < b.id ? -1 : 1));
  return view({
    type: 'Patient',
    id: person.id,
    content: composePatient(
      person,
      links.map(({ id }) => id),
    ),
    owner: person.charts[0]?.key ?? person.id,
    // The person, then the one each link leads to, in their order: a link shows only to those who may know of both.
    persons: [person.id, ...links.map(({ other }) => other)],
    authors: unique(person.charts.map(({ service }) => service)),
    service: null,
  });
}

/** Id of the RelatedPerson that stands for the parent (in the child's compartment) or for the child (in the parent's). */
function relationId(key: Buffer, { parent, child }: Edge, ofParent: boolean): string {
  return keyedId(key, 'relation', parent.id, child.id, ofParent ? 'parent' : 'child');
}

function relationViews(key: Buffer, edge: Edge): View[] {
  const codes = [...(edge.kinds.includes('gestational') ? ['GESTM'] : []), ...(edge.mother ? ['MTH'] : ['PRN'])];
  return [true, false].map((ofParent) => {
    const [patient, other] = ofParent ? [edge.child, edge.parent] : [edge.parent, edge.child];
    const content: RelatedPerson = {
      resourceType: 'RelatedPerson',
      id: relationId(key, edge, ofParent),
      active: true,
      patient: { reference: `Patient/${patient.id}` },
      relationship: [{ coding: (ofParent ? codes : ['CHILD']).map((code) => ({ system: ROLE, code })) }],
    };
    return view({
      type: 'RelatedPerson',
      id: content.id as string,
      content,
      owner: patient.id,
      persons: [patient.id, other.id],
      authors: edge.services,
      service: null,
    });
  });
}

function episodeView(family: Family, spell: Spell): View {
  const { team: _team, account: _account, referralRequest: _referral, ...said } = spell.content;
  const content: EpisodeOfCare = {
    ...toShared(family, said),
    id: spell.id,
    meta: { tag: journeysOf(family, spell).map(({ id }) => ({ system: JOURNEY_TAG, code: id })) },
    status: spell.status,
    patient: { reference: `Patient/${spell.person.id}` },
    managingOrganization: { reference: `Organization/${spell.service}` },
    period: spell.period,
    ...(spell.referral ? { referralRequest: [{ reference: `ServiceRequest/${spell.referral}` }] } : {}),
  };
  return view({
    type: 'EpisodeOfCare',
    id: spell.id,
    content,
    owner: spell.person.id,
    persons: [spell.person.id],
    authors: spell.services,
    service: spell.service,
    state: `${spell.status}${spell.confirmed ? '' : '?'}`,
  });
}

/** ServiceRequest and Encounter are shared as their one sender says them, with references to persons and spells as they are now. */
function directView(family: Family, state: StatementState): View[] {
  if (state.type !== 'ServiceRequest' && state.type !== 'Encounter') return [];
  const person = family.personOf(state.chart);
  if (!person) return [];
  const said = toShared(family, state.content as ServiceRequest | Encounter);
  const subject = { reference: `Patient/${person.id}` };
  const content = { ...said, id: state.key, subject } as ServiceRequest | Encounter;
  const performer = content.resourceType === 'ServiceRequest' ? content.performer?.[0] : content.serviceProvider;
  return [
    view({
      type: state.type,
      id: state.key,
      content,
      owner: person.id,
      persons: [person.id],
      authors: [state.service],
      service: idOf(performer?.reference, 'Organization') ?? null,
      state: content.status ?? null,
    }),
  ];
}

function groupView(journey: Journey): View {
  const content: Group = {
    resourceType: 'Group',
    id: journey.id,
    active: true,
    type: 'person',
    actual: true,
    characteristic: journey.stages.map(({ code, start, end }) => ({
      code: { coding: [{ system: 'https://skein.example/fhir/CodeSystem/journey', code: 'stage' }] },
      valueCodeableConcept: { coding: [{ system: STAGE_SYSTEM, code }] },
      exclude: false,
      period: { start, ...(end ? { end } : {}) },
    })),
    member: [...journey.members]
      .sort((a, b) => (a.person < b.person ? -1 : 1))
      .map(({ person }) => ({ entity: { reference: `Patient/${person}` }, inactive: false })),
  };
  if (content.characteristic?.length === 0) delete content.characteristic;
  return view({
    type: 'Group',
    id: journey.id,
    content,
    owner: journey.anchor,
    persons: journey.members.map(({ person }) => person).sort(),
    authors: [],
    service: null,
    state: journey.stages.map(({ code, start }) => `${code}:${start}`).join(' '),
  });
}

function teamViews(family: Family, journey: Journey): View[] {
  return journey.members.flatMap(({ person }) => {
    const spells = family.spells.filter(
      (spell) => spell.person.id === person && isCare(spell) && journeysOf(family, spell).includes(journey),
    );
    if (spells.length === 0) return [];
    const id = keyedId(family.key, 'team', journey.id, person);
    const participant = spells
      .map((spell) => ({ member: { reference: `Organization/${spell.service}` }, period: spell.period }))
      .sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1));
    const content: CareTeam = {
      resourceType: 'CareTeam',
      id,
      meta: { tag: [{ system: JOURNEY_TAG, code: journey.id }] },
      status: 'active',
      subject: { reference: `Patient/${person}` },
      participant,
    };
    return [
      view({
        type: 'CareTeam',
        id,
        content,
        owner: person,
        persons: [person],
        authors: [],
        service: null,
        state: 'active',
      }),
    ];
  });
}

/** Care that was taken up: a referral still to be accepted is between the services it names. */
const isCare = ({ status, confirmed }: Spell) =>
  confirmed && ['active', 'onhold', 'waitlist', 'finished'].includes(status);

/** The journey that a spell belongs to: never two, so that care in one pregnancy says nothing to those of another. */
export function journeysOf(family: Family, { person, period }: Spell): Journey[] {
  return family.journeys.filter(({ happenings }) =>
    happenings.some((happening) => happening.person === person && happening.start === period.start),
  );
}

/** A sender's resource without what is its own affair (narrative, version, contained parts), its references made ours. */
function toShared<T extends Resource>(family: Family, resource: T): T {
  const {
    meta: _meta,
    text: _text,
    contained: _contained,
    ...rest
  } = resource as T & { text?: unknown; contained?: unknown };
  return renameReferences(rest as unknown as T, (reference) => {
    const person = family.personOf(idOf(reference, 'Patient') ?? null);
    const episode = idOf(reference, 'EpisodeOfCare');
    const spell = episode && family.spells.find(({ keys }) => keys.includes(episode));
    return person ? `Patient/${person.id}` : spell ? `EpisodeOfCare/${spell.id}` : undefined;
  });
}

/** What a resource becomes when facts no longer support it: it still answers, inactive, and says no more than that. */
function tombstone(family: Family, { type, id, owner, persons, authors, service }: StoredView): View {
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
    ServiceRequest: { resourceType: 'ServiceRequest', id, status: 'entered-in-error', intent: 'plan', subject },
    Encounter: { resourceType: 'Encounter', id, status: 'entered-in-error', class: { code: 'AMB' }, subject },
  };
  const content = contents[type] as Resource;
  const about = type === 'Patient' && survivor && survivor.id !== id ? [id, survivor.id] : persons;
  return view({ type, id, content, owner, persons: about, authors, service, state: 'gone' });
}

const unique = (items: string[]): string[] => [...new Set(items)].sort();
