/** Does what was sent agree with what the store says of it: ranges, order, attempts, ends, withdrawals? */
import { ask, type Stage, type Subscriber } from './stage.ts';

/** Of one person, apart from what goes before all else, numbers follow the order in which it was kept. */
const DISORDER = `
select count(*)::int as n from (
  select e.id < lag(e.id) over (partition by n.subscription_id, e.event -> 'persons' order by n.number) as late
  from notification n join event e on e.id = n.event_id
  where n.subscription_id = any($1::uuid[]) and e.event ->> 'code' not in ('contact-stop', 'loss')) each where late`;
const ATTEMPTS = `
select a.first_number::int as first, a.last_number::int as last, extract(epoch from a.at) * 1000 as at, a.outcome
from attempt a where a.subscription_id = $1 and a.kind = 'event-notification' order by a.id`;
/** Whoever can not be reached is tried, and each try is on record. */
const UNREACHED = `
select s.endpoint from subscription s where s.endpoint ~ '/(slow|dead)$' and s.last_number > s.delivered_number
  and not exists (select from attempt a where a.subscription_id = s.id and a.kind = 'event-notification')`;

type Attempt = { first: number; last: number; at: number; outcome: string | null };
const RANGES = 5;
const OFF_MS = 1_000;
/** A send is begun after its attempt was committed; clocks of one machine are read to the millisecond. */
const SAME_MS = 5;
const TAKEN_BACK = ['withdrawn', 'member-unlinked', 'person-merged'];

export type Sent = {
  unranged: string[];
  disorder: number;
  unaudited: string[];
  late: string[];
  silent: string[];
};

export async function checkSent(stage: Stage): Promise<Sent> {
  const { db, subscribers, off, listener } = stage;
  const ids = subscribers.map(({ id }) => id);
  const each = async (check: (one: Subscriber) => Promise<string[]>) =>
    (await Promise.all(subscribers.map(check))).flat();
  const { rows } = await db.pool.query<{ n: number }>(DISORDER, [ids]);
  const unreached = await db.pool.query<{ endpoint: string }>(UNREACHED);
  return {
    unranged: await each((one) => checkRanges(stage, one)),
    disorder: rows[0]?.n ?? 0,
    unaudited: [
      ...(await each((one) => checkAttempts(stage, one))),
      ...unreached.rows.map(({ endpoint }) => `${new URL(endpoint).pathname} was never tried`),
    ],
    late: off.flatMap(({ path, at }) =>
      [...(listener.told.get(path)?.numbers ?? [])]
        .filter(([, heard]) => heard > at + OFF_MS)
        .map(([number, heard]) => `${path} was sent ${number} ${heard - at} ms after it was switched off`),
    ),
    silent: await each((one) => checkTakenBack(stage, one)),
  };
}

type Parameters = { parameter?: { name: string; part?: { name: string; valueString?: string }[] }[] };
type EventBundle = { entry?: { resource?: Parameters }[] };

/** `$events` gives any range of what was numbered, whole. */
async function checkRanges(
  { cast, listener, random }: Stage,
  { id, path, system }: Subscriber,
): Promise<string[]> {
  const last = listener.told.get(path)?.last ?? 0;
  const wrong: string[] = [];
  for (let n = 0; n < RANGES && last > 0; n++) {
    const [from, to] = [random(), random()]
      .map((one) => 1 + Math.floor(one * last))
      .sort((a, b) => a - b) as [number, number];
    const until = Math.min(to, from + 49);
    const query = `eventsSinceNumber=${from}&eventsUntilNumber=${until}`;
    const { status, body } = await ask(`${cast.url}/fhir/Subscription/${id}/$events?${query}`, system);
    const [first] = (body as EventBundle | null)?.entry ?? [];
    const numbers = (first?.resource?.parameter ?? [])
      .filter(({ name }) => name === 'notification-event')
      .map(({ part }) => Number(part?.find(({ name }) => name === 'event-number')?.valueString));
    const wanted = Array.from({ length: until - from + 1 }, (_, place) => from + place);
    if (numbers.join() !== wanted.join())
      wrong.push(`${path} ${from} to ${until}: ${status} ${numbers.join()}`);
  }
  return wrong;
}

/** Whatever came has an attempt from before it came, and one that says so. */
async function checkAttempts({ db, listener }: Stage, { id, path }: Subscriber): Promise<string[]> {
  const { rows } = await db.pool.query<Attempt>(ATTEMPTS, [id]);
  const heard = [...(listener.told.get(path)?.numbers ?? [])];
  return heard.flatMap(([number, at]) => {
    const tries = rows.filter(({ first, last }) => first <= number && number <= last);
    if (!tries.some((one) => Number(one.at) <= at + SAME_MS))
      return [`${path} ${number} came before its attempt`];
    return tries.some(({ outcome }) => outcome !== null) ? [] : [`${path} ${number} has no outcome`];
  });
}

/** What a subscriber was told of and can not read any more was taken back from it. */
async function checkTakenBack(
  { cast, listener, db }: Stage,
  { id, path, system }: Subscriber,
): Promise<string[]> {
  if (system === null) return [];
  const { rows } = await db.pool.query<{ focus: string }>(
    `select e.event -> 'focus' ->> 'type' || '/' || (e.event -> 'focus' ->> 'id') as focus
     from notification n join event e on e.id = n.event_id where n.subscription_id = $1 and e.event ->> 'code' = any($2::text[])`,
    [id, TAKEN_BACK],
  );
  const back = new Set(rows.map(({ focus }) => focus));
  const focuses = new Set([...(listener.told.get(path)?.focuses.values() ?? [])].flat());
  const silent: string[] = [];
  for (const focus of focuses) {
    if (focus === '' || back.has(focus)) continue;
    const { status } = await ask(`${cast.url}/fhir/${focus}`, system);
    if (status !== 200) silent.push(`${path} was told of ${focus}, which it can not read: ${status}`);
  }
  return silent;
}
