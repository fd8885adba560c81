/** The file that says what people may do is heeded when it changes, and outlives a slip (HUMAN_ROLES). */
import { rename, writeFile } from 'node:fs/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { followRolesFile } from '../../src/access/human/roles-file.ts';
import { addSystem } from '../../src/access/register/systems.ts';
import { testDatabase } from '../support/database.ts';
import { askingPeople, humanToken, newHumanPair, type Who } from '../support/humans.ts';
import { startSkein } from '../support/skein.ts';

const pair = newHumanPair('one');
const nurse: Who = { sub: '910000000501', organisation: 'RXP', role: 'R8001' };
const line = (role: string) => ({ organisation: 'RXP', role, team: '*', may: ['clinician'] });
let skein: Awaited<ReturnType<typeof startSkein>>;
let file = '';

beforeAll(async () => {
  const settings = await askingPeople([pair], [line('R8000')]);
  file = settings.HUMAN_ROLES as string;
  const database = await testDatabase();
  const team = { name: 'perinatal', ods: 'RXP', team: 'perinatal', kind: null, source: null };
  await addSystem(database.pool, database.key, { ...team, sector: 'specialist-perinatal' });
  skein = await startSkein(database, settings);
}, 60_000);
afterAll(() => skein.stop());

const status = async () => {
  const headers = { 'x-skein-system': 'perinatal', 'x-skein-user': `Bearer ${humanToken(pair, nurse)}` };
  return (await skein.send('GET', '/fhir/Patient', headers)).status;
};
const becomes = (expected: number) => expect.poll(status, { timeout: 10_000, interval: 100 }).toBe(expected);
/** As an editor does, or a mounted file: another file under the same name. */
async function write(text: string): Promise<void> {
  await writeFile(`${file}.new`, text);
  await rename(`${file}.new`, file);
}

test('whoever is added may act, and who is struck out may not, without a start', async () => {
  expect(await status()).toBe(403);
  await write(JSON.stringify({ roles: [line('R8000'), line('R8001')] }));
  await becomes(200);
  await write('roles: [{ organisation: rxp }]');
  await write(JSON.stringify({ roles: [line('R8000')] }));
  await becomes(403);
}, 60_000);

test('what is wrong, or gone, leaves the last good one in force, and says so once', async () => {
  const lines: object[] = [];
  let now = 0;
  const log = { info: () => undefined, error: (said: object) => lines.push(said) };
  await write(JSON.stringify({ roles: [line('R8001')] }));
  const roles = followRolesFile(file, log, () => now);
  for (const text of ['roles: [{ organisation: rxp }]', 'no yaml: [']) {
    await write(text);
    now += 1_000;
    expect(roles()).toEqual([line('R8001')]);
    now += 1_000;
    expect(roles()).toEqual([line('R8001')]);
  }
  expect(lines).toHaveLength(2);
  await write(JSON.stringify({ roles: [line('R8002')] }));
  now += 999;
  expect(roles()).toEqual([line('R8001')]);
  now += 1;
  expect(roles()).toEqual([line('R8002')]);
});
