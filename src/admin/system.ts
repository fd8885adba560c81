/** `skein system …`: who sends, by which mapping, and by which rules of its feed. */
import { PAYLOADS, type Payload } from '../access/decide/policy.ts';
import {
  addSystem,
  type Changes,
  changeSystem,
  findSystem,
  listSystems,
} from '../access/register/systems.ts';
import { WrongUse } from '../command/wrong-use.ts';
import { originValue } from '../formats/hl7v2-origin.ts';
import { mappingFolders } from '../map/language/folders.ts';
import { type Mapping, type Opened, openMappings } from '../map/language/load-mappings.ts';
import type { System } from '../model.ts';
import type { Pipeline } from '../pipeline.ts';
import { HELD_CODES, HOLDS } from '../receive/hl7/holds.ts';
import type { Done } from './command.ts';
import {
  changeSector,
  describeProofs,
  giveCredentials,
  type KeyFlags,
  readCredentials,
} from './credentials.ts';

export type SystemFlags = Partial<
  Record<
    | 'name'
    | 'ods'
    | 'team'
    | 'sector'
    | 'kind'
    | 'source'
    | 'dialect'
    | 'numbers'
    | 'service-name'
    | 'payload'
    | 'data-quality'
    | 'ignore',
    string
  >
> &
  KeyFlags & { held?: string | boolean; msh?: string[]; 'approved-by'?: string[] };

export async function addOne(ctx: Pipeline, flags: SystemFlags): Promise<Done> {
  const { db, key } = ctx;
  const { name, ods, team, sector = null, kind = null, payload } = flags;
  if (!name || !ods || !team) throw new WrongUse('system add needs --name, --ods and --team');
  const { source = null, dialect = null, ...rules } = await readRules(ctx, flags, flags.source);
  if (payload !== undefined && !isPayload(payload))
    throw new WrongUse(`--payload is one of ${PAYLOADS.join(', ')}`);
  const more = { serviceName: flags['service-name'], payload };
  const credentials = await readCredentials(flags);
  const added = await addSystem(db, key, {
    name,
    ods,
    team,
    sector,
    kind,
    source,
    dialect,
    ...rules,
    ...more,
  });
  await giveCredentials(ctx, name, credentials);
  // Whoever has keys has no token.
  const token = credentials.keys ? undefined : added.token;
  const shown = token ? `token, shown this once: ${token}\n` : `client_id: ${name}\n`;
  const { data, text } = await showOne(ctx, name);
  return {
    data: { ...data, ...(token ? { token } : {}) },
    text: `${text}${UNTRACED[rules.numbers ?? '']}${shown}`,
  };
}

async function showOne(ctx: Pipeline, name: string): Promise<Done> {
  const system = (await findSystem(ctx.db, name)) as System;
  return { data: system, text: describeSystem(system, await describeProofs(ctx)) };
}

/** Changes the rules of a system that is registered; what is not given stays. */
export async function setOne(ctx: Pipeline, flags: SystemFlags): Promise<Done> {
  const { db } = ctx;
  const { name, ods, team, sector, kind, payload } = flags;
  if (!name) throw new WrongUse('system set needs --name');
  if (ods ?? team ?? kind ?? payload ?? flags['service-name'])
    throw new WrongUse(
      'system set changes --source, --dialect, --held, --ignore, --numbers, --msh, --data-quality, --jwks, --jwks-url, --scopes and --sector',
    );
  const credentials = await readCredentials(flags);
  const known = await findSystem(db, name);
  const changes = await readRules(ctx, flags, flags.source ?? known?.source ?? undefined);
  await changeSystem(db, name, changes);
  await giveCredentials(ctx, name, credentials);
  if (sector !== undefined) await changeSector(ctx, { name, sector }, flags['approved-by'] ?? []);
  const { data, text } = await showOne(ctx, name);
  return { data, text: `${text}${sector === undefined ? '' : 'views are made anew by: skein rebuild\n'}` };
}

export async function listAll(ctx: Pipeline): Promise<Done> {
  const systems = await listSystems(ctx.db);
  const proofs = await describeProofs(ctx);
  const lines = systems.map((system) => describeSystem(system, proofs));
  return { data: systems, text: lines.join('') || 'no system is registered\n' };
}

/** The rules that the flags give; `sources` is what reads the system's messages. */
async function readRules(
  { config }: Pipeline,
  flags: SystemFlags,
  sources: string | undefined,
): Promise<Changes> {
  const { source, dialect, numbers, held, ignore, msh } = flags;
  const mappings = await openMappings(mappingFolders(config.MAPPINGS_DIR));
  if (source !== undefined) checkSources(mappings, source);
  if (dialect !== undefined) checkDialect(mappings.of(sources ?? ''), dialect);
  if (numbers !== undefined && numbers !== 'traced') throw new WrongUse('--numbers is traced, or left out');
  const given: Changes = {
    ...(source !== undefined && { source: namesIn(source).join(',') }),
    ...(dialect !== undefined && { dialect }),
    ...(numbers !== undefined && { numbers }),
    ...(held !== undefined && { onHeld: readHeld(held) }),
    ...(ignore !== undefined && { ignore: readIgnored(mappings, ignore) }),
    ...(msh !== undefined && { msh: readMsh(msh) }),
    ...(flags['data-quality'] !== undefined && { dataQuality: flags['data-quality'] }),
  };
  return given;
}

