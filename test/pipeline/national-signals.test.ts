/**
 * National signals through the door that takes them (`POST /intake/{system}`, source mns): what is answered, what
 * becomes of whoever has the number, and what the operator may say of a number.
 */
import { readFile } from 'node:fs/promises';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { showWorklist } from '../../src/admin/worklist.ts';
import { loadMappings } from '../../src/map/language/load-mappings.ts';
import { freezeNumber, liftNumber, showNumber } from '../../src/pipeline/numbers.ts';
import { rebuild } from '../../src/pipeline/rebuild.ts';
import { ownProfiles } from '../../src/validate/profiles.ts';
import { care, person, signal, ward } from '../families/scenarios/messages.ts';
import { testContext } from '../support/context.ts';
import { gather, type Household, type Send } from '../support/household.ts';
import { barsReferral } from '../support/messages.ts';
import { ago, at, MATERNITY, people } from '../support/telling.ts';

const FOLDER = 'test/pipeline/signals';
const found = (file: string) => readFile(`${FOLDER}/${file}`, 'utf8');
/** Whose numbers the signals of the folder are about. */
const woman = { ...person(1, 'Lowena', 'Pascoe', '1992-02-03'), nhs: '9991000844' };
const infant = { ...person(2, 'Denzel', 'Pascoe', 40), nhs: '9991000143' };
const child = { ...person(3, 'Cador', 'Pascoe', 30), nhs: '9991000771' };
const CHANGE = 'nhs-number-change-2';

let household: Household;
beforeEach(async () => {
  household = await gather({
    ...MATERNITY,
    perinatal: ['specialist-perinatal', 'RXP', 'fhir-r4'],
    visiting: ['health-visiting', 'RXV', 'fhir-r4'],
    spine: ['national', 'X26', 'mns'],
    clinic: ['maternity', 'RXN', 'mns'],
  });
});
afterEach(() => household.stop());

const send = async (...all: Send[]) => {
  const replies = [];
  for (const one of all) replies.push(await one(household.skein));
  await household.settle();
  return replies;
};
const post =
  (system: string, body: string): Send =>
  (skein) =>
    skein.intake(system, 'application/fhir+json', body);
const rowsOf = (replies: Awaited<ReturnType<typeof send>>) =>
  replies.map((reply) => (typeof reply === 'string' ? reply : reply.body.rows));
const named = async (given: string) =>
  (await household.find('Patient', '&active=true')).filter((one) => JSON.stringify(one.name).includes(given));

describe('signals as they are sent', () => {
  test('a number change that says no more parts whoever the number had joined, and tells them', async () => {
    await send(care('perinatal', woman, { start: ago(50) }), care('visiting', woman, { start: ago(40) }));
    expect(await named('Lowena')).toHaveLength(1);
    const [reply] = await send(post('spine', await found('nhs-number-change.json')));
    expect(reply).toMatchObject({ status: 200 });
    expect(await named('Lowena')).toHaveLength(2);
    expect([household.told('perinatal'), household.told('visiting')].flat()).toContain('person-unmerged');
    expect(await showNumber(testContext(household.database), woman.nhs)).toMatchObject({
      state: 'invalidated',
      doubts: [{ rule: 'invalidated nationally, without a cause' }],
    });
    // People are asked who they are, and not told that the number says so.
    const { data } = await showWorklist(testContext(household.database));
    expect(JSON.stringify(data)).not.toContain('the rules would join them');
  });

  test('a death of an infant stops contacts at once, and changes no demographics', async () => {
    await send(
      ward(infant, { mother: woman.nhs }),
      care('visiting', infant, { start: ago(30) }),
      post('spine', await found('death.json')),
    );
    expect(household.told('visiting')).toEqual(expect.arrayContaining(['contact-stop', 'loss']));
    expect((await named('Denzel'))[0]).not.toHaveProperty('deceasedDateTime');
  });

  test('a proxy role is a suggestion: no relation, and nobody hears', async () => {
    await send(ward(child, { mother: woman.nhs }), care('visiting', child, { start: ago(20) }));
    const heard = ['maternity', 'visiting', 'spine'].map((one) => household.told(one).length);
    await send(post('spine', await found('proxy-role.json')));
    expect(['maternity', 'visiting', 'spine'].map((one) => household.told(one).length)).toEqual(heard);
    expect(await household.find('RelatedPerson')).toEqual([]);
    expect(await showNumber(testContext(household.database), child.nhs)).toMatchObject({
      doubts: [{ kind: 'possible-parent', rule: expect.stringContaining('proxy') }],
    });
  });

  test('the same Bundle id twice is one message with one effect, and other content under it is refused', async () => {
    const body = await found('nhs-number-change.json');
    const other = body.replaceAll(woman.nhs, infant.nhs);
    const replies = await send(post('spine', body), post('spine', body), post('spine', other));
    expect(replies.map((reply) => (reply as { status: number }).status)).toEqual([200, 200, 409]);
    const { rows } = await household.database.pool.query('select from record');
    expect(rows).toHaveLength(1);
    expect(
      (await household.skein.get(`/intake/messages?identifier=${JSON.parse(body).id}`, 'spine')).body,
    ).toHaveLength(1);
  });
});

