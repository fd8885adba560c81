/** A backup that is restored does not bring back whoever was erased, held or hidden after it was made. */
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { care, person } from '../families/scenarios/messages.ts';
import { runCommand } from '../support/command-line.ts';
import { emptyDatabase } from '../support/empty-database.ts';
import { gather, type Household } from '../support/household.ts';
import { runProgram } from '../support/process.ts';
import { ago, say } from '../support/telling.ts';

const ERASED = { ...person(751, 'Perpetua', 'Quillfeather', '1993-04-04'), local: 'M751' };
const HELD = person(752, 'Sorrel', 'Underhay', '1991-02-02');
const FROZEN = person(753, 'Tamsin', 'Vellacott', '1990-02-02');
const LEFT = person(754, 'Una', 'Tregear', '1992-02-02');
let household: Household;
let folder: string;
const at = (name: string) => join(folder, name);
const cli = (url: string, ...args: string[]) =>
  runCommand(args, { DATABASE_URL: url, LEDGER_FILE: at('kept.json') });
const here = (...args: string[]) => cli(household.database.url, ...args);
const idOf = async (nhs: string): Promise<string> =>
  (await household.find('Patient', `&identifier=https://fhir.nhs.uk/Id/nhs-number|${nhs}`))[0]?.id ?? '';

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'skein-test-'));
  household = await gather({ perinatal: ['specialist-perinatal', 'RXP', 'fhir-r4'] });
  for (const one of [ERASED, HELD, FROZEN, LEFT])
    await say(household, care('perinatal', one, { start: ago(30) }));
  await household.settle();
  const [erased, held] = [await idOf(ERASED.nhs), await idOf(HELD.nhs)];
  expect((await here('ledger', 'write', at('before.json'))).code).toBe(0);
  expect((await here('backup', at('old.backup'))).code).toBe(0);
  expect((await here('hold', 'place', held, '--by', 'A. Reviewer')).code).toBe(0);
  const freeze = [
    'number',
    'freeze',
    FROZEN.nhs,
    '--cause',
    'identity-change',
    '--by',
    'A. Reviewer',
    '--yes',
  ];
  expect((await here(...freeze)).code).toBe(0);
  const names = ['--by', 'A. Caldicott', '--approve', 'B. Controller', '--yes'];
  expect((await here('person', 'erase', erased, '--reason', 'court-order', ...names)).code).toBe(0);
});
afterAll(async () => {
  await household.stop();
  await rm(folder, { recursive: true });
});

/** Whose names a store has, in anything. */
async function namesIn(pool: Awaited<ReturnType<typeof emptyDatabase>>['pool']): Promise<string[]> {
  const { rows } = await pool.query(
    `select (select string_agg(t::text, ' ') from resource t) || (select string_agg(t::text, ' ') from record t)
       || (select string_agg(t::text, ' ') from statement t) || (select string_agg(t::text, ' ') from index_string t)
       || (select coalesce(string_agg(encode(body, 'escape'), ' '), '') from message t) as all`,
  );
  return ['Quillfeather', 'Underhay', 'Vellacott', 'Tregear'].filter((name) =>
    String(rows[0].all).includes(name),
  );
}

test('erasing writes the ledger before it ends, for its owner alone, with no name and no number in it', async () => {
  const text = await readFile(at('kept.json'), 'utf8');
  expect(JSON.parse(text)).toMatchObject({
    erasures: [{ reason: 'court-order', by: 'A. Caldicott', approvedBy: 'B. Controller' }],
    holds: [{ service: null }],
    frozen: [{ cause: 'identity-change' }, {}],
  });
  expect(text).not.toMatch(
    new RegExp(['Perpetua', 'Quillfeather', ERASED.nhs, HELD.nhs, FROZEN.nhs].join('|')),
  );
  expect((await stat(at('kept.json'))).mode & 0o777).toBe(0o600);
});

test('a backup is not restored without a word on what came after it', async () => {
  const { url, pool } = await emptyDatabase();
  const refused = await runCommand(['restore', at('old.backup'), '--yes'], { DATABASE_URL: url });
  expect(refused).toMatchObject({
    code: 2,
    output: expect.stringMatching(/--ledger FILE.*--without-ledger/s),
  });
  expect((await pool.query("select to_regclass('message') as there")).rows).toEqual([{ there: null }]);
});

test('what is restored with the ledger has no erased person, holds who was held, and shares no frozen number', async () => {
  const { url, pool } = await emptyDatabase();
  const done = await cli(url, 'restore', at('old.backup'), '--yes');
  expect(done).toMatchObject({
    code: 0,
    output: expect.stringContaining('1 erased, 1 held, 2 numbers not shared'),
  });
  expect(await namesIn(pool)).not.toContain('Quillfeather');
  const views = "select count(*)::int as n from resource where type = 'Patient' and content::text like $1";
  const counted = async (name: string) => (await pool.query(views, [`%${name}%`])).rows[0].n;
  expect([await counted('Vellacott'), await counted('Tregear'), await counted('Underhay')]).toEqual([
    0, 1, 1,
  ]);
  expect(JSON.parse((await cli(url, 'hold', 'list', '--json')).output).held).toHaveLength(1);
  expect(JSON.parse((await cli(url, 'rebuild', '--json')).output)).toMatchObject({
    changed: 0,
    statements: 0,
  });
  const again = await cli(url, 'ledger', 'apply', at('kept.json'));
  expect(again.output).toContain('0 erased, 0 held, 0 numbers');
});

test('a restore that was broken off before the ledger was applied is not served until it is', async () => {
  const { url, pool } = await emptyDatabase();
  const tooOld = await cli(url, 'restore', at('old.backup'), '--ledger', at('before.json'), '--yes');
  expect(tooOld).toMatchObject({
    code: 1,
    output: expect.stringContaining('skein ledger apply a newer one'),
  });
  const start = () => runProgram(['src/main.ts'], { DATABASE_URL: url, PORT: '0', MLLP_PORT: '0' });
  const refused = start();
  expect(await refused.exit()).toBe(1);
  expect(refused.output()).toContain(
    'the restore of this store was not finished: run skein ledger apply FILE',
  );
  const other = {
    ...JSON.parse(await readFile(at('kept.json'), 'utf8')),
    store: '00000000-0000-4000-8000-000000000000',
  };
  await writeFile(at('other.json'), JSON.stringify(other));
  await writeFile(at('cut.json'), '{"format":"skein-ledger-1","Perpetua');
  expect((await cli(url, 'ledger', 'apply', at('other.json'))).output).toContain('of another store');
  expect((await cli(url, 'ledger', 'apply', at('cut.json'))).output).toBe(
    `skein: ${at('cut.json')} is no ledger of Skein, or was cut or changed\n`,
  );
  expect(await start().exit()).toBe(1);
  expect((await cli(url, 'ledger', 'apply', at('kept.json'))).code).toBe(0);
  const started = start();
  await started.says(/"event":"ready"/);
  started.child.kill('SIGTERM');
  expect(await started.exit()).toBe(0);
  expect(await namesIn(pool)).not.toContain('Quillfeather');
});

test('whoever says that there is none gets the backup as it was', async () => {
  const { url, pool } = await emptyDatabase();
  expect((await cli(url, 'restore', at('old.backup'), '--without-ledger', '--yes')).code).toBe(0);
  expect(await namesIn(pool)).toEqual(['Quillfeather', 'Underhay', 'Vellacott', 'Tregear']);
});
