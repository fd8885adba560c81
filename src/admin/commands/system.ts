/** `skein system …`: who sends and who subscribes. */
import { PAYLOADS, POLICY } from '../../access/decide/policy.ts';
import { type Commands, command, listOf, text } from '../command.ts';
import { addOne, listAll, setOne } from '../system.ts';
import { withStore } from '../with-store.ts';

const RULES = `  --source MAPPING[,MAPPING…]  what reads its messages; several of HL7 v2 (MSH-9 chooses), else one
  --dialect DIALECT            how this sender departs from its format, as its mapping says
  --held AA|AE|CE              what it is told of a held message; by kind: event=AA,content=AE,ours=CE
  --ignore TYPE[^EVENT][,…]    HL7 v2 that nothing here reads (ORU,ADT^A60): answered AA, counted, not kept
  --numbers traced             its NHS numbers were traced, though its messages do not say so
  --data-quality EMAIL-or-URL  who is told where another sender contradicts it`;

const CHANGEABLE = {
  name: text,
  source: text,
  dialect: text,
  held: text,
  ignore: text,
  numbers: text,
  'data-quality': text,
} as const;

const OPTIONS = {
  ...CHANGEABLE,
  ods: text,
  team: text,
  sector: text,
  kind: text,
  'service-name': text,
  payload: text,
} as const;

export const system: Commands = {
  'system add': command({
    summary: 'register a system and the service it acts for; prints its token once',
    help: `Usage: skein system add --name NAME --ods CODE --team TEAM [options] [--json]

Registers a system that sends or subscribes, and the service (a team of an organisation) it acts for.
Its token is printed once and not kept.

  --name NAME                  what Skein calls the system
  --ods CODE, --team TEAM      the organisation, and which of its teams
  --service-name NAME          what people call the team; NAME where left out
  --sector SECTOR              what it may see; left out, it sees what it sent
  --kind KIND                  what its service does, where its sector does not say
  --payload ${PAYLOADS.join('|')}
                               what its controller agreed that notifications may carry
${RULES}

SECTOR is one of ${listOf([...POLICY.rows.keys()])}.
KIND is one of ${listOf(POLICY.serviceKinds)}.
MAPPING is one of those that skein map check names.

Examples:
  skein system add --name epr --ods RXX --team maternity --sector maternity --source hl7v2-adt,hl7v2-siu
  skein system add --name gp-1 --ods A81001 --team gp --sector gp --json | jq -r .token
`,
    options: OPTIONS,
    run: (flags) => withStore((ctx) => addOne(ctx, flags)),
  }),
  'system set': command({
    summary: 'change how the messages of a system are read and answered',
    help: `Usage: skein system set --name NAME [options] [--json]

Changes what is given and leaves the rest. What was held is tried again by skein replay --held.

${RULES}

Examples:
  skein system set --name epr --ignore ORU,ADT^A60
  skein system set --name epr --source hl7v2-adt,hl7v2-siu --held event=AA,content=AE
`,
    options: OPTIONS,
    run: (flags) => withStore((ctx) => setOne(ctx, flags)),
  }),
  'system list': command({
    summary: 'registered systems',
    help: `Usage: skein system list [--json]

Examples:
  skein system list
  skein system list --json | jq -r '.[].name'
`,
    options: {},
    run: () => withStore(listAll),
  }),
};
