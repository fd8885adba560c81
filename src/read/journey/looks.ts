/** When a system last looked at a journey: what it is told has changed is counted from there. */
import { isId } from '../../fhir/ids.ts';
import type { Recipient } from '../../model.ts';
import type { Db } from '../../store/pool.ts';

/** `at`: up to when a read that begins now sees all that happened. `before`: the same of the last look. */
export type Look = { at: Date; before: Date | null };

/**
 * What is being saved at this moment bears the time at which its transaction began, and will be seen by the
 * next look only: so this one counts as of the oldest of them. The server tells a connection of those of its
 * own user and, by the function, of the owner.
 */
const UP_TO = `coalesce(least(skein_writing_since(), (select min(a.xact_start) from pg_stat_activity a
    where a.backend_xid is not null and a.datname = current_database())), now())`;
const LOOK = `select ${UP_TO} as at, (select l.at from journey_look l where l.system_id = $1 and l.journey = $2::uuid) as before`;

export async function findLook(db: Db, recipient: Recipient, journey: string): Promise<Look> {
  const { rows } = await db.query<Look>(LOOK, [systemOf(recipient), isId(journey) ? journey : null]);
  return rows[0] as Look;
}

const KEEP = `insert into journey_look (system_id, journey, at) values ($1, $2, $3)
  on conflict (system_id, journey) do update set at = greatest(journey_look.at, excluded.at)`;

/** Of the operator, who is nobody in particular, nothing is kept. */
export async function keepLook(db: Db, recipient: Recipient, journey: string, at: Date): Promise<void> {
  const system = systemOf(recipient);
  if (system !== null) await db.query(KEEP, [system, journey, at]);
}

/** Of a person at a page. `who`: what they are known by here, for the service that they look for. */
export async function findPageLook(db: Db, who: string, journey: string): Promise<Look> {
  const sql = `select ${UP_TO} as at, (select at from page_look where who = $1 and journey = $2::uuid) as before`;
  const { rows } = await db.query<Look>(sql, [who, isId(journey) ? journey : null]);
  return rows[0] as Look;
}

/** `at`: as an earlier look had it. */
export async function keepPageLook(db: Db, who: string, journey: string, at: Date): Promise<void> {
  await db.query(
    `insert into page_look (who, journey, at) values ($1, $2, least($3, now()))
     on conflict (who, journey) do update set at = greatest(page_look.at, excluded.at)`,
    [who, journey, at],
  );
}

const systemOf = (recipient: Recipient): number | null =>
  recipient.kind === 'system' ? recipient.system.id : null;
