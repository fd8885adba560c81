/** Who is meant, and who may say so: what a sender that only refers to somebody, or contradicts others, learns and changes. */

import { randomUUID } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { addSystem } from '../../src/access/register/systems.ts';
import { settleAllDue } from '../../src/pipeline/due.ts';
import { liftNumber, showNumber } from '../../src/pipeline/numbers.ts';
import { testContext } from '../support/context.ts';
import { type TestDatabase, testDatabase } from '../support/database.ts';
import { adt, episodeBundle } from '../support/messages.ts';
import { nhsNumber, type Someone } from '../support/records.ts';
import { SERVED } from '../support/served.ts';
import { startSkein } from '../support/skein.ts';

const NUMBER = 'https://fhir.nhs.uk/Id/nhs-number';
const STATUS = 'https://fhir.hl7.org.uk/StructureDefinition/Extension-UKCore-NHSNumberVerificationStatus';
const VERIFIED = [{ url: STATUS, valueCodeableConcept: { coding: [{ code: '01' }] } }];
const ago = (days: number) => new Date(Date.now() - days * 86_400_000).toISOString().slice(0, 10);
const at = (days: number) => `${ago(days)}T10:00:00Z`;

const MOTHER = { nhs: nhsNumber(1), given: 'Tamsin', family: 'Penrose', born: '1994-03-04', local: 'M1' };
const OTHER = { nhs: nhsNumber(2), given: 'Bella', family: 'Bryce', born: '1991-07-09', local: 'M2' };
const MAN = { nhs: nhsNumber(3), given: 'Dirk', family: 'Molesworth', born: '1990-01-01', local: 'F1' };
const BABY = { nhs: nhsNumber(4), given: 'Kit', family: 'Penrose', born: ago(20), local: 'B1' };

const SECTORS = {
  perinatal: 'specialist-perinatal',
  visiting: 'health-visiting',
  camhs: 'camhs-0-5',
  infancy: 'parent-infant',
  gp: 'gp',
  adult: 'cmht',
  hub: 'family-hub',
  charity: 'third-sector',
  dads: 'third-sector-partner',
  PAS: 'maternity',
  nobody: null,
};
type Name = keyof typeof SECTORS;

let database: TestDatabase;
let skein: Awaited<ReturnType<typeof startSkein>>;
let serviceOf: Map<string, string>;
beforeEach(async () => {
  database = await testDatabase();
  skein = await startSkein(database);
  serviceOf = new Map();
  for (const [n, [name, sector]] of Object.entries(SECTORS).entries()) {
    const team = { name, ods: `RX${n}`, team: name, sector, kind: null, source: null };
    const { system } = await addSystem(database.pool, database.key, team);
    serviceOf.set(name, system.service.id);
  }
});
afterEach(async () => {
  vi.useRealTimers();
  await skein.stop();
});

type Resource = { resourceType: string } & Record<string, unknown>;
const post = (system: Name, timestamp: string, ...resources: Resource[]) =>
  skein.transaction(
    {
      resourceType: 'Bundle',
      type: 'transaction',
      timestamp,
      entry: resources.map((resource) => ({
        fullUrl: `urn:uuid:${randomUUID()}`,
        resource,
        request: { method: 'POST', url: resource.resourceType },
      })),
    },
    system,
  );
const chart = (who: Someone, more: object = {}) => ({
  resourceType: 'Patient',
  identifier: [{ system: NUMBER, value: who.nhs, extension: VERIFIED }],
  name: [{ family: who.family, given: [who.given] }],
  birthDate: who.born,
  ...more,
});
const episode = (patient: object, id = 'E1', more: object = {}) => ({
  resourceType: 'EpisodeOfCare',
  identifier: [{ system: 'https://care.example/episode', value: id }],
  status: 'active',
  period: { start: ago(5) },
  patient,
  ...more,
});
const byNumber = ({ nhs }: Someone) => ({ identifier: { system: NUMBER, value: nhs } });
const care = (system: Name, who: Someone, days = 10) =>
  skein.transaction(episodeBundle(who, { id: `${who.local}`, start: ago(days), at: at(days) }), system);

async function find(type: string, system?: Name): Promise<Resource[]> {
  const { status, body } = await skein.get(`/fhir/${type}?_count=200`, system);
  expect(status, JSON.stringify(body)).toBe(200);
  const entries = (body.entry ?? []) as { resource: Resource }[];
  return entries.map(({ resource }) => resource).filter(({ resourceType }) => resourceType === type);
}
const people = async () => (await find('Patient')).filter(({ active }) => active !== false);
const personId = async (who: Someone) =>
  (await find('Patient')).find((one) => JSON.stringify(one).includes(String(who.given)))?.id as string;
