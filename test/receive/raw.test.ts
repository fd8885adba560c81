import type { OperationOutcome } from '@medplum/fhirtypes';
import { beforeAll, describe, expect, test } from 'vitest';
import { addSystem } from '../../src/access/register/systems.ts';
import { Config } from '../../src/config.ts';
import type { Context } from '../../src/context.ts';
import { Unavailable } from '../../src/errors.ts';
import { messageName } from '../../src/fhir/ids.ts';
import type { Answer } from '../../src/model.ts';
import { testContext } from '../support/context.ts';
import { type TestDatabase, testDatabase } from '../support/database.ts';
import { answering } from './answering.ts';
import { appWith } from './app.ts';

const MSH = 'MSH|^~\\&|PAS|RXX|SKEIN|HUB|20260110093000||ADT^A28^ADT_A05|MSG7|P|2.5';
const HL7 = 'x-application/hl7-v2+er7';

let database: TestDatabase;
let ctx: Context;
let token: string;

beforeAll(async () => {
  database = await testDatabase();
  ctx = testContext(database);
  const system = {
    name: 'charity',
    ods: 'RXC',
    team: 'fathers',
    sector: null,
    kind: null,
    source: 'their-csv',
  };
  ({ token } = await addSystem(database.pool, database.key, system));
});

type Sent = { path?: string; headers?: Record<string, string>; given?: Partial<Answer>; ctx?: Context };

async function post(
  type: string,
  payload: string,
  { path = 'pas', headers = {}, given, ctx: other = ctx }: Sent = {},
) {
  const { intake, taken } = answering(given, []);
  const app = appWith(other, intake);
  const response = await app.inject({
    ...{ method: 'POST', url: `/intake/${path}`, payload },
    headers: type ? { 'content-type': type, ...headers } : headers,
  });
  await app.close();
  return { response, message: taken[0] };
}

describe('a raw message', () => {
  test.each([
    [HL7, MSH, HL7, 'hl7v2-adt,hl7v2-ref,hl7v2-siu'],
    ['text/plain; charset=utf-8', `\u000b${MSH}`, HL7, 'hl7v2-adt,hl7v2-ref,hl7v2-siu'],
    ['', MSH, HL7, 'hl7v2-adt,hl7v2-ref,hl7v2-siu'],
    ['text/csv', 'a,b\n1,2', 'text/csv', 'third-sector-csv'],
    ['application/json', '{}', 'application/json', 'third-sector-form'],
    ['application/fhir+json', '{}', 'application/fhir+json', 'fhir-r4'],
    ['application/fhir+xml', '<Bundle/>', 'application/fhir+xml', 'birth-notification'],
    ['text/xml; charset="UTF-16"', '<Bundle/>', 'application/fhir+xml; charset=UTF-16', 'birth-notification'],
  ])(
    'of type "%s" is kept as sent, for the source that reads it',
    async (type, body, contentType, source) => {
      const { response, message } = await post(type, body);
      expect(response.statusCode).toBe(200);
      expect(message).toMatchObject({ channel: 'intake', contentType, source, body: Buffer.from(body) });
      expect(message?.system.name).toBe('pas');
    },
  );

  test.each(['text/plain', 'application/x-www-form-urlencoded', 'image/png'])(
    'of type %s is refused, with what is read here',
    async (type) => {
      const { response, message } = await post(type, '<x/>');
      expect([response.statusCode, message]).toEqual([415, undefined]);
      expect(response.json<OperationOutcome>().issue[0]?.diagnostics).toContain(`send ${HL7}, text/csv`);
    },
  );

  test('is read by the source its system was registered with', async () => {
    const { message } = await post('text/csv', 'a\n1', { path: 'charity' });
    expect([message?.source, message?.system.service.ods]).toEqual(['their-csv', 'RXC']);
  });

  test('may come under any name that can be typed', async () => {
    expect((await post('text/csv', 'a\n1', { path: '%00%0Aodd%20name' })).message?.system.name).toBe(
      'odd name',
    );
    expect((await post('text/csv', 'a\n1', { path: 'n'.repeat(90) })).message?.system.name).toBe(
      'n'.repeat(90),
    );
  });

  test('is known by MSH-10, else by Idempotency-Key, else by its content', async () => {
    const headers = { 'idempotency-key': 'key' };
    expect((await post(HL7, MSH, { headers })).message?.identifier).toBe('MSG7');
    expect((await post(HL7, MSH.replace('MSG7', ''), { headers })).message?.identifier).toBe('key');
    const batch = (await post(HL7, `BHS|^~\\&\r${MSH.replace('MSG7', '')}\r${MSH}\rBTS|2`, { headers }))
      .message;
    expect(batch?.identifier).toBe(batch?.contentHash);
    expect((await post('text/csv', 'a\n1', { headers })).message?.identifier).toBe('key');
    const [first, second] = [
      await post('application/json', '{"a":1,"b":2}'),
      await post('application/json', '{"b":2, "a":1}'),
    ];
    expect(first.message?.identifier).toBe(second.message?.identifier);
  });
});

