/** `skein number …`: what people do about an NHS number in dispute, or of a changed identity. */
import { checkNumber } from '../../command/check-words.ts';
import { confirm } from '../../command/confirm.ts';
import { WrongUse } from '../../command/wrong-use.ts';
import { checkLift } from '../../pipeline/numbers.ts';
import { type Commands, command, text, yes } from '../command.ts';
import { describeNumber, freezeOne, liftOne } from '../number.ts';
import { withRead } from '../with-read.ts';
import { withStore } from '../with-store.ts';

const FREEZES =
  'number freeze removes whatever is shared of whoever has this number, and tells whoever was told of them';
const CAUSES = ['identity-change'];
const LIFTS = 'number lift joins people under this number again and tells their services';

export const number: Commands = {
  'number show': command({
    summary: 'who claims an NHS number, and what is known of it: disputed, superseded, frozen …; no names',
    help: `Usage: skein number show NUMBER [--json]

Examples:
  skein number show '999 000 0018'
  skein number show 9990000018 --json | jq -r .state
`,
    options: {},
    words: ['NUMBER'],
    run: async (_, [value = '']) => {
      checkNumber(value);
      return withRead('number-show', (ctx) => describeNumber(ctx, value));
    },
  }),
  'number freeze': command({
    summary: 'the identity was changed (adoption and the like): share nothing of it any more',
    help: `Usage: skein number freeze NUMBER --cause identity-change --by NAME [--yes] [--json]

Of the old number of somebody whose identity was changed: an adoption, a protected identity, a change of
gender. Whatever was shared of whoever has it is removed, for everybody: its ids answer as if they had never
been, and whoever was told of them is told that they are withdrawn, and no more. What is sent under the number
later is answered as ever, and told to nobody. The new number is another person. Asks first. One that was
frozen by mistake is thawed by skein number lift.

  --cause identity-change why; kept
  --by NAME               who found it; kept
  --yes                   does not ask

Examples:
  skein number freeze 9990000018 --cause identity-change --by 'A. Reviewer'
`,
    options: { by: text, cause: text, yes },
    words: ['NUMBER'],
    run: async ({ by, cause = '', yes: sure }, [value = '']) => {
      if (!by) throw new WrongUse('number freeze needs --by NAME: who found that the identity was changed');
      if (!CAUSES.includes(cause)) throw new WrongUse(`number freeze needs --cause ${CAUSES.join(' or ')}`);
      checkNumber(value);
      await confirm(FREEZES, sure);
      return withStore((ctx) => freezeOne(ctx, value, by, cause));
    },
  }),
  'number lift': command({
    summary: 'the number is good: those whose it is are joined again',
    help: `Usage: skein number lift NUMBER --by NAME [--not SYSTEM[,SYSTEM…]] [--yes] [--json]

Records that somebody found a number to be good, or that it was frozen by mistake. Asks first: people are joined by it, services are told,
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
      checkNumber(value);
      const lift = { by, not: not.split(',').flatMap((name) => name.trim() || []) };
      return withStore(async (ctx) => {
        await checkLift(ctx, value, lift);
        await confirm(LIFTS, sure);
        return liftOne(ctx, value, lift);
      });
    },
  }),
};
