/** What whoever runs Skein reads of people by a command: on record before it is printed. */
import { OPERATOR, record } from '../audit/record.ts';
import type { Context } from '../context.ts';
import type { Pipeline } from '../pipeline.ts';
import type { Done } from './command.ts';
import { withStore } from './with-store.ts';

const IDS = /\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b/g;

/**
 * `way`: the command, as the audit calls it. The row names every id that is printed, and so whoever the
 * resources of these ids are about. Where it cannot be written nothing is printed.
 */
export const withRead = (way: string, work: (ctx: Pipeline) => Promise<Done>): Promise<Done> =>
  withStore(async (ctx) => {
    const done = await work(ctx);
    await recordRead(ctx, way, done);
    return done;
  });

async function recordRead(
  { db }: Pick<Context, 'db'>,
  way: string,
  { data, about = [] }: Done,
): Promise<void> {
  const ids = [...new Set(JSON.stringify(data).match(IDS))];
  const read = { kind: 'read' as const, outcome: 'done', actor: OPERATOR, interaction: way };
  await record(db, { ...read, ids, of: ids, persons: about });
}
