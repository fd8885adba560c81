/** What a person agreed to and refused, over the real interfaces (docs/adr/0024-consent.md). */
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { openMappings } from '../../src/map/language/load-mappings.ts';
import { freezeNumber } from '../../src/pipeline/numbers.ts';
import { rebuild } from '../../src/pipeline/rebuild.ts';
import { ownProfiles } from '../../src/validate/profiles.ts';
import { readsNow } from '../families/scenarios/family.ts';
import { care, person, said, ward } from '../families/scenarios/messages.ts';
import { testContext } from '../support/context.ts';
import { gather, type Household, type Send, type Services } from '../support/household.ts';
import { startReceiver, statusIn } from '../support/receiver.ts';
import { ago, say } from '../support/telling.ts';
import { chart, episodeOf, referralOf } from '../support/transactions.ts';

const MOTHER = person(731, 'Linnea', 'Voss', '1990-05-05');
const BABY = person(732, 'Odo', 'Voss', 50);
const SERVICES: Services = {
  maternity: ['maternity', 'RXM', 'hl7v2-adt'],
  perinatal: ['specialist-perinatal', 'RXP', 'fhir-r4'],
  adult: ['adult-services', 'RXD', 'fhir-r4'],
  infancy: ['parent-infant', 'RXI', 'fhir-r4'],
  visiting: ['health-visiting', 'RXV', 'fhir-r4'],
  charity: ['third-sector', 'C001', 'fhir-r4'],
};
const CATEGORY = 'https://skein.example/fhir/CodeSystem/sharing-category';
const IN_AN_HOUR = new Date(Date.now() + 3_600_000).toISOString();
const AN_HOUR_AGO = new Date(Date.now() - 3_600_000).toISOString();

let household: Household;
let her = '';
const idOf = async ({ nhs }: { nhs: string }, system?: string) =>
  (await household.find('Patient', `&identifier=https://fhir.nhs.uk/Id/nhs-number|${nhs}`, system))[0]?.id ??
  '';
beforeEach(async () => {
  household = await gather(SERVICES);
  const asking = chart('visiting', MOTHER);
  const asked = { id: 'R-1', from: household.serviceOf('visiting'), to: household.serviceOf('charity') };
  const family: Send[] = [
    ward(BABY, { mother: MOTHER.nhs }),
    ward(MOTHER, { event: 'A28', day: ago(80) }),
    care('visiting', BABY, { start: ago(40) }),
    care('infancy', BABY, { start: ago(38) }),
    care('perinatal', MOTHER, { start: ago(35), contact: ago(14) }),
    care('adult', MOTHER, { start: ago(30), contact: ago(12) }),
    said('visiting', [asking, referralOf(asking, asked, ago(9))], ago(9)),
    charityAccepts(),
  ];
  for (const send of family) await say(household, send);
  await household.settle();
  her = await idOf(MOTHER);
}, 120_000);
afterEach(() => household.stop());

/** Its own chart of her, who was referred to it, and its care. */
function charityAccepts(): Send {
  const whom = chart('charity', MOTHER);
  return said(
    'charity',
    [whom, episodeOf(whom, 'charity', { id: 'E-charity', start: ago(5), referral: 'R-1' })],
    ago(5),
  );
}

type Terms = {
  type?: string;
  code?: string[];
  to?: string[];
  period?: object;
  status?: string;
  patient?: string;
};
const consent = ({ type = 'deny', code, to, period, status = 'active', patient = her }: Terms) => ({
  resourceType: 'Consent',
  status,
  scope: {
    coding: [{ system: 'http://terminology.hl7.org/CodeSystem/consentscope', code: 'patient-privacy' }],
  },
  category: [{ coding: [{ system: 'http://terminology.hl7.org/CodeSystem/v3-ActCode', code: 'INFA' }] }],
  patient: { reference: `Patient/${patient}` },
  provision: {
    type,
    ...(period ? { period } : {}),
    ...(to
      ? {
          actor: to.map((system) => ({
            role: { coding: [{ code: 'IRCP' }] },
            reference: { reference: `Organization/${household.serviceOf(system)}` },
          })),
        }
      : {}),
    ...(code ? { code: code.map((one) => ({ coding: [{ system: CATEGORY, code: one }] })) } : {}),
  },
});
const send = (method: 'POST' | 'PUT', path: string, system: string, body: object) =>
  household.skein.send(
    method,
    path,
    { 'content-type': 'application/fhir+json', 'x-skein-system': system },
    JSON.stringify(body),
  );
