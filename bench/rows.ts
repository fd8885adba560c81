/** A file of CSV rows as it is taken in, in groups, beside the same rows in a transaction each, one after the other. */
import { createHash } from 'node:crypto';
import { EventEmitter } from 'node:events';
import { pino } from 'pino';
import { Config } from '../src/config.ts';
import type { Message } from '../src/model.ts';
import { settleAlone } from '../src/pipeline/settle.ts';
import { understand } from '../src/pipeline/understand.ts';
import { intake, type Pipeline, prepare } from '../src/pipeline.ts';
import { save } from '../src/save/save.ts';
import { NO_VAULT } from '../src/store/vault.ts';
import { ownProfiles } from '../src/validate/profiles.ts';
import { person } from './messages.ts';
import { median, type Options, round, say } from './report.ts';
import { type Bench, openBench } from './stages.ts';
import { createDatabase, type Postgres } from './store.ts';

/** Rows of the n-th file of people not heard of before. */
function fileOf({ system }: Bench, nth: number, rows: number): Message {
  const lines = Array.from({ length: rows }, (_, n) => {
    const { given, family, born } = person(nth * rows + n);
    return `F${nth}-${n},2026-09-01,${given},${family},${born},ZZ99 3VZ`;
  });
  const body = Buffer.from(
    ['reference,referred_on,given_name,family_name,date_of_birth,postcode', ...lines].join('\n'),
  );
  const contentHash = createHash('sha256').update(body).digest('hex');
  const source = 'third-sector-csv';
  return {
    system,
    channel: 'intake',
    contentType: 'text/csv',
    source,
    body,
    identifier: contentHash,
    contentHash,
  };
}

/** Rows a second, each way, in turn in every round; the first round warms up and is not kept. */
export async function benchRows(
  server: Postgres,
  { rounds, rows }: Options,
): Promise<Record<string, number>[]> {
  const [inGroups, byRow]: [number[], number[]] = [[], []];
  const db = await createDatabase(server);
  try {
    const bench = await openBench(db, 'referral');
    const ctx = contextOf(bench);
    for (let nth = 0; nth <= rounds; nth++) {
      const count = nth === 0 ? Math.ceil(rows / 10) : rows;
      const grouped = await ratePerSecond(count, () => takeFile(ctx, fileOf(bench, nth * 2, count)));
      const single = await ratePerSecond(count, () => takeRows(ctx, fileOf(bench, nth * 2 + 1, count)));
      if (nth === 0) continue;
      inGroups.push(grouped);
      byRow.push(single);
      say(`round ${nth}: ${rows} rows: ${grouped.toFixed(0)}/s in groups, ${single.toFixed(0)}/s row by row`);
    }
  } finally {
    await db.drop();
  }
  const [grouped, single] = [median(inGroups), median(byRow)];
  return [{ rows, inGroups: round(grouped, 0), byRow: round(single, 0), times: round(grouped / single) }];
}

async function ratePerSecond(count: number, work: () => Promise<unknown>): Promise<number> {
  const started = performance.now();
  await work();
  return (count / (performance.now() - started)) * 1000;
}

async function takeFile(ctx: Pipeline, message: Message): Promise<void> {
  const { units } = await intake(ctx, message);
  if (units.some(({ status }) => status !== 'accepted')) throw new Error('a row was not accepted');
}

async function takeRows(ctx: Pipeline, given: Message): Promise<void> {
  const message = { receivedAt: new Date(), ...given };
  const units = understand(ctx.mappings.of(message.source), message, ctx.profiles);
  const kept = { message, messageId: null, record: null, plan: null, answer: null };
  const messageId = await save(ctx.db, ctx, kept);
  for (const unit of units) {
    const { status } = await settleAlone(ctx, await prepare(ctx, message, unit, { messageId }));
    if (status !== 'accepted') throw new Error('a row was not accepted');
  }
}

function contextOf({ db, key, mappings }: Bench): Pipeline {
  const config = Config.parse({ PORT: '0', MLLP_PORT: '0', LOG_LEVEL: 'silent' });
  const log = pino({ level: 'silent' });
  return {
    config,
    log,
    db: db.pool,
    key,
    vault: NO_VAULT,
    signals: new EventEmitter(),
    mappings,
    profiles: ownProfiles(),
  };
}
