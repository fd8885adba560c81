/** `skein glass …`: every time that somebody broke glass, for whoever reviews it. */
import { type Commands, command, text, yes } from '../command.ts';
import { reviewGlassOf, showGlass } from '../glass.ts';
import { withRead } from '../with-read.ts';
import { withStore } from '../with-store.ts';

export const glass: Commands = {
  'glass list': command({
    summary: 'who broke glass, for whom and why, and what is still to be reviewed',
    help: `Usage: skein glass list [--all] [--json]

A clinician who proves who they are may look at one person in an emergency whom the policy does not open to
their service (POST /fhir/Patient/ID/$break-glass). Each time is an item here until somebody else has reviewed
it; overdue is what waits longer than the working days of policy/sharing.yaml. It prints the reason as it was
written, and the name of who wrote it: it is for whoever reviews them.

  --all   those that were reviewed, too

Examples:
  skein glass list
  skein glass list --all --json | jq -r '.items[] | select(.overdue) | .id'
`,
    options: { all: yes },
    run: ({ all = false }) => withRead('glass-list', (ctx) => showGlass(ctx, all)),
  }),
  'glass review': command({
    summary: 'keeps whether it was justified that somebody broke glass',
    help: `Usage: skein glass review ID (--by NAME | --user FILE) --verdict VERDICT [--json]

Once, by somebody else than who broke it. It takes nothing back: what was read is in skein audit who.

  ID                 of the item, as skein glass list names it
  --by NAME          who reviewed it; kept
  --user FILE        in place of a name a file with their token (- for standard input): governance by HUMAN_ROLES
  --verdict VERDICT  justified or unjustified

Examples:
  skein glass review 5b0f2a9c-1d7e-4c3a-9f40-6a1b2c3d4e5f --by 'C. Guardian' --verdict justified
  skein glass review 5b0f2a9c-1d7e-4c3a-9f40-6a1b2c3d4e5f --user guardian.jwt --verdict unjustified
`,
    options: { by: text, user: text, verdict: text },
    words: ['ID'],
    run: ({ by, user, verdict }, [id = '']) =>
      withStore((ctx) => reviewGlassOf(ctx, id, { by, user, verdict })),
  }),
};