async function keep(system: string, terms: Terms): Promise<string> {
  const { status, body } = await send('POST', '/fhir/Consent', system, consent(terms));
  expect(status, JSON.stringify(body)).toBe(201);
  await household.settle();
  return String(body.id);
}
const reads = (system: string) => readsNow(household, system);
const careOf = async (system: string, type = 'EpisodeOfCare') =>
  (await household.find(type)).find((one) => JSON.stringify(one).includes(`-${system}`))?.id ?? 'none';

describe('a refusal', () => {
  test('of identification: others know nothing of her any more, and are told to forget it', async () => {
    expect(await reads('infancy')).toContain(her);
    const heard = household.told('infancy').length;
    await keep('perinatal', {});
    for (const system of ['infancy', 'visiting'])
      expect(await reads(system), system).not.toContain(await careOf('perinatal'));
    expect(await reads('infancy')).not.toContain(her);
    expect(household.told('infancy').slice(heard)).toContain('withdrawn');
    // Who says so, and what each service said itself, stay.
    expect(await reads('perinatal')).toContain(await careOf('adult'));
    expect(await reads('adult')).toContain(await careOf('adult'));
    expect(await reads('adult')).not.toContain(await careOf('perinatal'));
  }, 60_000);

  test('of content: that there is care is known, what was done is not', async () => {
    const contact = await careOf('perinatal', 'Encounter');
    expect(await reads('adult')).toContain(contact);
    await keep('perinatal', { code: ['content'] });
    expect(await reads('adult')).not.toContain(contact);
    expect(await reads('adult')).toContain(await careOf('perinatal'));
    expect(await reads('infancy')).toContain(her);
  }, 60_000);

  test('to one service is nothing to any other', async () => {
    await keep('perinatal', { to: ['infancy'] });
    expect(await reads('infancy')).not.toContain(her);
    expect(await reads('visiting')).toContain(her);
  }, 60_000);

  test('holds in its period, and until it is withdrawn, in force when it is answered', async () => {
    await keep('perinatal', { period: { start: IN_AN_HOUR } });
    await keep('perinatal', { period: { end: AN_HOUR_AGO } });
    expect(await reads('infancy')).toContain(her);
    const id = await keep('perinatal', { period: { start: AN_HOUR_AGO, end: IN_AN_HOUR } });
    expect(await reads('infancy')).not.toContain(her);
    const path = `/fhir/Consent/${id}`;
    expect((await send('PUT', path, 'perinatal', consent({ status: 'inactive' }))).status).toBe(200);
    expect(await reads('infancy')).toContain(her);
  }, 60_000);

  test('what has a number and is still to be sent is sent empty, first try and all others', async () => {
    const { database, subscriptions } = household;
    const receiver = await startReceiver(({ bundle }) =>
      statusIn(bundle).parameter?.some(({ valueCode }) => valueCode === 'handshake') ? 200 : 500,
    );
    await database.pool.query('update subscription set endpoint = $1, origin = $1 where id = $2', [
      receiver.url,
      subscriptions.get('adult'),
    ]);
    await say(household, care('visiting', MOTHER, { start: ago(2) }));
    const began = await careOf(`visiting-${MOTHER.local}`);
    expect(began).toMatch(/^[0-9a-f-]{36}$/);
    await receiver.until((posts) => posts.some(({ body }) => body.includes(began)));
    const { status } = await send('POST', '/fhir/Consent', 'perinatal', consent({}));
    expect(status).toBe(201);
    const tried = receiver.posts.length;
    await receiver.until((posts) => posts.length > tried + 1);
    const after = receiver.posts.slice(tried + 1).map(({ body }) => body);
    expect(after.every((body) => body.includes('event-number'))).toBe(true);
    expect(after.filter((body) => body.includes(began))).toEqual([]);
    await receiver.close();
  }, 60_000);

  test('outlives what is sent later, and a rebuild', async () => {
    await keep('perinatal', {});
    await say(household, care('adult', MOTHER, { start: ago(30), contact: ago(3) }));
    await household.settle();
    expect(await reads('infancy')).not.toContain(her);
    const mappings = await openMappings();
    await rebuild({ ...testContext(household.database), mappings, profiles: await ownProfiles() });
    expect(await reads('infancy')).not.toContain(her);
  }, 60_000);
});

