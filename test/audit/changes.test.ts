/** What people change has its row in the audit: who, what, about whom, and never a name or a number. */
import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { adoptPolicy } from '../../src/access/decide/in-force.ts';
import { digestOf, POLICY_FILE } from '../../src/access/decide/policy.ts';
import { renew, setDisabled, setScopes } from '../../src/access/register/clients.ts';
import { keepContact } from '../../src/access/register/duty-contacts.ts';
import { addSystem, changeSystem } from '../../src/access/register/systems.ts';
import { addTeam, removeTeam } from '../../src/access/register/teams.ts';
import { decideApart } from '../../src/pipeline/decide.ts';
import { freezeNumber, liftNumber } from '../../src/pipeline/numbers.ts';
import { liftHold, placeHold } from '../../src/pipeline/safety.ts';
import { findPerson } from '../../src/save/decisions.ts';
import { care, person, ward } from '../families/scenarios/messages.ts';
import { testContext } from '../support/context.ts';
import { gather, type Household, type Services } from '../support/household.ts';
import { ago, say } from '../support/telling.ts';

const MOTHER = person(821, 'Wilhelmina', 'Fairbrother', '1990-03-03');
const BY = 'A. Reviewer';
const SERVICES: Services = {
  maternity: ['maternity', 'RXM', 'hl7v2-adt'],
  perinatal: ['specialist-perinatal', 'RXP', 'fhir-r4'],
};

let household: Household;
let mother = '';
let charts: string[] = [];
const context = () => testContext(household.database);

beforeAll(async () => {
  household = await gather(SERVICES);
  await say(household, ward(MOTHER, { event: 'A28', day: ago(80) }));
  await say(household, care('perinatal', MOTHER, { start: ago(30) }));
  await household.settle();
  mother = (await household.find('Patient'))[0]?.id ?? '';
  charts = (await findPerson(household.database.pool, mother))?.charts ?? [];
  expect(charts).toHaveLength(2);
});
afterAll(() => household.stop());

type Row = { kind: string; outcome: string; name: string; interaction: string; persons: string[] } & {
  target: string | null;
};

/** The rows that some work leaves; `target` by name. */
async function rowsOf(work: () => Promise<unknown>): Promise<Row[]> {
  const { pool } = household.database;
  const before = (await pool.query('select coalesce(max(id), 0) as id from audit')).rows[0].id;
  await work();
  const { rows } = await pool.query<Row>(
    `select a.kind, a.outcome, a.name, a.interaction, a.persons, y.name as target
     from audit a left join system y on y.id = a.target where a.id > $1 order by a.id`,
    [before],
  );
  return rows;
}

test('every change of a registration is a row that names the system', async () => {
  const { pool, key } = household.database;
  const added = { name: 'hub', ods: 'RXH', team: 'hub', sector: null, kind: null, source: 'hl7v2-adt' };
  const team = { keys: { ward: 'W1' }, team: 'ward-1', sector: null, kind: null };
  const rows = await rowsOf(async () => {
    await addSystem(pool, key, added);
    await changeSystem(pool, 'hub', { onHeld: 'AA' });
    await setScopes(pool, 'hub', ['system/*.c']);
    await renew(pool, 'hub');
    await addTeam(pool, key, 'hub', team);
    await removeTeam(pool, 'hub', team.keys);
    await setDisabled(pool, 'hub', true);
    await setDisabled(pool, 'hub', false);
  });
  const done = ['add', 'set', 'scopes', 'rotate', 'team-add', 'team-remove', 'disable', 'enable'];
  expect(rows.map(({ interaction }) => interaction)).toEqual(
    done.map((one) => (one.startsWith('team') ? one : `system-${one}`)),
  );
  for (const row of rows)
    expect(row).toMatchObject({ kind: 'registration', outcome: 'done', name: 'operator', target: 'hub' });
  const duty = { phone: '01632 960000', hours: '24/7', confirmed: ago(1) };
  const [contact] = await rowsOf(() => keepContact(pool, household.serviceOf('perinatal'), duty));
  expect(contact).toMatchObject({ kind: 'registration', interaction: 'service-contact' });
});

test('what is refused is no change, and leaves no row', async () => {
  const refused = () => changeSystem(household.database.pool, 'nobody', { onHeld: 'AA' });
  expect(await rowsOf(() => expect(refused()).rejects.toThrow('no system'))).toEqual([]);
});

test('another sharing policy is a row under its own digest; the same again is none', async () => {
  const text = await readFile(POLICY_FILE, 'utf8');
  const narrower = text.replace(/closedCareDays: \d+/, 'closedCareDays: 1');
  expect(narrower).not.toBe(text);
  const { pool } = household.database;
  await pool.query("update setting set value = $1 where name = 'policy.sharing'", [narrower]);
  const adopt = () => adoptPolicy(pool, ['A. Caldicott', 'B. Controller']);
  expect(await rowsOf(adopt)).toMatchObject([
    { kind: 'policy', outcome: 'done', name: 'A. Caldicott, B. Controller', interaction: 'policy' },
  ]);
  const { rows } = await pool.query(
    "select policy from audit where kind = 'policy' order by id desc limit 1",
  );
  expect(rows).toEqual([{ policy: digestOf(text) }]);
  expect(await rowsOf(adopt)).toEqual([]);
});

test('what people decide of a person is a row about that person, by the name of who decided', async () => {
  const said = { by: BY, reason: `wrong record of ${MOTHER.given}`, undo: false, dry: false };
  const decision = { kind: 'decision', outcome: 'done', name: BY };
  expect(await rowsOf(() => decideApart(context(), charts[1] as string, { ...said, dry: true }))).toEqual([]);
  const apart = await rowsOf(() => decideApart(context(), charts[1] as string, said));
  expect(apart).toMatchObject([{ ...decision, interaction: 'unlink' }]);
  expect(apart[0]?.persons).toEqual(expect.arrayContaining([mother]));
  expect(
    await rowsOf(() => decideApart(context(), charts[1] as string, { ...said, undo: true })),
  ).toMatchObject([{ ...decision, interaction: 'unlink-undone' }]);
  expect(await rowsOf(() => placeHold(context(), mother, { service: null, by: BY }))).toMatchObject([
    { ...decision, interaction: 'hold-place', persons: [mother] },
  ]);
  expect(await rowsOf(() => placeHold(context(), mother, { service: null, by: BY }))).toMatchObject([
    { ...decision, interaction: 'hold-place', outcome: 'unchanged' },
  ]);
  const reviewed = { service: null, by: BY, reviewedBy: 'B. Lead' };
  expect(await rowsOf(() => liftHold(context(), mother, reviewed))).toMatchObject([
    { ...decision, name: `${BY}, B. Lead`, interaction: 'hold-lift', persons: [mother] },
  ]);
});

test('a number is frozen and lifted in a row about whose it is, and without it', async () => {
  const froze = { by: BY, cause: 'identity-change' };
  expect(await rowsOf(() => freezeNumber(context(), MOTHER.nhs, froze))).toMatchObject([
    { kind: 'decision', name: BY, interaction: 'number-freeze', persons: expect.arrayContaining([mother]) },
  ]);
  expect(await rowsOf(() => liftNumber(context(), MOTHER.nhs, { by: BY, not: [] }))).toMatchObject([
    { kind: 'decision', name: BY, interaction: 'number-lift' },
  ]);
  const { rows } = await household.database.pool.query('select a::text as text from audit a');
  const all = rows.map(({ text }) => text).join('\n');
  for (const word of [MOTHER.nhs, MOTHER.given, MOTHER.family, 'wrong record', '01632'])
    expect(all.includes(word), word).toBe(false);
});
