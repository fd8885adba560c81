/** `skein system team …`: the table of teams of one feed. */
import {
  addTeam,
  nameOf,
  registered,
  removeTeam,
  type TeamKeys,
  type TeamRow,
  teamsOf,
} from '../access/register/teams.ts';
import { WrongUse } from '../command/wrong-use.ts';
import { ORIGIN_KEYS, type OriginKey, originValue } from '../formats/hl7v2-origin.ts';
import type { Service } from '../model.ts';
import type { Pipeline } from '../pipeline.ts';
import type { Done } from './command.ts';

type KeyFlags = Partial<Record<OriginKey, string>>;
export type TeamFlags = KeyFlags &
  Partial<Record<'service' | 'sector' | 'ods' | 'kind' | 'service-name', string>>;

export async function addOne({ db, key }: Pipeline, name: string, flags: TeamFlags): Promise<Done> {
  const keys = readKeys(flags);
  const { service: team, sector = null, ods, kind = null, 'service-name': serviceName } = flags;
  if (!team) throw new WrongUse('system team add needs --service: the team that these messages are from');
  const row = await addTeam(db, key, name, { keys, ods, team, sector, kind, serviceName });
  return { data: row, text: describeRow(row) };
}

export async function listAll({ db }: Pipeline, name: string): Promise<Done> {
  const system = await registered(db, name);
  const rows = await teamsOf(db, system);
  const own = describeService(system.service);
  const text =
    rows.length > 0
      ? `${rows.map(describeRow).join('')}any other: ${own}\n`
      : `no team of ${name} is listed: all of it is ${own}\n`;
  return { data: rows, text };
}

export async function removeOne({ db }: Pipeline, name: string, flags: KeyFlags): Promise<Done> {
  const keys = readKeys(flags);
  await removeTeam(db, name, keys);
  return { data: { removed: keys }, text: `removed: ${nameOf(keys)}\n` };
}

function readKeys(flags: KeyFlags): TeamKeys {
  const given = ORIGIN_KEYS.flatMap((key) =>
    flags[key] === undefined ? [] : [[key, originValue(flags[key])]],
  );
  const empty = given.find(([, value]) => value === '');
  if (empty) throw new WrongUse(`--${empty[0]} is empty`);
  if (given.length === 0)
    throw new WrongUse('a row asks one or more of --facility, --ward, --hospital-service');
  return Object.fromEntries(given) as TeamKeys;
}

const describeRow = ({ keys, service }: TeamRow): string => `${nameOf(keys)}: ${describeService(service)}\n`;
const describeService = ({ ods, team, sector }: Service): string =>
  `${ods} ${team}, sector ${sector ?? 'none'}`;
