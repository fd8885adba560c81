/** A young person: who knows of them before and after a decision of competence (sharing rule 18, ADR 31). */
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { setClock } from '../../src/admin/clock.ts';
import { recheckChanges } from '../../src/publish/recheck-changes.ts';
import { PARENTAL_SAID, SAFE_CONTACT_SAID } from '../../src/web/examples.ts';
import { readsNow } from '../families/scenarios/family.ts';
import { care, person, said, ward } from '../families/scenarios/messages.ts';
import { consentOf, givenBy, parameters, post, serviceOf } from '../support/consents.ts';
import { testContext } from '../support/context.ts';
import { gather, type Household, type Send, type Services, shuffled } from '../support/household.ts';
import { askingPeople, humanToken, newHumanPair, type Who } from '../support/humans.ts';
import { ago, say } from '../support/telling.ts';
import { chart, episodeOf, referralOf } from '../support/transactions.ts';

const SERVICES: Services = {
  maternity: ['maternity', 'RXM', 'hl7v2-adt'],
  camhs: ['camhs-5-18', 'RXC', 'fhir-r4', 'camhs-5-18'],
  visiting: ['health-visiting', 'RXV', 'fhir-r4'],
  infancy: ['parent-infant', 'RXI', 'fhir-r4'],
  adult: ['adult-services', 'RXA', 'fhir-r4'],
  social: ['childrens-services', 'LA1', 'fhir-r4'],
  perinatal: ['specialist-perinatal', 'RXP', 'fhir-r4'],
  charity: ['third-sector', 'C001', 'fhir-r4'],
  other: ['third-sector', 'C002', 'fhir-r4'],
  hub: ['family-hub', 'LA2', 'fhir-r4'],
};
const CLOSED = ['charity', 'other', 'hub'];
const years = (n: number, days = 30) => ago(Math.floor(n * 365.25) + days);
const girlOf = (born: string) => person(851, 'Morwenna', 'Pascoe', born);
const BABY = person(852, 'Jory', 'Pascoe', 20);

let household: Household;
const reads = (system: string) => readsNow(household, system);
const idOf = async (nhs: string, system?: string) =>
  (await household.find('Patient', `&identifier=https://fhir.nhs.uk/Id/nhs-number|${nhs}`, system))[0]?.id ??
  'none';

/** Of whom maternity, CAMHS and a health visitor know; referred to a charity, a hub and another charity. */
function familyOf(who: ReturnType<typeof girlOf>): Send[] {
  const asking = chart('visiting', who);
  const asked = ['charity', 'hub', 'other'].map((to) =>
    referralOf(
      asking,
      { id: `R-${to}`, from: household.serviceOf('visiting'), to: household.serviceOf(to) },
      ago(9),
    ),
  );
  const begins = (system: string): Send => {
    const whom = chart(system, who);
    const spell = episodeOf(whom, system, { id: `E-${system}`, start: ago(5), referral: `R-${system}` });
    return said(system, [whom, spell], ago(5));
  };
  return [
    ward(BABY, { mother: who.nhs }),
    ward(who, { event: 'A28', day: ago(60) }),
    care('camhs', who, { start: ago(80), contact: ago(30) }),
    care('visiting', who, { start: ago(50) }),
    care('infancy', BABY, { start: ago(15) }),
    said('visiting', [asking, ...asked], ago(9)),
    begins('charity'),
    begins('hub'),
  ];
}

async function gatherFor(born: string, settings: Record<string, string> = {}): Promise<string> {
  household = await gather(SERVICES, settings);
  for (const send of familyOf(girlOf(born))) await say(household, send);
  await household.settle();
  return idOf(girlOf(born).nhs);
}
const until = (days: number) => ({ name: 'until', valueDate: ago(-days) });
const clinician = { name: 'clinician', valueString: 'Sample Clinician' };
async function decides(her: string, system: string, ...parameter: object[]) {
  const reply = await post(household, `Patient/${her}/$set-competence`, system, parameters(...parameter));
  await household.settle();
  return reply;
}
async function goOn(days: number): Promise<void> {
  await setClock(testContext(household.database), ago(-days));
  await recheckChanges(household.database.pool);
  await household.settle();
}
afterEach(async () => {
  await setClock(testContext(household.database), null);
  await household.stop();
}, 60_000);

