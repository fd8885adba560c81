/** `skein subscription …`: whether a subscriber is reached. */
import { checkIds } from '../../command/check-words.ts';
import { sendTest } from '../../deliver/subscribe/test-event.ts';
import { type Commands, command } from '../command.ts';
import { explainWhy } from '../why.ts';
import { withRead } from '../with-read.ts';
import { withStore } from '../with-store.ts';

export const subscription: Commands = {
  why: command({
    summary: 'why a service was, or was not, told of what a message changed',
    help: `Usage: skein why MESSAGE WHO [--json]

One line for each event that the message made and each subscription of WHO: delivered, to-be-sent,
not-numbered-yet (and why its receiver is not reached), emptied, not-published, made-later, off, not-answered,
not-matched (by which filter), or withheld (by which rule). Rules are asked as they stand today; what is
withheld is told to nobody else. Ids alone, no names.

  MESSAGE  the id that its answer and its log lines have
  WHO      a service as ODS|team, the name of a system, or the id of a subscription

Examples:
  skein why 5b0f2a9c-1d7e-5c3a-9f40-6a1b2c3d4e5f 'RXP|perinatal'
  skein why 5b0f2a9c-1d7e-5c3a-9f40-6a1b2c3d4e5f perinatal-epr --json | jq -r '.answers[].cause'
`,
    options: {},
    words: ['MESSAGE', 'WHO'],
    run: (_flags, [message = '', who = '']) => {
      checkIds({ MESSAGE: message });
      return withRead('why', (ctx) => explainWhy(ctx, message, who));
    },
  }),
  'subscription test': command({
    summary: 'send a subscriber a notification that tells of nothing, and show what it answers',
    help: `Usage: skein subscription test ID [--json]

Sends one signed event-notification to the endpoint of a Subscription, now, and shows what came back. Its one
event has the number 0 and the extension test-event: it is outside of the numbers, so a receiver that keeps the
last number passes it over, and $events does not give it. It is among the attempts that the subscriber sees
($attempts), and changes neither the status of the Subscription nor its tries. Ends with 1 where the answer is
not 2xx.

Examples:
  skein subscription test 5b0f2a9c-1d7e-4c3a-9f40-6a1b2c3d4e5f
`,
    options: {},
    words: ['ID'],
    run: (_flags, [id = '']) =>
      withStore(async (ctx) => {
        const { ok, status, outcome } = await sendTest(ctx, id);
        const said = status === null ? outcome : `${outcome}, HTTP ${status}`;
        return { data: { id, ok, status, outcome }, text: `${id}: ${said}\n`, code: ok ? 0 : 1 };
      }),
  }),
};
