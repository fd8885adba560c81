/** The referrals of a service: those that were made to it, and those that it made, as it sees them. */
import type { Patient, Resource, ServiceRequest, Task } from '@medplum/fhirtypes';
import { answerWithin } from '../access/decide/answer-limit.ts';
import { POLICY } from '../access/decide/policy.ts';
import { findWaits, type ServiceWaits } from '../access/waits/find-waits.ts';
import { asOf } from '../store/clock.ts';
import { notFound } from './answer.ts';
import { isOpenPrompt, isToVerify } from './journey/tasks.ts';
import { answerSearch } from './search/answer-search.ts';
import type { Asking } from './search/candidates.ts';
import { cursorIn } from './search/cursor.ts';
import { type Named, nameServices } from './service-names.ts';

/** A referral with what became of it. What the reader does not see of it is not there. */
export type Referred = {
  task: Task;
  referral: ServiceRequest | null;
  patient: Patient | null;
  /** Days within which whoever was asked answers one of this urgency; null: no rule says. */
  limit: number | null;
};
export type Referrals = {
  referred: Referred[];
  /** By `Organization/id`, of those that the reader sees. */
  services: Map<string, Named>;
  next: string | null;
  /** As of when it is told, which in a trial may be another day. */
  now: Date;
};

/** Those that nobody has answered, or those that were. */
const STATUS = {
  waiting: 'requested,received',
  answered: 'accepted,in-progress,completed,rejected,cancelled',
};
export type Which = keyof typeof STATUS;
const PAGE = '50';

/** Oldest first what waits, newest first what does not. Throws Rejected(400) for a page link of another. */
export function readReferrals(asking: Asking, which: Which, cursor: string | null): Promise<Referrals> {
  const first: [string, string][] = [
    ...[['status', STATUS[which]] as [string, string], ...LOOP],
    ...[['_sort', which === 'waiting' ? 'authored-on' : '-authored-on'] as [string, string]],
    ['_count', PAGE],
  ];
  return search(asking, cursor ? [['_cursor', cursor]] : first);
}

/** One, by the id of its Task. Throws Rejected(404) where there is none or it may not be seen. */
export async function readReferral(asking: Asking, id: string): Promise<Referrals & { one: Referred }> {
  const found = await search(asking, [['_id', id], ...LOOP]);
  const [one] = found.referred;
  if (!one) throw notFound();
  return { ...found, one };
}

/** How much waits for the reader's service: at most a page of each is counted. */
export async function countWork(asking: Asking): Promise<{ referrals: number; prompts: number }> {
  const own = asking.recipient.kind === 'system' ? asking.recipient.system.service.id : '';
  const pairs: [string, string][] = [
    ['status', 'requested,received'],
    ['owner', `Organization/${own}`],
    ['_count', '200'],
  ];
  const { entry = [] } = await answerSearch(asking, { type: 'Task', base: '', pairs, lenient: false });
  const tasks = entry.flatMap(({ resource }) => (resource?.resourceType === 'Task' ? resource : []));
  const prompts = tasks.filter((task) => isOpenPrompt(task) || isToVerify(task)).length;
  const isReferral = ({ code }: Task) => code?.coding?.[0]?.code === 'fulfill';
  return { prompts, referrals: tasks.filter(isReferral).length };
}

/** Kinds of service that somebody can be told of. */
export const SERVICE_KINDS: readonly string[] = [...POLICY.serviceKinds].sort();

export type OwnWaits = ServiceWaits;

/** How long people wait for the reader's service, this quarter. `today`: a date. */
export async function readOwnWaits(asking: Asking, service: string, today: string): Promise<OwnWaits[]> {
  return (await findWaits(asking.db, asking.recipient, { service, period: undefined, today })).services;
}

const LOOP: [string, string][] = [
  ['code', 'fulfill'],
  ['_include', 'Task:focus'],
  ['_include', 'Task:patient'],
];

async function search(asking: Asking, pairs: [string, string][]): Promise<Referrals> {
  const bundle = await answerSearch(asking, { type: 'Task', base: '', pairs, lenient: false });
  const all = (bundle.entry ?? []).flatMap(({ resource }) => resource ?? []);
  const byName = new Map(all.map((one) => [`${one.resourceType}/${one.id}`, one]));
  const seen = <T extends Resource>(reference: string | undefined) =>
    (byName.get(reference ?? '') as T | undefined) ?? null;
  const tasks = all.filter((one): one is Task => one.resourceType === 'Task');
  const services = await nameServices(
    asking,
    tasks.flatMap(({ requester, owner }) => [requester?.reference, owner?.reference]),
  );
  const referred = tasks.map((task) => {
    const referral = seen<ServiceRequest>(task.focus?.reference);
    const receiver = services.get(task.owner?.reference ?? '');
    const limit = receiver ? answerWithin(receiver, referral?.priority) : null;
    return { task, referral, patient: seen<Patient>(task.for?.reference), limit };
  });
  return { referred, services, next: cursorIn(bundle), now: asOf() };
}
