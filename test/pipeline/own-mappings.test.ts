/** An installation's own mappings live outside the product, and extend what ships. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { addSystem } from '../../src/access/register/systems.ts';
import { type TestDatabase, testDatabase } from '../support/database.ts';
import { adt } from '../support/messages.ts';
import { type Program, runProgram } from '../support/process.ts';
import { nhsNumber } from '../support/records.ts';
import { startSkein } from '../support/skein.ts';

const BABY = { nhs: nhsNumber(2), given: 'Kofi', family: 'Osei', born: '2026-08-20', local: 'B1' };

let database: TestDatabase;
let ours: string;
let theirs: string;
let running: Awaited<ReturnType<typeof startSkein>> | undefined;
beforeEach(async () => {
  database = await testDatabase();
  [ours, theirs] = ['ours', 'theirs'].map((name) => mkdtempSync(join(tmpdir(), `skein-${name}-`))) as [
    string,
    string,
  ];
});
afterEach(async () => {
  await running?.stop();
  running = undefined;
  for (const folder of [ours, theirs]) rmSync(folder, { recursive: true });
});

const put = (folder: string, name: string, version: string, rest = '') => {
  mkdirSync(join(folder, name), { recursive: true });
  writeFileSync(
    join(folder, name, 'mapping.yaml'),
    `name: ${name}\nversion: ${version}\nextends: hl7v2-adt\n${rest}`,
  );
};
const settings = () => ({ MAPPINGS_DIR: `${ours}, ${theirs}` });
const register = (source: string) =>
  addSystem(database.pool, database.key, {
    ...{ name: 'PAS|RXM', ods: 'RAA', team: 'pas', sector: 'maternity', kind: null },
    source,
  });
const lastRecord = async () =>
  (await database.pool.query('select mapping, lineage::text from record order by id desc limit 1')).rows[0];

const command = async (...args: string[]) => {
  const program: Program = runProgram(['bin/skein.js', ...args], {
    DATABASE_URL: database.url,
    ...settings(),
  });
  return { code: await program.exit(), output: program.output() };
};

it('read a feed by a dialect, whose records say which part is of which version', async () => {
  put(ours, 'leeds-adt', '1.0.0');
  const rules = 'statements:\n  - { local: patient, rules: [{ to: language, value: en-GB }] }\n';
  put(theirs, 'york-adt', '1.0.1', rules);
  await register('york-adt,hl7v2-siu');
  running = await startSkein(database, settings());
  expect(await running.mllp(adt(BABY))).toContain('MSA|AA|MSG1');
  const { mapping, lineage } = await lastRecord();
  expect(mapping).toBe('york-adt@1.0.1');
  expect(lineage).toMatch(/"york-adt\/mapping\.yaml:5"/);
  expect(lineage).toMatch(/"hl7v2-adt@[\d.]+\/mapping\.yaml:\d+"/);
});

it('are read again on SIGHUP, and what two folders name alike changes nothing', async () => {
  put(ours, 'leeds-adt', '1.0.0');
  await register('leeds-adt');
  running = await startSkein(database, settings());
  put(ours, 'leeds-adt', '1.1.0');
  process.emit('SIGHUP');
  let number = 0;
  const version = async () => {
    number += 1;
    await running?.mllp(adt(BABY).replaceAll('MSG1', `MSG${number}`));
    return (await lastRecord())?.mapping;
  };
  await expect.poll(version, { timeout: 10_000 }).toBe('leeds-adt@1.1.0');
  put(theirs, 'leeds-adt', '2.0.0');
  process.emit('SIGHUP');
  const reasons = async () => String((await running?.get('/health/ready'))?.body.reasons);
  await expect
    .poll(reasons, { timeout: 10_000 })
    .toContain(`mapping leeds-adt is in two folders, ${ours} and ${theirs}`);
  expect(await version()).toBe('leeds-adt@1.1.0');
});

it('end the start where two folders have one of the same name, or one is no folder', async () => {
  put(ours, 'hl7v2-adt', '1.0.0');
  await expect(startSkein(database, settings())).rejects.toThrow(
    new RegExp(`^mapping hl7v2-adt is in two folders, .*/mappings and ${ours}: rename one of them$`),
  );
  await expect(startSkein(database, { MAPPINGS_DIR: '/nowhere' })).rejects.toThrow(
    'MAPPINGS_DIR: /nowhere is not a folder',
  );
});

it('are known to every command', async () => {
  put(ours, 'leeds-adt', '1.0.0');
  put(theirs, 'york-adt', '1.0.0');
  expect((await command('map', 'check')).output).toMatch(
    /mappings checked: .*third-sector-form, leeds-adt, york-adt/,
  );
  const add = ['system', 'add', '--name', 'PAS|RXM', '--ods', 'RAA', '--team', 'pas', '--source'];
  expect((await command(...add, 'york-adt')).output).toContain('source york-adt');
  expect((await command('doctor')).output).toContain('mappings: well');
  expect((await command('reload')).output).toContain('checked: every process reads mappings');
  put(theirs, 'york-adt', '1.0.0', 'statements: [{ local: mothr, drop: [identifier] }]\n');
  const wrong = 'york-adt/mapping.yaml:4:23: hl7v2-adt has no statement "mothr"';
  expect((await command('doctor')).output).toContain(wrong);
  expect((await command('reload')).output).toContain(wrong);
  expect((await command('map', 'check')).output).toContain(wrong);
});
