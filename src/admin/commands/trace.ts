/** `skein trace …`: numbers that are asked of the national record. */
import { checkIds } from '../../command/check-words.ts';
import { confirm } from '../../command/confirm.ts';
import { WrongUse } from '../../command/wrong-use.ts';
import { type Commands, command, text, yes } from '../command.ts';
import { checkTraced, describeTracing, traceNow, undoTrace } from '../trace.ts';
import { withStore } from '../with-store.ts';

const UNDOES = 'trace undo parts whom the traced number joined, and tells their services';
const LIMIT = '100';

export const trace: Commands = {
  'trace status': command({
    summary: 'whether numbers are traced, what became of it, and what waits; no names',
    help: `Usage: skein trace status [--json]

Examples:
  skein trace status
  skein trace status --json | jq .outcomes
`,
    options: {},
    run: () => withStore((ctx) => describeTracing(ctx)),
  }),
  'trace run': command({
    summary: 'asks the national record now for numbers that no sender verified',
    help: `Usage: skein trace run [--limit N] [--dry-run] [--json]

Asks the Personal Demographics Service about charts without a verified number, as the worker does by itself
every five minutes. Exits with 1 where another process asks just now, or the service does not answer.

  --limit N   at most so many questions; ${LIMIT} unless given
  --dry-run   says how many would be asked about, and asks nothing

Examples:
  skein trace run --dry-run
  skein trace run --limit 10
`,
    options: { limit: text, 'dry-run': yes },
    run: ({ limit = LIMIT, 'dry-run': dry = false }) => {
      if (!/^[1-9]\d{0,5}$/.test(limit)) throw new WrongUse('--limit is a whole number from 1 on');
      return withStore((ctx) => traceNow(ctx, Number(limit), dry));
    },
  }),
  'trace undo': command({
    summary: 'a traced number is not that of this chart: as if it had not been found',
    help: `Usage: skein trace undo CHART --by NAME --reason TEXT [--yes] [--json]

Takes back what tracing found for one chart (skein person explain names charts). Whoever was joined by it is
parted, and the chart is not asked about again. Asks first.

  --by NAME      who found it; kept
  --reason TEXT  why; kept, told to nobody
  --yes          does not ask

Examples:
  skein trace undo 0b9d2f0e-… --by 'A. Reviewer' --reason 'another woman of that name'
`,
    options: { by: text, reason: text, yes },
    words: ['CHART'],
    run: async ({ by, reason, yes: sure }, [chart = '']) => {
      if (!by || !reason) throw new WrongUse('trace undo needs --by NAME and --reason TEXT');
      checkIds({ CHART: chart });
      return withStore(async (ctx) => {
        await checkTraced(ctx, chart);
        await confirm(UNDOES, sure);
        return undoTrace(ctx, chart, { by, reason });
      });
    },
  }),
};
