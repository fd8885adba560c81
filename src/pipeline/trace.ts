/**
 * Tracing (ADR 19): asks the national record for the number of charts whose senders verified none, far from
 * the path of any message. One confident answer becomes a statement of a message of Skein's own; whatever
 * else is answered is counted, and nothing of it kept.
 */
import { randomUUID } from 'node:crypto';
import type { Patient } from '@medplum/fhirtypes';
import { EVIDENCE } from '../access/decide/evidence.ts';
import { keeperOf } from '../access/decide/link-rules.ts';
import type { Context } from '../context.ts';
import { keyedId } from '../fhir/ids.ts';
import { isImplicit } from '../link/fold.ts';
import { countsTraces } from '../link/who/traced.ts';
import { countTrace } from '../observe/metrics.ts';
import {
  findUntraced,
  giveTurnBack,
  keepBreaker,
  keepOutcome,
  keepSeen,
  takeTurn,
  type Untraced,
} from '../save/traces.ts';
import { judge, type Match } from '../trace/answer.ts';
import { afterFailure, type Breaker, CLOSED, type Clock, paceOf, stateOf } from '../trace/breaker.ts';
import { type Demographics, demographicsOf } from '../trace/demographics.ts';
import type { Pds } from '../trace/pds.ts';
import { keepMatch } from './trace-fact.ts';

/** Of one run of the worker, which goes on while anybody is due: hours at the usual rate. */
const LIMIT = 10_000;
/** Charts found in one go. */
const BATCH = 100;
/** Longer than one question takes at most; a run that dies is taken over then. */
const TURN_SECONDS = 60;
const DAY_MS = 86_400_000;
/** Nobody was found: not sooner than a week, then twice as long each time. */
const AGAIN_MS = 7 * DAY_MS;
const MOST_AGAIN_MS = 90 * DAY_MS;
/** No answer: this chart after a minute, then more and more seldom. The breaker is about all of them. */
const RETRY_MS = 60_000;
const MOST_RETRY_MS = DAY_MS;

/** `signal` ends a run after the question that is under way. */
export type Tracing = { pds: Pds; clock: Clock; perSecond: number; minScore: number; signal?: AbortSignal };
/**
 * `asked` and what became of it. `stopped`: another run asks, the service is left alone, or the policy in
 * force has no word for tracing, so that asking would tell of people for nothing.
 */
export type TraceRun = {
  asked: number;
  outcomes: Record<string, number>;
  stopped: 'busy' | 'open' | 'policy' | null;
};

export const CLOCK: Clock = {
  now: () => new Date(),
  sleep: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
};

/**
 * Asks about at most `limit` charts, one after the other at the agreed pace. Safe in several processes: one
 * asks, the others find it busy. Stopped anywhere it loses nothing but the answer under way.
 */
export async function runTraces(ctx: Context, tracing: Tracing, limit = LIMIT): Promise<TraceRun> {
  const lease = randomUUID();
  const run: TraceRun = { asked: 0, outcomes: {}, stopped: null };
  if (!countsTraces(EVIDENCE)) return { ...run, stopped: 'policy' };
  try {
    await askAll(ctx, tracing, { lease, run, limit });
  } finally {
    await giveTurnBack(ctx.db, lease);
  }
  return run;
}

type Turn = { lease: string; run: TraceRun; limit: number };

async function askAll(ctx: Context, tracing: Tracing, { lease, run, limit }: Turn): Promise<void> {
  const { clock } = tracing;
  const pace = paceOf(tracing.perSecond, clock);
  while (run.asked < limit) {
    const found = await findUntraced(ctx.db, clock.now(), Math.min(BATCH, limit));
    if (found.length === 0) return;
    for (const untraced of found) {
      const breaker = await takeTurn(ctx.db, lease, clock.now(), TURN_SECONDS);
      if (tracing.signal?.aborted) return;
      if (!breaker || stateOf(breaker, clock.now()) === 'open') {
        run.stopped = breaker ? 'open' : 'busy';
        return;
      }
      const who = questionOf(ctx.key, untraced, clock.now());
      if ('outcome' in who) await passOver(ctx, untraced, who, clock.now());
      else {
        await pace();
        const outcome = await askOne(ctx, tracing, { untraced, ...who, breaker });
        run.outcomes[outcome] = (run.outcomes[outcome] ?? 0) + 1;
        if (++run.asked >= limit) return;
      }
    }
  }
}

/** How many charts would be asked about now, at most `limit`. */
export async function countDue({ db, key }: Context, now: Date, limit: number): Promise<number> {
  const found = await findUntraced(db, now, limit);
  return found.filter((one) => !('outcome' in questionOf(key, one, now))).length;
}

