/** What whoever runs Skein reads of people by the command line is on record, like what a service reads. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { findDisclosures } from '../../src/audit/who.ts';
import { messageName } from '../../src/fhir/ids.ts';
import { care, person, ward } from '../families/scenarios/messages.ts';
import { runCommand } from '../support/command-line.ts';
import { gather, type Household, type Services } from '../support/household.ts';
import { ago, say } from '../support/telling.ts';

const MOTHER = person(841, 'Georgiana', 'Thistlewood', '1990-03-03');
const SERVICES: Services = {
  maternity: ['maternity', 'RXM', 'hl7v2-adt'],
  perinatal: ['specialist-perinatal', 'RXP', 'fhir-r4'],
};

let household: Household;
let mother = '';
let message = '';

beforeAll(async () => {
  household = await gather(SERVICES);
  await say(household, ward(MOTHER, { event: 'A28', day: ago(80) }));
  await say(household, care('perinatal', MOTHER, { start: ago(30) }));
  await household.skein.send('POST', `/fhir/Patient/${await idOfMother()}/$place-hold`, {
    'x-skein-system': 'perinatal',
  });
  await household.settle();
  mother = await idOfMother();
  const { pool, key } = household.database;
  const { rows } = await pool.query(
    "select m.id from message m join system s on s.id = m.system_id where s.name = 'perinatal'",
  );
  message = messageName(key, String(rows[0]?.id));
});
afterAll(() => household.stop());

const idOfMother = async () => (await household.find('Patient'))[0]?.id ?? '';

type Row = { kind: string; interaction: string; name: string; basis: string | null; persons: string[] };

async function rowsOf(line: string[]): Promise<Row[]> {
  const { pool, url } = household.database;
  const before = (await pool.query('select coalesce(max(id), 0) as id from audit')).rows[0].id;
  const { code, output } = await runCommand(line, { DATABASE_URL: url });
  expect(code, output).toBe(0);
  const { rows } = await pool.query<Row>('select * from audit where id > $1 order by id', [before]);
  return rows;
}

test.each<[string, () => string[]]>([
  ['person-explain', () => ['person', 'explain', mother]],
  ['why', () => ['why', message, 'perinatal']],
  ['incident', () => ['incident', message]],
  ['messages', () => ['messages', '--id', message]],
  ['hold-list', () => ['hold', 'list', '--json']],
  ['audit-who', () => ['audit', 'who', mother]],
])('%s is one row that names whom it told of, and on what basis', async (way, line) => {
  expect(await rowsOf(line())).toMatchObject([
    { kind: 'read', interaction: way, name: 'operator', basis: 'processor', persons: [mother] },
  ]);
});

test.each<[string, string[]]>([
  ['worklist', ['worklist']],
  ['glass-list', ['glass', 'list', '--all']],
  ['number-show', ['number', 'show', MOTHER.nhs]],
  ['messages', ['messages', '--held']],
])('%s is a row also where it told of nobody', async (way, line) => {
  expect(await rowsOf(line)).toMatchObject([{ kind: 'read', interaction: way, basis: 'processor' }]);
});

test('they are in what is told of who was told what of her, without a number or a name', async () => {
  await rowsOf(['person', 'explain', mother]);
  const told = await findDisclosures(household.database.pool, mother, new Date(0));
  expect(told.filter(({ system }) => system === null).map(({ way, by }) => [way, by])).toContainEqual([
    'person-explain',
    'operator',
  ]);
  const { rows } = await household.database.pool.query('select a::text as text from audit a');
  for (const { text } of rows) expect(text).not.toMatch(new RegExp(`${MOTHER.nhs}|${MOTHER.family}`, 'i'));
});

test('where it cannot be put on record nothing is printed', async () => {
  const { pool, url } = household.database;
  await pool.query('alter table audit add constraint never check (false) not valid');
  const { code, output } = await runCommand(['person', 'explain', mother], { DATABASE_URL: url });
  await pool.query('alter table audit drop constraint never');
  expect(code).toBe(1);
  expect(output).not.toContain(mother);
});
