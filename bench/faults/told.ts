/** Was every event told to everyone who must know, by a number of its own? The store says what was meant, the listener what came. */
import type { Listener } from './listener.ts';
import type { Stage, Subscriber } from './stage.ts';

// The operator is told of all but encounters, which nobody asked for, rechecks, which are nobody's news but make some, and
// prompts, which are their owner's and have a ceiling; a service that is named in a referral, of that.
const WANTED = `
select s.endpoint, e.id as event, n.number::float8 as number
from subscription s left join system y on y.id = s.system_id cross join event e
  left join notification n on n.subscription_id = s.id and n.event_id = e.id
where case when y.id is null then e.event ->> 'code' not in ('encounter', 'recheck', 'prompt-raised', 'prompt-cleared')
  else e.event ->> 'code' like 'referral-%' and (e.event -> 'services') ? y.service_id::text end
  and s.id = any($1::uuid[])
order by s.id, e.id`;
const LEFT = `
select (select count(*) from outbox)::int + (select count(*) from pending where subscription_id = any($1::uuid[]))::int
  + (select coalesce(sum(last_number - delivered_number), 0) from subscription where id = any($1::uuid[]))::int as left`;
const LAST = 'select endpoint, last_number::int as last from subscription where id = any($1::uuid[])';

type Wanted = { endpoint: string; event: string; number: number | null };
/** `wanted`: pairs of event and subscriber. A subscriber told nothing at all is misnumbered too: it would prove nothing. */
export type Telling = { wanted: number; undelivered: string[]; misnumbered: string[]; left: number };

/** What still waits anywhere: in the outbox, for a number, or for an acknowledgement of one of these subscribers. */
export async function countLeft({ db, subscribers }: Stage): Promise<number> {
  return (await db.pool.query<{ left: number }>(LEFT, [idsOf(subscribers)])).rows[0]?.left ?? 0;
}

/** Of the subscribers that are well. */
export async function checkTelling(stage: Stage): Promise<Telling> {
  const { listener, subscribers, db } = stage;
  const { pool } = db;
  const ids = idsOf(subscribers);
  const { rows } = await pool.query<Wanted>(WANTED, [ids]);
  const heard = ({ endpoint, number }: Wanted) =>
    number !== null && toldAt(listener, endpoint)?.numbers.has(number);
  const undelivered = rows.filter((row) => !heard(row));
  const pairs = new Set(rows.map(({ endpoint, event }) => `${endpoint} ${event}`));
  const silent = (await pool.query<{ endpoint: string; last: number }>(LAST, [ids])).rows.flatMap(
    ({ endpoint, last }) => {
      const told = toldAt(listener, endpoint);
      if (!told || !rows.some((row) => row.endpoint === endpoint)) return `${endpoint} was told nothing`;
      return told.last === last ? [] : `${endpoint} was told up to ${told.last} of ${last}`;
    },
  );
  const faults = [...listener.told.values()].flatMap((told) => told.faults);
  const twice = rows.length - pairs.size;
  return {
    wanted: pairs.size,
    undelivered: undelivered.map(
      ({ endpoint, event, number }) => `not told: ${endpoint} event ${event} as ${number}`,
    ),
    misnumbered: [...faults, ...silent, ...(twice > 0 ? [`${twice} events have two numbers`] : [])],
    left: await countLeft(stage),
  };
}

const idsOf = (subscribers: Subscriber[]) => subscribers.map(({ id }) => id);
const toldAt = ({ told }: Listener, endpoint: string) => told.get(new URL(endpoint).pathname);
