import { Counter, Gauge, Histogram, Registry } from 'prom-client';
import { isTransient } from '../errors.ts';
import type { Answer, Message } from '../model.ts';
import type { Db } from '../store/pool.ts';

/** Counts, durations and ages only; labels are closed lists, never ids or names. */
export const registry = new Registry();
const registers = [registry];

const messages = new Counter({
  name: 'skein_messages_total',
  help: 'Messages taken in, by channel and what became of them',
  labelNames: ['channel', 'status'] as const,
  registers,
});

const intakeSeconds = new Histogram({
  name: 'skein_intake_seconds',
  help: 'From a message read to its answer, committed',
  labelNames: ['channel'] as const,
  buckets: [0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10],
  registers,
});

export const deliveries = new Counter({
  name: 'skein_deliveries_total',
  help: 'Attempts to deliver, by kind and outcome',
  labelNames: ['kind', 'outcome'] as const,
  registers,
});

export const deliverySeconds = new Histogram({
  name: 'skein_delivery_seconds',
  help: 'One attempt, from request to the end of the answer',
  buckets: [0.005, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10, 30],
  registers,
});

const requests = new Histogram({
  name: 'skein_http_seconds',
  help: 'HTTP requests by route pattern and status class',
  labelNames: ['method', 'route', 'status'] as const,
  buckets: [0.005, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10],
  registers,
});

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
const lastBeat = new Gauge({
  name: 'skein_loop_last_success_timestamp_seconds',
  help: 'When each loop of a worker last came round',
  labelNames: ['loop'] as const,
  registers,
});

/**
 * Counts one answered message; a duplicate or conflict is counted as such, whatever the stored answer says.
 */
export function countMessage({ channel }: Message, answer: Answer, ms: number): void {
  const status = answer.conflict ? 'conflict' : answer.duplicate ? 'duplicate' : answer.status;
  messages.inc({ channel, status });
  intakeSeconds.observe({ channel }, ms / 1000);
}

/** One HTTP request; `route` is the pattern, never the path. */
export function countRequest(
  method: string,
  route: string,
  { status, ms }: { status: number; ms: number },
): void {
  requests.observe({ method, route, status: `${Math.floor(status / 100)}xx` }, ms / 1000);
}

const STATE = `
select coalesce(extract(epoch from now() - (select min(at) from outbox)), 0)::float8 as age,
  (select count(*) from (select from pending limit 10000) as counted)::float8 as few,
  (select greatest(reltuples, 0) from pg_class where oid = 'pending'::regclass)::float8 as many,
  (select count(*) from intake where status in ('held', 'failed'))::float8 as held`;

/**
 * Gives the metrics as Prometheus text. Figures from the database are read now; NaN while it does not answer.
 */
export async function readMetrics(db: Db): Promise<string> {
  const unknown = { age: Number.NaN, few: Number.NaN, many: Number.NaN, held: Number.NaN };
  const state = await db.query<typeof unknown>(STATE).then(
    ({ rows }) => rows[0] ?? unknown,
    (error: unknown) => {
      if (isTransient(error)) return unknown;
      throw error;
    },
  );
  outboxAge.set(state.age);
  pendingRows.set(
    state.few < 10_000 || Number.isNaN(state.few) ? state.few : Math.max(state.few, state.many),
  );
  heldMessages.set(state.held);
  return registry.metrics();
}

const beats = new Map<string, number>();

/** Records that a worker's loop (publish, deliver) completed a round. */
export function beat(loop: 'publish' | 'deliver'): void {
  beats.set(loop, Date.now());
  lastBeat.set({ loop }, Date.now() / 1000);
}

/** Loops that have run before and not in the last `ms`. */
export function lateLoops(ms: number): string[] {
  return [...beats].filter(([, at]) => Date.now() - at > ms).map(([loop]) => loop);
}
