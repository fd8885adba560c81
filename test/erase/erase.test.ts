/** A person is erased: no table says a word of them any more, and everybody else is as they were. */
import { once } from 'node:events';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { care, person, said, ward } from '../families/scenarios/messages.ts';
import { runCommand } from '../support/command-line.ts';
import { gather, type Household } from '../support/household.ts';
import { runProgram } from '../support/process.ts';
import { ago, say } from '../support/telling.ts';
import { chart, contactOf, episodeOf, relationOf } from '../support/transactions.ts';

// Her sender's own number of her says no name: ids of messages are made with it.
const MOTHER = { ...person(741, 'Perpetua', 'Quillfeather', '1993-04-04'), local: 'M741' };
const BABY = person(742, 'Wilf', 'Tallis', 40);
const STRANGER = person(743, 'Sorrel', 'Underhay', '1991-02-02');
const PHONE = '07700900741';
const STREET = '9 Hidden Lane';
const SPACED = MOTHER.nhs.replace(/^(...)(...)(....)$/, '$1 $2 $3');
/** In small letters: names of one who alone has them. */
const PLANTED = ['perpetua', 'quillfeather', MOTHER.nhs, SPACED, PHONE, STREET.toLowerCase()];
const REASON = [
  '--reason',
  'right-to-erasure',
  '--by',
  'A. Caldicott',
  '--approve',
  'B. Controller',
  '--yes',
];

let household: Household;
beforeEach(async () => {
  household = await gather({
    maternity: ['maternity', 'RXM', 'hl7v2-adt'],
    perinatal: ['specialist-perinatal', 'RXP', 'fhir-r4'],
    visiting: ['health-visiting', 'RXV', 'fhir-r4'],
  });
});
afterEach(() => household.stop());

const hers = () => {
  const telecom = [{ system: 'phone', value: PHONE }];
  const whom = chart('perinatal', MOTHER, { telecom, address: [{ line: [STREET], postalCode: 'ZZ99 3WZ' }] });
  const spell = episodeOf(whom, 'perinatal', { id: 'E1', start: ago(30) });
  return said('perinatal', [whom, spell, contactOf(whom, 'perinatal', 'C1', ago(20))], ago(20));
};
/** Of the child, with her as a contact and in a note. */
const his = () => {
  const name = { family: MOTHER.family, given: [MOTHER.given] };
  const contact = [{ name, telecom: [{ system: 'phone', value: PHONE }] }];
  const whom = chart('visiting', BABY, { contact });
  const spell = episodeOf(whom, 'visiting', { id: 'E2', start: ago(30) });
  const visit = contactOf(whom, 'visiting', 'C2', ago(9));
  Object.assign(visit.resource, {
    reasonCode: [{ text: `seen with ${MOTHER.given} ${MOTHER.family} (${SPACED})` }],
  });
  return said('visiting', [whom, spell, visit, relationOf(whom, MOTHER, 'MTH')], ago(8));
};
const HELD = `MSH|^~\\&|PAS|RXM|SKEIN|HUB|20260110093000||ADT^A28^ADT_A05|H1|P|2.5\rPID|1||||${MOTHER.family}^${MOTHER.given}||19930404|F`;
const sendHeld = () => household.skein.intake('maternity', 'x-application/hl7-v2+er7', HELD);

async function gathered(): Promise<string> {
  const all = [
    ward(BABY, { mother: MOTHER.nhs }),
    ward(MOTHER, { event: 'A28', day: ago(80) }),
    ...[hers(), his(), care('perinatal', STRANGER, { start: ago(30) })],
  ];
  for (const send of all) await say(household, send);
  expect((await sendHeld()).status).toBe(422);
  await household.settle();
  return idOf(MOTHER.nhs);
}
const idOf = async (nhs: string): Promise<string> =>
  (await household.find('Patient', `&identifier=https://fhir.nhs.uk/Id/nhs-number|${nhs}`))[0]?.id ?? '';

const query = async (sql: string, values: unknown[] = []) =>
  (await household.database.pool.query(sql, values)).rows;
const cli = (...args: string[]) => runCommand(args, { DATABASE_URL: household.database.url });

/** Every row of every table as text, bodies as they were sent, in small letters. */
async function dump(): Promise<Record<string, string>> {
  const tables = await query(
    "select relname as name from pg_class where relnamespace = 'public'::regnamespace and relkind in ('r', 'p') and not relispartition",
  );
  const found: Record<string, string> = {};
  for (const { name } of tables) {
    const body = name === 'message' ? " || coalesce(encode(body, 'escape'), '')" : '';
    const [{ all }] = await query(`select string_agg(t::text${body}, chr(10)) as all from ${name} t`);
    found[name] = String(all).toLowerCase();
  }
  return found;
}
const tablesWith = async (text: string) =>
  Object.entries(await dump()).flatMap(([name, all]) => (all.includes(text) ? name : []));
/** What is served of others: by content, without what names the mother. */
const served = async () =>
  Object.fromEntries(
    (
      await query(
        "select type, id, version, content::text as content, persons from resource where type <> 'Provenance' order by 1, 2",
      )
    ).map(({ type, id, version, content, persons }) => [
      `${type}/${id}`,
      { version, content, persons: persons as string[] },
    ]),
  );

