import { describe, expect, test } from 'vitest';
import { Config } from '../../src/config.ts';
import { describeConnection, describeLogging, examineServer } from '../../src/store/examine-server.ts';
import { testDatabase } from '../support/database.ts';
import { runProgram } from '../support/process.ts';

/** As the embedded server and docker-compose.yml have it. */
const SAFE = {
  log_min_messages: 'warning',
  log_error_verbosity: 'terse',
  log_min_error_statement: 'panic',
  log_statement: 'none',
  log_min_duration_statement: '-1',
  log_min_duration_sample: '-1',
  log_statement_sample_rate: '1',
  log_transaction_sample_rate: '0',
  log_parameter_max_length: '-1',
  log_parameter_max_length_on_error: '0',
};

test('a log that holds errors without rows and statements is well', () => {
  expect(describeLogging(SAFE)).toEqual([]);
});

test.each([
  [{ log_error_verbosity: 'default' }, 'log_error_verbosity is default: errors quote the rows'],
  [{ log_min_error_statement: 'error' }, 'log_min_error_statement is error: statements that fail'],
  [{ log_statement: 'mod' }, 'log_statement is mod: statements are written with their values'],
  [{ log_statement: 'all', log_parameter_max_length: '0' }, 'log_statement is all: statements are written;'],
  [{ log_min_duration_statement: '250ms' }, 'log_min_duration_statement is 250ms: slow statements'],
  [{ log_min_duration_sample: '1s' }, 'log_min_duration_sample is 1s: some slow statements'],
  [{ log_transaction_sample_rate: '0.1' }, 'log_transaction_sample_rate is 0.1: some transactions'],
])('a server with %j is named, with what mends it', (unsafe, said) => {
  expect(describeLogging({ ...SAFE, ...unsafe })).toEqual([expect.stringContaining(said)]);
});

test.each([
  [{ log_error_verbosity: 'verbose', log_min_messages: 'panic' }],
  [{ log_min_duration_statement: '0', log_parameter_max_length: '0' }],
  [{ log_statement: 'ddl' }],
])('one with %j writes nothing of anybody', (safe) => {
  expect(describeLogging({ ...SAFE, ...safe })).toEqual([]);
});

test.each([
  ['postgres://skein@127.0.0.1/skein', []],
  ['postgres://skein@db.example/skein?sslmode=verify-full', []],
  ['postgres://skein@db.example/skein', [expect.stringContaining('DATABASE_URL: no sslmode')]],
  ['postgres://skein@db.example/skein?sslmode=require', [expect.stringContaining('sslmode=require')]],
])('%s is reached by TLS that proves who it is, by a way that needs none, or is named', (url, said) => {
  expect(describeConnection(Config.parse({ DATABASE_URL: url }))).toEqual(said);
});

describe('of a server that answers', () => {
  test('what is asked are settings that it has, and values beside an error are switched off by ourselves', async () => {
    const { serving, url } = await testDatabase();
    const { rows } = await serving.query('show log_parameter_max_length_on_error');
    expect(rows).toEqual([{ log_parameter_max_length_on_error: '0' }]);
    const found = await examineServer(serving, Config.parse({ DATABASE_URL: url }));
    expect(found.join()).not.toContain('on_error');
  });

  test('the doctor and a start say it', async () => {
    const { url, pool } = await testDatabase();
    await pool.query(`alter database ${new URL(url).pathname.slice(1)} set log_statement = 'mod'`);
    const said = 'log_statement is mod: statements are written with their values';
    const doctor = runProgram(['bin/skein.js', 'doctor'], { DATABASE_URL: url });
    await doctor.exit();
    expect(doctor.output()).toContain(`database: the log of PostgreSQL may hold people's data: ${said}`);
    const ports = { PORT: '0', MLLP_PORT: '0', ROLES: 'api' };
    const started = runProgram(['src/main.ts'], { DATABASE_URL: url, ...ports });
    expect(await started.says(/"event":"ready"/)).toContain(said);
  });
});