const namesIn = (list: string): string[] => list.split(',').flatMap((name) => name.trim() || []);

/** `AE`, or a code by kind of hold: `event=AA,content=AE,ours=CE`. */
function readHeld(held: string | boolean): string {
  const parts = typeof held === 'string' ? namesIn(held) : [];
  const isCode = (text = '') => (HELD_CODES as readonly string[]).includes(text);
  const one = parts.length === 1 && isCode(parts[0]);
  const kinds = parts.map((part) => part.split('=')).map(([kind = '', code]) => (isCode(code) ? kind : ''));
  const known = kinds.every((kind) => (HOLDS as readonly string[]).includes(kind));
  const distinct = new Set(kinds).size === kinds.length;
  if (!one && !(parts.length > 0 && known && distinct))
    throw new WrongUse(
      `--held is one of ${HELD_CODES.join(', ')}, or one by kind of hold: ${HOLDS.map((kind) => `${kind}=AE`).join(',')}`,
    );
  return parts.join(',');
}

/** `APPLICATION|FACILITY` in capitals, as they are compared; `any` by itself is none of them. */
function readMsh(lists: string[]): string[] {
  const rows = lists.flatMap(namesIn).map((row) => row.split('|').map(originValue));
  if (rows.length === 1 && rows[0]?.join('|') === 'ANY') return [];
  const isWhole = ([application, facility, ...more]: string[]) =>
    application && application !== '*' && facility && more.length === 0;
  if (rows.length === 0 || !rows.every(isWhole))
    throw new WrongUse("--msh is a list such as 'PAS|RXX,LAB|*' (MSH-3|MSH-4, * any facility), or any");
  return [...new Set(rows.map((row) => row.join('|')))];
}

/** Refuses what a mapping reads: it has a meaning here, and would be lost. */
function readIgnored({ names, get, left }: Opened, list: string): string[] {
  if (left.length > 0)
    throw new Error(`--ignore cannot be checked while mappings cannot be read: ${left.join(', ')}`);
  const rules = [...new Set(namesIn(list))];
  for (const rule of rules) {
    const [code = '', trigger] = rule.split('^');
    if (!/^[A-Z][A-Z0-9]{2}(\^[A-Z0-9]{3})?$/.test(rule))
      throw new WrongUse(`--ignore: "${rule}" is no type or event of HL7 v2, as ORU or ADT^A60`);
    const reader = names.find((name) => {
      const triggers = get(name)?.takes[code];
      return triggers && (trigger === undefined || triggers.includes(trigger));
    });
    if (reader) throw new WrongUse(`--ignore: ${rule} has a meaning here, ${reader} reads it`);
  }
  return rules;
}

/** Said once, here: a message without a status is answered like any other. */
const UNTRACED: Record<string, string> = {
  traced: 'NHS numbers without a tracing status count as verified\n',
  '': 'NHS numbers without a tracing status count as not verified, and join nobody (--numbers traced)\n',
};

/** Checks `--source`: one mapping, or several HL7 v2 mappings, between which MSH-9 chooses. */
function checkSources(mappings: Opened, sources: string): void {
  const names = namesIn(sources);
  if (names.length === 0 || !names.every((name) => mappings.names.includes(name)))
    throw new WrongUse(`--source is one of ${mappings.names.join(', ')}`);
  const kinds = new Set(mappings.of(sources).map(({ kind }) => kind));
  if (names.length > 1 && (kinds.size > 1 || !kinds.has('hl7v2')))
    throw new WrongUse(
      '--source: only HL7 v2 mappings go together, as hl7v2-adt,hl7v2-siu; MSH-9 chooses between them',
    );
}

/** Refuses a dialect that no mapping of the system defines: it would repair nothing, silently. */
function checkDialect(mappings: Mapping[], dialect: string): void {
  const known = mappings.flatMap(({ dialects }) => [...dialects]).filter((name) => name !== 'default');
  if (!known.includes(dialect))
    throw new WrongUse(
      `--dialect: none of its mappings has "${dialect}"; they have ${known.join(', ') || 'none'}`,
    );
}

const isPayload = (text: string): text is Payload => (PAYLOADS as readonly string[]).includes(text);

function describeSystem(system: System, describeProof: (system: System) => string): string {
  const { name, service, source, onHeld, ignore = [], msh = [] } = system;
  const { ods, team, sector } = service;
  const rules = `held ${onHeld}${ignore.length > 0 ? `, ignored ${ignore.join(',')}` : ''}`;
  const bound = msh.length > 0 ? `, msh ${msh.join(' ')}` : '';
  return `${name}: ${ods} ${team}, sector ${sector ?? 'none'}, source ${source ?? 'none'}, ${rules}${bound}${describeProof(system)}\n`;
}