describe('fifteen', () => {
  const born = years(15);
  let her = '';
  beforeEach(async () => {
    her = await gatherFor(born);
  }, 120_000);

  test('the third sector and hubs read what they sent, and nothing else of her, whatever was agreed', async () => {
    const before = await Promise.all(CLOSED.map(reads));
    for (const [index, system] of CLOSED.entries()) {
      expect(before[index], system).not.toMatch(/ServiceRequest|R-charity|R-hub|R-other|visiting|camhs/);
      expect(before[index], system).not.toContain('visiting-Morwenna851');
      expect(before[index], system).not.toContain(household.serviceOf('visiting'));
    }
    expect(before[0]).toContain('E-charity');
    expect(before[0]).toContain('Morwenna');
    expect(before[2]).not.toContain('E-charity');
    // The referral that the other charity was sent is not there for it, and nothing was told.
    expect(before[1]).not.toContain('Morwenna');
    expect(household.told('other').filter((code) => code !== 'unnamed')).toEqual([]);
    const agreed = consentOf(household, { patient: her, type: 'permit', to: CLOSED });
    expect((await post(household, 'Consent', 'camhs', agreed)).status).toBe(422);
    await motherAgrees(her);
    expect(await Promise.all(CLOSED.map(reads))).toEqual(before);
  }, 60_000);

  test('statutory services know her as anybody else', async () => {
    expect(await reads('camhs')).toContain(household.serviceOf('visiting'));
    expect(await reads('visiting')).toContain('R-charity');
    expect(await reads('infancy')).toContain(her);
  }, 60_000);

  test('a decision opens what it is for, to whom it names, and no further', async () => {
    const [charity, hub, other] = await Promise.all(CLOSED.map(reads));
    expect((await decides(her, 'camhs', serviceOf(household, 'charity'), until(60), clinician)).status).toBe(
      200,
    );
    expect(await reads('charity')).toContain('R-charity');
    expect(await reads('charity')).not.toContain(await careOf('camhs'));
    expect([await reads('other'), await reads('hub')]).toEqual([hub, other]);
    // Now what she agreed to holds, too.
    const agreed = consentOf(household, { patient: her, type: 'permit', to: ['charity'], code: ['INV'] });
    expect((await post(household, 'Consent', 'camhs', agreed)).status).toBe(201);
    expect(await reads('charity')).toContain(await careOf('camhs'));
    expect(charity).not.toContain(await careOf('camhs'));
  }, 60_000);

  test('help of the third sector is any charity’s, and no hub’s', async () => {
    const help = { name: 'third-sector-help', valueBoolean: true };
    const hub = await reads('hub');
    expect((await decides(her, 'camhs', help, until(60), clinician)).status).toBe(200);
    expect(await reads('other')).toContain('Morwenna');
    expect(await reads('charity')).toContain('R-charity');
    expect(await reads('hub')).toEqual(hub);
    const ended = { name: 'ended', valueBoolean: true };
    expect((await decides(her, 'camhs', help, until(60), clinician, ended)).status).toBe(200);
    expect(await reads('other')).not.toContain('Morwenna');
  }, 60_000);

  test('it expires, and takes back what was told', async () => {
    const help = { name: 'third-sector-help', valueBoolean: true };
    expect((await decides(her, 'camhs', help, until(20), clinician)).status).toBe(200);
    await asksAgain('other');
    expect(await reads('other')).toContain('R-again');
    expect(heard('other')).toHaveLength(1);
    await goOn(22);
    expect(await reads('other')).not.toContain('R-again');
    expect(heard('other')).toHaveLength(2);
  }, 60_000);

  test('at sixteen she is as anybody else', async () => {
    await goOn(400);
    expect(await reads('charity')).toContain('R-charity');
  }, 60_000);
});

