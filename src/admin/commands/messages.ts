/** `skein messages`, `skein replay`, `skein rebuild`: what became of what was sent, and doing it again. */
import { checkIds } from '../../command/check-words.ts';
import { confirm } from '../../command/confirm.ts';
import { WrongUse } from '../../command/wrong-use.ts';
import { rebuild, replayHeld } from '../../pipeline/rebuild.ts';
import { type Commands, command, text, yes } from '../command.ts';
import { describeMessage, listHolds } from '../messages.ts';
import { withRead } from '../with-read.ts';
import { withStore } from '../with-store.ts';

const TELLS = 'rebuild --events tells every subscriber what differs, which cannot be taken back';

export const messages: Commands = {
  messages: command({
    summary: 'what is held or failed, and why; or one message by its id',
    help: `Usage: skein messages --held [--name SYSTEM] [--json]
       skein messages --id ID [--json]

  --held         what waits for somebody and why, newest first
  --name SYSTEM  of this system only
  --id ID        one message, by the id that answers, ERR-7 and log lines name

Examples:
  skein messages --held --name epr
  skein messages --held --json | jq -r '.[].cause' | sort | uniq -c
  skein messages --id 5b0f2a9c-1d7e-5c3a-9f40-6a1b2c3d4e5f
`,
    options: { held: yes, name: text, id: text },
    run: async ({ held, id, name = null }) => {
      if (!held === !id) throw new WrongUse('messages needs --held or --id ID, one of them');
      if (id) checkIds({ '--id': id });
      if (id && name) throw new WrongUse('--name goes with --held: an id is of one message');
      return withRead('messages', (ctx) => (id ? describeMessage(ctx, id) : listHolds(ctx, name)));
    },
  }),
  replay: command({
    summary: 'try held and failed messages again, after a mapping was mended',
    help: `Usage: skein replay --held [--json]

Every message that is held or failed is read again, by what its system is registered with now. What is
accepted has the effect that it would have had when it was sent.

Examples:
  skein replay --held
  skein replay --held --json
`,
    options: { held: yes },
    run: async ({ held }) => {
      if (!held) throw new WrongUse('replay needs --held: held and failed messages are tried again');
      const done = await withStore(replayHeld);
      const { tried, accepted, failed } = done;
      const said = `${tried} held messages tried again, ${accepted} accepted, ${failed} failed by a fault of ours\n`;
      return { data: done, text: said };
    },
  }),
  rebuild: command({
    summary: 'recompute every view from facts; tells nobody unless --events',
    help: `Usage: skein rebuild [--events [--yes]] [--json]

Writes what differs from what the facts say, and nothing on an unchanged store. Safe while messages come.

  --events  tells subscribers what differs, too; asks first, since that cannot be taken back
  --yes     does not ask

Examples:
  skein rebuild
  DATABASE_URL=postgres://… skein rebuild --events --yes
`,
    options: { events: yes, yes },
    run: async ({ events = false, yes: sure }) => {
      if (events) await confirm(TELLS, sure);
      const done = await withStore((ctx) => rebuild(ctx, { events }));
      const { families, changed, statements } = done;
      const said = `${families} families recomputed: ${changed} changed, ${statements} statements differed\n`;
      return { data: done, text: said };
    },
  }),
};
