import { messageName } from '../fhir/ids.ts';
import { fold } from '../link/fold.ts';
import { intake, type Pipeline } from '../pipeline.ts';
import { allCharts, heldMessages, REBUILD } from '../save/maintenance-sql.ts';
import type { IdentifiedRecord, StatementState } from '../store/facts.ts';
import { type Db, transaction } from '../store/pool.ts';
import { followObserving } from './observing.ts';
import { followRules } from './prompt-rules.ts';
import { recompute } from './recompute.ts';
import { isSound, understandInTurns } from './understand.ts';

const BATCH = 200;
type Rebuilt = { statements: number; families: number; changed: number };

/**
 * Recomputes every view from facts, family by family, writing only what differs and telling nobody unless
 * `events`. On an unchanged store it writes nothing. Safe while messages arrive: each family is recomputed
 * under its own locks.
 */
export async function rebuild(ctx: Pipeline, options: { events?: boolean } = {}): Promise<Rebuilt> {
  await followObserving(ctx);
  await followRules(ctx);
  const statements = await transaction(ctx.db, refold);
  const seen = new Set<string>();
  const counts = { statements, families: 0, changed: 0 };
  for (const key of await allCharts(ctx.db)) {
    if (seen.has(key)) continue;
    const { charts, changed } = await recompute(ctx, key, options.events ?? false);
    for (const chart of charts) seen.add(chart);
    counts.families++;
    counts.changed += changed;
  }
  return counts;
}

/**
 * Statements again from all records, in any order of arrival: returns how many differed from what was stored.
 */
async function refold(db: Db): Promise<number> {
  await db.query(REBUILD.begin);
  for (let after = '0'; ; ) {
    const { rows } = await db.query<StoredRecord>(REBUILD.records, [after, BATCH]);
    const last = rows.at(-1);
    if (!last) break;
    after = last.id;
    const keys = [...new Set(rows.flatMap(({ statements }) => statements.map(({ key }) => key)))];
    const known = await db.query<StatementState>(REBUILD.read, [keys]);
    const states = new Map(known.rows.map((state) => [state.key, state]));
    for (const row of rows) for (const said of row.statements) refoldOne(states, row, said);
    await db.query(REBUILD.write, [JSON.stringify([...states.values()])]);
  }
  const { rowCount } = await db.query(REBUILD.apply);
  return rowCount ?? 0;
}

type StoredRecord = Pick<IdentifiedRecord, 'statements' | 'stamp' | 'mode'> & {
  id: string;
  systemId: number;
};

function refoldOne(
  states: Map<string, StatementState>,
  row: StoredRecord,
  said: IdentifiedRecord['statements'][number],
) {
  const before = states.get(said.key) ?? null;
  const folded = fold(before, { ...said, stamp: row.stamp, mode: row.mode });
  const fixed = { key: said.key, type: said.type, systemId: row.systemId };
  states.set(said.key, { ...(before as StatementState), ...fixed, ...folded });
}

/** Bodies of the largest size: 100 MB. */
const HELD_PAGE = 20;

export type Replayed = { tried: number; accepted: number; failed: number };

/** Of the parts of one message; `dryRun`: as they are read now, and nothing is kept of that. */
export type Tried = { parts: number; accepted: number };

/** Tries one held or failed message again. Null where that one is neither, or its body has expired. */
export async function replayOne(ctx: Pipeline, row: string, dryRun: boolean): Promise<Tried | null> {
  const [held] = await heldMessages(ctx, String(BigInt(row) - 1n), 1);
  if (!held || held.id !== row) return null;
  const { id: _row, ...message } = held;
  if (dryRun) {
    const units = await understandInTurns(ctx.mappings.of(message.source), message, ctx.profiles);
    return { parts: units.length, accepted: units.filter(isSound).length };
  }
  const { units } = await intake(ctx, message, { replay: true });
  return { parts: units.length, accepted: units.filter(({ status }) => status === 'accepted').length };
}

/**
 * Tries every held or failed message again, oldest first: after a mapping was mended. One that meets a fault
 * of ours stays as it is and is counted; the others are tried all the same.
 */
export async function replayHeld(ctx: Pipeline): Promise<Replayed> {
  const done: Replayed = { tried: 0, accepted: 0, failed: 0 };
  for (let after = '0'; ; ) {
    const page = await heldMessages(ctx, after, HELD_PAGE);
    for (const { id, ...message } of page) {
      after = id;
      done.tried++;
      const units = await intake(ctx, message, { replay: true }).then(
        (answer) => answer.units,
        (error: unknown) => {
          ctx.log.error({ event: 'replay', messageId: messageName(ctx.key, id), err: error });
          return [{ status: 'failed' }];
        },
      );
      if (units.every(({ status }) => status === 'accepted')) done.accepted++;
      if (units.some(({ status }) => status === 'failed')) done.failed++;
    }
    if (page.length < HELD_PAGE) return done;
  }
}