async function seen(system: Name): Promise<string> {
  const found: Resource[][] = [];
  for (const type of SERVED) found.push(await find(type, system));
  return JSON.stringify(found);
}
/** Ids, times and the number that was asked with say which case it is; nothing else may. */
const plain = (text: string, ...own: (string | undefined)[]) =>
  own
    .reduce((rest: string, one) => rest.replaceAll(one ?? '', 'own'), text)
    .replace(/[0-9a-f]{8}-[0-9a-f-]{27}/g, 'id')
    .replace(/\d{4}-\d\d-\d\dT[\d:.]+(Z|\+00:00)/g, 'time')
    .replace(/"total":\d+/g, 'n')
    // A version names its content by a digest, in which ids and numbers are.
    .replace(/\b(\d+)-[0-9a-f]{12}\b/g, '$1-digest');

describe('a reference that says too little', () => {
  const WAYS: [string, (who: Someone, id: string) => object][] = [
    ['a number', (who) => byNumber(who)],
    ['a conditional reference', (who) => ({ reference: `Patient?identifier=${NUMBER}|${who.nhs}` })],
    ['an id of Skein’s', (_who, id) => ({ reference: `Patient/${id}` })],
  ];

  const SYSTEMS = ['dads', 'charity', 'gp', 'hub', 'adult', 'nobody'] as const;

  it.each(WAYS)('as %s is answered, stored and read back alike, known or not', async (_what, refer) => {
    await care('perinatal', MOTHER);
    const [known, unknown] = [await personId(MOTHER), randomUUID()];
    const before = await seen('perinatal');
    for (const system of SYSTEMS) {
      const answers: string[] = [];
      for (const [who, id] of [
        [MOTHER, known],
        [{ nhs: nhsNumber(999) }, unknown],
      ] as const) {
        const ids = [who.nhs, id];
        const reply = await post(system, at(1), episode(refer(who, id), `E-${ids.join()}`));
        expect(reply.status).toBe(200);
        expect(JSON.stringify(reply.body)).toContain('send verified NHS number, birth date and given name');
        answers.push(plain(JSON.stringify(reply.body), ...ids));
      }
      expect(answers[0], system).toBe(answers[1]);
      const alike = async (type: string) => {
        const own = [MOTHER.nhs, nhsNumber(999), known, unknown];
        const texts = (await find(type, system)).map((one) => plain(JSON.stringify(one), ...own));
        expect([texts.length, new Set(texts).size], `${system}: ${type}`).toEqual([2, 1]);
      };
      await alike('Patient');
      await alike('EpisodeOfCare');
      expect(await seen(system)).not.toMatch(/Tamsin|Penrose|1994-03-04/);
    }
    expect(await seen('perinatal')).toBe(before);
  });

  it('opens nothing by a referral that a service addresses to itself', async () => {
    await care('perinatal', MOTHER);
    const performer = [{ reference: `Organization/${serviceOf.get('charity')}` }];
    const identifier = [{ system: 'https://charity.example/r', value: 'r1' }];
    const asked = { resourceType: 'ServiceRequest', identifier, status: 'active', intent: 'plan', performer };
    expect((await post('charity', at(1), { ...asked, subject: byNumber(MOTHER) })).status).toBe(200);
    expect(await seen('charity')).not.toMatch(/Tamsin|Penrose|1994-03-04/);
  });

  it('cannot be made good by saying that a chart of its own replaces hers', async () => {
    await care('perinatal', MOTHER);
    const link = [{ type: 'replaces', other: { reference: `Patient/${await personId(MOTHER)}` } }];
    const local = [{ system: 'https://gp.example/mrn', value: 'X1' }];
    const mine = { resourceType: 'Patient', identifier: local, name: [{ given: ['Zed'] }], link };
    expect((await post('gp', at(1), mine, episode({ identifier: local[0] }))).status).toBe(200);
    expect(await seen('gp')).not.toMatch(/Tamsin|Penrose|1994-03-04/);
    expect((await people()).map(({ name }) => JSON.stringify(name)).join()).toContain('Tamsin');
  });

  it('opens no more of a mother to the team of her baby, who sees that there is one', async () => {
    await care('perinatal', MOTHER);
    const day = `${ago(20).replaceAll('-', '')}090000`;
    await skein.mllp(adt(BABY, { mother: MOTHER.nhs, at: day }));
    await care('camhs', BABY);
    const ofHers = async () =>
      (await find('Patient', 'camhs')).filter((one) => JSON.stringify(one).includes('Tamsin'));
    const before = await ofHers();
    expect(before).toHaveLength(1);
    const steal = episode({ reference: `Patient/${before[0]?.id}` }, 'S1');
    expect((await post('camhs', at(1), steal)).status).toBe(200);
    expect(await ofHers()).toEqual(before);
    expect(JSON.stringify(await find('EpisodeOfCare', 'camhs'))).toContain('S1');
    expect(await seen('camhs')).not.toContain(MOTHER.nhs);
  });

  it('is understood where the sender’s own chart is that person', async () => {
    await care('perinatal', MOTHER);
    await care('gp', MOTHER);
    const id = await personId(MOTHER);
    expect((await post('gp', at(1), episode({ reference: `Patient/${id}` }, 'E2'))).status).toBe(200);
    expect(await people()).toHaveLength(1);
    expect(await find('EpisodeOfCare', 'gp')).toHaveLength(3);
  });

  it('is understood where it answers a referral that says who is meant', async () => {
    const identifier = [{ system: 'https://hv.example/referral', value: 'R1' }];
    const performer = [{ reference: `Organization/${serviceOf.get('infancy')}` }];
    const asked = { resourceType: 'ServiceRequest', identifier, status: 'active', intent: 'plan', performer };
    const local = { system: 'https://hv.example/mrn', value: 'H1' };
    const who = chart(MOTHER);
    const known = { ...who, identifier: [local, ...who.identifier] };
    await post('visiting', at(3), known, { ...asked, subject: { identifier: local } });
    const patient = { reference: `Patient/${await personId(MOTHER)}` };
    const answer = (system: Name) =>
      post(system, at(1), episode(patient, 'A1', { referralRequest: [{ identifier: identifier[0] }] }));
    expect((await answer('adult')).status).toBe(200);
    expect(await seen('adult')).not.toContain('Tamsin');
    expect((await answer('infancy')).status).toBe(200);
    expect(await seen('infancy')).toContain('Tamsin');
    expect(await seen('adult')).not.toContain('Tamsin');
  });
});

