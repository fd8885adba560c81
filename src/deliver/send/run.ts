import type { Context } from '../../context.ts';
import { messageName } from '../../fhir/ids.ts';
import { deliveries, deliverySeconds } from '../../observe/metrics.ts';
import type { Claimed } from '../number/claim.ts';
import { composeEvents, composeSignal } from '../number/compose.ts';
import type { Parcelled } from '../number/judged.ts';
import { judge } from './retry.ts';
import { type Parcel, type Reply, type Sender, type Target, targetOf } from './send.ts';

/**
 * How long a run may go on with one answer from access: what is left is handed back, and asked about again.
 * So a denial, a safety hold or a switch-off is in force on the queue within that, under a second.
 */
const RUN_MS = 750;

/** How a run ended, for SETTLE. `delivered`: the last number acknowledged. */
export type Outcome = {
  claimed: Claimed;
  verdict: 'delivered' | 'idle' | 'retry' | 'active' | 'error' | 'off';
  seconds: number;
  delivered: number;
  /** Failures in a row up to and including this run. */
  attempts: number;
  sent: boolean;
  more: boolean;
  outcome: string | null;
  http: number | null;
};

type Tools = { ctx: Context; sender: Sender; abort: AbortController };
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
  const going = { ...tools, claimed, target: targetOf(stored) };
  if (kind === 'event-notification') {
    for (const parcelled of bundles) {
      if (tools.abort.signal.aborted || performance.now() - claimed.claimedAt > RUN_MS)
        return { ...ended, more: true };
      const reply = await attempt(going, composeEvents(ctx, stored, parcelled));
      Object.assign(ended, conclude(ended, reply));
      if (!reply.ok) return ended;
      ended.delivered = parcelled.bundle;
    }
    return ended;
  }
  const reply = await attempt(going, composeSignal(ctx, stored, kind));
  if (kind === 'heartbeat') return { ...ended, ...conclude(ended, reply) };
  // Any error of the handshake means error:
  // https://hl7.org/fhir/uv/subscriptions-backport/STU1.1/channels.html#rest-hook-1
  const verdict = reply.ok ? 'active' : reply.outcome === 'aborted' ? 'idle' : 'error';
  return { ...ended, ...conclude(ended, reply), verdict };
}

function begin(claimed: Claimed): Outcome {
  const { more, stored } = claimed;
  const nothing = { verdict: 'idle' as const, seconds: 0, sent: false, outcome: 'not-sent', http: null };
  return { ...nothing, claimed, delivered: stored.deliveredNumber, attempts: stored.attempts, more };
}

type Conclusion = Pick<Outcome, 'verdict' | 'seconds' | 'attempts' | 'sent' | 'outcome' | 'http'> & {
  more?: boolean;
};

function conclude({ attempts }: Outcome, reply: Reply): Conclusion {
  const { outcome, status: http } = reply;
  const said = { outcome, http, sent: reply.ok, seconds: 0 };
  // Taken back by its owner, or its worker is stopping: no failure of the receiver's.
  if (outcome === 'aborted') return { ...said, verdict: 'idle', attempts, more: true };
  const judged = judge(reply, attempts);
  if (judged.kind === 'retry')
    return { ...said, verdict: 'retry', attempts: attempts + 1, seconds: judged.seconds };
  return { ...said, verdict: judged.kind === 'stop' ? judged.status : 'delivered', attempts: 0 };
}

async function attempt({ sender, abort, target }: Run, parcel: Parcel): Promise<Reply> {
  const started = performance.now();
  const reply = await sender.send(target, parcel, abort);
  deliverySeconds.observe((performance.now() - started) / 1000);
  return reply;
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
  const failed = verdict === 'retry' || verdict === 'error' || verdict === 'off';
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
