/** Who agreed or refused, and in what capacity; and what a clinician states for safety's sake (ADR 32). */
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { findDisagreements } from '../../src/access/decide/disagreements.ts';
import { setClock } from '../../src/admin/clock.ts';
import { readsNow } from '../families/scenarios/family.ts';
import { care, person, ward } from '../families/scenarios/messages.ts';
import { consentOf, givenBy, parameters, post, type Terms } from '../support/consents.ts';
import { testContext } from '../support/context.ts';
import { gather, type Household, type Services } from '../support/household.ts';
import { ago, say } from '../support/telling.ts';

const MOTHER = person(871, 'Rosenwyn', 'Tremayne', '1992-02-02');
const BABY = person(872, 'Cador', 'Tremayne', 60);
const GIRL = person(873, 'Tamsyn', 'Tremayne', 15 * 365 + 40);
const SERVICES: Services = {
  maternity: ['maternity', 'RXM', 'hl7v2-adt'],
  visiting: ['health-visiting', 'RXV', 'fhir-r4'],
  camhs: ['camhs-5-18', 'RXC', 'fhir-r4'],
  adult: ['adult-services', 'RXA', 'fhir-r4'],
  learning: ['learning-disability', 'RXL', 'fhir-r4'],
  infancy: ['parent-infant', 'RXI', 'fhir-r4'],
  social: ['childrens-services', 'LA1', 'fhir-r4'],
  perinatal: ['specialist-perinatal', 'RXP', 'fhir-r4'],
  stranger: ['cmht', 'RXS', 'fhir-r4'],
};
let household: Household;
let [mother, baby, girl] = ['', '', ''];
const reads = (system: string) => readsNow(household, system);
const idOf = async ({ nhs }: { nhs: string }) =>
  (await household.find('Patient', `&identifier=https://fhir.nhs.uk/Id/nhs-number|${nhs}`))[0]?.id ?? 'none';
const found = async (type: string, system: string) =>
  (await household.find(type)).find((one) => JSON.stringify(one).includes(`-${system}-`))?.id ?? 'none';

beforeEach(async () => {
  household = await gather(SERVICES);
  for (const send of [
    ward(BABY, { mother: MOTHER.nhs }),
    ward(MOTHER, { event: 'A28', day: ago(100) }),
    care('visiting', BABY, { start: ago(50), contact: ago(40) }),
    care('infancy', BABY, { start: ago(45), contact: ago(30) }),
    care('social', BABY, { start: ago(30) }),
    care('adult', MOTHER, { start: ago(90), contact: ago(20) }),
    care('learning', MOTHER, { start: ago(80) }),
    care('perinatal', MOTHER, { start: ago(70) }),
    care('camhs', GIRL, { start: ago(90), contact: ago(20) }),
    care('adult', GIRL, { start: ago(10) }),
  ])
    await say(household, send);
  await household.settle();
  [mother, baby, girl] = [await idOf(MOTHER), await idOf(BABY), await idOf(GIRL)];
}, 120_000);
afterEach(async () => {
  await setClock(testContext(household.database), null);
  await household.stop();
}, 60_000);

const clinician = { name: 'clinician', valueString: 'Sample Clinician' };
const heldBy = (holder: string, ...more: object[]) =>
  parameters(
    { name: 'holder', valueCode: holder },
    { name: 'document', valueCode: 'birth-certificate' },
    { name: 'from', valueDate: ago(50) },
    clinician,
    ...more,
  );
const hold = async (system: string, of: string, ...said: Parameters<typeof heldBy>) => {
  const reply = await post(household, `Patient/${of}/$set-parental-responsibility`, system, heldBy(...said));
  await household.settle();
  return reply;
};
const keep = async (system: string, terms: Terms): Promise<number> => {
  const { status } = await post(household, 'Consent', system, consentOf(household, terms));
  await household.settle();
  return status;
};
const permits = { type: 'permit' as const };