describe('who says that she is older, and may not', () => {
  test('opens nothing: a charity’s date is its own chart’s, and a younger word stands', async () => {
    const her = await gatherFor(years(15));
    const closed = await reads('other');
    const older = { ...girlOf(years(17)), local: 'Morwenna851' };
    for (const system of ['charity', 'hub', 'other']) {
      await say(household, care(system, older, { start: ago(4), contact: ago(1) }));
      await household.settle();
      const known = await reads(system);
      expect(known, system).toContain(older.born);
      expect(known, system).not.toMatch(/ServiceRequest|visiting-Morwenna|R-charity/);
      expect(known, system).not.toContain(household.serviceOf('visiting'));
      expect(known, system).not.toContain(await careOf('camhs'));
    }
    expect(closed).not.toContain('Morwenna');
    expect((await household.find('Patient', `&_id=${her}`))[0]?.birthDate).toBe(years(15));
    // An agreement that names them opens nothing either.
    await motherAgrees(her);
    for (const system of CLOSED) expect(await reads(system)).not.toContain(await careOf('camhs'));
  }, 120_000);

  test('who may say it corrects it: then it is taken back from whom it was told', async () => {
    await gatherFor('1990-04-04');
    expect(await reads('charity')).toContain('R-charity');
    const told = heard('charity').length;
    for (const system of ['maternity', 'camhs', 'visiting', 'charity', 'hub'])
      await say(
        household,
        system === 'maternity'
          ? ward(girlOf(years(15)), { event: 'A08', day: ago(0) })
          : said(system, [chart(system, girlOf(years(15)))], ago(0)),
      );
    await household.settle();
    expect(await reads('charity')).not.toMatch(/ServiceRequest|visiting-Morwenna/);
    expect(heard('charity').length).toBeGreaterThan(told);
  }, 120_000);
});

describe('twelve', () => {
  test('nobody knows anything but her own services and a safeguarding lead, and no decision opens it', async () => {
    const born = years(12);
    const her = await gatherFor(born);
    await say(household, care('social', BABY, { start: ago(12) }));
    await household.settle();
    for (const system of [...CLOSED, 'infancy', 'social'])
      expect(await reads(system), system).not.toMatch(/camhs|visiting-Morwenna|R-charity/);
    expect(await reads('infancy')).not.toContain(`Patient/${her}`);
    expect(await reads('infancy')).toContain('Jory');
    for (const system of ['camhs', 'visiting'])
      expect(await reads(system), system).toContain(await careOf('camhs'));
    const { status, body } = await decides(
      her,
      'camhs',
      serviceOf(household, 'charity'),
      until(60),
      clinician,
    );
    expect([status, JSON.stringify(body)]).toEqual([422, expect.stringContaining('under 13')]);
    // The day that she is thirteen the baby's service knows her as any mother.
    await goOn(340);
    expect(await reads('infancy')).toContain(`Patient/${her}`);
    expect(await reads('charity')).not.toContain('R-charity');
  }, 120_000);
});

