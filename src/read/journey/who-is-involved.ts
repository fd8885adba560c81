/** Section *who is involved*: each service and each person it cares for, with its duty contact. */
import type { Encounter, EpisodeOfCare, HealthcareService } from '@medplum/fhirtypes';
import type { ServiceContact } from '../../access/project/project-contact.ts';
import type { Seen } from '../../access/see/visible.ts';
import { isConfirmed, writeContact } from '../../fhir/duty-contact.ts';
import type { DutyContact } from '../../model.ts';
import { refer, type Section, type Told } from './sections.ts';
import { sayDate, sayDisputed, sayKind, withArticle } from './words.ts';

/** One service and one person: all care and contacts of theirs in this journey. */
export type Involvement = {
  person: string;
  /** Null where only its kind is told. */
  service: string | null;
  label: string;
  contact: ServiceContact;
  care: Seen[];
  first: string | undefined;
  last: string | undefined;
  goesOn: boolean;
  /** Its duty contact, made for this answer; null where none is known. */
  desk: HealthcareService | null;
};

/** An involvement without the rows that it was made from. `person` and `service` are references. */
export type Involved = Pick<Involvement, 'person' | 'service' | 'label' | 'first' | 'last' | 'goesOn'> & {
  duty: (DutyContact & { isConfirmed: boolean }) | null;
  /** In words, that the patient disputes some of it; '' where nothing is. */
  disputed: string;
};

const OPEN: unknown[] = ['active', 'onhold', 'waitlist'];
const BEGUN: unknown[] = [...OPEN, 'finished'];
const HELD: unknown[] = ['arrived', 'triaged', 'in-progress', 'onleave', 'finished'];

/** In the order of their beginning. Care of which only the kind of service is told stands for itself. */
export function findInvolved(told: Told): Involvement[] {
  const care = told.seen.filter((one) => isBegun(one) || isNamedContact(one));
  const groups = Map.groupBy(care, ({ row, resource }) => {
    const { person, service } = partiesOf(resource as EpisodeOfCare | Encounter);
    return service ? `${person} ${service}` : row.rowId;
  });
  return [...groups.values()]
    .map((own) => involvementOf(told, own))
    .sort((a, b) => compare(a.first ?? '', b.first ?? '') || compare(a.label, b.label));
}

const compare = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0);

/** Care that its own service speaks of: what others expect of it is a referral. */
function isBegun({ row, resource }: Seen): boolean {
  return (
    resource.resourceType === 'EpisodeOfCare' &&
    BEGUN.includes(resource.status) &&
    row.service !== null &&
    row.authors.includes(row.service)
  );
}

const isNamedContact = ({ resource }: Seen): boolean =>
  resource.resourceType === 'Encounter' &&
  HELD.includes(resource.status) &&
  resource.serviceProvider?.reference !== undefined;

function partiesOf(care: EpisodeOfCare | Encounter): { person: string; service: string | undefined } {
  return care.resourceType === 'EpisodeOfCare'
    ? { person: care.patient.reference ?? '', service: care.managingOrganization?.reference }
    : { person: care.subject?.reference ?? '', service: care.serviceProvider?.reference };
}

function involvementOf(told: Told, care: Seen[]): Involvement {
  const resources = care.map(({ resource }) => resource as EpisodeOfCare | Encounter);
  const { person, service } = partiesOf(resources[0] as EpisodeOfCare | Encounter);
  const dates = resources.flatMap(({ period }) =>
    [period?.start, period?.end].filter((one) => one !== undefined),
  );
  const contact = contactOf(told, care);
  const kind = sayKind(contact.kind ? [contact.kind] : []);
  const name = service && told.nameOf(service);
  return {
    ...{ person, service: service ?? null, contact, care },
    label: name ? `${name}${contact.kind ? ` (${kind})` : ''}` : withArticle(kind),
    ...{ first: dates.sort()[0], last: dates.sort().at(-1) },
    goesOn: resources.some((one) => one.resourceType === 'EpisodeOfCare' && OPEN.includes(one.status)),
    desk: contact.duty && deskOf(told, { care, service, contact }),
  };
}

function contactOf({ contacts }: Told, care: Seen[]): ServiceContact {
  const known = care.flatMap(({ row }) => contacts.get(row.rowId) ?? []);
  return {
    kind: known.find(({ kind }) => kind)?.kind ?? null,
    duty: known.find(({ duty }) => duty)?.duty ?? null,
  };
}

type Desk = { care: Seen[]; service: string | undefined; contact: ServiceContact };

function deskOf({ idOf, now }: Told, { care, service, contact: { kind, duty } }: Desk): HealthcareService {
  return {
    resourceType: 'HealthcareService',
    id: idOf(care[0]?.row.id ?? ''),
    active: true,
    ...(service ? { providedBy: { reference: service } } : {}),
    ...(kind ? { type: [kind] } : {}),
    ...writeContact(duty, now),
  };
}

export function describeInvolved({ contact: { duty }, care, ...one }: Involvement, now: Date): Involved {
  const { person, service, label, first, last, goesOn } = one;
  const said = duty && { ...duty, isConfirmed: isConfirmed(duty, now) };
  const disputed = sayDisputed(care.map(({ resource }) => resource));
  return { person, service, label, first, last, goesOn, duty: said, disputed };
}

export function writeInvolved(told: Told, involved: Involvement[]): Section {
  const { nameOf } = told;
  const refers = involved.flatMap(({ care, service, desk, label }) => [
    ...care
      .filter(({ resource }) => resource.resourceType === 'EpisodeOfCare')
      .map(({ resource }) => refer(resource, nameOf)),
    ...(service ? [{ reference: service, display: nameOf(service) }] : []),
    ...(desk ? [{ reference: `urn:uuid:${desk.id}`, display: `duty contact of ${label}` }] : []),
  ]);
  const lines = involved.map((one) => lineOf(told, one));
  return { code: 'who-is-involved', title: 'Who is involved', lines, refers };
}

function lineOf({ nameOf, now }: Told, involvement: Involvement): string {
  const { label, person, contact, care } = involvement;
  const disputed = sayDisputed(care.map(({ resource }) => resource));
  return `${label}, for ${nameOf(person)}: ${sayWhen(involvement, now)}${disputed}. ${sayContact(contact, now)}`;
}

function sayWhen({ first, last, goesOn, care }: Involvement, now: Date): string {
  const contacts = care.flatMap(({ resource }) =>
    resource.resourceType === 'Encounter' ? (resource.period?.start ?? []) : [],
  );
  const met = contacts
    .filter((start) => start <= now.toISOString())
    .sort()
    .at(-1);
  const seen = met ? `, last contact ${sayDate(met)}` : '';
  if (goesOn) return `since ${sayDate(first)}, still involved${seen}`;
  const isOneDay = first?.slice(0, 10) === last?.slice(0, 10);
  const when = isOneDay ? `on ${sayDate(first)}` : `${sayDate(first)} to ${sayDate(last)}`;
  return `${when}, not involved now${seen}`;
}

function sayContact({ duty }: ServiceContact, now: Date): string {
  if (!duty) return 'No duty number is known here.';
  const { phone, hours, confirmed } = duty;
  const state = isConfirmed(duty, now)
    ? `confirmed ${sayDate(confirmed)}`
    : `not confirmed since ${sayDate(confirmed)}: check it`;
  return `Duty contact: ${phone}, ${hours}, ${state}.`;
}