describe('parental responsibility', () => {
  test('is entered by who cares for the child, and read by whom the policy names', async () => {
    expect((await hold('adult', baby, 'mother')).status).toBe(404);
    expect((await hold('adult', mother, 'mother')).status).toBe(422);
    expect((await hold('visiting', baby, 'mother')).status).toBe(200);
    for (const system of ['visiting', 'infancy', 'social'])
      expect(await reads(system), system).toContain('parental-responsibility');
    for (const system of ['maternity', 'perinatal', 'adult'])
      expect(await reads(system), system).not.toContain('parental-responsibility');
    expect(household.told('infancy')).toContain('episode-changed');
  }, 60_000);

  test('is changed and ended by who said it, or who runs Skein', async () => {
    const ended = { name: 'ended', valueBoolean: true };
    expect((await hold('visiting', baby, 'mother')).status).toBe(200);
    expect((await hold('infancy', baby, 'mother', ended)).status).toBe(422);
    expect((await hold('infancy', baby, 'mother')).status).toBe(422);
    expect(await reads('infancy')).toContain('parental-responsibility');
    const byOperator = await household.skein.send(
      'POST',
      `/fhir/Patient/${baby}/$set-parental-responsibility`,
      { 'content-type': 'application/fhir+json' },
      JSON.stringify(heldBy('mother', ended)),
    );
    expect(byOperator.status, JSON.stringify(byOperator.body)).toBe(200);
    expect(await reads('infancy')).not.toContain('parental-responsibility');
  }, 60_000);
});

describe('an agreement for a child', () => {
  test('is given by who holds parental responsibility, while they do', async () => {
    const opened = { ...permits, patient: baby, to: ['perinatal'], code: ['ENC'] };
    const contact = await found('Encounter', 'infancy');
    expect(await keep('visiting', opened)).toBe(422);
    expect(await keep('visiting', { ...opened, more: givenBy('mother') })).toBe(422);
    await hold('visiting', baby, 'mother');
    const was = await typesOf('perinatal', contact);
    expect(await keep('visiting', { ...opened, more: givenBy('mother') })).toBe(201);
    // One level: that there was a contact, and now of which class.
    expect(await typesOf('perinatal', contact)).not.toEqual(was);
    await hold('visiting', baby, 'mother', { name: 'ended', valueBoolean: true });
    expect(await typesOf('perinatal', contact)).toEqual(was);
  }, 60_000);

  test('of two who disagree the refusal stands, whichever came first, and somebody is asked to look', async () => {
    await hold('visiting', baby, 'mother');
    await hold('visiting', baby, 'father');
    const contact = await found('Encounter', 'infancy');
    const closed = await typesOf('perinatal', contact);
    const terms = { patient: baby, to: ['perinatal'], code: ['ENC'] };
    expect(await keep('visiting', { ...terms, ...permits, more: givenBy('mother') })).toBe(201);
    expect(await typesOf('perinatal', contact)).not.toEqual(closed);
    expect(await findDisagreements(household.database.pool)).toEqual([]);
    expect(await keep('infancy', { ...terms, more: givenBy('father') })).toBe(201);
    expect(await typesOf('perinatal', contact)).toEqual([]);
    expect(await findDisagreements(household.database.pool)).toEqual([baby]);
  }, 60_000);

  test('is not given for whoever is of age, who speaks alone', async () => {
    await hold('camhs', girl, 'mother');
    const contact = await found('Encounter', 'camhs');
    const terms = { ...permits, patient: girl, to: ['adult'], code: ['ENC'] };
    const was = await typesOf('adult', contact);
    expect(await keep('camhs', { ...terms, more: givenBy('mother') })).toBe(201);
    expect(await typesOf('adult', contact)).not.toEqual(was);
    await setClock(testContext(household.database), ago(-400));
    expect(await typesOf('adult', contact)).toEqual(was);
    const own = consentOf(household, { ...terms, more: givenBy('mother') });
    expect((await post(household, 'Consent', 'camhs', own)).status).toBe(422);
  }, 60_000);
});

