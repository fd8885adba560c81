/** What is read from the database when somebody asks for metrics. */
import { Gauge } from 'prom-client';
import { countOverdue } from '../access/glass/reviews.ts';
import { isTransient } from '../errors.ts';
import type { Db } from '../store/pool.ts';
import { registers, registry } from './metrics.ts';
import { readSilence } from './rhythm.ts';

const outboxAge = new Gauge({
  name: 'skein_outbox_oldest_seconds',
  help: 'Age of the oldest event not yet published; alert over 5',
  registers,
});
const pendingRows = new Gauge({
  name: 'skein_pending_rows',
  help: 'Events published and not yet numbered, of all subscriptions; above 10,000 an estimate',
  registers,
});
const heldMessages = new Gauge({
  name: 'skein_held_messages',
  help: 'Messages held or failed: for correction or replay',
  registers,
});
const expiredMessages = new Gauge({
  name: 'skein_expired_held_messages',
  help: 'Messages held or failed for so long that their bodies are gone: nobody can mend them any more',
  registers,
});
const holds = new Gauge({
  name: 'skein_holds',
  help: 'Messages held or failed, by registered system and cause: event (not read here), content, ours',
  labelNames: ['system', 'cause'] as const,
  registers,
});
const missedHours = new Gauge({
  name: 'skein_system_missed_hours',
  help: 'Hours in which a system would have been heard by its own last 8 weeks, since it was; alert over 3',
  labelNames: ['system'] as const,
  registers,
});
const silence = new Gauge({
  name: 'skein_system_silence_seconds',
  help: 'Since the end of the hour in which a system was last heard',
  labelNames: ['system'] as const,
  registers,
});
const glassOverdue = new Gauge({
  name: 'skein_glass_reviews_overdue',
  help: 'Times that glass was broken, and nobody reviewed within the working days of the policy',
  registers,
});
const ignored = new Gauge({
  name: 'skein_ignored_messages',
  help: 'Messages left out by the feed rule of a system, since the rule was made',
  labelNames: ['system', 'event'] as const,
  registers,
});
const STATE = `
select coalesce(extract(epoch from now() - (select min(at) from outbox)), 0)::float8 as age,
  (select count(*) from (select from pending limit 10000) as counted)::float8 as few,
  (select greatest(reltuples, 0) from pg_class where oid = 'pending'::regclass)::float8 as many,
  (select count(*) from intake where expired_at is not null)::float8 as expired,
  (select count(*) from intake where status in ('held', 'failed'))::float8 as held`;

// Who nobody registered may call itself anything, and is one.
const BY_SYSTEM = `
with named as (select s.id, case when v.registered then s.name else 'unregistered' end as system
  from system s join service v on v.id = s.service_id)
select 'hold' as kind, n.system, skein_hold(i.status, i.units) as label, count(*)::float8 as n
from intake i join named n on n.id = i.system_id where i.status in ('held', 'failed') group by 2, 3
union all select 'ignored', n.system, g.event, sum(g.n)::float8 from ignored g join named n on n.id = g.system_id
group by 2, 3`;

async function readBySystem(db: Db): Promise<void> {
  const sql = await db.query<{ kind: string; system: string; label: string; n: number }>(BY_SYSTEM);
  holds.reset();
  ignored.reset();
  for (const { kind, system, label, n } of sql.rows)
    if (kind === 'hold') holds.set({ system, cause: label }, n);
    else ignored.set({ system, event: label }, n);
  missedHours.reset();
  silence.reset();
  for (const { system, missed, seconds } of await readSilence(db)) {
    missedHours.set({ system }, missed);
    silence.set({ system }, Math.max(0, seconds));
  }
}

/**
 * Gives the metrics as Prometheus text. Figures from the database are read now; NaN while it does not answer.
 */
export async function readMetrics(db: Db): Promise<string> {
  const nan = Number.NaN;
  const unknown = { age: nan, few: nan, many: nan, held: nan, expired: nan };
  let overdue = Number.NaN;
  const read = async () => {
    await readBySystem(db);
    overdue = await countOverdue(db);
    return (await db.query<typeof unknown>(STATE)).rows[0] ?? unknown;
  };
  const state = await read().catch((error: unknown) => {
    if (isTransient(error)) return unknown;
    throw error;
  });
  outboxAge.set(state.age);
  pendingRows.set(
    state.few < 10_000 || Number.isNaN(state.few) ? state.few : Math.max(state.few, state.many),
  );
  heldMessages.set(state.held);
  expiredMessages.set(state.expired);
  glassOverdue.set(overdue);
  return registry.metrics();
}