type Question = { who: Demographics; basis: string };
type PassedOver = { outcome: 'left-out' | 'too-little' | 'seen'; basis: string | null };

/**
 * Nobody is asked about whose number would count for nothing (a charity's, a system without a sector), nor
 * where only author and addressee may know of the care: nothing of that leaves.
 */
function questionOf(key: Buffer, untraced: Untraced, now: Date): Question | PassedOver {
  const { content, service, sector, kind, outcome, basis, due } = untraced;
  const weight = EVIDENCE.weights.get(sector ?? '');
  const silent = !weight || weight.number === 'claim' || isImplicit(untraced);
  if (silent || keeperOf(service, [{ service, sector, kind }]) !== null)
    return { outcome: 'left-out', basis: null };
  const who = demographicsOf(content, now.toISOString());
  if (!who) return { outcome: 'too-little', basis: null };
  const present = basisOf(key, outcome === 'matched' ? lasting(who) : who);
  return !due && present === basis ? { outcome: 'seen', basis } : { who, basis: basisOf(key, who) };
}

const basisOf = (key: Buffer, who: object): string => keyedId(key, 'trace-question', JSON.stringify(who));
/** Once a number is found, a marriage or a move is no reason to ask again. */
const lasting = ({ given, birthDate, number }: Demographics) => ({ given, birthDate, number });

async function passOver(
  ctx: Context,
  { chart, recordId }: Untraced,
  { outcome, basis }: PassedOver,
  at: Date,
) {
  if (outcome === 'seen') return keepSeen(ctx.db, chart, recordId);
  return keepOutcome(ctx.db, { chart, outcome, basis, recordId, tries: 0, at, nextAt: null });
}

type Asking = Question & { untraced: Untraced; breaker: Breaker };

/** A fault of ours costs one chart its turn, and no other. */
async function askOne(ctx: Context, tracing: Tracing, asking: Asking): Promise<string> {
  const { untraced, who, basis } = asking;
  const outcome = await outcomeOf(ctx, tracing, asking).catch((error: unknown) => {
    ctx.log.error({ event: 'trace.failed', err: error });
    return 'failed';
  });
  const at = tracing.clock.now();
  await keepOutcome(ctx.db, {
    ...{ chart: untraced.chart, outcome, recordId: untraced.recordId, at },
    basis: outcome === 'matched' ? basisOf(ctx.key, lasting(who)) : basis,
    ...againAt(untraced, outcome, at),
  });
  countTrace(outcome);
  return outcome;
}

async function outcomeOf(ctx: Context, tracing: Tracing, asking: Asking): Promise<string> {
  const { untraced, who, basis, breaker } = asking;
  const { pds, clock, minScore } = tracing;
  const started = performance.now();
  const requestId = randomUUID();
  const reply = await pds.ask(who, requestId);
  const now = clock.now();
  const failed = reply.kind === 'failed';
  const next = failed ? afterFailure(breaker, now, reply.retryAfterMs) : CLOSED;
  if (failed || breaker.failures > 0) await keepBreaker(ctx.db, next);
  const asked = { ours: untraced.content, number: who.number, minScore, asOf: now.toISOString() };
  const verdict = failed ? reply.kind : judge(reply, asked);
  const isStill = (content: Patient) => {
    const present = demographicsOf(content, now.toISOString());
    return present !== null && basisOf(ctx.key, present) === basis;
  };
  const outcome =
    typeof verdict === 'string' ? verdict : await keep(ctx, untraced, { verdict, requestId, isStill });
  ctx.log[failed ? 'warn' : 'info']({
    ...{ event: 'trace', outcome, failures: next.failures, ms: Math.round(performance.now() - started) },
    ...(failed ? { reason: reply.reason } : {}),
  });
  return outcome;
}

type Kept = { verdict: Match; requestId: string; isStill: (content: Patient) => boolean };

const keep = async (ctx: Context, { chart }: Untraced, { verdict, requestId, isStill }: Kept) =>
  (await keepMatch(ctx, { chart, ...verdict }, { requestId, isStill })) ? 'matched' : 'changed';

/** When to ask again: of who was found never, of who changed meanwhile at once. */
function againAt(untraced: Untraced, outcome: string, now: Date): { tries: number; nextAt: Date | null } {
  const tries = untraced.outcome === outcome ? untraced.tries + 1 : 1;
  const after = (first: number, most: number) =>
    new Date(now.getTime() + Math.min(first * 2 ** (tries - 1), most));
  if (outcome === 'matched') return { tries, nextAt: null };
  if (outcome === 'changed') return { tries, nextAt: now };
  return {
    tries,
    nextAt: outcome === 'failed' ? after(RETRY_MS, MOST_RETRY_MS) : after(AGAIN_MS, MOST_AGAIN_MS),
  };
}
