/** `skein number …`: what people do about an NHS number in dispute. */
import { confirm } from '../../command/confirm.ts';
import { WrongUse } from '../../command/wrong-use.ts';
import { type Commands, command, text, yes } from '../command.ts';
import { describeNumber, liftOne } from '../number.ts';
import { withStore } from '../with-store.ts';

const LIFTS = 'number lift joins people under this number again and tells their services';

export const number: Commands = {
  'number show': command({
    summary: 'who claims an NHS number, and whether it is disputed or tainted; no names',
    help: `Usage: skein number show NUMBER [--json]

Examples:
  skein number show '999 000 0018'
  skein number show 9990000018 --json | jq -r .state
`,
    options: {},
    words: ['NUMBER'],
    run: (_, [value = '']) => withStore((ctx) => describeNumber(ctx, value)),
  }),
  'number lift': command({
    summary: 'the number is good: those whose it is are joined again',
    help: `Usage: skein number lift NUMBER --by NAME [--not SYSTEM[,SYSTEM…]] [--yes] [--json]

Records that somebody found a number to be good. Asks first: people are joined by it, services are told,
and neither can be taken back.

  --by NAME              who found it; kept
  --not SYSTEM[,SYSTEM…] whose word on it is set aside, where Skein cannot tell
  --yes                  does not ask

Examples:
  skein number show 9990000018
  skein number lift 9990000018 --by 'A. Reviewer' --not visiting
`,
    options: { by: text, not: text, yes },
    words: ['NUMBER'],
    run: async ({ by, not = '', yes: sure }, [value = '']) => {
      if (!by) throw new WrongUse('number lift needs --by NAME: who found the number to be good');
      await confirm(LIFTS, sure);
      const wrong = not.split(',').flatMap((name) => name.trim() || []);
      return withStore((ctx) => liftOne(ctx, value, by, wrong));
    },
  }),
};
