/** `skein audit …`: the record of what was told, to whom. */
import { checkIds } from '../../command/check-words.ts';
import { readKnown, readSince, tellWho, verify } from '../audit.ts';
import { type Commands, command, text } from '../command.ts';
import { withRead } from '../with-read.ts';
import { withStore } from '../with-store.ts';

export const audit: Commands = {
  'audit verify': command({
    summary: 'whether the record of what was told is as it was sealed',
    help: `Usage: skein audit verify [--known N:HASH] [--json]

Checks every segment of the audit: its hash, that it follows the one before, its signature, and that each row
is there as it was. Names what was changed, removed or added by segment and row, and how much is not sealed
yet. Rows that went with their whole month are counted, and are no fault.

Who can write to the store and reads its key could make all of it anew: keep the newest segment elsewhere, as
this names it, and give it the next time.

  --known N:HASH  a segment that was named before, which must be the same

Examples:
  skein audit verify
  skein audit verify --json | jq -r '.newest | "\\(.n):\\(.hash)"'

Exit codes: 0 whole; 1 something is not as it was sealed.
`,
    options: { known: text },
    run: async ({ known }) => {
      const given = readKnown(known);
      return withStore((ctx) => verify(ctx, given));
    },
  }),
  'audit who': command({
    summary: 'who was told what about a person or a family, when, how, under which policy and on what basis',
    help: `Usage: skein audit who ID [--since DATE] [--json]

Answers that gave something, refusals, notifications, and what people decided, oldest first: the system and its
service, what was given by type and id, the sharing policy in force (the first 16 digits of its file's
SHA-256), the basis in law that this policy names (skein policy show says what it stands for) and the
request as the log calls it. Ids only. Notifications are known for 90 days.

  ID            of a person (Patient), an id that led to it before, a chart, or a journey (Group)
  --since DATE  from this day on

Examples:
  skein audit who 5b0f2a9c-1d7e-5c3a-9f40-6a1b2c3d4e5f
  skein audit who 5b0f2a9c-1d7e-5c3a-9f40-6a1b2c3d4e5f --since 2026-09-01 --json | jq -r '.told[].service'
`,
    options: { since: text },
    words: ['ID'],
    run: async ({ since }, [id = '']) => {
      checkIds({ ID: id });
      const from = readSince(since);
      return withRead('audit-who', (ctx) => tellWho(ctx, id.toLowerCase(), from));
    },
  }),
};
