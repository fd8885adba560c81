/** What a PostgreSQL that is not ours may write into its log of people's data, and how it is reached. */
import { type Config, isOnThisMachine } from '../config.ts';
import { describeRights } from './limit-rights.ts';
import type { Db } from './pool.ts';

type Settings = Record<string, string>;

const NAMES = [
  ...['log_min_messages', 'log_error_verbosity', 'log_min_error_statement', 'log_statement'],
  ...['log_min_duration_statement', 'log_min_duration_sample', 'log_statement_sample_rate'],
  ...['log_transaction_sample_rate', 'log_parameter_max_length', 'log_parameter_max_length_on_error'],
];

const UNLOGGED = ['fatal', 'panic'];

/** A line for each setting by which something of people may come into its log, with what mends it. */
export function describeLogging(settings: Settings): string[] {
  const is = (name: string, ...safe: string[]) => safe.includes(settings[name] ?? '');
  const line = (name: string, what: string, mended: string) =>
    `${name} is ${settings[name]}: ${what}; set it to ${mended}`;
  const found: string[] = [];
  const errors = !is('log_min_messages', ...UNLOGGED);
  if (errors && !is('log_error_verbosity', 'terse'))
    found.push(line('log_error_verbosity', 'errors quote the rows that they are about', 'terse'));
  if (errors && !is('log_min_error_statement', ...UNLOGGED)) {
    found.push(line('log_min_error_statement', 'statements that fail are written', 'panic'));
    if (!is('log_parameter_max_length_on_error', '0'))
      found.push(line('log_parameter_max_length_on_error', 'with their values', '0'));
  }
  const values = is('log_parameter_max_length', '0') ? '' : ' with their values';
  if (!is('log_statement', 'none', 'ddl'))
    found.push(line('log_statement', `statements are written${values}`, 'none'));
  if (!is('log_min_duration_statement', '-1') && values)
    found.push(line('log_min_duration_statement', `slow statements are written${values}`, SHUT));
  if (!is('log_min_duration_sample', '-1') && !is('log_statement_sample_rate', '0') && values)
    found.push(line('log_min_duration_sample', `some slow statements are written${values}`, SHUT));
  if (!is('log_transaction_sample_rate', '0') && values)
    found.push(line('log_transaction_sample_rate', `some transactions are written${values}`, '0'));
  return found;
}

const SHUT = '-1, or log_parameter_max_length to 0';

/**
 * What whoever serves may do beyond what it needs, and what the server may log. Asked by a connection that
 * serves: what a session of ours chooses for itself is as it chose.
 */
export async function examineServer(db: Db, config: Config): Promise<string[]> {
  const { rows } = await db.query<{ name: string; value: string }>(
    'select name, current_setting(name) as value from unnest($1::text[]) name',
    [NAMES],
  );
  const logged = describeLogging(Object.fromEntries(rows.map(({ name, value }) => [name, value])));
  return [
    ...(await describeRights(db, config.DATABASE_URL ? 'DATABASE_URL' : 'DATA_DIR')),
    ...logged.map((one) => `the log of PostgreSQL may hold people's data: ${one}`),
  ];
}

/** Settings whose database is beyond this machine, and is reached without TLS that proves who it is. */
export function describeConnection({ DATABASE_URL, MIGRATE_URL }: Config): string[] {
  return Object.entries({ DATABASE_URL, MIGRATE_URL }).flatMap(([setting, url]) => {
    if (!url || isOnThisMachine(url)) return [];
    const mode = new URL(url).searchParams.get('sslmode');
    const given = mode ? `sslmode=${mode}` : 'no sslmode';
    return mode === 'verify-full'
      ? []
      : [`${setting}: ${given}, so nothing proves which server it is: add sslmode=verify-full`];
  });
}
