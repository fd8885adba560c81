/** `skein system team …`: one feed, many teams. */
import { POLICY } from '../../access/decide/policy.ts';
import { type Commands, command, listOf, text } from '../command.ts';
import { addOne, listAll, removeOne } from '../team.ts';
import { withStore } from '../with-store.ts';

const KEYS = `  --ward WARD                  PV1-3.1 (of an appointment AIL-3.1): a ward, a clinic, or a community team
  --hospital-service CODE      PV1-10: a specialty or treatment function
  --facility FACILITY          MSH-4.1: a site, where one interface engine sends for several`;

const OPTIONS = { ward: text, 'hospital-service': text, facility: text } as const;

export const team: Commands = {
  'system team add': command({
    summary: 'which team the messages of a ward, clinic or specialty are from',
    help: `Usage: skein system team add SYSTEM KEY… --service TEAM [options] [--json]

A system that sends HL7 v2 for several teams has a table of them. Each message is from the service of the row
that fits it, with its sector and its own patients; a message that fits none, from the system's own service.
Of rows that fit, the one that asks more decides; then ward before hospital service before facility.

${KEYS}
  --service TEAM               the team, as --team of skein system add names it
  --sector SECTOR              what it may see, and what its word weighs; left out, it sees what it sent
  --ods CODE                   its organisation; that of the system where left out
  --kind KIND                  what it does, where its sector does not say
  --service-name NAME          what people call it

Capitals and spaces around a value make no difference. Messages taken before stay as they were.

SECTOR is one of ${listOf([...POLICY.rows.keys()])}.
KIND is one of ${listOf(POLICY.serviceKinds)}.

Examples:
  skein system team add pas --ward LABOUR --service maternity --sector maternity
  skein system team add pas --hospital-service 501 --facility STJ --service antenatal --sector maternity
  skein system team add pas --ward NNU --ods RXN --service neonatal --sector neonatal
`,
    options: {
      ...OPTIONS,
      service: text,
      sector: text,
      ods: text,
      kind: text,
      'service-name': text,
    },
    words: ['SYSTEM'],
    run: (flags, [name = '']) => withStore((ctx) => addOne(ctx, name, flags)),
  }),
  'system team list': command({
    summary: 'the teams of a system, in the order in which they are asked',
    help: `Usage: skein system team list SYSTEM [--json]

Examples:
  skein system team list pas
  skein system team list pas --json | jq -r '.[].service.team'
`,
    options: {},
    words: ['SYSTEM'],
    run: (_, [name = '']) => withStore((ctx) => listAll(ctx, name)),
  }),
  'system team remove': command({
    summary: 'takes a row out; what it placed stays as it was said',
    help: `Usage: skein system team remove SYSTEM KEY… [--json]

${KEYS}

Takes out the row that asks exactly this. Its service stays registered.

Examples:
  skein system team remove pas --ward LABOUR
  skein system team remove pas --hospital-service 501 --facility STJ
`,
    options: OPTIONS,
    words: ['SYSTEM'],
    run: (flags, [name = '']) => withStore((ctx) => removeOne(ctx, name, flags)),
  }),
};