describe('an adult without capacity', () => {
  test('is decided for on a basis that is named, and no child is', async () => {
    const basis = (code: string) =>
      givenBy(null, { url: 'capacity', valueCode: 'decision-maker' }, { url: 'basis', valueCode: code });
    const terms = { ...permits, patient: mother, to: ['learning'], code: ['ENC'] };
    expect(await keep('adult', { ...terms, more: basis('because') })).toBe(422);
    expect(await keep('adult', { ...terms, more: basis('court-deputy') })).toBe(201);
    expect(await keep('visiting', { ...terms, patient: baby, more: basis('court-deputy') })).toBe(422);
  }, 60_000);
});

describe('a safeguarding statement', () => {
  const end = { end: new Date(Date.now() + 86_400_000).toISOString() };
  const stating = (...more: object[]) =>
    givenBy(
      null,
      { url: 'capacity', valueCode: 'safeguarding' },
      { url: 'reason', valueString: 'Reason-Canary' },
      ...more,
    );
  const stated = () => stating({ url: 'clinician', valueString: 'Sample Clinician' });
  const terms = () => ({ ...permits, patient: mother, to: ['visiting'], code: ['ENC', 'SAF'], period: end });

  test('opens a summary to whom it names, of whom they know already, without an agreement', async () => {
    const contact = await found('Encounter', 'adult');
    expect(await typesOf('visiting', contact)).toEqual([]);
    expect(await keep('adult', { ...terms(), more: stated() })).toBe(201);
    expect(await typesOf('visiting', contact)).toContain('class');
    expect(await typesOf('infancy', contact)).toEqual([]);
    // Not of whom a service has nothing to do with.
    expect(await keep('adult', { ...terms(), to: ['stranger'], more: stated() })).toBe(201);
    expect(await reads('stranger')).not.toContain(mother);
    // Nor where the person refused it.
    expect(await keep('perinatal', { patient: mother, to: ['visiting'], code: ['ENC'] })).toBe(201);
    expect(await typesOf('visiting', contact)).toEqual([]);
  }, 60_000);

  test('has an end, categories, services and a clinician; its reason is in no answer and no audit', async () => {
    expect(await keep('adult', { ...terms(), more: stating() })).toBe(422);
    expect(
      await keep('adult', { ...permits, patient: mother, to: ['visiting'], code: ['ENC'], more: stated() }),
    ).toBe(422);
    expect(
      await keep('adult', { ...permits, patient: mother, to: ['visiting'], period: end, more: stated() }),
    ).toBe(422);
    expect(await keep('adult', { ...terms(), type: 'deny', more: stated() })).toBe(422);
    expect(await keep('social', { ...terms(), more: stated() })).toBe(403);
    const { status, body } = await post(
      household,
      'Consent',
      'adult',
      consentOf(household, { ...terms(), more: stated() }),
    );
    expect(status).toBe(201);
    expect(JSON.stringify(body)).not.toMatch(/Canary|Sample Clinician/);
    const kept = await household.skein.get(`/fhir/Consent/${body.id}`, 'adult');
    expect(JSON.stringify(kept.body)).toMatch(/safeguarding/);
    expect(JSON.stringify(kept.body)).not.toMatch(/Canary|Sample Clinician/);
    const { rows } = await household.database.pool.query(
      `select (select count(*)::int from audit a where a::text like '%Canary%') as audited,
        (select count(*)::int from statement s where s.content::text like '%Canary%') as stated,
        (select count(*)::int from message m where convert_from(body, 'UTF8') like '%Reason-Canary%') as kept`,
    );
    expect(rows).toEqual([{ audited: 0, stated: 0, kept: 1 }]);
  }, 60_000);
});

/** The elements of a resource that a service reads; none where it does not. */
async function typesOf(system: string, id: string): Promise<string[]> {
  const { status, body } = await household.skein.get(`/fhir/Encounter/${id}`, system);
  if (status !== 200) return [];
  const { class: kind } = body as { class?: { code?: string } };
  return [...Object.keys(body).filter((name) => name !== 'class'), ...(kind?.code ? ['class'] : [])];
}
