/** `skein hold …`, `skein safe-contact`: what is said for somebody's safety. */
import { confirm } from '../../command/confirm.ts';
import { WrongUse } from '../../command/wrong-use.ts';
import { DAYS, HOW } from '../../fhir/safe-contact.ts';
import { type Commands, command, text, yes } from '../command.ts';
import { liftHoldOf, listHolds, placeHoldOf, sayContactOf } from '../hold.ts';
import { withRead } from '../with-read.ts';
import { withStore } from '../with-store.ts';

const LIFTS = 'hold lift lets services of others in the family know of this person again, and tells them';

/** `yes` or `no`; undefined where it was not said. */
function readAnswer(name: string, said: string | undefined): boolean | undefined {
  if (said === undefined) return undefined;
  if (said === 'yes' || said === 'no') return said === 'yes';
  throw new WrongUse(`--${name} is yes or no`);
}

export const hold: Commands = {
  'hold place': command({
    summary: 'nobody learns of this person through others any more, from now on',
    help: `Usage: skein hold place ID --by NAME [--json]

A safety hold: sharing to and from this person by way of a family ends at once, and addresses, numbers and
where and when contacts are to be stay with whoever said them. Nobody but statutory services with open care
of the person can tell. It asks nothing and needs no reason. Statutory health services place one themselves
(POST /fhir/Patient/ID/$place-hold).

  ID         of a person (Patient), an id that led to it before, or a chart
  --by NAME  who places it; kept

Examples:
  skein hold place 5b0f2a9c-1d7e-5c3a-9f40-6a1b2c3d4e5f --by 'A. Midwife'
`,
    options: { by: text },
    words: ['ID'],
    run: ({ by }, [id = '']) => {
      if (!by) throw new WrongUse('hold place needs --by NAME');
      return withStore((ctx) => placeHoldOf(ctx, id, by));
    },
  }),
  'hold list': command({
    summary: 'who is held, since when and by which service; ids, no names',
    help: `Usage: skein hold list [--json]

Examples:
  skein hold list
  skein hold list --json | jq -r '.held[].person'
`,
    options: {},
    run: () => withRead('hold-list', (ctx) => listHolds(ctx)),
  }),
  'hold lift': command({
    summary: 'a hold ends, since a second person has reviewed it',
    help: `Usage: skein hold lift ID --by NAME (--reviewed-by NAME | --user FILE) [--yes] [--json]

Ends the hold of one person. Who may see what again is told by the ordinary events. Records that the hold
reached besides, as they may be the same person’s, stay held until each is lifted. Asks first.

  ID                  as skein hold list names it
  --by NAME           who lifts it; kept
  --reviewed-by NAME  who reviewed it: another person; kept
  --user FILE         in place of that name, and needed where HUMAN_ISSUER is set: a file with the token of who
                      reviewed it (- for standard input), a reviewer by HUMAN_ROLES
  --yes               does not ask

Examples:
  skein hold lift 5b0f2a9c-1d7e-5c3a-9f40-6a1b2c3d4e5f --by 'A. Midwife' --reviewed-by 'B. Lead'
  skein hold lift 5b0f2a9c-1d7e-5c3a-9f40-6a1b2c3d4e5f --by 'A. Midwife' --user lead.jwt --yes
`,
    options: { by: text, 'reviewed-by': text, user: text, yes },
    words: ['ID'],
    run: async ({ by, 'reviewed-by': reviewedBy, user, yes: sure }, [id = '']) => {
      if (!by || !(reviewedBy || user))
        throw new WrongUse('hold lift needs --by NAME and --reviewed-by NAME, or --user FILE');
      await confirm(LIFTS, sure);
      return withStore((ctx) => liftHoldOf(ctx, id, { by, reviewedBy, user }));
    },
  }),
  'safe-contact': command({
    summary: 'how to reach somebody safely: read before any number or address',
    help: `Usage: skein safe-contact ID --how HOW --by NAME [options] [--json]

The last word stands. Statutory health services with open care of the person say it themselves
(POST /fhir/Patient/ID/$safe-contact). What is left out is not known, and not safe to assume.

  ID                 of a person (Patient), an id that led to it before, or a chart
  --how HOW          ${HOW.join(', ')}
  --days DAYS        ${DAYS.join(', ')}
  --from, --to       HH:MM, both or neither
  --voicemail        yes or no: may a message be left
  --letter           yes or no: may a letter be sent
  --name NAME        by which to ask for the person; letters, 40 at most
  --by NAME          who says so; kept

Examples:
  skein safe-contact 5b0f2a9c-1d7e-5c3a-9f40-6a1b2c3d4e5f --how text --from 09:00 --to 15:00 --voicemail no --by 'A. Midwife'
`,
    options: {
      how: text,
      days: text,
      from: text,
      to: text,
      voicemail: text,
      letter: text,
      name: text,
      by: text,
    },
    words: ['ID'],
    run: ({ by, how, days, from, to, name, voicemail, letter }, [id = '']) => {
      if (!by || !how) throw new WrongUse('safe-contact needs --how HOW and --by NAME');
      const given = {
        ...{ how, days, from, to, name },
        voicemail: readAnswer('voicemail', voicemail),
        letter: readAnswer('letter', letter),
      };
      return withStore((ctx) => sayContactOf(ctx, id, { ...given, by }));
    },
  }),
};
