/** The families of a service: journeys in which somebody is its own patient, a page at a time. */
import type { Bundle, Group, Patient } from '@medplum/fhirtypes';
import { loadGrants } from '../access/decide/grants.ts';
import { treats } from '../access/decide/may-match.ts';
import { outcomeOf } from '../access/project/project-care.ts';
import { asOf } from '../store/clock.ts';
import { findTasks, isOpenPrompt, seeAbout } from './journey/tasks.ts';
import { answerSearch } from './search/answer-search.ts';
import type { Asking } from './search/candidates.ts';
import { cursorIn } from './search/cursor.ts';

/** `waiting`: when each referral that waits was made, of those the reader is a party to. */
export type Family = { group: Group; members: Patient[]; prompts: number; waiting: (string | undefined)[] };
/** `now`: as of when it is told, which in a trial may be another day. */
export type FamilyPage = { families: Family[]; next: string | null; now: Date };
export type Wanted = { stage: string | null; persons: string[] | null; cursor: string | null };

const BATCH = 50;
/** A page ends with the batch that brings it to so many, or after so many batches. */
const ENOUGH = 20;
const MOST_BATCHES = 10;
const MOST_PERSONS = 20;

/** Throws Rejected(400) for a page link that is not this reader's. */
export async function readFamilies(asking: Asking, wanted: Wanted): Promise<FamilyPage> {
  const now = asOf();
  if (wanted.persons?.length === 0) return { families: [], next: null, now };
  const found: { group: Group; members: Patient[] }[] = [];
  let next = wanted.cursor;
  for (let turn = 0; turn < MOST_BATCHES && found.length < ENOUGH; turn++) {
    const batch = await answerSearch(asking, requestOf(wanted, next));
    found.push(...(await ownOf(asking, batch)).filter(({ group }) => isAt(group, wanted.stage, now)));
    next = cursorIn(batch);
    if (next === null) break;
  }
  return { families: await withWork(asking, found), next, now };
}

function requestOf({ persons }: Wanted, cursor: string | null) {
  const first: [string, string][] = [
    ['_count', String(BATCH)],
    ['_include', 'Group:member'],
    ...(persons ? [['member', persons.map((id) => `Patient/${id}`).join(',')] as [string, string]] : []),
  ];
  const pairs: [string, string][] = cursor ? [['_cursor', cursor]] : first;
  return { type: 'Group', base: '', pairs, lenient: false };
}

const memberIds = ({ member = [] }: Group): string[] =>
  member.flatMap(({ entity }) => entity?.reference?.replace('Patient/', '') ?? []);

async function ownOf(asking: Asking, { entry = [] }: Bundle) {
  const resources = entry.flatMap(({ resource }) => resource ?? []);
  const groups = resources.filter((one): one is Group => one.resourceType === 'Group');
  const patients = new Map(
    resources.flatMap((one): [string, Patient][] =>
      one.resourceType === 'Patient' ? [[one.id ?? '', one]] : [],
    ),
  );
  const grants = await loadGrants(asking.db, asking.recipient, [...new Set(groups.flatMap(memberIds))]);
  return groups
    .filter((group) => memberIds(group).some((person) => treats(grants, person)))
    .map((group) => ({ group, members: memberIds(group).flatMap((id) => patients.get(id) ?? []) }));
}

function isAt({ characteristic = [] }: Group, stage: string | null, at: Date): boolean {
  const today = at.toISOString().slice(0, 10);
  const now = characteristic.filter(
    ({ period }) => (period?.start ?? '') <= today && today < (period?.end ?? '9999'),
  );
  return (
    stage === null ||
    now.some(({ valueCodeableConcept }) => valueCodeableConcept?.coding?.[0]?.code === stage)
  );
}

async function withWork(asking: Asking, found: { group: Group; members: Patient[] }[]): Promise<Family[]> {
  const persons = [...new Set(found.flatMap(({ group }) => memberIds(group)))].map((id) => `Patient/${id}`);
  const [tasks, referrals] = await Promise.all([
    findTasks(asking, persons),
    seeAbout(asking, 'ServiceRequest', persons),
  ]);
  return found.map(({ group, members }) => {
    const own = new Set(memberIds(group).map((id) => `Patient/${id}`));
    const prompts = tasks.filter((task) => isOpenPrompt(task) && own.has(task.for?.reference ?? '')).length;
    const waiting = referrals.flatMap(({ row, resource }) => {
      const isOwn = resource.resourceType === 'ServiceRequest' && own.has(resource.subject.reference ?? '');
      return isOwn && outcomeOf(row.content) === 'asked' ? [resource.authoredOn] : [];
    });
    return { group, members, prompts, waiting };
  });
}

export type Sought = { name: string; born: string; number: string };

/** Ids of own patients who fit all that is given, at most 20. Throws Rejected(400) for what is no date. */
export async function findOwnPatients(asking: Asking, { name, born, number }: Sought): Promise<string[]> {
  const digits = number.replace(/\s/g, '');
  const pairs: [string, string][] = [
    ...name.split(/[\s,]+/).flatMap((part): [string, string][] => (part ? [['name', escaped(part)]] : [])),
    ...(born ? [['birthdate', born] as [string, string]] : []),
    ...(digits ? [['identifier', digits.replace(/\W/g, '')] as [string, string]] : []),
  ];
  if (pairs.length === 0) return [];
  const asked: [string, string][] = [...pairs, ['_count', '200']];
  const { entry = [] } = await answerSearch(asking, {
    type: 'Patient',
    base: '',
    pairs: asked,
    lenient: false,
  });
  const ids = entry.flatMap(({ resource }) =>
    resource?.resourceType === 'Patient' ? (resource.id ?? []) : [],
  );
  const grants = await loadGrants(asking.db, asking.recipient, ids);
  return ids.filter((id) => treats(grants, id)).slice(0, MOST_PERSONS);
}

/** https://hl7.org/fhir/R4/search.html#escaping */
const escaped = (text: string): string => text.replace(/[\\,$|]/g, '\\$&');