describe('HL7 v2 of a system that is registered with what it writes in MSH-3 and MSH-4', () => {
  let tokens: Record<string, string>;
  const other = MSH.replace('PAS|RXX', 'EPR|RXX');

  beforeAll(async () => {
    const add = async (name: string, msh: string[]) => {
      const team = { ods: 'RXM', team: name, sector: null, kind: null, source: null };
      return (await addSystem(database.pool, database.key, { name, ...team, msh })).token;
    };
    tokens = { bound: await add('bound', ['PAS|RXX']), free: await add('free', []) };
  });

  const send = (
    payload: string,
    given: { AUTH?: 'none' | 'token' | 'smart'; path?: string; accept?: string } = {},
  ) => {
    const { AUTH = 'token', path = 'bound', accept = '*/*' } = given;
    const headers: Record<string, string> = { accept };
    if (AUTH !== 'none') headers.authorization = `Bearer ${tokens[path]}`;
    return post(HL7, payload, { path, headers, ctx: { ...ctx, config: { ...ctx.config, AUTH } } });
  };

  test.each(['token', 'smart'] as const)(
    'is refused with AUTH=%s where it says another, and kept nowhere',
    async (AUTH) => {
      const { response, message } = await send(other, { AUTH });
      expect([response.statusCode, message]).toEqual([403, undefined]);
      expect(response.body).toMatch(/\rMSA\|AR\|MSG7\|MSH-3/);
      expect((await send(MSH, { AUTH })).response.statusCode).toBe(200);
    },
  );

  test('is refused as JSON where JSON is asked for', async () => {
    const { response } = await send(other, { accept: 'application/json' });
    expect(response.statusCode).toBe(403);
    expect(response.json()).toMatchObject({
      status: 'rejected',
      rows: [{ status: 'rejected', issues: [{ code: 'forbidden', field: 'MSH-3' }] }],
    });
  });

  test('is taken or refused by each message of a batch', async () => {
    const { response, message } = await send(`${other}\r${MSH.replace('MSG7', 'MSG8')}`);
    expect([...response.body.matchAll(/\rMSA\|(\w+\|\w+)/g)].map(([, code]) => code)).toEqual([
      ...['AR|MSG7', 'AA|MSG8'],
    ]);
    expect([response.statusCode, message?.identifier]).toEqual([200, 'MSG8']);
    expect((await send(`${other}\r${other}`)).response.statusCode).toBe(403);
  });

  test('is taken of others, and without authentication, whatever it says', async () => {
    expect((await send(other, { path: 'free' })).response.statusCode).toBe(200);
    expect((await send(other, { AUTH: 'none' })).response.statusCode).toBe(200);
  });
});

describe('the answer to a raw message', () => {
  test('is an acknowledgement for HL7 v2, with the status to match', async () => {
    for (const [given, status, code] of [
      [{}, 200, 'AA'],
      [{ status: 'held' }, 422, 'AE'],
      [{ status: 'rejected' }, 400, 'AR'],
      [{ conflict: true }, 409, 'AR'],
      [{ duplicate: true }, 200, 'AA'],
    ] as const) {
      const { response } = await post(HL7, MSH, { given });
      expect([response.statusCode, /\rMSA\|(\w\w\|\w+)/.exec(response.body)?.[1]]).toEqual([
        status,
        `${code}|MSG7`,
      ]);
      expect(response.headers['content-type']).toContain(HL7);
    }
  });

  test('is JSON for HL7 v2 too where JSON is asked for', async () => {
    const { response } = await post(HL7, MSH, { headers: { accept: 'application/json' } });
    expect(response.json()).toMatchObject({ message: '42', identifier: 'MSG7', status: 'accepted' });
  });

  test('of a batch is 503 where one message was not stored: sent again, the others are answered as before', async () => {
    const { intake } = answering();
    const app = appWith(ctx, async (context, message) => {
      if (message.identifier === 'MSG8') throw new Unavailable('the database is away');
      return intake(context, message);
    });
    const payload = `${MSH}\r${MSH.replace('MSG7', 'MSG8')}\r${MSH.replace('MSG7', 'MSG9')}\r`;
    const send = (accept: string) =>
      app.inject({ method: 'POST', url: '/intake/pas', payload, headers: { 'content-type': HL7, accept } });
    const acknowledged = await send('*/*');
    expect([acknowledged.statusCode, acknowledged.headers['retry-after']]).toEqual([503, '1']);
    expect([...acknowledged.body.matchAll(/\rMSA\|(\w+\|\w+)/g)].map(([, code]) => code)).toEqual([
      ...['AA|MSG7', 'AE|MSG8', 'AA|MSG9'],
    ]);
    const { messages } = (await send('application/json')).json<{ messages: { status: string }[] }>();
    expect(messages.map(({ status }) => status)).toEqual(['accepted', 'not-stored', 'accepted']);
    await app.close();
  });

  test('of a batch held as a whole is a success only to a sender that wants to hear AA of it', async () => {
    const system = { name: 'quiet', ods: 'RXQ', team: 'quiet', sector: null, kind: null, source: null };
    await addSystem(database.pool, database.key, { ...system, onHeld: 'AA' });
    const given = { status: 'held' } as const;
    const [told, quiet] = [
      await post(HL7, `${MSH}\r${MSH}`, { given }),
      await post(HL7, `${MSH}\r${MSH}`, { given, path: 'quiet' }),
    ].map(({ response }) => [response.statusCode, response.body.match(/MSA\|\w\w/g)]);
    expect([told, quiet]).toEqual([
      [422, ['MSA|AE', 'MSA|AE']],
      [200, ['MSA|AA', 'MSA|AA']],
    ]);
  });

  test('says row by row what became of a file: a success when at least one row was stored', async () => {
    const good = { position: 'row 2', status: 'accepted' as const, issues: [] };
    const issue = {
      severity: 'error' as const,
      code: 'value',
      field: 'row 3, birth_date',
      text: 'not a date',
    };
    const bad = { position: 'row 3', status: 'held' as const, issues: [issue] };
    const some = await post('text/csv', 'a\n1\n2', { given: { units: [good, bad] } });
    expect([some.response.statusCode, some.response.json().rows]).toEqual([200, [good, bad]]);
    const none = await post('text/csv', 'a\n1\n2', { given: { status: 'held', units: [bad] } });
    expect([none.response.statusCode, none.response.json().rows]).toEqual([422, [bad]]);
    const unread = await post('text/csv', '', { given: { status: 'rejected', units: [bad] } });
    expect(unread.response.statusCode).toBe(400);
    expect((await post('text/csv', 'a\n1', { given: { conflict: true } })).response.statusCode).toBe(409);
  });
});

