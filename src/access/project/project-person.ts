import type { Extension, HumanName, Patient, RelatedPerson } from '@medplum/fhirtypes';
import { composePatient } from '../../fhir/compose-patient.ts';
import { canonicalText } from '../../fhir/references.ts';
import { NHS_NUMBER, SUPERSEDED_NUMBER } from '../../fhir/systems.ts';
import type { ChartSource, Level, ResourceRow } from '../../model.ts';
import {
  decide,
  type Grants,
  highest,
  isAskedOf,
  isClosedTo,
  isStatutory,
  reaches,
  withoutGlass,
} from '../decide/decide.ts';
import { POLICY, SUBJECT } from '../decide/policy.ts';
import { isDiscreet, sectorOf, staysInside } from '../decide/stays-inside.ts';
import { codedOnly, pick } from './coded.ts';
import { disputesOf } from './project-care.ts';
import { DETAILS, projectSafeContact } from './project-safe-contact.ts';

const ETHNICITY = /\/Extension-UKCore-EthnicCategory$/;
const FULL = ['gender', 'communication', 'multipleBirthBoolean', 'multipleBirthInteger'] as const;
const DEATH = ['deceasedBoolean', 'deceasedDateTime'] as const;
/** Without what tells of a twin. */
const OF_HERSELF = ['gender', 'communication', ...DEATH] as const;
/**
 * What a referral says to the service that is asked: whom it is about, besides how to reach them (sharing
 * rule 3).
 */
const ASKED = ['identifier', 'name', 'birthDate', 'gender', 'communication'] as const;

type Known = Exclude<Grants, { everything: true }>;

/**
 * Category DEM, put together from the charts that the reader may know of. E: there is such a person; S: name,
 * birth date; F: the rest. How to reach the person, and where, is category CON (project-safe-contact.ts): the
 * instruction comes before everything else. A service sees in full what it sent itself, and of a referral
 * that waits for its answer what that message gave, whatever else is known of the person. Of somebody who is
 * held only the author of an address or a number sees it.
 */
export function projectPatient(grants: Known, row: ResourceRow): Patient | null {
  const patient = row.content as Patient;
  const charts = row.sources && 'charts' in row.sources ? row.sources.charts : [];
  const own = charts.filter(({ author }) => author === grants.service);
  const person = row.persons[0] ?? '';
  const isAsked = isAskedOf(grants, person) && !isClosedTo(grants, [person]);
  const asked = isAsked ? charts.filter(({ referredTo }) => referredTo.includes(grants.service)) : [];
  const level = levelOf(grants, row);
  const isAuthor = own.length > 0 || (isMerged(patient) && row.authors.includes(grants.service));
  if (level === '-' && !isAuthor && asked.length === 0) return null;
  const link = visibleLinks(grants, patient, row.persons);
  const known = charts.filter((chart) => isKnown(grants, chart, person));
  const { instruction, details } = projectSafeContact(grants, row, { known, asked });
  const said = mergeNewest(own);
  const isHeld = grants.persons.get(person)?.held === true;
  const { extension = [], ...shown }: Partial<Patient> = {
    ...(asked.length > 0
      ? pick(codedName(composePatient(asked)), isHeld ? ASKED : [...ASKED, ...DETAILS])
      : {}),
    ...said,
    ...partsAt(level, grants, { known, person }),
    ...withDetails(said, details),
  };
  const told = [...instruction, ...parentalFor(grants, row, level), ...extension];
  return {
    ...pick(patient, ['resourceType', 'id']),
    ...markOf(grants, patient, person),
    ...(told.length > 0 ? { extension: told } : {}),
    ...pick(patient, ['active']),
    ...shown,
    ...(link.length > 0 ? { link } : {}),
  };
}

/**
 * Who holds parental responsibility for a child, of whom at least a summary is known: for some sectors (rule
 * 26).
 */
function parentalFor({ sector }: Known, { sources }: ResourceRow, level: Level): Extension[] {
  const isRead = POLICY.readsParental.includes(sector ?? '') && reaches(level, 'S');
  return (isRead && sources && 'charts' in sources && sources.parental) || [];
}

/**
 * That they dispute what is said is shown to all who see them. That somebody is held is for statutory health
 * services with open care of that person alone to know.
 */
function markOf(grants: Known, patient: Patient, person: string): Pick<Patient, 'meta'> {
  const isTold = grants.persons.get(person)?.care === 'open' && isStatutory(grants.sector);
  const security = isTold ? patient.meta?.security : undefined;
  const tag = disputesOf(patient);
  if (!security && tag.length === 0) return {};
  return { meta: { ...(security ? { security } : {}), ...(tag.length > 0 ? { tag } : {}) } };
}

/** What others said beside what the reader said itself, which it always sees. */
function withDetails(
  said: Partial<Patient>,
  details: Pick<Patient, 'telecom' | 'address'>,
): Partial<Patient> {
  const telecom = distinct([...(details.telecom ?? []), ...(said.telecom ?? [])]);
  const address = distinct([...(details.address ?? []), ...(said.address ?? [])]);
  return { ...(telecom.length > 0 ? { telecom } : {}), ...(address.length > 0 ? { address } : {}) };
}

/**
 * One that was merged away still answers those who may know of the person it went into; a charity's own row,
 * the charity.
 */
