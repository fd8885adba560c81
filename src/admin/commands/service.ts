/** `skein service …`: what others may be told of a service, apart from its care. */
import { type Commands, command, text } from '../command.ts';
import { setContact } from '../service.ts';
import { withStore } from '../with-store.ts';

export const service: Commands = {
  'service set': command({
    summary: 'how the team on duty of a service is reached',
    help: `Usage: skein service set NAME --duty-phone NUMBER --duty-hours HOURS --confirmed DATE [--json]

Keeps the duty number of a registered service, which others are told where they may know that it is
involved; of discreet services nobody is. A team's number, never a person's. After 90 days without a new
confirmation it is shown as unconfirmed. A service can say the same itself: docs/api.md.

  NAME                   a system that acts for the service, or the service itself as ODS|TEAM
  --duty-phone NUMBER    a number of the United Kingdom: digits, spaces, a leading 0 or +44
  --duty-hours HOURS     days and times: 'Mo-Fr 09:00-17:00; Sa 10:00-12:00', or 24/7
  --confirmed DATE       the day on which somebody last found it right, as 2026-01-31; not after today

Examples:
  skein service set perinatal --duty-phone '01632 960130' --duty-hours 'Mo-Fr 09:00-17:00' --confirmed 2026-01-31
  skein service set 'RXX|perinatal' --duty-phone '+44 1632 960130' --duty-hours 24/7 --confirmed 2026-01-31
`,
    options: { 'duty-phone': text, 'duty-hours': text, confirmed: text },
    words: ['NAME'],
    run: (flags, [name = '']) => withStore((ctx) => setContact(ctx, name, flags)),
  }),
};