describe('evidence by who says it', () => {
  const related = (patient: object, parent: Someone, code: string) => ({
    resourceType: 'RelatedPerson',
    patient,
    identifier: [{ system: NUMBER, value: parent.nhs, extension: VERIFIED }],
    relationship: [{ coding: [{ system: 'http://terminology.hl7.org/CodeSystem/v3-RoleCode', code }] }],
  });
  const birth = (mother: Someone) =>
    skein.mllp(adt(BABY, { mother: mother.nhs as string, at: `${ago(20).replaceAll('-', '')}090000` }));
  const views = async () => {
    const texts: string[] = [];
    for (const system of ['perinatal', 'visiting', 'infancy', 'adult'] as const)
      texts.push(plain(await seen(system)));
    return texts;
  };

  it.each(['GESTM', 'MTH', 'PRN'])('a charity’s %s establishes nothing and parts nobody', async (code) => {
    await care('perinatal', MOTHER);
    await birth(MOTHER);
    await care('visiting', BABY);
    await care('adult', MAN);
    const before = await views();
    const word = related(byNumber(BABY), MAN, code);
    expect((await post('charity', at(1), chart(MAN), word)).status).toBe(200);
    expect((await post('charity', at(1), chart(BABY), { ...word, id: 'r2' })).status).toBe(200);
    expect(await views()).toEqual(before);
    const { rows } = await database.pool.query("select 1 from assertion where kind = 'possible-parent'");
    expect(rows.length).toBeGreaterThan(0);
  });

  it.each([
    ['one message', 1],
    ['a hundred and two charts', 102],
  ])(
    '%s of a system with no sector, a charity or a hub parts no family and taints no number',
    async (_, n) => {
      await care('perinatal', MOTHER);
      await birth(MOTHER);
      await care('visiting', BABY);
      const before = await views();
      for (const system of ['nobody', 'charity', 'hub'] as const) {
        const local = (index: number) => ({ system: `https://${system}.example/mrn`, value: `T${index}` });
        const charts = Array.from({ length: n }, (_one, index) => {
          const who = chart({ ...MOTHER, given: 'Zelda', born: '1970-01-01' });
          return { ...who, identifier: [local(index), ...who.identifier] };
        });
        expect((await post(system, at(1), ...charts)).status).toBe(200);
      }
      expect(await views()).toEqual(before);
      expect((await showNumber(testContext(database), MOTHER.nhs)).state).toBe('undisputed');
      expect(await care('visiting', MOTHER)).toMatchObject({ status: 200 });
      expect((await people()).filter((one) => JSON.stringify(one).includes('Tamsin'))).toHaveLength(1);
    },
    60_000,
  );

  it('the wrong woman first: never shown the baby before the birth is told, nor after', async () => {
    await care('infancy', OTHER, 19);
    await care('visiting', BABY, 18);
    const word = { ...chart(BABY), id: 'b1' };
    await post('visiting', at(5), word, related({ reference: 'Patient/b1' }, OTHER, 'MTH'));
    expect(await seen('infancy')).not.toMatch(new RegExp(`Kit|${BABY.born}|${BABY.nhs}`));
    await care('perinatal', MOTHER, 15);
    await birth(MOTHER);
    expect(await seen('infancy')).not.toMatch(new RegExp(`Kit|${BABY.born}|${BABY.nhs}`));
    expect(await seen('visiting')).not.toContain('Bella');
    expect(await seen('visiting')).toContain('Tamsin');
  });

  it('"mother" of a newborn holds by itself once ten days have passed, without another message', async () => {
    await care('perinatal', MOTHER, 15);
    await care('visiting', BABY, 18);
    const word = { ...chart(BABY), id: 'b1' };
    await post('visiting', at(5), word, related({ reference: 'Patient/b1' }, MOTHER, 'MTH'));
    expect(await find('RelatedPerson')).toEqual([]);
    const { rows } = await database.pool.query('select at from due');
    const due = new Date(Date.parse(at(5)) + 10 * 86_400_000);
    expect(rows).toEqual([{ at: due }]);
    expect(await settleAllDue(testContext(database))).toBe(0);
    vi.useFakeTimers({ toFake: ['Date'], now: due.getTime() + 1000 });
    expect(await settleAllDue(testContext(database))).toBe(1);
    expect(await settleAllDue(testContext(database))).toBe(0);
    vi.useRealTimers();
    expect(await find('RelatedPerson')).toHaveLength(2);
  });
});

