import type { Context } from '../context.ts';
import { deliveries, deliverySeconds } from '../metrics.ts';
import type { Claimed } from './claim.ts';
import { composeEvents, composeSignal } from './compose.ts';
import { judge } from './retry.ts';
import type { Parcel, Reply, Sender, Target } from './send.ts';
import { signingKey } from './sign.ts';

/**
 * How long a run may go on with one answer from access: what is left is handed back, and asked about again. So a denial, a
 * safety hold or a switch-off is in force on the queue within that, under a second.
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

/** Sends what one subscription is due, one at a time and strictly in order, until the first failure or the end of its time. */
export async function run(tools: Tools, claimed: Claimed): Promise<Outcome> {
  const { ctx } = tools;
  const { stored, kind, bundles } = claimed;
  const ended = begin(claimed);
  if (kind === 'none') return ended;
  const going = { ...tools, claimed, target: { ...stored, key: signingKey(stored.secret) } };
  if (kind === 'event-notification') {
    for (const parcelled of bundles) {
      if (tools.abort.signal.aborted || performance.now() - claimed.claimedAt > RUN_MS) return { ...ended, more: true };
      const reply = await attempt(going, composeEvents(ctx, stored, parcelled));
      Object.assign(ended, conclude(ended, reply));
      if (!reply.ok) return ended;
      ended.delivered = parcelled.bundle;
    }
    return ended;
  }
  const reply = await attempt(going, composeSignal(ctx, stored, kind));
  if (kind === 'heartbeat') return { ...ended, ...conclude(ended, reply) };
  // Any error of the handshake means error: https://hl7.org/fhir/uv/subscriptions-backport/STU1.1/channels.html#rest-hook-1
  const verdict = reply.ok ? 'active' : reply.outcome === 'aborted' ? 'idle' : 'error';
  return { ...ended, ...conclude(ended, reply), verdict };
}

function begin(claimed: Claimed): Outcome {
  const { more, stored } = claimed;
  const nothing = { verdict: 'idle' as const, seconds: 0, sent: false, outcome: 'not-sent', http: null };
  return { ...nothing, claimed, delivered: stored.deliveredNumber, attempts: stored.attempts, more };
}

type Conclusion = Pick<Outcome, 'verdict' | 'seconds' | 'attempts' | 'sent' | 'outcome' | 'http'> & { more?: boolean };

function conclude({ attempts }: Outcome, reply: Reply): Conclusion {
  const { outcome, status: http } = reply;
  const said = { outcome, http, sent: reply.ok, seconds: 0 };
  // Taken back by its owner, or its worker is stopping: no failure of the receiver's.
  if (outcome === 'aborted') return { ...said, verdict: 'idle', attempts, more: true };
  const judged = judge(reply, attempts);
  if (judged.kind === 'retry') return { ...said, verdict: 'retry', attempts: attempts + 1, seconds: judged.seconds };
  return { ...said, verdict: judged.kind === 'stop' ? judged.status : 'delivered', attempts: 0 };
}

/** One try: one log line, with ids and durations only. */
async function attempt({ ctx, sender, abort, claimed, target }: Run, parcel: Parcel): Promise<Reply> {
  const { stored, kind } = claimed;
  const started = performance.now();
  const reply = await sender.send(target, parcel, abort);
  const ms = Math.round(performance.now() - started);
  deliveries.inc({ kind, outcome: reply.ok ? 'ok' : 'failed' });
  deliverySeconds.observe(ms / 1000);
  const line = { event: 'delivery', kind, subscription: stored.id, webhookId: parcel.id, origin: stored.origin };
  ctx.log[reply.ok ? 'info' : 'warn']({
    ...line,
    attempt: stored.attempts + 1,
    outcome: reply.outcome,
    status: reply.status,
    ms,
  });
  return reply;
}