function levelOf(grants: Known, row: ResourceRow): Level {
  const [person = '', survivor = ''] = row.persons;
  const merged = isMerged(row.content as Patient) && !staysInside(grants, row);
  return highest([decide(grants, 'DEM', person), merged ? decide(grants, 'DEM', survivor) : '-']);
}

function distinct<T extends object>(list: T[]): T[] {
  return [...new Map(list.map((one) => [canonicalText(one), one])).values()];
}

const isMerged = ({ active, link }: Patient) => active === false && link?.[0]?.type === 'replaced-by';

/** `known`: charts that the reader may know of. */
type Parts = { known: ChartSource[]; person: string };

function partsAt(level: Level, grants: Known, { known, person }: Parts): Partial<Patient> {
  if (!reaches(level, 'S')) return {};
  const composed = codedName(composePatient(known));
  const summary = pick(composed, ['name', 'birthDate']);
  if (level !== 'F') return summary;
  const isHerself = grants.sector === SUBJECT;
  const identifier = (composed.identifier ?? []).filter(
    ({ system }) =>
      system === NHS_NUMBER ||
      system === SUPERSEDED_NUMBER ||
      isHerself ||
      decide(grants, 'INV', person) === 'F' ||
      known.some((chart) => chart.author === grants.service && hasIdentifier(chart, system)),
  );
  const extension = (composed.extension ?? []).filter(({ url }) => ETHNICITY.test(url));
  return {
    ...summary,
    ...codedOnly(pick(composed, isHerself ? OF_HERSELF : fullFor(grants, person))),
    ...(identifier.length > 0 ? { identifier: isHerself ? codedOnly(identifier) : identifier } : {}),
    ...(extension.length > 0 ? { extension } : {}),
  };
}

const fullFor = (grants: Known, person: string) =>
  hearsOfDeath(grants, person) ? [...FULL, ...DEATH] : FULL;

/**
 * That an infant died is for services of that infant and of the mother: who knows one twin by way of the
 * other is told of no loss, and reads of none.
 */
function hearsOfDeath(grants: Known, person: string): boolean {
  const { care = null, roles = [] } = grants.persons.get(person) ?? {};
  const isOwn = care === 'open' || care === 'recent';
  return isOwn || roles.some(({ role, byMother }) => role !== 'infant' || byMother === true);
}

const hasIdentifier = ({ content }: ChartSource, system: string | undefined) =>
  content.identifier?.some((one) => one.system === system) === true;

/**
 * The reader's own chart; that of a service which asked the reader to see this person; and, where no label
 * keeps it with these, a national record, and that of a service of which the reader may know that it has a
 * part in her care.
 */
function isKnown(
  grants: Known,
  { author, referredTo, care, national, inside }: ChartSource,
  person: string,
): boolean {
  if (author === grants.service || referredTo.includes(grants.service)) return true;
  if (inside) return false;
  if (national || sectorOf(grants, author) === 'national') return true;
  // Herself: not by being somebody's mother, which would be gone with a child whose identity was changed.
  const own = grants.sector === SUBJECT ? care.filter(({ service }) => service !== null) : care;
  const involved = !isDiscreet(grants, author) && own.some((one) => !staysInside(grants, one));
  return involved && decide(grants, 'INV', person) !== '-';
}

/**
 * What one service said of a person, over all its charts: the newest word per element, and every identifier.
 * Whether the person stands is not for a chart to say that was merged into another.
 */
function mergeNewest(own: ChartSource[]): Partial<Patient> {
  const said: Partial<Patient> = Object.assign({}, ...own.map(({ content }) => content).reverse());
  const { active: _active, ...rest } = said;
  const { identifier } = own.length > 1 ? composePatient(own) : said;
  return { ...rest, ...(identifier ? { identifier } : {}) };
}

/**
 * Names as Skein writes them, in family and given names: text, suffixes and the like are as somebody typed
 * them (rule 27).
 */
function codedName(patient: Partial<Patient>): Partial<Patient> {
  const name = patient.name?.map((one): HumanName => pick(one, ['use', 'family', 'given', 'period']));
  return { ...patient, ...(name ? { name } : {}) };
}

/**
 * A link shows that there is another person: `persons[n + 1]` of the row is the one that link n leads to.
 * Broken glass opens one person, and leads to nobody.
 */
function visibleLinks(grants: Known, patient: Patient, persons: string[]): NonNullable<Patient['link']> {
  const [person = ''] = persons;
  const others = withoutGlass(grants);
  if (grants.persons.get(person)?.glass && decide(others, 'DEM', person) === '-') return [];
  return (patient.link ?? []).filter((_, index) =>
    reaches(decide(others, 'DEM', persons[index + 1] ?? ''), 'E'),
  );
}

/**
 * Category DEM of both persons. Somebody who is no person of this store is third-party content and stays with
 * its author.
 */
export function projectRelatedPerson(grants: Known, row: ResourceRow): RelatedPerson | null {
  const related = row.content as RelatedPerson;
  const [patient = '', other = ''] = row.persons;
  if (![patient, other].every((person) => reaches(decide(grants, 'DEM', person), 'E'))) return null;
  const relationship = related.relationship?.map(({ coding }) => ({
    coding: coding?.map((code) => pick(code, ['system', 'code'])),
  }));
  return {
    ...pick(related, ['resourceType', 'id', 'active', 'patient', 'period']),
    ...(relationship ? { relationship } : {}),
  };
}
