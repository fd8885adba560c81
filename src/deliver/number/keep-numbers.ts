import { POLICY_DIGEST } from '../../access/decide/policy.ts';
import type { Event } from '../../model.ts';
import type { Db } from '../../store/pool.ts';
import { type Focus, nameOf } from './find-focuses.ts';
import type { Judged, Result } from './judged.ts';
import { TAKES_BACK } from './told-before.ts';

// One statement for the batch: pending rows go, told or not; the told ones are numbered, and remembered as
// told; denials of numbered ones are kept.
const WRITE = `
with gone as (
  delete from pending p using unnest($1::uuid[], $2::smallint[], $3::bigint[]) as g (id, priority, event_id)
   where p.subscription_id = g.id and p.priority = g.priority and p.event_id = g.event_id),
numbered as (
  insert into notification (subscription_id, number, bundle, event_id, numbered_at, resources)
  select id, number, bundle, event_id, $4, resources
    from unnest($5::uuid[], $6::bigint[], $7::bigint[], $8::bigint[], $9::json[]) as t (id, number, bundle, event_id, resources)),
remembered as (
  insert into told (subscription_id, type, id) select * from unnest($12::uuid[], $13::text[], $14::uuid[])
  on conflict do nothing),
withheld as (
  update notification n set withheld = true, resources = null
    from unnest($10::uuid[], $11::bigint[]) as w (id, number) where n.subscription_id = w.id and n.number = w.number)
update subscription s set last_number = c.number
  from (select id, max(number) as number from unnest($5::uuid[], $6::bigint[]) as t (id, number) group by id) c where c.id = s.id`;

const IDS = `select nextval(pg_get_serial_sequence('outbox', 'id'))::text as id from generate_series(1, $1)`;
const KEEP = `insert into event (id, at, event) select * from unnest($1::bigint[], $2::timestamptz[], $3::jsonb[])`;
const FORGET = `delete from told t using unnest($1::uuid[], $2::text[], $3::uuid[]) as f (subscription_id, type, id)
  where t.id = f.id and t.subscription_id = f.subscription_id and t.type = f.type`;

const WITHHOLD = `
insert into withheld (event_id, at, rule, policy, subscriptions)
select event_id, $4, rule, $5, array_agg(distinct id) from unnest($1::bigint[], $2::uuid[], $3::text[]) as w (event_id, id, rule)
group by event_id, rule`;

/** Writes what was numbered, dropped and emptied, and what each subscription has been told of since. */
export async function keepNumbers(client: Db, results: Result[], at: Date): Promise<void> {
  const gone = results.flatMap(({ gone }) => gone);
  const emptied = results.flatMap(({ stored, emptied }) =>
    emptied.map((number) => ({ id: stored.id, number })),
  );
  if (gone.length === 0 && emptied.length === 0) return;
  const fresh = results.flatMap(({ fresh }) => fresh);
  const told = fresh.map(({ judged }) => judged);
  const eventIds = await keepOwnEvents(client, told);
  await keepWithheld(client, results, at);
  await forget(client, told);
  const known = told.flatMap((one) => remembered(one).map((focus) => ({ id: one.id, focus })));
  await client.query({
    name: 'deliver-write',
    text: WRITE,
    values: [
      ...[
        gone.map(({ id }) => id),
        gone.map(({ priority }) => priority),
        gone.map(({ eventId }) => eventId),
        at,
      ],
      ...[told.map(({ id }) => id), fresh.map(({ number }) => number), fresh.map(({ bundle }) => bundle)],
      ...[eventIds, told.map(({ verdict }) => verdict.resources && JSON.stringify(verdict.resources))],
      ...[emptied.map(({ id }) => id), emptied.map(({ number }) => number)],
      ...[
        known.map(({ id }) => id),
        known.map(({ focus }) => focus.type),
        known.map(({ focus }) => focus.id),
      ],
    ],
  });
}

/** By which rule, under which policy: for `skein why`, and told to nobody. */
async function keepWithheld(client: Db, results: Result[], at: Date): Promise<void> {
  const rows = results.flatMap(({ withheld }) =>
    withheld.flatMap(({ id, eventId, verdict: { why } }) => (why ? { id, eventId, rule: why().rule } : [])),
  );
  if (rows.length === 0) return;
  const ids = [rows.map(({ eventId }) => eventId), rows.map(({ id }) => id)];
  const values = [...ids, rows.map(({ rule }) => rule), at, POLICY_DIGEST];
  await client.query({ name: 'deliver-withhold', text: WITHHOLD, values });
}

/**
 * An event that is told to one recipient alone is kept for it, so that every try says the same. Gives the id
 * of each.
 */
async function keepOwnEvents(client: Db, told: Judged[]): Promise<string[]> {
  const own = told.filter(
    ({ made, event, verdict }) => made || nameOf(event.focus) !== nameOf(verdict.focus),
  );
  if (own.length === 0) return told.map(({ eventId }) => eventId);
  const { rows } = await client.query<{ id: string }>(IDS, [own.length]);
  const ids = new Map(own.map((one, index) => [one, rows[index]?.id as string]));
  const events = own.map(({ event, verdict }): Event => ({ ...event, focus: verdict.focus }));
  await client.query(KEEP, [
    ...[[...ids.values()], own.map(({ at }) => at), events.map((event) => JSON.stringify(event))],
  ]);
  return told.map((one) => ids.get(one) ?? one.eventId);
}

/** What was taken back, or merged away, is not known to them any more: it is said once. */
async function forget(client: Db, told: Judged[]): Promise<void> {
  const back = told.filter(({ made, event }) => made || event.code === 'person-merged');
  if (back.length === 0) return;
  await client.query(FORGET, [
    ...[back.map(({ id }) => id), back.map(({ event }) => event.focus.type)],
    back.map(({ event }) => event.focus.id),
  ]);
}

/** Who is told that two are of one family knows of both of them. */
function remembered({ event, verdict }: Judged): Focus[] {
  if (!verdict.readable || (TAKES_BACK.has(event.code) && event.code !== 'person-unmerged')) return [];
  const members = event.code === 'member-linked' ? event.persons : [];
  return [verdict.focus, ...members.map((id) => ({ type: 'Patient', id }))];
}
