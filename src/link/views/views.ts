import type {
  Encounter,
  EpisodeOfCare,
  Patient,
  Reference,
  RelatedPerson,
  Resource,
  ServiceRequest,
} from '@medplum/fhirtypes';
import { composePatient } from '../../fhir/compose-patient.ts';
import { keyedId } from '../../fhir/ids.ts';
import { idOf, renameReferences } from '../../fhir/references.ts';
import {
  DISPUTE_TAG,
  DISPUTED,
  JOURNEY_TAG,
  REFERRAL_TAG,
  SAFETY_SYSTEM,
  STAGE_SYSTEM,
} from '../../fhir/systems.ts';
import type { CareSource } from '../../model.ts';
import type { StatementState, View } from '../../store/facts.ts';
import type { Spell } from '../care/spells.ts';
import type { Edge } from '../family/relate.ts';
import { HOLD } from '../safety/statements.ts';
import type { Person } from '../who/charts.ts';
import { chartSources } from './chart-sources.ts';
import { type Family, heldAmong, sourceOf, sourceOfSpell, view } from './family.ts';
import { groupView, teamViews } from './journey-views.ts';
import { loopViews } from './loop-views.ts';
import { tombstone } from './tombstone.ts';

/** Of a reference: found from what was said, and said by nobody. */
const INFERRED = 'https://skein.example/fhir/StructureDefinition/inferred';
const HELD = { system: SAFETY_SYSTEM, code: HOLD };
const ROLE = 'http://terminology.hl7.org/CodeSystem/v3-RoleCode';

/** Every shared resource of a family as it should be, from facts alone. */
export function composeViews(family: Family): View[] {
  const views = [
    ...family.persons.map((person) => patientView(family, person)),
    ...family.edges.flatMap((edge) => relationViews(family.key, edge)),
    ...family.spells.map((spell) => episodeView(family, spell)),
    ...family.statements.flatMap((state) => directView(family, state)),
    ...loopViews(family),
    ...family.prompts,
    ...family.journeys.map((journey) => groupView(family, journey)),
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
  const link = links.map(({ id }) => ({
    other: { reference: `RelatedPerson/${id}` },
    type: 'seealso' as const,
  }));
  const charts = chartSources(family, person);
  const contact = family.contactOf(person);
  const parental = family.parentalOf(person);
  const { extension = [], ...composed } = composePatient(charts);
  const told = [...(contact ? [contact.said] : []), ...parental, ...extension];
  // The person, then the one each link leads to, in their order: a link shows only to those who may know of
  // both.
  const persons = [person.id, ...links.map(({ other }) => other)];
  return view({
    type: 'Patient',
    id: person.id,
    content: {
      resourceType: 'Patient',
      id: person.id,
      ...metaOf(family, person),
      ...(told.length > 0 ? { extension: told } : {}),
      active: true,
      ...composed,
      ...(link.length > 0 ? { link } : {}),
    },
    sources: {
      charts,
      ...(contact ? { contact } : {}),
      ...(parental.length > 0 ? { parental } : {}),
      ...heldAmong(family, persons),
    },
    owner: person.charts[0]?.key ?? person.id,
    persons,
    authors: unique(charts.map(({ author }) => author)),
    service: null,
    state: family.stops.get(person.id) ?? null,
  });
}

function metaOf(family: Family, person: Person): Pick<Patient, 'meta'> {
  const tag = disputeTags(family, ...person.charts.map(({ key }) => `Patient/${key}`));
  const isHeld = family.held.placed.has(person);
  if (tag.length === 0 && !isHeld) return {};
  return { meta: { ...(isHeld ? { security: [HELD] } : {}), ...(tag.length > 0 ? { tag } : {}) } };
}

/** That the patient says that it is not right: on whatever version of it there is. */
const disputeTags = ({ disputed }: Family, ...names: string[]) =>
  names.some((name) => disputed.has(name)) ? [{ system: DISPUTE_TAG, code: DISPUTED }] : [];

/**
 * Id of the RelatedPerson that stands for the parent (in the child's compartment) or for the child (in the
 * parent's).
 */
function relationId(key: Buffer, { parent, child }: Edge, ofParent: boolean): string {
  return keyedId(key, 'relation', parent.id, child.id, ofParent ? 'parent' : 'child');
}

function relationViews(key: Buffer, edge: Edge): View[] {
  const codes = [
    ...(edge.kinds.includes('gestational') ? ['GESTM'] : []),
    ...(edge.mother ? ['MTH'] : ['PRN']),
  ];
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
    meta: {
      tag: [...journeyTags(family, spell.id), ...disputeTags(family, `EpisodeOfCare/${spell.id}`)],
    },
    status: spell.status,
    patient: { reference: `Patient/${spell.person.id}` },
    managingOrganization: { reference: `Organization/${spell.service}` },
    period: spell.period,
    ...(spell.referral ? { referralRequest: [answeredBy(spell.referral, spell.inferred)] } : {}),
  };
  return view({
    type: 'EpisodeOfCare',
    id: spell.id,
    content,
    owner: spell.person.id,
    persons: [spell.person.id],
    authors: spell.services,
    service: spell.service,
    ...sealOf(sourceOfSpell(family, spell)),
    state: `${spell.status}${spell.confirmed ? '' : '?'}`,
  });
}

