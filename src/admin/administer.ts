/** Commands that need the store: data on stdout (JSON with --json), messages on stderr. */
import { EventEmitter } from 'node:events';
import { parseArgs } from 'node:util';
import { followPolicy } from '../access/decide/in-force.ts';
import { POLICY } from '../access/decide/policy.ts';
import { readConfig } from '../config.ts';
import { openMappings } from '../map/language/load-mappings.ts';
import { openLog } from '../observe/log.ts';
import { rebuild, replayHeld } from '../pipeline/rebuild.ts';
import type { Pipeline } from '../pipeline.ts';
import { openStore } from '../store/open.ts';
import { loadProfiles } from '../validate/profiles.ts';
import { examine } from './doctor.ts';
import { describeMessage, listHolds } from './messages.ts';
import { describeNumber, liftOne } from './number.ts';
import { reloadAll } from './reload.ts';
import { addOne, listAll, setOne } from './system.ts';
import { type Done, WrongUse } from './wrong-use.ts';

/** In lines of about a hundred columns. */
const listOf = (names: readonly string[]) =>
  [...names]
    .sort()
    .join(', ')
    .replace(/(.{80,100}?,) /g, '$1\n  ');

const HELP = `Usage: skein COMMAND [--json]

  serve                     the same as npm start
  system add                register a system and the service it acts for; prints its token once
      --name NAME --ods CODE --team TEAM [--sector SECTOR] [--kind KIND]
      [--source MAPPING[,MAPPING…]]  what reads its messages; several of HL7 v2 (MSH-9 chooses), else one
      [--dialect DIALECT] [--service-name NAME]
      [--held AA|AE|CE]  what it is told of a held message; by kind: event=AA,content=AE,ours=CE
      [--ignore TYPE[^EVENT][,…]]  HL7 v2 that nothing here reads (ORU,ADT^A60): answered AA, counted, not kept
      [--numbers traced]  its NHS numbers were traced, though its messages do not say so
      [--payload empty|id-only|full-resource]  what its controller agreed that notifications may carry
      [--data-quality EMAIL-or-URL]  who is told where another sender contradicts it
  system set --name NAME …  change --source, --dialect, --held, --ignore, --numbers or --data-quality
  system list               registered systems
  messages --held [--name SYSTEM]  what is held or failed, and why; newest first
  messages --id ID          one message, by the id that answers, ERR-7 and log lines name
  replay --held             try held and failed messages again, after a mapping was mended
  rebuild [--events]        recompute every view from facts; tells nobody unless --events
  reload [--approved-by NAME --approved-by NAME]
                            check mappings and policy, then have every process read them again, without a
                            restart; a policy that opens more needs two approvers, whose names are kept
  doctor                    whatever is wrong with this installation, a line each; exit 1 where something is
  number show NUMBER        who claims an NHS number, and whether it is disputed or tainted; no names
  number lift NUMBER --by NAME [--not SYSTEM[,SYSTEM…]]
                            the number is good: those whose it is are joined again; NAME is recorded
  map …, validate …         the workbench: skein map --help, skein validate --help

Examples:
  skein system add --name epr --ods RXX --team maternity --sector maternity --source hl7v2-adt,hl7v2-siu
  skein replay --held --json
  DATABASE_URL=postgres://… skein rebuild

SECTOR is one of ${listOf([...POLICY.rows.keys()])}.
KIND is one of ${listOf(POLICY.serviceKinds)}.

Without DATABASE_URL the embedded store of DATA_DIR is used, running or not.
Exit codes: 0 done; 1 refused or failed; 2 used wrongly.
`;

const OPTIONS = {
  json: { type: 'boolean' },
  help: { type: 'boolean', short: 'h' },
  held: { type: 'boolean' },
  events: { type: 'boolean' },
  id: { type: 'string' },
  name: { type: 'string' },
  ods: { type: 'string' },
  team: { type: 'string' },
  sector: { type: 'string' },
  kind: { type: 'string' },
  source: { type: 'string' },
  dialect: { type: 'string' },
  ignore: { type: 'string' },
  numbers: { type: 'string' },
  'service-name': { type: 'string' },
  payload: { type: 'string' },
  'data-quality': { type: 'string' },
  by: { type: 'string' },
  'approved-by': { type: 'string', multiple: true },
  not: { type: 'string' },
} as const;