describe('whatever is added about her', () => {
  const born = years(15);
  const her = girlOf(born);
  /** All that might open her, but a decision of competence. */
  const additions = (id: string): (() => Promise<unknown>)[] => {
    const sends: Send[] = [
      care('camhs', her, { start: ago(80), contact: ago(2), planned: ago(-9) }),
      care('adult', her, { start: ago(6), contact: ago(3) }),
      care('infancy', her, { start: ago(7) }),
      care('social', her, { start: ago(8) }),
      care('perinatal', BABY, { start: ago(3), contact: ago(1) }),
      ward(her, { event: 'A08', day: ago(1) }),
      said('adult', [chart('adult', her, { birthDate: born.slice(0, 4) })], ago(0)),
    ];
    const asks = ['charity', 'hub', 'other'].map((to) => (): Promise<unknown> => {
      const whom = chart('camhs', her);
      const asked = { id: `A-${to}`, from: household.serviceOf('camhs'), to: household.serviceOf(to) };
      return say(household, said('camhs', [whom, referralOf(whom, asked, ago(2))], ago(2)));
    });
    const stated = {
      ...{ type: 'permit' as const, patient: id, to: CLOSED, code: ['INV', 'DEM', 'REF'] },
      period: { end: new Date(Date.now() + 86_400_000).toISOString() },
      more: givenBy(
        null,
        { url: 'capacity', valueCode: 'safeguarding' },
        { url: 'reason', valueString: 'to be looked at' },
        { url: 'clinician', valueString: 'Sample Clinician' },
      ),
    };
    return [
      ...sends.map((send) => () => say(household, send)),
      ...asks,
      () => motherAgrees(id),
      () => post(household, 'Consent', 'visiting', consentOf(household, stated)),
      () => post(household, `Patient/${id}/$safe-contact`, 'camhs', SAFE_CONTACT_SAID),
      () => post(household, `Patient/${id}/$place-hold`, 'visiting', {}),
    ];
  };

  test.each([1, 2])(
    'no answer to the third sector or a hub changes, and nothing is told; order %i',
    async (seed) => {
      const id = await gatherFor(born);
      const look = () =>
        Promise.all(CLOSED.map(async (one) => [await reads(one), household.posts(one).length]));
      const before = await look();
      for (const add of shuffled(additions(id), seed)) {
        await add();
        await household.settle();
      }
      expect(await look()).toEqual(before);
      expect(await reads('camhs')).toMatch(/E-social|A-charity/);
    },
    120_000,
  );
});

describe('a child of four', () => {
  test('is an infant, and a person of their own from five on: then it is taken back', async () => {
    household = await gather(SERVICES);
    const child = person(853, 'Wren', 'Pascoe', years(5, -3));
    const asking = chart('visiting', child);
    const [from, to] = [household.serviceOf('visiting'), household.serviceOf('charity')];
    await say(household, care('camhs', child, { start: ago(80) }));
    await say(
      household,
      said('visiting', [asking, referralOf(asking, { id: 'R-child', from, to }, ago(9))], ago(9)),
    );
    await household.settle();
    expect(await reads('charity')).toContain('R-child');
    expect(heard('charity')).toHaveLength(1);
    await goOn(10);
    expect(await reads('charity')).not.toContain('R-child');
    expect(heard('charity')).toHaveLength(2);
  }, 120_000);
});

describe('who may decide that', () => {
  let her = '';
  beforeEach(async () => {
    her = await gatherFor(years(15));
  }, 120_000);

  test('a statutory health service of its own verified patient; of anybody else’s the answer is that of nobody', async () => {
    const scope = serviceOf(household, 'charity');
    const nobody = '7d1d5b9e-0000-4000-8000-00000000000f';
    const unknown = await decides(nobody, 'camhs', scope, until(60), clinician);
    expect(unknown.status).toBe(404);
    for (const [system, status] of [
      ['charity', 403],
      ['social', 403],
      ['hub', 403],
      ['adult', 404],
      ['infancy', 404],
    ] as const) {
      const reply = await decides(her, system, scope, until(60), clinician);
      expect(reply.status, system).toBe(status);
      if (status === 404) expect(reply.body).toEqual(unknown.body);
    }
    const claimed = { ...girlOf(years(15)), verified: false, local: 'Claimed' };
    const whom = chart('adult', claimed);
    await say(
      household,
      said('adult', [whom, episodeOf(whom, 'adult', { id: 'E-adult', start: ago(3) })], ago(3)),
    );
    await household.settle();
    expect((await decides(her, 'adult', scope, until(60), clinician)).status).toBe(404);
  }, 60_000);

  test('it is for something, by somebody, and until a day within a year', async () => {
    const scope = serviceOf(household, 'charity');
    const help = { name: 'third-sector-help', valueBoolean: true };
    const status = async (...parameter: object[]) => (await decides(her, 'camhs', ...parameter)).status;
    expect(await status(until(60), clinician)).toBe(422);
    expect(await status(scope, clinician)).toBe(422);
    expect(await status(scope, until(60))).toBe(422);
    expect(await status(scope, help, until(60), clinician)).toBe(422);
    expect(await status(scope, until(-1), clinician)).toBe(422);
    expect(await status(scope, until(400), clinician)).toBe(422);
    expect(await status(scope, until(60), clinician, { name: 'why', valueString: 'x' })).toBe(400);
    const unknown = {
      ...scope,
      valueReference: { reference: 'Organization/7d1d5b9e-0000-4000-8000-00000000000f' },
    };
    expect(await status(unknown, until(60), clinician)).toBe(422);
    expect(await reads('charity')).not.toContain('R-charity');
    const infant = await idOf(BABY.nhs);
    expect((await decides(infant, 'infancy', scope, until(60), clinician)).status).toBe(422);
  }, 60_000);
});