describe('an agreement', () => {
  test('opens what the table leaves to the person’s own agreement, and one level elsewhere', async () => {
    const known = await careOf('perinatal');
    expect(await reads('charity')).not.toContain(known);
    await keep('perinatal', { type: 'permit', to: ['charity'], code: ['INV'] });
    expect(await reads('charity')).toContain(known);
    expect(await reads('charity')).not.toContain(await careOf('perinatal', 'Encounter'));
    await keep('perinatal', { type: 'permit', to: ['infancy'], code: ['INV', 'ENC'] });
    // One level: of the mother's care, which it knew to be there, which service; of her contacts that there are.
    expect(await reads('infancy')).toContain(household.serviceOf('perinatal'));
    expect(await reads('infancy')).toContain(await careOf('perinatal', 'Encounter'));
  }, 60_000);

  test('never opens whom the service has nothing to do with', async () => {
    const stranger = person(733, 'Ulf', 'Ahlberg', '1988-08-08');
    await say(household, care('perinatal', stranger, { start: ago(10) }));
    const id = await idOf(stranger);
    await keep('perinatal', { type: 'permit', to: ['charity', 'infancy'], patient: id });
    for (const system of ['charity', 'infancy']) expect(await reads(system), system).not.toContain(id);
  }, 60_000);
});

describe('who may say it', () => {
  test('of whom a service does not know every answer is that of an unknown id', async () => {
    const stranger = person(734, 'Petra', 'Holm', '1991-01-09');
    await say(household, care('adult', stranger, { start: ago(10) }));
    const id = await idOf(stranger);
    const nobody = '7d1d5b9e-0000-4000-8000-00000000000f';
    const [known, unknown] = await Promise.all(
      [id, nobody].map((patient) => send('POST', '/fhir/Consent', 'perinatal', consent({ patient }))),
    );
    expect([known?.status, known?.body]).toEqual([404, unknown?.body]);
    // A service that knows her by way of the child may not speak for her.
    expect((await send('POST', '/fhir/Consent', 'infancy', consent({}))).status).toBe(404);
    expect((await send('POST', '/fhir/Consent', 'charity', consent({}))).status).toBe(403);
  }, 60_000);

  test('nobody agrees for itself; what is not understood is refused by its name', async () => {
    const refused = async (body: object) => {
      const reply = await send('POST', '/fhir/Consent', 'perinatal', body);
      return [reply.status, JSON.stringify(reply.body)] as const;
    };
    for (const to of [['perinatal'], undefined])
      expect(await refused(consent({ type: 'permit', ...(to ? { to } : {}) }))).toEqual([
        422,
        expect.stringContaining('agreed with another'),
      ]);
    const strange = consent({});
    Object.assign(strange.provision, { purpose: [{ code: 'TREAT' }] });
    expect(await refused(strange)).toEqual([422, expect.stringContaining('Consent.provision')]);
    expect(await refused(consent({ code: ['EVERYTHING'] }))).toEqual([
      422,
      expect.stringContaining('Consent.provision.code'),
    ]);
  }, 60_000);

  test('it is withdrawn by an id that its person had before, and is nobody’s whose identity was changed', async () => {
    const id = await keep('perinatal', {});
    const path = `/fhir/Consent/${id}`;
    const { rows } = await household.database.pool.query<{ key: string }>(
      "select key from statement where type = 'Patient' and person = $1 and key <> $1",
      [her],
    );
    const before = rows[0]?.key ?? '';
    expect(before).toMatch(/^[0-9a-f-]{36}$/);
    const withdrawn = consent({ status: 'inactive', patient: before });
    expect((await send('PUT', path, 'perinatal', withdrawn)).status).toBe(200);
    expect(await reads('infancy')).toContain(her);
    await freezeNumber(testContext(household.database), MOTHER.nhs, {
      by: 'A. Reviewer',
      cause: 'identity-change',
    });
    for (const reply of [
      await household.skein.get(path, 'perinatal'),
      await send('PUT', path, 'perinatal', withdrawn),
    ])
      expect(reply.status).toBe(404);
  }, 60_000);

  test('its author alone reads it and changes it', async () => {
    const id = await keep('perinatal', { code: ['content'] });
    const path = `/fhir/Consent/${id}`;
    const { status, body } = await household.skein.get(path, 'perinatal');
    expect([status, (body as { patient: unknown }).patient]).toEqual([200, { reference: `Patient/${her}` }]);
    expect((await household.skein.get(path, 'adult')).status).toBe(404);
    expect((await send('PUT', path, 'adult', consent({ status: 'inactive' }))).status).toBe(404);
    const other = await idOf(BABY);
    expect((await send('PUT', path, 'perinatal', consent({ patient: other }))).status).toBe(422);
  }, 60_000);
});
