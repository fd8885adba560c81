/** `skein trace …`: numbers that are asked of the national record. Counts and ids only. */
import { randomUUID } from 'node:crypto';
import type { Context } from '../context.ts';
import { Rejected } from '../errors.ts';
import { traceKey } from '../link/who/traced.ts';
import { countDue, runTraces } from '../pipeline/trace.ts';
import { keepUndone } from '../pipeline/trace-fact.ts';
import { openTracing } from '../run/tracing.ts';
import { findTraced, keepOutcome, readTracing } from '../save/traces.ts';
import { stateOf } from '../trace/breaker.ts';
import type { Done } from './command.ts';

export async function describeTracing({ db, config }: Context): Promise<Done> {
  const { outcomes, waiting, oldest, ...breaker } = await readTracing(db);
  const on = config.PDS_URL !== undefined;
  const state = stateOf(breaker, new Date());
  const data = { on, breaker: { state, ...breaker }, outcomes, waiting, oldest };
  const until = state === 'open' ? ` until ${breaker.openUntil?.toISOString()}` : '';
  const lines = [
    `tracing is ${on ? 'on' : 'off (PDS_URL is not set)'}`,
    `breaker ${state}${until}, ${breaker.failures} failures in a row`,
    ...linesOf(outcomes),
    `${waiting} not looked at yet${oldest ? `, the oldest of ${oldest.toISOString()}` : ''}`,
  ];
  return { data, text: lines.map((line) => `${line}\n`).join('') };
}

const linesOf = (outcomes: Record<string, number>): string[] =>
  Object.entries(outcomes)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([outcome, count]) => `${outcome}: ${count}`);

const WHY = {
  busy: 'another process asks just now',
  open: 'the service is left alone: see skein trace status',
  policy: 'policy/evidence.yaml in force has no row that lets tracing count: see skein reload',
};

export async function traceNow(ctx: Context, limit: number, dry: boolean): Promise<Done> {
  if (dry) {
    const due = await countDue(ctx, new Date(), limit);
    return { data: { due }, text: `${due} would be asked about\n` };
  }
  const tracing = openTracing(ctx.config);
  if (!tracing) return refuse('tracing is off: PDS_URL is not set');
  try {
    const run = await runTraces(ctx, tracing, limit);
    const lines = [
      `asked about ${run.asked}`,
      ...linesOf(run.outcomes),
      ...(run.stopped ? [WHY[run.stopped]] : []),
    ];
    return { data: run, text: lines.map((line) => `${line}\n`).join(''), code: run.stopped ? 1 : 0 };
  } finally {
    await tracing.pds.close();
  }
}

const UNTRACED = 'no number was traced for such a chart: skein person explain names them';

/** Throws Rejected where nothing is to be undone. */
export async function checkTraced({ db, key }: Context, chart: string): Promise<void> {
  if ((await findTraced(db, traceKey(key, chart))) === null) refuse(UNTRACED);
}

export async function undoTrace(
  ctx: Context,
  chart: string,
  said: { by: string; reason: string },
): Promise<Done> {
  if (!(await keepUndone(ctx, chart, { ...said, id: randomUUID() }))) return refuse(UNTRACED);
  const never = { basis: null, recordId: '0', tries: 0, at: new Date(), nextAt: null };
  await keepOutcome(ctx.db, { chart, outcome: 'undone', ...never });
  return { data: { chart }, text: 'the chart has no traced number any more, and is not asked about again\n' };
}

function refuse(text: string): never {
  throw new Rejected(422, [{ severity: 'error', code: 'business-rule', text }]);
}