test('a system that is not national is answered alike whoever has the number, and changes nothing', async () => {
  await send(care('perinatal', woman, { start: ago(50) }), care('visiting', woman, { start: ago(40) }));
  const stranger = person(99, '', '', '');
  const replies = await send(
    ...[woman, stranger].flatMap((who) => [
      signal('clinic', CHANGE, who, { status: 'I' }),
      signal('clinic', 'pds-death-notification-2', who),
    ]),
  );
  const [a, b, ...rest] = rowsOf(replies);
  expect(rest).toEqual([a, b]);
  expect(JSON.stringify(a)).toContain('changes nothing');
  expect(await named('Lowena')).toHaveLength(1);
  expect(household.told('perinatal')).not.toContain('contact-stop');
});

describe('the operator says that an identity was changed', () => {
  const byOperator = { by: 'A. Reviewer', cause: 'identity-change' };

  test('nothing is there any more, nobody is asked, and a rebuild changes nothing', async () => {
    await send(ward(child, { mother: woman.nhs }), care('visiting', child, { start: ago(20) }));
    const [before] = await named('Cador');
    const ctx = testContext(household.database);
    expect(await freezeNumber(ctx, child.nhs, byOperator)).toMatchObject({ state: 'frozen' });
    await household.settle();
    expect(await people(household)).toEqual([]);
    expect((await household.skein.get(`/fhir/Patient/${before?.id}`)).status).toBe(404);
    expect(household.told('visiting')).toContain('withdrawn');
    expect(await showNumber(ctx, child.nhs)).toMatchObject({ state: 'frozen', doubts: [] });
    expect(await rebuild({ ...ctx, mappings: await loadMappings(), profiles: ownProfiles() })).toMatchObject({
      statements: 0,
      changed: 0,
    });
  });

  test('what is sent under the number later is answered as ever, and told to nobody', async () => {
    const first = await send(care('visiting', child, { start: ago(20) }));
    await freezeNumber(testContext(household.database), child.nhs, byOperator);
    await household.settle();
    const heard = household.told('visiting').length;
    const later = await send(care('visiting', child, { start: ago(20), contact: ago(2) }), ward(child));
    expect(rowsOf(later.slice(0, 1))).toEqual(rowsOf(first));
    expect(await people(household)).toEqual([]);
    expect(household.told('visiting')).toHaveLength(heard);
    expect(household.told('maternity')).toEqual([]);
  });

  test('a referral under the number is answered like one of anybody else, and is nobody’s to read', async () => {
    await send(care('visiting', child, { start: ago(20) }));
    const [journey] = await household.find('Group');
    await freezeNumber(testContext(household.database), child.nhs, byOperator);
    const other = person(77, 'Petroc', 'Pascoe', 30);
    const refer = (who: typeof child, id: string) =>
      household.skein.bars(barsReferral(who, { id, at: at(ago(2)) }), undefined, 'visiting');
    const [frozen, known] = [await refer(child, 'R-1'), await refer(other, 'R-2')];
    await household.settle();
    const shape = ({ status, body }: typeof frozen) =>
      JSON.stringify([status, body]).replace(/[0-9a-f]{8}-[0-9a-f-]{27}|R-\d|2\d{3}-[\d-]+T[\d:.]+Z/g, '');
    expect(shape(frozen)).toBe(shape(known));
    expect(household.told('perinatal')).toEqual(['referral-received']);
    const ids = JSON.stringify(frozen.body).match(/[0-9a-f]{8}-[0-9a-f-]{27}/g) ?? [];
    for (const id of ids)
      expect((await household.skein.get(`/fhir/ServiceRequest/${id}`, 'visiting')).status).toBe(404);
    for (const system of ['visiting', undefined])
      expect((await household.skein.get(`/fhir/Group/${journey?.id}/$journey`, system)).status).toBe(404);
    expect(await people(household)).toEqual(['Petroc']);
  });

  test('a freeze by mistake is lifted, and all is as it was', async () => {
    await send(ward(child, { mother: woman.nhs }), care('visiting', child, { start: ago(20) }));
    const before = await household.find('Patient', '', 'visiting');
    const ctx = testContext(household.database);
    await freezeNumber(ctx, child.nhs, byOperator);
    expect(await liftNumber(ctx, child.nhs, { by: 'A. Reviewer', not: [] })).toMatchObject({
      state: 'undisputed',
    });
    const after = await household.find('Patient', '', 'visiting');
    expect(after.map(({ id, name }) => [id, name])).toEqual(before.map(({ id, name }) => [id, name]));
  });

  test('what was said nationally nobody here lifts', async () => {
    await send(care('visiting', woman), signal('spine', CHANGE, woman, { status: 'I' }));
    const lift = liftNumber(testContext(household.database), woman.nhs, { by: 'A. Reviewer', not: [] });
    await expect(lift).rejects.toThrow(/nationally/);
  });
});
