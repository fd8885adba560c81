/** `skein status` and `skein deliveries …`. */
import { checkIds } from '../../command/check-words.ts';
import { WrongUse } from '../../command/wrong-use.ts';
import { type Commands, command, text, yes } from '../command.ts';
import { replayDelivery, retryDelivery, showDeliveries, showStatus } from '../deliveries.ts';
import { withRead } from '../with-read.ts';
import { withStore } from '../with-store.ts';

export const deliveries: Commands = {
  status: command({
    summary: 'whether anything is late, silent, held or stuck, on one screen',
    help: `Usage: skein status [--json]

Contact-stops and losses that reached nobody, with the duty contact of their service; subscriptions by status,
with what they have not answered and since when; messages that are held, by cause; systems that are silent for
longer than is usual for them; what is not published yet. Ends with 1 where somebody should look now. What is
wrong with the installation is said by skein doctor.

Examples:
  skein status
  skein status --json | jq .subscriptions
`,
    options: {},
    run: () => withStore(({ db }) => showStatus(db)),
  }),
  deliveries: command({
    summary: 'how each subscriber is reached; of one, its attempts and what it was told',
    help: `Usage: skein deliveries [ID] [--json]

Each subscription, those furthest behind first: what it has not answered, since when, when it last answered,
how often it failed and why, and when it is tried next. Of one (ID), its last 50 attempts and the last 50
numbers, with the event of each (skein why says of an event why a service was or was not told). Ids and codes,
no names.

Examples:
  skein deliveries
  skein deliveries 5b0f2a9c-1d7e-4c3a-9f40-6a1b2c3d4e5f --json
`,
    options: {},
    words: ['ID'],
    least: 0,
    run: (_flags, [id]) => {
      if (id !== undefined) checkIds({ ID: id });
      return withRead('deliveries', ({ db }) => showDeliveries(db, id));
    },
  }),
  'deliveries retry': command({
    summary: 'try now what waits for a subscriber that fails',
    help: `Usage: skein deliveries retry ID [--json]

The next try of a subscription that fails, or is in error, is due now, as after a sign of life of its own; all
that waits follows in order once it answers. What is off stays off: it is its owner's to switch it on.

Examples:
  skein deliveries retry 5b0f2a9c-1d7e-4c3a-9f40-6a1b2c3d4e5f
`,
    options: {},
    words: ['ID'],
    run: (_flags, [id = '']) => {
      checkIds({ ID: id });
      return withStore((ctx) => retryDelivery(ctx, id));
    },
  }),
  'deliveries replay': command({
    summary: 'send a subscriber once more what it has answered already',
    help: `Usage: skein deliveries replay ID --from NUMBER [--until NUMBER] [--dry-run] [--json]

Sends again, in order, the notifications in which these numbers were: under the same webhook-id and the same
numbers, byte for byte as they were, but for what its recipient may not know today, which has no content any
more. A receiver that keeps the last number takes them for repeats. No event is made and none gets a number.
What has not been answered yet is tried by itself (skein deliveries retry), and a subscriber that lost
everything takes a snapshot ($snapshot) or asks ($events). At most 1,000 numbers at once; it stops at the first
that is not answered with 2xx, and then ends with 1.

  --from NUMBER    the first
  --until NUMBER   the last; the same as --from where it is left out
  --dry-run        what would be sent, and what of it without content; sends nothing

Examples:
  skein deliveries replay 5b0f2a9c-1d7e-4c3a-9f40-6a1b2c3d4e5f --from 120 --dry-run
  skein deliveries replay 5b0f2a9c-1d7e-4c3a-9f40-6a1b2c3d4e5f --from 120 --until 180
`,
    options: { from: text, until: text, 'dry-run': yes },
    words: ['ID'],
    run: (flags, [id = '']) => {
      checkIds({ ID: id });
      const from = numberOf('--from', flags.from);
      const until = flags.until === undefined ? from : numberOf('--until', flags.until);
      const range = { from, until, dryRun: flags['dry-run'] ?? false };
      return withRead('delivery-replay', (ctx) => replayDelivery(ctx, id, range));
    },
  }),
};

function numberOf(name: string, given: string | undefined): number {
  if (given === undefined) throw new WrongUse(`${name} is missing`);
  if (!/^[1-9]\d{0,14}$/.test(given)) throw new WrongUse(`${name} is the number of an event: 1 or more`);
  return Number(given);
}