type Flags = ReturnType<typeof parse>['values'];
/** Of a system `--held` has a value. */
const SYSTEM_OPTIONS = { ...OPTIONS, held: { type: 'string' } } as const;

const parse = (args: string[]) =>
  parseArgs({ args, options: args[0] === 'system' ? SYSTEM_OPTIONS : OPTIONS, allowPositionals: true });

/** Runs one command and gives its exit code. Throws what the store or the command refuses. */
export async function administer(args: string[]): Promise<number> {
  try {
    const { values, positionals } = parseOrRefuse(args);
    if (values.help || args.length === 0) return print(HELP, 0);
    const [group, verb, number, ...more] = positionals;
    const isNumber = group === 'number' && number !== undefined && more.length === 0;
    const command = isNumber ? NUMBER[verb ?? '']?.(number) : COMMANDS[positionals.join(' ')];
    if (!command && group === 'number') throw new WrongUse('number show NUMBER, or number lift NUMBER');
    if (!command) throw new WrongUse(`there is no command "${positionals.join(' ')}"`);
    const done = await command(values);
    return print(values.json ? `${JSON.stringify(done.data, null, 2)}\n` : done.text, done.code ?? 0);
  } catch (error) {
    if (!(error instanceof WrongUse)) throw error;
    process.stderr.write(`skein: ${error.message}\nTry skein --help.\n`);
    return 2;
  }
}

function print(text: string, code: number): number {
  process.stdout.write(text);
  return code;
}

function parseOrRefuse(args: string[]): ReturnType<typeof parse> {
  try {
    return parse(args);
  } catch (cause) {
    throw new WrongUse((cause as Error).message, { cause });
  }
}

const COMMANDS: Record<string, (flags: Flags) => Promise<Done>> = {
  'system add': (flags) => withStore((ctx) => addOne(ctx, flags)),
  'system set': (flags) => withStore((ctx) => setOne(ctx, flags)),
  'system list': () => withStore(listAll),
  messages: ({ held, id, name = null }) => {
    if (id) return withStore((ctx) => describeMessage(ctx, id));
    if (!held) throw new WrongUse('messages needs --held or --id');
    return withStore((ctx) => listHolds(ctx, name));
  },
  replay: (flags) => {
    if (!flags.held) throw new WrongUse('replay needs --held');
    return withStore(async (ctx) => {
      const done = await replayHeld(ctx);
      return {
        data: done,
        text: `${done.tried} held messages tried again, ${done.accepted} accepted, ${done.failed} failed by a fault of ours\n`,
      };
    });
  },
  doctor: () => withStore(examine),
  reload: (flags) => withStore((ctx) => reloadAll(ctx, flags['approved-by'] ?? [])),
  rebuild: ({ events = false }) =>
    withStore(async (ctx) => {
      const done = await rebuild(ctx, { events });
      const { families, changed, statements } = done;
      return {
        data: done,
        text: `${families} families recomputed: ${changed} changed, ${statements} statements differed\n`,
      };
    }),
};

const NUMBER: Record<string, (number: string) => (flags: Flags) => Promise<Done>> = {
  show: (number) => () => withStore((ctx) => describeNumber(ctx, number)),
  lift:
    (number) =>
    ({ by, not = '' }) => {
      if (!by) throw new WrongUse('number lift needs --by: who found the number to be good');
      const wrong = not.split(',').flatMap((name) => name.trim() || []);
      return withStore((ctx) => liftOne(ctx, number, by, wrong));
    },
};

/** Runs a command with an open store. Notices go to stderr, since stdout is for data. */
async function withStore(work: (ctx: Pipeline) => Promise<Done>): Promise<Done> {
  const config = readConfig(process.env);
  const log = openLog('warn', process.stderr);
  const [mappings, profiles] = await Promise.all([openMappings(), loadProfiles(config.FHIR_PACKAGES)]);
  const { db, key, close } = await openStore(config, log);
  try {
    await followPolicy(db);
    return await work({ config, log, db, key, mappings, profiles, signals: new EventEmitter() });
  } finally {
    await close();
  }
}
