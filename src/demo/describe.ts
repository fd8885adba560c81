/** Describes resources in plain clinical English, using only what the reader was given. */
import type {
  CodeableConcept,
  EpisodeOfCare,
  Group,
  Organization,
  Patient,
  RelatedPerson,
  Resource,
  ServiceRequest,
} from '@medplum/fhirtypes';
import { DAYS } from './family.ts';

const EVENTS: Record<string, string> = {
  'referral-received': 'a referral has arrived',
  'referral-accepted': 'a referral was accepted',
  'episode-started': 'care has begun',
  'episode-ended': 'care has ended',
};
const KINDS: Record<string, string> = {
  'specialist-perinatal': 'specialist perinatal',
  'camhs-0-5': 'CAMHS 0-5',
};

export type Seen = Resource[];

export function ofType<T extends Resource>(seen: Seen, type: T['resourceType']): T[] {
  return seen.filter((one): one is T => one.resourceType === type);
}

const find = <T extends Resource>(seen: Seen, type: T['resourceType'], reference: string | undefined) =>
  ofType<T>(seen, type).find(({ id }) => `${type}/${id}` === reference);
const codesOf = (concepts: CodeableConcept[] = []) => concepts.flatMap(({ coding }) => coding ?? []);
export const day = (date: string | undefined) => date?.slice(0, 10) ?? '';

/** `Kit Penrose`; of somebody whose name was not given, `the mother of Kit Penrose`. */
export function nameOf(seen: Seen, reference: string | undefined): string {
  const patient = find<Patient>(seen, 'Patient', reference);
  const [name] = patient?.name ?? [];
  if (name) return `${name.given?.join(' ')} ${name.family}`;
  const links = patient?.link?.map(({ other }) => other.reference) ?? [];
  const [related] = ofType<RelatedPerson>(seen, 'RelatedPerson').filter(({ id }) =>
    links.includes(`RelatedPerson/${id}`),
  );
  const mother = codesOf(related?.relationship).some(({ code }) => code === 'MTH');
  return mother ? `the mother of ${nameOf(seen, related?.patient.reference)}` : 'someone';
}

const teamOf = (seen: Seen, reference: string | undefined) =>
  find<Organization>(seen, 'Organization', reference)?.name;

/** The team that gives the care where the reader may know it, else `a specialist perinatal service`. */
function careBy(seen: Seen, { managingOrganization, type }: EpisodeOfCare): string {
  const kind = codesOf(type).find(({ system }) => system?.endsWith('/service-kind'))?.code ?? '';
  return teamOf(seen, managingOrganization?.reference) ?? `a ${KINDS[kind] ?? kind} service`;
}

export function describeEpisode(seen: Seen, episode: EpisodeOfCare): string {
  const [who, by] = [nameOf(seen, episode.patient.reference), careBy(seen, episode)];
  const [start, end] = [day(episode.period?.start), day(episode.period?.end)];
  if (episode.status === 'planned') return `${who} is referred to ${by}, since ${start}`;
  return end
    ? `${who} was in the care of ${by}, ${start} to ${end}`
    : `${who} is in the care of ${by}, since ${start}`;
}

function describeReferral(seen: Seen, { subject, requester, performer, reasonCode }: ServiceRequest): string {
  const [from, to] = [requester, performer?.[0]].map((service) => teamOf(seen, service?.reference));
  const reason = codesOf(reasonCode)
    .map(({ code }) => code?.replaceAll('-', ' '))
    .join(', ');
  const way = `${from ? `from ${from} ` : ''}to ${to}`;
  return `${nameOf(seen, subject.reference)}, ${way}${reason && ` (${reason})`}`;
}

/** Describes an event and the resource it points to, as this reader sees it. */
export function describeEvent(seen: Seen, code: string | null, focus: Resource | null): string {
  const what = EVENTS[code ?? ''] ?? code;
  if (focus?.resourceType === 'EpisodeOfCare') return `${what}. ${describeEpisode(seen, focus)}`;
  return focus?.resourceType === 'ServiceRequest' ? `${what}. ${describeReferral(seen, focus)}` : `${what}`;
}

export function stagesOf({ characteristic = [] }: Group): { code: string; start: string; end: string }[] {
  return characteristic.map(({ valueCodeableConcept, period }) => {
    const code = valueCodeableConcept?.coding?.[0]?.code ?? '';
    return { code, start: day(period?.start), end: day(period?.end) };
  });
}

/** For a visible journey: whose birth it is about, and its stage today. */
export function describeStage(seen: Seen, group: Group): string[] {
  const members = group.member?.map(({ entity }) => entity.reference) ?? [];
  const parents = ofType<RelatedPerson>(seen, 'RelatedPerson').filter(({ relationship }) =>
    codesOf(relationship).some(({ code }) => code === 'MTH'),
  );
  const child = parents.map(({ patient }) => patient.reference).find((one) => members.includes(one));
  const now = stagesOf(group).find(
    ({ start, end }) => start <= DAYS.today && (end === '' || DAYS.today < end),
  );
  return now
    ? [
        `the journey of ${child ? `${nameOf(seen, child)}'s birth` : 'somebody not named here'} is in stage ${now.code}`,
      ]
    : [];
}

export function timeline(group: Group, seen: Seen): { date: string; text: string }[] {
  const stages = stagesOf(group).map(({ code, start }) => ({ date: start, text: `stage ${code}` }));
  const births = ofType<Patient>(seen, 'Patient').flatMap(({ id, birthDate }) =>
    stages[0]?.date === birthDate
      ? [{ date: day(birthDate), text: `${nameOf(seen, `Patient/${id}`)} is born` }]
      : [],
  );
  const referrals = ofType<ServiceRequest>(seen, 'ServiceRequest').map((one) => ({
    date: day(one.authoredOn),
    text: `referral of ${describeReferral(seen, one)}`,
  }));
  const care = ofType<EpisodeOfCare>(seen, 'EpisodeOfCare').flatMap(({ period, ...one }) => {
    const whose = `${nameOf(seen, one.patient.reference)}, ${careBy(seen, one)}`;
    const begun = { date: day(period?.start), text: `care begins: ${whose}` };
    return period?.end ? [begun, { date: day(period.end), text: `care ends: ${whose}` }] : [begun];
  });
  const today = { date: DAYS.today, text: 'today' };
  return [...births, ...stages, ...referrals, ...care, today].sort((a, b) => a.date.localeCompare(b.date));
}