test('no table has a word of an erased person, rebuild changes nothing, and others are as they were', async () => {
  const id = await gathered();
  for (const text of PLANTED) expect(await tablesWith(text), text).not.toEqual([]);
  const before = await served();
  const done = await cli('person', 'erase', id, ...REASON, '--json');
  expect(done.code, done.output).toBe(0);
  for (const text of PLANTED) expect(await tablesWith(text), text).toEqual([]);
  expect(JSON.parse((await cli('rebuild', '--json')).output)).toMatchObject({ changed: 0, statements: 0 });
  await household.settle();
  for (const text of PLANTED) expect(await tablesWith(text), text).toEqual([]);
  const after = await served();
  const hadHer = Object.entries(before).filter(
    ([, one]) => one.persons.includes(id) || one.content.includes(id),
  );
  const mentioned = Object.entries(before).filter(([, one]) =>
    PLANTED.some((text) => one.content.toLowerCase().includes(text)),
  );
  const touched = new Set([...hadHer, ...mentioned].map(([name]) => name));
  const others = Object.entries(before).filter(([name]) => !touched.has(name));
  expect(others.length).toBeGreaterThan(5);
  for (const [name, one] of others) expect(after[name], name).toEqual(one);
  const baby = after[`Patient/${await idOf(BABY.nhs)}`];
  expect(baby?.content).toContain('Wilf');
  expect(await query('select reason, by_name, approved_by from erasure')).toEqual([
    { reason: 'right-to-erasure', by_name: 'A. Caldicott', approved_by: 'B. Controller' },
  ]);
});

test('whoever was told hears that it is withdrawn, and the id answers as if it had never been', async () => {
  const id = await gathered();
  expect(household.told('perinatal')).not.toContain('withdrawn');
  expect((await cli('person', 'erase', id, ...REASON)).code).toBe(0);
  await expect.poll(() => household.told('perinatal'), { timeout: 30_000 }).toContain('withdrawn');
  const unknown = '00000000-0000-4000-8000-000000000000';
  const answered = async (path: string) => {
    const { status, body } = await household.skein.get(path, 'perinatal');
    return [status, JSON.stringify(body).replaceAll(id, unknown)];
  };
  for (const path of ['', '/_history', '/_history/1'])
    expect(await answered(`/fhir/Patient/${id}${path}`)).toEqual(
      await answered(`/fhir/Patient/${unknown}${path}`),
    );
});

test('what was erased does not come back by the same message or a replay; a later one is of somebody new', async () => {
  const id = await gathered();
  expect((await cli('person', 'erase', id, ...REASON)).code).toBe(0);
  const again = hers();
  await say(household, again);
  expect(await tablesWith(PHONE)).not.toEqual([]);
  const fresh = await idOf(MOTHER.nhs);
  expect(fresh).not.toBe('');
  expect((await cli('person', 'erase', fresh, ...REASON)).code).toBe(0);
  expect((await sendHeld()).status).not.toBe(200);
  expect(JSON.parse((await cli('replay', '--held', '--json')).output).accepted).toBe(0);
  for (const text of PLANTED) expect(await tablesWith(text), text).toEqual([]);
});

test('the same message again is answered as before, and nothing comes of it', async () => {
  const whom = chart('perinatal', MOTHER, { telecom: [{ system: 'phone', value: PHONE }] });
  const bundle = {
    resourceType: 'Bundle',
    type: 'transaction',
    entry: [whom].map(({ fullUrl, resource }) => ({
      fullUrl,
      resource,
      request: { method: 'POST', url: 'Patient' },
    })),
  };
  const post = () => household.skein.transaction(bundle, 'perinatal');
  expect((await post()).status).toBe(200);
  expect((await cli('person', 'erase', await idOf(MOTHER.nhs), ...REASON)).code).toBe(0);
  expect((await post()).status).toBe(200);
  for (const text of PLANTED) expect(await tablesWith(text), text).toEqual([]);
});

test('a kill in the middle leaves all of it, and the next time takes all of it', async () => {
  const id = await gathered();
  const { pool, url } = household.database;
  const blocker = await pool.connect();
  await blocker.query('begin');
  await blocker.query('lock table erasure in exclusive mode');
  const before = await dump();
  const program = runProgram(['bin/skein.js', 'person', 'erase', id, ...REASON], { DATABASE_URL: url });
  const waits =
    "select from pg_stat_activity where query like '%insert into erasure%' and wait_event_type = 'Lock' and datname = current_database()";
  await expect.poll(async () => (await query(waits)).length, { timeout: 60_000 }).toBe(1);
  program.child.kill('SIGKILL');
  await once(program.child, 'close');
  await query(waits.replace('select from', 'select pg_terminate_backend(pid) from'));
  await blocker.query('rollback');
  blocker.release();
  await expect.poll(async () => (await query(waits)).length).toBe(0);
  const { statement, record, resource, message } = await dump();
  expect({ statement, record, resource, message }).toEqual({
    ...{
      statement: before.statement,
      record: before.record,
      resource: before.resource,
      message: before.message,
    },
  });
  expect((await cli('person', 'erase', id, ...REASON)).code).toBe(0);
  for (const text of PLANTED) expect(await tablesWith(text), text).toEqual([]);
});

test('it takes two people and a reason, and nobody is erased under a safety hold', async () => {
  const id = await gathered();
  const one = REASON.with(5, 'a. caldicott');
  for (const wrong of [REASON.slice(0, 4), one, REASON.with(1, 'because'), REASON.slice(0, 6)])
    expect((await cli('person', 'erase', id, ...wrong)).code, String(wrong)).toBe(2);
  expect((await cli('hold', 'place', id, '--by', 'A. Reviewer')).code).toBe(0);
  expect(await cli('person', 'erase', id, ...REASON)).toMatchObject({
    code: 1,
    output: expect.stringContaining('safety hold'),
  });
  expect(await idOf(MOTHER.nhs)).toBe(id);
});
