/** Birth notifications through the real door: who is linked to whom, in which direction, and what is not linked. */
import { readFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { addSystem } from '../../src/access/register/systems.ts';
import { MAPPINGS_DIR } from '../../src/map/language/read-mappings.ts';
import { type TestDatabase, testDatabase } from '../support/database.ts';
import { adt } from '../support/messages.ts';
import { nhsNumber } from '../support/records.ts';
import { startSkein } from '../support/skein.ts';

const example = (name: string) =>
  readFileSync(new URL(`birth-notification/examples/${name}.in.xml`, MAPPINGS_DIR), 'utf8');
/** Whatever number its example has, another. */
const renumber = (xml: string, from: string, to: string) => xml.replaceAll(from, to);
const BABY = '9997001001';
const TWIN = '9997001036';

let database: TestDatabase;
let skein: Awaited<ReturnType<typeof startSkein>>;
beforeEach(async () => {
  database = await testDatabase();
  skein = await startSkein(database);
  const births = { name: 'births', ods: 'X26', team: 'births', sector: 'maternity', kind: null };
  await addSystem(database.pool, database.key, { ...births, source: 'birth-notification' });
  const maternity = { name: 'PAS', ods: 'RXM', team: 'maternity', sector: 'maternity', kind: null };
  await addSystem(database.pool, database.key, { ...maternity, source: null });
});
afterEach(() => skein.stop());

const send = (body: string, type = 'application/fhir+xml') => skein.intake('births', type, body);
type Found = { resourceType: string; id: string } & Record<string, unknown>;
async function found(type: string): Promise<Found[]> {
  const { body } = await skein.get(`/fhir/${type}?_count=100`);
  const entries = (body.entry ?? []) as { resource: Found }[];
  return entries.map(({ resource }) => resource).filter(({ resourceType }) => resourceType === type);
}
const given = (patient: Found) => (patient.name as { given: string[] }[])[0]?.given[0] ?? '';
/** Each relation as: in whose compartment, who the other is called. */
async function relations(): Promise<string[]> {
  const names = new Map((await found('Patient')).map((patient) => [`Patient/${patient.id}`, given(patient)]));
  return (await found('RelatedPerson'))
    .map(({ patient, relationship }) => {
      const codes = (relationship as { coding: { code: string }[] }[])[0]?.coding.map(({ code }) => code);
      return `${names.get((patient as { reference: string }).reference)}: ${codes?.join(' ')}`;
    })
    .sort();
}
const asserted = async () =>
  (
    await database.pool.query<{ kind: string; evidence: Record<string, string> }>(
      'select kind, evidence from assertion',
    )
  ).rows;

describe('a birth notification', () => {
  it('links baby and mother, each in its direction, on the evidence of the birth', async () => {
    const { status, body } = await send(example('mother-and-baby'));
    expect([status, body.status]).toEqual([200, 'accepted']);
    expect(await relations()).toEqual(['Adaeze: CHILD', 'Ifeoma: GESTM MTH']);
    expect(await asserted()).toContainEqual(
      expect.objectContaining({ kind: 'parent', evidence: { kinds: 'gestational', tier: 'A' } }),
    );
    const [journey] = await found('Group');
    expect(journey).toMatchObject({ member: [{}, {}] });
  });

  it('finds the baby and the mother that maternity sent before', async () => {
    const mother = { nhs: '9997001028', given: 'Adaeze', family: 'Okonjo', born: '1995-07-19', local: 'M1' };
    await skein.mllp(adt(mother, { event: 'A28', id: 'M1' }));
    await send(example('mother-and-baby'));
    await skein.mllp(
      adt({ nhs: BABY, given: 'Ifeoma', family: 'Okonjo', born: '2026-03-01', local: 'B1' }, { id: 'B1' }),
    );
    expect((await found('Patient')).map(given).sort()).toEqual(['Adaeze', 'Ifeoma']);
    expect(await relations()).toEqual(['Adaeze: CHILD', 'Ifeoma: GESTM MTH']);
  });

  it('of a mother without a number is a suggestion: a baby, and nobody else', async () => {
    expect((await send(example('mother-without-number'))).status).toBe(200);
    expect((await found('Patient')).map(given)).toEqual(['Ifeoma']);
    expect(await relations()).toEqual([]);
    const [suggested] = await asserted();
    expect(suggested).toMatchObject({
      kind: 'possible-parent',
      evidence: { reason: 'named without an identifier that counts' },
    });
  });

  it('makes no father of whoever else is named', async () => {
    await send(example('father-is-no-link'));
    expect((await found('Patient')).map(given)).toEqual(['Ifeoma']);
    expect([await relations(), await asserted()]).toEqual([[], []]);
  });

  it('of each twin makes one journey, two infants and one mother', async () => {
    await send(renumber(example('mother-and-baby'), BABY, nhsNumber(7)));
    await send(example('second-twin-named-later'));
    expect(await found('Group')).toEqual([
      expect.objectContaining({ member: [{}, {}, {}].map(() => expect.anything()) }),
    ]);
    const twin = (await found('Patient')).find((patient) =>
      JSON.stringify(patient.identifier).includes(TWIN),
    );
    expect(twin).toMatchObject({ multipleBirthInteger: 2 });
    expect(await relations()).toHaveLength(4);
  });

  it('that gives the baby its mother’s number is kept, and the number identifies nobody', async () => {
    const { body } = await send(renumber(example('mother-and-baby'), BABY, '9997001028'));
    expect(JSON.stringify(body)).toContain('it is kept but identifies nobody');
    expect((await found('Patient')).length).toBe(2);
  });

  it('of a stillbirth begins no stage after birth', async () => {
    await send(example('stillborn'));
    const [journey] = await found('Group');
    expect(JSON.stringify(journey)).toContain('contact-stop');
    expect(JSON.stringify(journey)).not.toContain('12-24m');
  });

  it('sent again is answered by what became of it', async () => {
    const first = await send(example('mother-and-baby'));
    const again = await send(example('mother-and-baby'));
    expect([again.status, again.body.message]).toEqual([200, first.body.message]);
    expect(await found('Patient')).toHaveLength(2);
  });

  it.each([
    ['bad-other-event', 422, 'not-supported', 'event "newborn-hearing-1" is not taken'],
    ['bad-no-nhs-number', 422, 'required', 'the baby has no NHS number'],
    ['bad-doctype', 400, 'security', 'a DOCTYPE is not allowed'],
    ['bad-not-closed', 400, 'structure', 'not well formed'],
  ])('as in %s is kept and says what is wrong', async (name, status, code, text) => {
    const reply = await send(example(name), 'text/xml');
    expect(reply.status).toBe(status);
    const [row] = reply.body.rows as { issues: { code: string; text: string }[] }[];
    expect(row?.issues[0]).toMatchObject({ code, text: expect.stringContaining(text) });
    expect(await found('Patient')).toEqual([]);
  });

  it('tells its author, by XPath, where each element came from', async () => {
    await send(example('mother-and-baby'));
    const told = await found('Provenance');
    const lineage = JSON.stringify(
      await Promise.all(told.map(({ id }) => skein.get(`/fhir/Provenance/${id}`))),
    );
    expect(lineage).toContain('/Bundle/entry[5]/resource/Patient/gender/@value');
    expect(lineage).not.toContain('/entry/4/');
  });
});
