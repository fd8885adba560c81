/** The client against a local server: how it identifies itself, what it asks, what it makes of each answer. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { readConfig } from '../../src/config.ts';
import type { Demographics } from '../../src/trace/demographics.ts';
import { openPds, type Pds } from '../../src/trace/pds.ts';
import { nhsNumber } from '../support/records.ts';
import { type PdsPerson, type PdsServer, pdsPatient, problem, searchset, startPds } from './pds-server.ts';

const HER: PdsPerson = {
  nhs: nhsNumber(1),
  given: ['Amara'],
  family: 'Osei',
  born: '1994-03-02',
  postcode: 'LS1 6AE',
};
const WHO: Demographics = {
  given: 'Amara',
  family: 'Osei',
  birthDate: '1994-03-02',
  sex: 'female',
  postcode: 'LS1 6AE',
};
const ID = '00000000-0000-4000-8000-000000000001';

let server: PdsServer;
let pds: Pds;
beforeEach(async () => {
  server = await startPds();
  pds = openPds(server.config, 400) as Pds;
});
afterEach(async () => {
  await pds.close();
  await server.stop();
});

describe('a question', () => {
  test('goes with a token for a JWT that the registered key signed, fetched once', async () => {
    server.answers({ body: searchset([HER]) });
    for (let turn = 0; turn < 3; turn++) expect(await pds.ask(WHO, ID)).toMatchObject({ kind: 'found' });
    expect(server.tokens).toEqual([{ ok: true }]);
  });

  test('searches by name, birth date and postcode, or by sex where no postcode is known, and takes no near answer', async () => {
    await pds.ask(WHO, ID);
    const { postcode: _postcode, ...without } = WHO;
    await pds.ask(without, ID);
    const always = { family: 'Osei', given: 'Amara', birthdate: 'eq1994-03-02', '_max-results': '1' };
    expect(server.asked.map(({ query }) => query)).toEqual([
      { ...always, 'address-postalcode': 'LS1 6AE' },
      { ...always, gender: 'female' },
    ]);
    const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
    expect(server.asked[0]?.headers).toMatchObject({
      'x-request-id': ID,
      'x-correlation-id': expect.stringMatching(uuid),
    });
  });

  test('reads the record of a number that the chart gives', async () => {
    server.answers({ body: pdsPatient(HER) });
    expect(await pds.ask({ ...WHO, number: HER.nhs }, ID)).toMatchObject({
      kind: 'found',
      patients: [{ score: 1 }],
    });
    expect(server.asked.map(({ path }) => path)).toEqual([`Patient/${HER.nhs}`]);
  });
});

describe('an answer', () => {
  test.each([
    [
      'one',
      { body: searchset([HER], 0.75) },
      { kind: 'found', patients: [{ score: 0.75, patient: { id: HER.nhs } }] },
    ],
    ['nobody', { body: searchset([]) }, { kind: 'none' }],
    ['too many', { body: problem('TOO_MANY_MATCHES') }, { kind: 'several' }],
    ['an unknown number', { status: 404, body: problem('RESOURCE_NOT_FOUND') }, { kind: 'none' }],
    [
      'an invalidated number',
      { status: 404, body: problem('INVALIDATED_RESOURCE') },
      { kind: 'invalidated' },
    ],
    [
      'a question it will not take',
      { status: 400, body: problem('INVALID_SEARCH_DATA') },
      { kind: 'refused' },
    ],
    [
      'a busy service',
      { status: 429, body: problem('TOO_MANY_REQUESTS'), headers: { 'retry-after': '17' } },
      { kind: 'failed', reason: 'http-429', retryAfterMs: 17_000 },
    ],
    ['a broken service', { status: 503, body: 'no' }, { kind: 'failed', reason: 'http-503' }],
    ['a page at an unknown address', { status: 404, body: '<html>' }, { kind: 'failed', reason: 'http-404' }],
    ['no JSON', { body: '{"resourceType": "Bundle"' }, { kind: 'failed', reason: 'malformed' }],
    [
      'another shape',
      { body: { resourceType: 'Bundle', entry: [{ resource: { resourceType: 'Patient' } }] } },
      { kind: 'failed', reason: 'malformed' },
    ],
    [
      'a number that is none',
      { body: searchset([{ ...HER, nhs: '9990000001' }]) },
      { kind: 'failed', reason: 'malformed' },
    ],
    [
      'more than is read',
      { body: `"${'x'.repeat(300 * 1024)}"` },
      { kind: 'failed', reason: 'und_err_res_exceeded_max_size' },
    ],
  ])('%s', async (_what, answer, reply) => {
    server.answers(answer);
    expect(await pds.ask(WHO, ID)).toMatchObject(reply);
  });

  test('holds no address and no telephone: what is not looked at is not kept', async () => {
    server.answers({ body: searchset([HER]) });
    const reply = JSON.stringify(await pds.ask(WHO, ID));
    expect(reply).not.toContain('Trevelyan');
    expect(reply).not.toContain('01632960587');
  });

  test('that does not come in time is none', async () => {
    let release: () => void = () => undefined;
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    server.answers({ body: searchset([HER]), before: () => held });
    expect(await pds.ask(WHO, ID)).toEqual({ kind: 'failed', reason: 'timeout' });
    release();
  });

  test('of a service that is not there is none', async () => {
    await server.stop();
    expect(await pds.ask(WHO, ID)).toMatchObject({
      kind: 'failed',
      reason: expect.stringMatching(/^econn|^und_err/),
    });
  });

  test('that the token is not taken makes the next question fetch another', async () => {
    server.answers({ status: 401, body: problem('ACCESS_DENIED') });
    expect(await pds.ask(WHO, ID)).toMatchObject({ kind: 'failed', reason: 'http-401' });
    server.answers({ body: searchset([HER]) });
    expect(await pds.ask(WHO, ID)).toMatchObject({ kind: 'found' });
    expect(server.tokens).toHaveLength(2);
  });

  test('without a token nothing is asked', async () => {
    server.tokenStatus(500);
    expect(await pds.ask(WHO, ID)).toEqual({ kind: 'failed', reason: 'token-http-500' });
    expect(server.asked).toEqual([]);
  });
});

describe('settings', () => {
  const settings = () => server.settings;

  test('tracing is off unless it is configured, whole', () => {
    expect(openPds(readConfig({}))).toBeNull();
    for (const name of Object.keys(settings()))
      expect(() => readConfig({ ...settings(), [name]: '' })).toThrow(/are needed together/);
  });

  test.each(['PDS_URL', 'PDS_TOKEN_URL'])('%s is https, or this machine', (name) => {
    expect(() => readConfig({ ...settings(), [name]: 'http://pds.example/FHIR/R4' })).toThrow(
      `${name}: plain http`,
    );
    expect(() => readConfig({ ...settings(), [name]: 'hunter2' })).toThrow(`${name}: not an https`);
    expect(() => readConfig({ ...settings(), [name]: 'https://pds.example/FHIR/R4' })).not.toThrow();
  });

  test('a key that cannot be read ends the start, naming the setting', () => {
    const config = readConfig({ ...settings(), PDS_KEY_FILE: '/nowhere/key.pem' });
    expect(() => openPds(config)).toThrow('PDS_KEY_FILE');
  });
});