test('where people prove who they are, it is a clinician', async () => {
  const pair = newHumanPair('one');
  const doctor: Who = { sub: '910000000401', organisation: 'RXC', role: 'R8000', name: 'Dora Doctor' };
  const clerk: Who = { ...doctor, sub: '910000000402', role: 'R8009' };
  const roles = [
    { organisation: 'RXC', role: 'R8000', team: 'camhs', may: ['clinician'] },
    { organisation: 'RXC', role: 'R8009', team: 'camhs', may: ['operator'] },
  ];
  const her = await gatherFor(years(15), await askingPeople([pair], roles));
  const path = `Patient/${her}/$set-competence`;
  const body = parameters(serviceOf(household, 'charity'), until(60), clinician);
  const as = (who: Who) => ({ 'x-skein-user': `Bearer ${humanToken(pair, who)}` });
  expect((await post(household, path, 'camhs', body)).status).toBe(403);
  expect((await post(household, path, 'camhs', body, as(clerk))).status).toBe(403);
  expect((await post(household, path, 'camhs', body, as(doctor))).status).toBe(200);
  expect(await reads('charity')).toContain('R-charity');
  const { rows } = await household.database.pool.query(
    "select kind, interaction, human ->> 'subject' as subject from audit order by id desc limit 50",
  );
  expect(rows).toContainEqual({ kind: 'decision', interaction: 'competence', subject: doctor.sub });
}, 120_000);

/** Whoever holds parental responsibility agrees that all of them may know everything. */
async function motherAgrees(her: string): Promise<void> {
  const held = await post(household, `Patient/${her}/$set-parental-responsibility`, 'camhs', PARENTAL_SAID);
  expect(held.status, JSON.stringify(held.body)).toBe(200);
  const agreed = consentOf(household, { patient: her, type: 'permit', to: CLOSED, more: givenBy('mother') });
  const kept = await post(household, 'Consent', 'camhs', agreed);
  expect(kept.status, JSON.stringify(kept.body)).toBe(201);
  await household.settle();
}

/** The health visitor asks a service to see her once more. */
async function asksAgain(system: string): Promise<void> {
  const [from, to] = [household.serviceOf('visiting'), household.serviceOf(system)];
  const asking = chart('visiting', girlOf(years(15)));
  await say(
    household,
    said('visiting', [asking, referralOf(asking, { id: 'R-again', from, to }, ago(1))], ago(1)),
  );
  await household.settle();
}
/** Events that a service was told; those of the third sector have no content, nor a code. */
const heard = (system: string) => household.told(system);
const careOf = async (system: string) =>
  (await household.find('EpisodeOfCare')).find((one) => JSON.stringify(one).includes(`E-${system}`))?.id ??
  'none';
