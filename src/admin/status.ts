/** What whoever is on duty asks first: is anything late, silent, held or stuck? No names of people. */
import { describeUnheard } from '../deliver/send/urgent-alerts.ts';
import { readSilence, type Silence } from '../observe/rhythm.ts';
import { countHeld, countMessages, type HeldCount, type MessageCounts } from '../save/maintenance-sql.ts';
import type { Db } from '../store/pool.ts';

export type Status = {
  at: Date;
  /** By status: what is numbered and not answered, what has no number yet, and since when. */
  subscriptions: { status: string; count: number; behind: number; waiting: number; oldestAt: Date | null }[];
  failing: number;
  /** Contact-stops and losses that reached nobody: a line each, with whom to ring. */
  urgent: string[];
  held: HeldCount[];
  messages: MessageCounts;
  /** Published by nobody yet: more than 5 s is stuck. */
  outbox: { count: number; oldestAt: Date | null };
  /** Registered systems that would have been heard by now, by their own last weeks. */
  silent: Silence[];
};

/** As the metric of it: docs/operations.md. */
const MISSED_HOURS = 3;

const SUBSCRIPTIONS = `
select s.status, count(*)::int as count, sum(s.last_number - s.delivered_number)::float8 as behind,
  coalesce(sum(p.waiting), 0)::float8 as waiting, min(n.at) as "oldestAt"
from subscription s
  left join (select subscription_id, count(*) as waiting from pending group by 1) p on p.subscription_id = s.id
  left join lateral (select min(numbered_at) as at from notification
    where subscription_id = s.id and number = s.delivered_number + 1) n on true
where s.deleted_at is null group by 1 order by 1`;
const FAILING = `select count(*)::int as n from subscription
  where deleted_at is null and (status = 'error' or status = 'active' and attempts > 0)`;
const OUTBOX = 'select count(*)::int as count, min(at) as "oldestAt" from outbox';

export async function readStatus(db: Db): Promise<Status> {
  const rows = async <Row extends object>(sql: string) => (await db.query<Row>(sql)).rows;
  const [failing] = await rows<{ n: number }>(FAILING);
  const [outbox] = await rows<Status['outbox']>(OUTBOX);
  return {
    at: new Date(),
    subscriptions: await rows(SUBSCRIPTIONS),
    failing: failing?.n ?? 0,
    urgent: await describeUnheard(db),
    held: await countHeld(db),
    messages: await countMessages(db),
    outbox: outbox as Status['outbox'],
    silent: (await readSilence(db)).filter(({ missed }) => missed > MISSED_HOURS),
  };
}
