/** `skein waits`. */
import { type Commands, command, text } from '../command.ts';
import { showWaits } from '../waits.ts';
import { withStore } from '../with-store.ts';

export const waits: Commands = {
  waits: command({
    summary: 'how long people wait for each service, by quarter',
    help: `Usage: skein waits [--service NAME] [--period QUARTER] [--json]

Of each registered service the referrals of a quarter: sent to it, accepted, refused (declined, sent on or
withdrawn), care begun, and open at its end; and how many days it took to be accepted and for care to begin,
and how long those that are open have waited: median, 90th percentile, longest. A wait counts from the first
referral that one goes on from. Counts are in fives, rounded down, and a dash stands for fewer than five, so
that no figure, and no difference of two, tells of so few. Services read their own: docs/api.md.

  --service NAME      one service: a system that acts for it, ODS|TEAM, or its id
  --period QUARTER    a quarter of a year, as 2026-Q3; this one, up to today, where it is left out

Examples:
  skein waits
  skein waits --service perinatal --period 2026-Q3 --json
`,
    options: { service: text, period: text },
    run: (flags) => withStore((ctx) => showWaits(ctx, flags, new Date().toISOString().slice(0, 10))),
  }),
};
