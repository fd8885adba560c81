/** Commands that need the store: data on stdout (JSON with --json), messages on stderr. */
import { EventEmitter } from 'node:events';
import { parseArgs } from 'node:util';
import { PAYLOADS, type Payload, POLICY } from '../access/decide/policy.ts';
import { addSystem, listSystems } from '../access/register/systems.ts';
import { readConfig } from '../config.ts';
import { loadMappings, type Mapping, type Mappings, openMappings } from '../map/language/load-mappings.ts';
import type { System } from '../model.ts';
import { openLog } from '../observe/log.ts';
import { rebuild, replayHeld } from '../pipeline/rebuild.ts';
import type { Pipeline } from '../pipeline.ts';
import { askReload } from '../run/reload.ts';
import { openStore } from '../store/open.ts';
import { loadProfiles } from '../validate/profiles.ts';
import { examine } from './doctor.ts';
import { describeNumber, liftOne } from './number.ts';

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
      [--dialect DIALECT] [--on-held AE|AA] [--service-name NAME]
      [--numbers traced]  its NHS numbers were traced, though its messages do not say so
      [--payload empty|id-only|full-resource]  what its controller agreed that notifications may carry
      [--data-quality EMAIL-or-URL]  who is told where another sender contradicts it
  system list               registered systems
  replay --held             try held and failed messages again, after a mapping was mended
  rebuild [--events]        recompute every view from facts; tells nobody unless --events
  reload                    check mappings, then have every process read them again, without a restart
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
  name: { type: 'string' },
  ods: { type: 'string' },
  team: { type: 'string' },
  sector: { type: 'string' },
  kind: { type: 'string' },
  source: { type: 'string' },
  dialect: { type: 'string' },
  'on-held': { type: 'string' },
  numbers: { type: 'string' },
  'service-name': { type: 'string' },
  payload: { type: 'string' },
  'data-quality': { type: 'string' },
  by: { type: 'string' },
  not: { type: 'string' },
} as const;

type Flags = ReturnType<typeof parse>['values'];
type Done = { data: object; text: string; code?: number };

class WrongUse extends Error {}

const parse = (args: string[]) => parseArgs({ args, options: OPTIONS, allowPositionals: true });

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
  'system list': () =>
    withStore(async ({ db }) => {
      const systems = await listSystems(db);
      return { data: systems, text: systems.map(describeSystem).join('') };
    }),
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
  reload: () =>
    withStore(async ({ db }) => {
      await loadMappings();
      await askReload(db);
      return { data: {}, text: 'checked: every process reads its mappings again within two seconds\n' };
    }),
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

async function addOne({ db, key }: Pipeline, flags: Flags): Promise<Done> {
  const { name, ods, team, sector = null, kind = null, dialect = null } = flags;
  const onHeld = flags['on-held'] ?? 'AE';
  if (!name || !ods || !team) throw new WrongUse('system add needs --name, --ods and --team');
  if (onHeld !== 'AE' && onHeld !== 'AA') throw new WrongUse('--on-held is AE or AA');
  const numbers = flags.numbers ?? null;
  if (numbers !== null && numbers !== 'traced') throw new WrongUse('--numbers is traced, or left out');
  const mappings = await openMappings();
  const source = flags.source ? checkSources(mappings, flags.source) : null;
  checkDialect(mappings.of(source ?? ''), dialect);
  const { 'service-name': serviceName, 'data-quality': dataQuality = null, payload } = flags;
  if (payload !== undefined && !isPayload(payload))
    throw new WrongUse(`--payload is one of ${PAYLOADS.join(', ')}`);
  const routing = { source, dialect, onHeld, numbers } as const;
  const more = { serviceName, payload, dataQuality };
  const added = await addSystem(db, key, { name, ods, team, sector, kind, ...routing, ...more });
  const token = `token, shown this once: ${added.token}\n`;
  return {
    data: { ...added.system, token: added.token },
    text: `${describeSystem(added.system)}${UNTRACED[numbers ?? '']}${token}`,
  };
}

/** Said once, here: a message without a status is answered like any other. */
const UNTRACED: Record<string, string> = {
  traced: 'NHS numbers without a tracing status count as verified\n',
  '': 'NHS numbers without a tracing status count as not verified, and join nobody (--numbers traced)\n',
};

/** Checks `--source`: one mapping, or several HL7 v2 mappings, between which MSH-9 chooses. */
function checkSources(mappings: Mappings, sources: string): string {
  const names = sources.split(',').map((name) => name.trim());
  if (!names.every((name) => mappings.names.includes(name)))
    throw new WrongUse(`--source is one of ${mappings.names.join(', ')}`);
  const kinds = new Set(mappings.of(sources).map(({ kind }) => kind));
  if (names.length > 1 && (kinds.size > 1 || !kinds.has('hl7v2')))
    throw new WrongUse(
      '--source: only HL7 v2 mappings go together, as hl7v2-adt,hl7v2-siu; MSH-9 chooses between them',
    );
  return names.join(',');
}

/** Refuses a dialect that no mapping of the system defines: it would repair nothing, silently. */
function checkDialect(mappings: Mapping[], dialect: string | null): void {
  const known = mappings.flatMap(({ dialects }) => [...dialects]).filter((name) => name !== 'default');
  if (dialect !== null && !known.includes(dialect))
    throw new WrongUse(
      `--dialect: none of its mappings has "${dialect}"; they have ${known.join(', ') || 'none'}`,
    );
}

const isPayload = (text: string): text is Payload => (PAYLOADS as readonly string[]).includes(text);

function describeSystem({ name, service, source, onHeld }: System): string {
  const { ods, team, sector } = service;
  return `${name}: ${ods} ${team}, sector ${sector ?? 'none'}, source ${source ?? 'none'}, held ${onHeld}\n`;
}

/** Runs a command with an open store. Notices go to stderr, since stdout is for data. */
async function withStore(work: (ctx: Pipeline) => Promise<Done>): Promise<Done> {
  const config = readConfig(process.env);
  const log = openLog('warn', process.stderr);
  const [mappings, profiles] = await Promise.all([openMappings(), loadProfiles(config.FHIR_PACKAGES)]);
  const { db, key, close } = await openStore(config, log);
  try {
    return await work({ config, log, db, key, mappings, profiles, signals: new EventEmitter() });
  } finally {
    await close();
  }
}
