import type { HumanName, Patient, RelatedPerson } from '@medplum/fhirtypes';
import { composePatient } from '../../fhir/compose-patient.ts';
import { NHS_NUMBER, SUPERSEDED_NUMBER } from '../../fhir/systems.ts';
import type { ChartSource, Level, ResourceRow } from '../../model.ts';
import { decide, type Grants, highest, reaches } from '../decide/decide.ts';
import { isDiscreet, sectorOf, staysInside } from '../decide/stays-inside.ts';
import { codedOnly, pick } from './coded.ts';

const ETHNICITY = /\/Extension-UKCore-EthnicCategory$/;
const FULL = [
  'gender',
  'communication',
  'deceasedBoolean',
  'deceasedDateTime',
  'multipleBirthBoolean',
  'multipleBirthInteger',
] as const;
/**
 * What a referral says to the service that is asked: whom it is about and how to reach them (sharing rule 3).
 */
const ASKED = ['identifier', 'name', 'birthDate', 'gender', 'telecom', 'address', 'communication'] as const;

type Known = Exclude<Grants, { everything: true }>;

/**
 * Category DEM, put together from the charts that the reader may know of. E: there is such a person; S: name,
 * birth date; F: the rest. Address and telephone wait for CON and a safe-contact instruction: none can be
 * recorded yet, and unknown means that no contact details are released (sharing rule 9). A service sees in
 * full what it sent itself, and of a referral that waits for its answer what that message gave, whatever else
 * is known of the person.
 */
export function projectPatient(grants: Known, row: ResourceRow): Patient | null {
  const patient = row.content as Patient;
  const charts = row.sources && 'charts' in row.sources ? row.sources.charts : [];
  const own = charts.filter(({ author }) => author === grants.service);
  const asked = charts.filter(({ referredTo }) => referredTo.includes(grants.service));
  const level = levelOf(grants, row);
  const isAuthor = own.length > 0 || (isMerged(patient) && row.authors.includes(grants.service));
  if (level === '-' && !isAuthor && asked.length === 0) return null;
  const link = visibleLinks(grants, patient, row.persons);
  return {
    ...pick(patient, ['resourceType', 'id', 'active']),
    ...(asked.length > 0 ? pick(codedName(composePatient(asked)), ASKED) : {}),
    ...mergeNewest(own),
    ...partsAt(level, grants, { charts, person: row.persons[0] ?? '' }),
    ...(link.length > 0 ? { link } : {}),
  };
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

const isMerged = ({ active, link }: Patient) => active === false && link?.[0]?.type === 'replaced-by';

type Parts = { charts: ChartSource[]; person: string };

function partsAt(level: Level, grants: Known, { charts, person }: Parts): Partial<Patient> {
  if (!reaches(level, 'S')) return {};
  const known = charts.filter((chart) => isKnown(grants, chart, person));
  const composed = codedName(composePatient(known));
  const summary = pick(composed, ['name', 'birthDate']);
  if (level !== 'F') return summary;
  const identifier = (composed.identifier ?? []).filter(
    ({ system }) =>
      system === NHS_NUMBER ||
      system === SUPERSEDED_NUMBER ||
      decide(grants, 'INV', person) === 'F' ||
      known.some((chart) => chart.author === grants.service && hasIdentifier(chart, system)),
  );
  const extension = (composed.extension ?? []).filter(({ url }) => ETHNICITY.test(url));
  return {
    ...summary,
    ...codedOnly(pick(composed, FULL)),
    ...(identifier.length > 0 ? { identifier } : {}),
    ...(extension.length > 0 ? { extension } : {}),
  };
}

const hasIdentifier = ({ content }: ChartSource, system: string | undefined) =>
  content.identifier?.some((one) => one.system === system) === true;

/**
 * The reader's own chart; that of a service which asked the reader to see this person; a national record; and
 * that of a service of which the reader may know that it has a part in her care.
 */
function isKnown(
  grants: Known,
  { author, referredTo, care, national }: ChartSource,
  person: string,
): boolean {
  if (author === grants.service || referredTo.includes(grants.service)) return true;
  if (national || sectorOf(grants, author) === 'national') return true;
  const involved = !isDiscreet(grants, author) && care.some((one) => !staysInside(grants, one));
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

/** A link shows that there is another person: `persons[n + 1]` of the row is the one that link n leads to. */
function visibleLinks(grants: Known, patient: Patient, persons: string[]): NonNullable<Patient['link']> {
  return (patient.link ?? []).filter((_, index) =>
    reaches(decide(grants, 'DEM', persons[index + 1] ?? ''), 'E'),
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
