/** `skein subscription …`: whether a subscriber is reached. */
import { sendTest } from '../../deliver/subscribe/test-event.ts';
import { type Commands, command } from '../command.ts';
import { withStore } from '../with-store.ts';

export const subscription: Commands = {
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