describe('a number', () => {
  const strangers = (n: number) =>
    Array.from({ length: n }, (_, index) => {
      const who = chart({ ...MOTHER, given: `Zelda${index}`, born: `19${10 + (index % 80)}-01-01` });
      return {
        ...who,
        identifier: [{ system: 'https://pas.example/mrn', value: `T${index}` }, ...who.identifier],
      };
    });

  it('that a hundred strangers carry ties nobody; lifted, those whose it is are joined again, for good', async () => {
    await care('perinatal', MOTHER);
    await care('visiting', MOTHER);
    expect(await people()).toHaveLength(1);
    expect((await post('PAS', at(1), ...strangers(110))).status).toBe(200);
    await care('gp', OTHER);
    await care('gp', MOTHER);
    const ctx = testContext(database);
    expect((await showNumber(ctx, MOTHER.nhs)).state).toBe('tainted');
    expect((await people()).filter((one) => JSON.stringify(one).includes('Tamsin'))).toHaveLength(3);
    expect(await liftNumber(ctx, MOTHER.nhs, { by: 'A. Reviewer', not: [] })).toMatchObject({
      setAside: 110,
      state: 'undisputed',
    });
    const hers = async () => (await people()).filter((one) => JSON.stringify(one).includes('Tamsin')).length;
    expect(await hers()).toBe(1);
    expect((await post('PAS', at(1), ...strangers(110))).status).toBe(200);
    expect((await showNumber(ctx, MOTHER.nhs)).state).toBe('undisputed');
    expect(await hers()).toBe(1);
    const shown = JSON.stringify(await showNumber(ctx, MOTHER.nhs));
    expect(shown).toContain('A. Reviewer');
    expect(shown).not.toMatch(/Tamsin|Penrose|Zelda/);
  }, 120_000);

  it('in dispute is lifted by naming whose word is wrong', async () => {
    await care('perinatal', MOTHER);
    await care('visiting', { ...MOTHER, given: 'Beatrice' });
    const ctx = testContext(database);
    expect((await showNumber(ctx, MOTHER.nhs)).state).toBe('disputed');
    await expect(liftNumber(ctx, MOTHER.nhs, { by: 'A. Reviewer', not: [] })).rejects.toThrow();
    await liftNumber(ctx, MOTHER.nhs, { by: 'A. Reviewer', not: ['visiting'] });
    await care('gp', MOTHER);
    expect((await people()).filter((one) => JSON.stringify(one).includes('Tamsin'))).toHaveLength(1);
  });
});