describe('a sender', () => {
  test('sends in its own name only; the operator in any', async () => {
    const as = { 'x-skein-system': 'charity' };
    expect((await post('text/csv', 'a\n1', { path: 'charity', headers: as })).response.statusCode).toBe(200);
    expect((await post('text/csv', 'a\n1', { path: 'pas', headers: as })).response.statusCode).toBe(403);
    const secured = {
      ...ctx,
      config: Config.parse({
        ...ctx.config,
        ROLES: 'api',
        WEBHOOK_ALLOW: '',
        MAPPINGS_DIR: '',
        FHIR_PACKAGES: '',
        AUTH: 'token',
      }),
    };
    const authorization = `Bearer ${token}`;
    const own = await post('text/csv', 'a\n1', { path: 'charity', headers: { authorization }, ctx: secured });
    expect(own.response.statusCode).toBe(200);
    expect(
      (await post('text/csv', 'a\n1', { path: 'pas', headers: { authorization }, ctx: secured })).response
        .statusCode,
    ).toBe(403);
    expect((await post('text/csv', 'a\n1', { path: 'charity', ctx: secured })).response.statusCode).toBe(401);
  });

  test('learns what became of its message by its own id, and nothing of other senders', async () => {
    const request = '7d0c9a52-6a52-4b3e-9c0b-0f6a4f7c1111';
    const units = JSON.stringify([{ position: '', status: 'held', issues: [] }]);
    const store = (system: string, identifier: string) =>
      database.pool.query(
        `insert into intake (system_id, identifier, message_id, received_at, content_hash, status, units)
         select id, $2, 7, now(), '', 'held', $3 from system where name = $1`,
        [system, identifier, units],
      );
    await store('charity', 'MSG_1');
    await store('charity', `${request}|00000000-0000-4000-8000-000000000000`);
    await store('pas', 'MSG_1');
    const app = appWith(ctx, answering().intake);
    const ask = async (query: string, system?: string) => {
      const headers = system ? { 'x-skein-system': system } : {};
      const response = await app.inject({ url: `/intake/messages?${query}`, headers });
      return response.statusCode === 200
        ? response
            .json<{ system: string; messageId: string; status: string }[]>()
            .map((found) => found.system)
        : response.statusCode;
    };
    expect(await ask('identifier=MSG_1', 'charity')).toEqual(['charity']);
    expect(await ask('identifier=MSG_1&system=pas', 'charity')).toEqual(['charity']);
    expect(await ask(`identifier=${request.toUpperCase()}`, 'charity')).toEqual(['charity']);
    expect(await ask(`identifier=${request}%7C00000000-0000-4000-8000-000000000000`, 'charity')).toEqual([
      'charity',
    ]);
    expect(await ask(`identifier=${request}`, 'pas')).toBe(404);
    expect(await ask('identifier=MSG', 'charity')).toBe(404);
    expect((await ask('identifier=MSG_1')) as string[]).toHaveLength(2);
    expect(await ask('identifier=MSG_1&system=pas')).toEqual(['pas']);
    expect(await ask('')).toBe(400);
    expect(await ask('identifier=%00', 'charity')).toBe(400);
    expect(await ask('identifier=MSG_1&system=%00')).toBe(400);
    const { body } = await app.inject({
      url: '/intake/messages?identifier=MSG_1',
      headers: { 'x-skein-system': 'charity' },
    });
    expect(JSON.parse(body)[0]).toMatchObject({
      identifier: 'MSG_1',
      messageId: messageName(database.key, '7'),
      status: 'held',
      units: JSON.parse(units),
    });
    await app.close();
  });
});