/** A row of care says only who may not know of it: whose it is, is in its columns. */
const sealOf = (source: CareSource) =>
  source.sealed || source.patientOf !== undefined ? { sources: { care: [source] } } : {};

const answeredBy = (referral: string, inferred: boolean): Reference<ServiceRequest> => ({
  reference: `ServiceRequest/${referral}`,
  ...(inferred ? { extension: [{ url: INFERRED, valueBoolean: true }] } : {}),
});

/**
 * ServiceRequest and Encounter are shared as their one sender says them, with references to persons and
 * spells as they are now.
 */
function directView(family: Family, state: StatementState): View[] {
  if (state.type !== 'ServiceRequest' && state.type !== 'Encounter') return [];
  const person = family.personOf(state.chart);
  if (!person) return [];
  const said = withProvider(toShared(family, state.content as ServiceRequest | Encounter), state.service);
  const subject = { reference: `Patient/${person.id}` };
  const referral = family.referrals.find(({ key }) => key === state.key);
  const tag = [
    ...journeyTags(family, state.key),
    ...(referral ? [{ system: REFERRAL_TAG, code: referral.state }] : []),
    ...(family.stopped.has(state.key) ? [{ system: STAGE_SYSTEM, code: 'contact-stop' }] : []),
    ...disputeTags(family, `${state.type}/${state.key}`),
  ];
  const content = { ...said, meta: { tag }, id: state.key, subject } as ServiceRequest | Encounter;
  const performer =
    content.resourceType === 'ServiceRequest' ? content.performer?.[0] : content.serviceProvider;
  const service = idOf(performer?.reference, 'Organization') ?? null;
  return [
    view({
      type: state.type,
      id: state.key,
      content,
      owner: person.id,
      persons: [person.id],
      authors: [state.service],
      service,
      ...sealOf(sourceOf(family, state.key, { service, authors: [state.service] })),
      state: content.status ?? null,
    }),
  ];
}

/** Who reports a contact had it, unless it names another service. */
function withProvider<T extends ServiceRequest | Encounter>(said: T, sender: string): T {
  if (said.resourceType !== 'Encounter' || said.serviceProvider) return said;
  return { ...said, serviceProvider: { reference: `Organization/${sender}` } };
}

/**
 * The journey that a view belongs to, in the view itself: what others may know of it is asked of that
 * journey.
 */
function journeyTags(family: Family, care: string) {
  const home = family.homeOf(care);
  return home ? [{ system: JOURNEY_TAG, code: home.id }] : [];
}

/**
 * A sender's resource without what is its own affair (narrative, version, contained parts), its references
 * made ours.
 */
function toShared<T extends Resource>(family: Family, resource: T): T {
  const {
    meta: _meta,
    text: _text,
    contained: _contained,
    ...rest
  } = resource as T & { text?: unknown; contained?: unknown };
  return renameReferences(rest as unknown as T, (reference) => {
    const person = family.personOf(idOf(reference, 'Patient') ?? null);
    const spell = family.spellOf.get(idOf(reference, 'EpisodeOfCare') ?? '');
    return person ? `Patient/${person.id}` : spell ? `EpisodeOfCare/${spell.id}` : undefined;
  });
}

const unique = (items: string[]): string[] => [...new Set(items)].sort();
