/** `skein prune`: what has been kept long enough goes now, and not bit by bit. */
import type pg from 'pg';
import { findPrunable, prune as pruneAll } from '../../retain/prune.ts';
import { asOwner } from '../../store/open.ts';
import { type Commands, command, type Done, yes } from '../command.ts';
import { withStore } from '../with-store.ts';

export const prune: Commands = {
  prune: command({
    summary: 'remove what has been kept for as long as policy/retention.yaml says',
    help: `Usage: skein prune [--dry-run] [--json]

The worker does the same bit by bit, every ten minutes. Never pruned is what waits: events not delivered,
messages that nobody mended before a longer term of their own, people under a safety hold, glass that was
broken and not reviewed, audit that is not sealed.

  --dry-run  only says what would go of each category, and of when the oldest is

Examples:
  skein prune --dry-run
  skein prune --json
`,
    options: { 'dry-run': yes },
    run: ({ 'dry-run': dry = false }) =>
      withStore((ctx) => asOwner(ctx, (owner) => (dry ? tellPrunable(owner) : pruneNow(owner)))),
  }),
};

async function pruneNow(owner: pg.Pool): Promise<Done> {
  const done = await pruneAll(owner);
  const lines = Object.entries(done).map(([category, n]) => `${category}: ${n} pruned\n`);
  return { data: done, text: lines.join('') };
}

async function tellPrunable(owner: pg.Pool): Promise<Done> {
  const found = await findPrunable(owner);
  const lines = found.map(
    ({ category, days, n, since }) =>
      `${category}: kept ${days} days, ${n} would go${since ? `, the oldest of ${since.toISOString()}` : ''}\n`,
  );
  return { data: found, text: lines.join('') };
}
