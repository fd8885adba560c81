/** `skein subscription …`: whether a subscriber is reached. */
import { checkIds } from '../../command/check-words.ts';
import { setContact } from '../../deliver/subscribe/contact.ts';
import { sendTest } from '../../deliver/subscribe/test-event.ts';
import { type Commands, command } from '../command.ts';
import { explainWhy } from '../why.ts';
import { withRead } from '../with-read.ts';
import { withStore } from '../with-store.ts';

export const subscription: Commands = {
  why: command({
    summary: 'why a service was, or was not, told of something',
    help: `Usage: skein why WHAT WHO [--json]

One line for each event of WHAT and each subscription of WHO: delivered or to-be-sent (with its tries),
not-numbered-yet (and why its receiver is not reached), emptied, not-published, made-later, off, not-answered,
not-matched (by which filter), or withheld: by which rule and when, as it was recorded then, and what would be
decided today. What is withheld is told to nobody else. Ids alone, no names.

  WHAT  a message, by the id that its answer and its log lines have; a notification, by its webhook-id; or an
        event, by its number in such a line, or in a log line under eventId
  WHO   a service as ODS|team, the name of a system, or the id of a subscription

Examples:
  skein why 5b0f2a9c-1d7e-5c3a-9f40-6a1b2c3d4e5f 'RXP|perinatal'
  skein why 5b0f2a9c-1d7e-5c3a-9f40-6a1b2c3d4e5f perinatal-epr --json | jq -r '.answers[].cause'
  skein why 81204 perinatal-epr
`,
    options: {},
    words: ['WHAT', 'WHO'],
    run: (_flags, [what = '', who = '']) => {
      if (!/^\d{1,18}$/.test(what)) checkIds({ WHAT: what });
      return withRead('why', (ctx) => explainWhy(ctx, what, who));
    },
  }),
  'subscription contact': command({
    summary: 'where somebody is told that a subscription fails, beside its endpoint',
    help: `Usage: skein subscription contact ID URL [--json]

Keeps a second webhook of a Subscription, in place of the one before: a signed POST of ids and figures goes to
it when 50, 70, 90 and 100 % of the schedule of tries are used up (docs/subscriptions.md). It is signed as
notifications are, must be at a public address by https, or one that WEBHOOK_ALLOW names, and should not be
where the endpoint is. The word none in place of URL takes it away.

Examples:
  skein subscription contact 5b0f2a9c-1d7e-4c3a-9f40-6a1b2c3d4e5f https://oncall.example/skein
  skein subscription contact 5b0f2a9c-1d7e-4c3a-9f40-6a1b2c3d4e5f none
`,
    options: {},
    words: ['ID', 'URL'],
    run: (_flags, [id = '', url = '']) => {
      checkIds({ ID: id });
      return withStore(async (ctx) => {
        const contact = url === 'none' ? null : url;
        await setContact(ctx, id, contact);
        return { data: { id, contact }, text: `${id}: ${contact ? 'its contact is kept' : 'no contact'}\n` };
      });
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
