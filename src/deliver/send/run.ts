import type { Context } from '../../context.ts';
import { messageName } from '../../fhir/ids.ts';
import { deliveries, deliverySeconds } from '../../observe/metrics.ts';
import { beginSpan, traceparentFor } from '../../observe/trace.ts';
import type { Claimed } from '../number/claim.ts';
import { composeEvents, composeSignal } from '../number/compose.ts';
import type { Parcelled } from '../number/judged.ts';
import type { Settled } from '../subscribe/settle.ts';
import { isFailing } from '../subscribe/stored.ts';
import { judge } from './retry.ts';
import { type Parcel, type Reply, type Sender, type Target, targetOf } from './send.ts';

/**
 * How long a run may go on with one answer from access: what is left is handed back, and asked about again.
 * So a denial, a safety hold or a switch-off is in force on the queue within that, under a second.
 */
const RUN_MS = 750;

/** How a run ended, for SETTLE. `delivered`: the last number acknowledged. */
export type Outcome = Pick<
  Settled,
  | 'verdict'
  | 'seconds'
  | 'floor'
  | 'delivered'
  | 'attempts'
  | 'sent'
  | 'reached'
  | 'more'
  | 'outcome'
  | 'http'
> & { claimed: Claimed; times: number[] };

/** `isStopping`: its worker ends, and begins nothing new. */
type Tools = { ctx: Context; sender: Sender; abort: AbortController; isStopping: () => boolean };
type Run = Tools & { claimed: Claimed; target: Target };

/**
 * Sends what one subscription is due, one at a time and strictly in order, until the first failure or the end
 * of its time.
 */
export async function run(tools: Tools, claimed: Claimed): Promise<Outcome> {
  const { ctx } = tools;
  const { stored, kind, bundles } = claimed;
  const ended = begin(claimed);
  if (kind === 'none') return ended;
  const going = { ...tools, claimed, target: targetOf(ctx.vault, stored) };
  if (kind !== 'event-notification') {
    const { reply } = await attempt(going, composeSignal(ctx, stored, kind));
    return { ...ended, ...conclude(ended, reply) };
  }
  for (const parcelled of bundles) {
    const isOver = tools.isStopping() || performance.now() - claimed.claimedAt > RUN_MS;
    if (tools.abort.signal.aborted || isOver) return { ...ended, more: true };
    const { reply, ms } = await attempt(going, composeEvents(ctx, stored, parcelled), parcelled);
    if (reply.outcome !== 'aborted') ended.times.push(ms);
    Object.assign(ended, conclude(ended, reply));
    if (!reply.ok) return ended;
    ended.delivered = parcelled.bundle;
  }
  return ended;
}

function begin(claimed: Claimed): Outcome {
  const { more, stored } = claimed;
  const nothing = { verdict: 'idle' as const, seconds: null, floor: 0, outcome: 'not-sent', http: null };
  const { deliveredNumber: delivered, attempts } = stored;
  return { ...nothing, claimed, delivered, attempts, sent: false, reached: false, more, times: [] };
}

type Conclusion = Omit<Outcome, 'claimed' | 'delivered' | 'times' | 'more'> & { more?: boolean };

/** What one reply makes of a run. What was answered before in the same run counts for the receiver. */
function conclude({ claimed, attempts, reached }: Outcome, reply: Reply): Conclusion {
  const { stored, waiting } = claimed;
  const { outcome, status: http } = reply;
  const said = { outcome, http, sent: reply.ok, reached: reached || reply.ok, seconds: null, floor: 0 };
  // Taken back by its owner, or its worker is stopping: no failure of the receiver's.
  if (outcome === 'aborted') return { ...said, verdict: 'idle', attempts, more: true };
  const judged = judge(reply, attempts);
  if (judged.kind === 'gone') return { ...said, verdict: 'gone', attempts: 0 };
  if (judged.kind === 'delivered') {
    // Only that what waits is taken makes it well: who answers probes and refuses events is failing.
    if (waiting) return { ...said, verdict: 'answered', attempts };
    return {
      ...said,
      verdict: stored.status === 'active' && !isFailing(stored) ? 'delivered' : 'active',
      attempts: 0,
    };
  }
  // Any error of the handshake that its client asked for means error:
  // https://hl7.org/fhir/uv/subscriptions-backport/STU1.1/channels.html#rest-hook-1
  if (stored.status !== 'active' && !reached) return { ...said, verdict: 'error', attempts: 0 };
  const isScheduled = reached || stored.scheduled;
  if (judged.kind === 'retry') {
    const { seconds, floor } = judged;
    if (!isScheduled) return { ...said, verdict: 'retry', attempts, floor };
    return { ...said, verdict: 'retry', attempts: attempts + 1, seconds, floor };
  }
  return isScheduled ? { ...said, verdict: 'error', attempts: 0 } : { ...said, verdict: 'retry', attempts };
}

async function attempt(
  { sender, abort, target, claimed: { stored, kind } }: Run,
  parcel: Parcel,
  parcelled?: Parcelled,
): Promise<{ reply: Reply; ms: number }> {
  const started = performance.now();
  const events = parcelled?.events ?? [];
  const from = events.find(({ trace }) => trace !== undefined)?.trace;
  const span = from ? beginSpan('deliver', from) : null;
  const own = events.every(({ message }) => message?.own === true);
  const trace = span ? traceparentFor(span, { id: parcel.id, own }) : undefined;
  const reply = await sender.send(target, { ...parcel, trace }, abort);
  const ms = performance.now() - started;
  deliverySeconds.observe(ms / 1000);
  const { outcome, status: http } = reply;
  const said = { subscription: stored.id, notification: parcel.id, kind, outcome, events: events.length };
  span?.end({ ...said, ...(http === null ? {} : { http }) });
  return { reply, ms };
}

/** One line for a run, as there is one audit row: ids, numbers and durations only. */
export function report(
  { log, key }: Context,
  { claimed, verdict, attempts, delivered, outcome, http }: Outcome,
): void {
  const { stored, kind, bundles, attempt, claimedAt } = claimed;
  if (kind === 'none') return;
  const numbers = { first: bundles[0]?.events[0]?.number, last: bundles.at(-1)?.bundle, delivered };
  const told = bundles.filter(({ bundle }) => bundle <= delivered).length;
  const failed = verdict === 'retry' || verdict === 'error' || verdict === 'gone';
  deliveries.inc({ kind, outcome: 'ok' }, kind === 'event-notification' ? told : failed ? 0 : 1);
  if (failed) deliveries.inc({ kind, outcome: 'failed' });
  log[failed ? 'warn' : 'info']({
    ...{ event: 'delivery', kind, attempt, subscription: stored.id, origin: stored.origin, ...numbers },
    messages: messagesOf(bundles).map((row) => messageName(key, row)),
    ...{ verdict, outcome, status: http, failures: attempts, ms: Math.round(performance.now() - claimedAt) },
  });
}

/** A line of a log names at most as many. */
const MESSAGES_LOGGED = 20;

const messagesOf = (bundles: Parcelled[]): string[] =>
  [...new Set(bundles.flatMap(({ events }) => events.flatMap(({ message }) => message?.id ?? [])))].slice(
    0,
    MESSAGES_LOGGED,
  );
