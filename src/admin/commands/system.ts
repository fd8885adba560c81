/** `skein system …`: who sends and who subscribes. */
import { PAYLOADS, POLICY } from '../../access/decide/policy.ts';
import { WrongUse } from '../../command/wrong-use.ts';
import { type Commands, command, listOf, text, yes } from '../command.ts';
import { disableOne, rotateOne } from '../credentials.ts';
import { addOne, listAll, setOne } from '../system.ts';
import { withStore } from '../with-store.ts';

const KEYS = `  --jwks FILE                  AUTH=smart: its public keys, in place of a token
  --jwks-url URL               AUTH=smart: where it keeps them, in place of a token`;

const RULES = `  --source MAPPING[,MAPPING…]  what reads its messages; several of HL7 v2 (MSH-9 chooses), else one
  --dialect DIALECT            how this sender departs from its format, as its mapping says
  --held AA|AE|CE              what it is told of a held message; by kind: event=AA,content=AE,ours=CE
  --ignore TYPE[^EVENT][,…]    HL7 v2 that nothing here reads (ORU,ADT^A60): answered AA, counted, not kept
  --numbers traced             its NHS numbers were traced, though its messages do not say so
  --msh 'APPLICATION|FACILITY'  what it may write in MSH-3 and MSH-4 (AUTH=token, smart): a list by commas, or
                               the option again; * is any facility; 'any': whatever it likes, as where left out
  --data-quality EMAIL-or-URL  who is told where another sender contradicts it
${KEYS}
  --scopes 'SCOPE SCOPE…'      what it may ask for over HTTP, as system/Patient.rs (SMART); all: anything by a
                               token, nothing by keys, as where left out`;

const CHANGEABLE = {
  name: text,
  source: text,
  dialect: text,
  held: text,
  ignore: text,
  msh: { type: 'string', multiple: true },
  numbers: text,
  'data-quality': text,
  jwks: text,
  'jwks-url': text,
  scopes: text,
} as const;

const OPTIONS = {
  ...CHANGEABLE,
  ods: text,
  team: text,
  sector: text,
  kind: text,
  'service-name': text,
  payload: text,
  'approved-by': { type: 'string', multiple: true },
} as const;

export const system: Commands = {
  'system add': command({
    summary: 'register a system and the service it acts for; prints its token once',
    help: `Usage: skein system add --name NAME --ods CODE --team TEAM [options] [--json]

Registers a system that sends or subscribes, and the service (a team of an organisation) it acts for.
Its token is printed once and not kept. One that is given keys gets access tokens by them (AUTH=smart), and no
token; its client_id is NAME.

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
  skein system add --name hv --ods RYY --team hv --sector health-visiting --jwks-url https://hv.example/jwks \\
    --scopes 'system/*.rs system/Subscription.cruds'
`,
    options: OPTIONS,
    run: (flags) => withStore((ctx) => addOne(ctx, flags)),
  }),
  'system set': command({
    summary: 'change how the messages of a system are read and answered, its keys, scopes or sector',
    help: `Usage: skein system set --name NAME [options] [--json]

Changes what is given and leaves the rest. What was held is tried again by skein replay --held. New keys or
scopes end what was granted before, at once. Another sector needs two approvers, whose names are kept.

${RULES}
  --sector SECTOR --approved-by NAME --approved-by NAME
                               what its service may see from now on

Examples:
  skein system set --name epr --ignore ORU,ADT^A60
  skein system set --name epr --msh 'PAS|RXX,LAB|*'
  skein system set --name epr --jwks keys.json --scopes 'system/*.c system/ServiceRequest.rs'
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
  'system rotate': command({
    summary: 'a new token or new keys in place of the old, which are refused at once',
    help: `Usage: skein system rotate --name NAME [--jwks FILE | --jwks-url URL] [--json]

Refuses what the system has, and all access tokens that it got by it, at its next request. A system with a
token gets another, printed once; one whose keys are registered here needs the new ones; one that keeps them
at a URL has them read anew.

${KEYS}

Examples:
  skein system rotate --name epr
  skein system rotate --name hv --jwks keys-2027.json
`,
    options: { name: text, jwks: text, 'jwks-url': text },
    run: (flags) => {
      if (!flags.name) throw new WrongUse('system rotate needs --name');
      return withStore((ctx) => rotateOne(ctx, flags));
    },
  }),
  'system disable': command({
    summary: 'refuse a system from now on, and send it nothing; or let it in again',
    help: `Usage: skein system disable --name NAME [--undo] [--json]

Whatever it shows to prove who it is, over HTTP and MLLP, it is refused at its next request. Its subscriptions
are switched off, and stay so until it asks for them again. What it sent stays.

  --undo   lets it in again

Examples:
  skein system disable --name epr
  skein system disable --name epr --undo
`,
    options: { name: text, undo: yes },
    run: ({ name, undo = false }) => {
      if (!name) throw new WrongUse('system disable needs --name');
      return withStore((ctx) => disableOne(ctx, name, undo));
    },
  }),
};
