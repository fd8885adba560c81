/**
 * The ledger: a small file, kept with the backups, of what a restored backup must not bring back. It has no
 * names and no numbers of people, and means nothing without the key of the store.
 */
import { readFile, rename, writeFile } from 'node:fs/promises';
import { z } from 'zod';
import type { Context } from '../context.ts';
import { keyedId } from '../fhir/ids.ts';
import { HOLD, SAFETY } from '../link/safety/statements.ts';
import { type LedgerRows, readLedgerRows } from '../save/ledger.ts';
import { saveFreeze } from '../save/numbers.ts';
import { asOwner } from '../store/open.ts';
import { LEDGER_PENDING } from '../store/restore.ts';
import { eraseCharts } from './erase.ts';
import { untie } from './recompute.ts';
import { personNow, placeHold } from './safety.ts';

const Key = z.uuid();
const Ledger = z.strictObject({
  format: z.literal('skein-ledger-1'),
  madeAt: z.iso.datetime(),
  /** Says which store it is of. */
  store: Key,
  erasures: z.array(
    z.strictObject({
      ...{ id: Key, at: z.string(), person: Key, charts: z.array(Key) },
      ...{ reason: z.string(), by: z.string(), approvedBy: z.string() },
    }),
  ),
  holds: z.array(z.strictObject({ chart: Key, service: Key.nullable() })),
  frozen: z.array(z.strictObject({ number: Key, cause: z.string(), by: z.string() })),
});
export type Ledger = z.infer<typeof Ledger>;
export type Applied = { erased: number; held: number; frozen: number };

type Keyed = Pick<Context, 'db' | 'key'>;
const storeOf = ({ key }: Keyed): string => keyedId(key, 'ledger');
const rowsOf = ({ db }: Keyed): Promise<LedgerRows> => readLedgerRows(db, SAFETY, HOLD);

/** Writes it, whole or not at all, readable for its owner alone. */
export async function writeLedger(ctx: Keyed, file: string): Promise<Ledger> {
  const madeAt = new Date().toISOString();
  const ledger: Ledger = { format: 'skein-ledger-1', madeAt, store: storeOf(ctx), ...(await rowsOf(ctx)) };
  const draft = `${file}.${process.pid}.part`;
  await writeFile(draft, `${JSON.stringify(ledger)}\n`, { mode: 0o600, flush: true });
  await rename(draft, file);
  return ledger;
}

/** Throws an Error of one line where the file is none. */
export async function readLedger(file: string): Promise<Ledger> {
  const text = await readFile(file, 'utf8').catch((cause: NodeJS.ErrnoException) => {
    throw new Error(`the ledger ${file} cannot be read (${cause.code})`, { cause });
  });
  const ledger = parse(text);
  if (!ledger) throw new Error(`${file} is no ledger of Skein, or was cut or changed`);
  return ledger;
}

function parse(text: string): Ledger | undefined {
  try {
    return Ledger.safeParse(JSON.parse(text)).data;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

/**
 * Does again what this store does not know of: erasures, safety holds in force, and numbers whose identity
 * was changed. Safe to repeat; a store that was restored may be started after it. Throws where it is of
 * another store.
 */
export async function applyLedger(ctx: Context, ledger: Ledger): Promise<Applied> {
  if (ledger.store !== storeOf(ctx)) throw new Error('the ledger is of another store than the backup');
  const known = await rowsOf(ctx);
  const done = { erased: 0, held: 0, frozen: 0 };
  const numbers = new Set(known.frozen.map(({ number }) => number));
  const frozen = ledger.frozen.filter(({ number }) => !numbers.has(number));
  for (const { number, ...why } of frozen) await saveFreeze(ctx.db, { keys: [number], ...why });
  await untie(
    ctx,
    frozen.map(({ number }) => number),
  );
  done.frozen = frozen.length;
  for (const { chart, service } of ledger.holds) {
    const person = await personNow(ctx, chart);
    if (person && (await placeHold(ctx, person, { service, by: 'ledger' }))) done.held++;
  }
  const erased = new Set(known.erasures.map(({ id }) => id));
  for (const { charts, ...erasure } of ledger.erasures.filter(({ id }) => !erased.has(id))) {
    await eraseCharts(ctx, charts, erasure);
    done.erased++;
  }
  await asOwner(ctx, (db) => db.query('delete from setting where name = $1', [LEDGER_PENDING]));
  return done;
}
