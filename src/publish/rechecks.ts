import { TELLING } from '../store/locks.ts';
import type { Db } from '../store/pool.ts';
import { IS_RECHECK } from './match.ts';

// Not by filters: who was told of something is told when it is taken back, whatever it chose to hear.
const MATCH = `
with taken as (delete from outbox where id > $1 and ${IS_RECHECK} returning id, at, event),
hit as (
  select distinct t.subscription_id, taken.id
    from taken cross join lateral jsonb_array_elements_text(taken.event -> 'foci') as f (id) join told t on
      t.id = f.id::uuid
    join subscription s on s.id = t.subscription_id
   where s.status <> 'off' and (s.ends_at is null or s.ends_at > now())),
kept as (
  insert into event (id, at, event) select id, at, event from taken where id in (select id from hit)),
appended as (
  insert into pending (subscription_id, priority, event_id) select subscription_id, 1, id from hit returning
    subscription_id),
locked as (
  select id from subscription where id in (select subscription_id from appended) order by id for no key
    update),
marked as (update subscription s set due_at = now() from locked where s.id = locked.id)
select count(*)::int as appended from appended`;

/**
 * Hands the rechecks that were committed to whoever was told of anything they name, and gives how many that
 * were. Alone with what was told: nobody is giving a number meanwhile, so what was judged before the change
 * is found here. Within the transaction of the one sequencer, first of all: what else it locks, those who
 * give numbers may be holding.
 */
export async function matchRechecks(client: Db, lowWater: string): Promise<number> {
  await client.query('select pg_advisory_xact_lock($1)', [TELLING]);
  const { rows } = await client.query<{ appended: number }>({
    name: 'publish-rechecks',
    text: MATCH,
    values: [lowWater],
  });
  return rows[0]?.appended ?? 0;
}
