import { once } from 'node:events';
import { type AddressInfo, connect } from 'node:net';
import type { FastifyInstance } from 'fastify';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { buildApp } from '../../src/app.ts';
import type { Context } from '../../src/context.ts';
import { Rejected, Unavailable } from '../../src/errors.ts';
import { openLog } from '../../src/observe/log.ts';
import { openPool } from '../../src/store/pool.ts';
import { noteRefusal } from '../../src/store/state.ts';
import { testContext } from '../support/context.ts';
import { type TestDatabase, testDatabase } from '../support/database.ts';

const SECRET = 'Canary-Featherstonehaugh';
let database: TestDatabase;
let ctx: Context;
let app: FastifyInstance;
let logged = '';

beforeAll(async () => {
  const log = openLog('debug', { write: (line: string) => (logged += line) });
  database = await testDatabase();
  ctx = testContext(database, { log });
  const fails = (path: string, error: Error) => (server: FastifyInstance) =>
    server.post(path, async () => {
      throw error;
    });
  const missing = {
    severity: 'error' as const,
    code: 'required',
    field: 'PID-7',
    expression: 'Patient.birthDate',
  };
  app = buildApp(ctx, [
    fails('/rejects', new Rejected(422, [{ ...missing, text: 'no birth date' }])),
    fails('/$rejects', new Rejected(422, [{ ...missing, text: 'no birth date' }])),
    fails('/refuses', new Rejected(401, [{ severity: 'error', code: 'login', text: 'who are you?' }])),
    fails(
      '/bars',
      new Rejected(400, [{ severity: 'error', code: 'value', text: 'no id' }], { bars: 'REC_BAD_REQUEST' }),
    ),
    fails('/busy', new Unavailable('the database is away')),
    fails('/bug', new TypeError(`cannot read ${SECRET}`)),
  ]);
});

afterAll(() => app.close());

async function post(url: string, payload: string | object = {}) {
  const response = await app.inject({
    method: 'POST',
    url,
    payload,
    headers: { 'content-type': 'application/json' },
  });
  return { ...response, headers: response.headers, outcome: response.json() };
}

describe('errors', () => {
  test('what the sender must mend is told in its own field name and in FHIRPath', async () => {
    const { statusCode, headers, outcome } = await post('/rejects');
    expect(statusCode).toBe(422);
    expect(headers['content-type']).toContain('application/fhir+json');
    expect(outcome.issue).toEqual([
      {
        severity: 'error',
        code: 'required',
        details: { text: 'no birth date' },
        diagnostics: 'PID-7: no birth date',
        expression: ['Patient.birthDate'],
      },
    ]);
  });

  test('a BaRS code travels in details.coding', async () => {
    const { outcome } = await post('/bars');
    const system = 'https://fhir.nhs.uk/Codesystem/http-error-codes';
    expect(outcome.issue[0].details.coding).toEqual([{ system, code: 'REC_BAD_REQUEST' }]);
  });

  test('401 says how to authenticate', async () => {
    expect((await post('/refuses')).headers['www-authenticate']).toBe('Bearer');
  });

  test('a passing failure of ours is 503 with Retry-After', async () => {
    const { statusCode, headers, outcome } = await post('/busy');
    expect(statusCode).toBe(503);
    expect(headers['retry-after']).toBe('1');
    expect(outcome.issue[0].code).toBe('transient');
  });

  test('a bug is 500 with nothing of its inside, in the answer or in the log', async () => {
    const { statusCode, body, outcome } = await post('/bug');
    expect(statusCode).toBe(500);
    expect(outcome.issue[0].code).toBe('exception');
    expect(body).not.toContain(SECRET);
    expect(logged).toContain('"event":"http.bug"');
    expect(logged).not.toContain(SECRET);
  });

  test('a body that is not JSON is 400 and is not quoted', async () => {
    const { statusCode, body, outcome } = await post('/rejects', `{"family": ${SECRET}`);
    expect(statusCode).toBe(400);
    expect(outcome.resourceType).toBe('OperationOutcome');
    expect(body).not.toContain(SECRET);
    expect(logged).not.toContain(SECRET);
  });

  test('another method than what is served at a path is 405, which says what is', async () => {
    const ask = (method: 'GET' | 'DELETE' | 'PATCH', url: string, type = 'application/json-patch+json') =>
      app.inject({ method, url, payload: '[]', headers: { 'content-type': type } });
    for (const url of ['/rejects', '/rejects/', '/$rejects?x=1', '/%24rejects']) {
      const { statusCode, headers, body } = await ask('PATCH', url);
      expect([statusCode, headers.allow], url).toEqual([405, 'POST']);
      expect(JSON.parse(body).issue[0].code).toBe('not-supported');
    }
    expect((await ask('DELETE', '/health/live')).headers.allow).toBe('GET, HEAD');
    expect((await ask('PATCH', '/nothing', 'application/json')).statusCode).toBe(404);
  });

  test('an unknown path is 404 as an OperationOutcome', async () => {
    const { statusCode, outcome } = await post('/nowhere');
    expect([statusCode, outcome.issue[0].code]).toEqual([404, 'not-found']);
  });

  test.each([
    ['%zz', 400],
    ['x'.repeat(3_000), 404],
  ])('a path that cannot be read is an OperationOutcome, too, and is not quoted', async (path, status) => {
    const { statusCode, headers, body } = await app.inject({ url: `/${path}` });
    expect([statusCode, headers['content-type']]).toEqual([status, 'application/fhir+json; charset=utf-8']);
    expect(body).not.toContain(path);
  });

  test.each(['/%24rejects?a=%24', '/$rejects/', '/%24rejects/'])('%s is the path /$rejects', async (url) => {
    expect((await post(url)).statusCode).toBe(422);
  });

  test('an unknown content type is 415', async () => {
    const headers = { 'content-type': 'image/png' };
    const { statusCode } = await app.inject({ method: 'POST', url: '/rejects', payload: 'x', headers });
    expect(statusCode).toBe(415);
  });
});

test('a request that comes while the server stops is still answered', async () => {
  let go = () => {};
  const held = new Promise<void>((resolve) => (go = resolve));
  const stopping = buildApp(ctx, [(server) => server.get('/slow', () => held.then(() => ({ done: true })))]);
  await stopping.listen({ port: 0, host: '127.0.0.1' });
  const socket = connect((stopping.server.address() as AddressInfo).port, '127.0.0.1');
  const ask = 'GET /slow HTTP/1.1\r\nHost: localhost\r\n\r\n';
  const sendNext = async () => {
    const come = once(stopping.server, 'request');
    socket.write(ask);
    await come;
  };
  await sendNext();
  const closed = stopping.close();
  await sendNext();
  go();
  const chunks = await socket.toArray();
  expect(
    Buffer.concat(chunks)
      .toString()
      .match(/HTTP\/1.1 \d+/g),
  ).toEqual(['HTTP/1.1 200', 'HTTP/1.1 200']);
  await closed;
});

describe('health', () => {
  test('a migrated, reachable database makes it ready', async () => {
    const response = await app.inject('/health/ready');
    expect([response.statusCode, response.json()]).toEqual([200, { status: 'ready', reasons: [] }]);
  });

  test('a missing migration makes it 503 and says which', async () => {
    await database.pool.query("delete from migration where name = '001-spine.sql'");
    const response = await app.inject('/health/ready');
    expect([response.statusCode, response.json().reasons]).toEqual([
      503,
      ['migration 001-spine.sql is missing'],
    ]);
    await database.pool.query("insert into migration (name) values ('001-spine.sql')");
  });

  test('a store that a newer version made makes it 503, and says which setting names it', async () => {
    await database.pool.query("insert into migration (name) values ('999-future.sql')");
    const response = await app.inject('/health/ready');
    expect([response.statusCode, response.json().reasons]).toEqual([
      503,
      [
        expect.stringMatching(
          /^DATABASE_URL: the store has 999-future\.sql, which this version does not know/,
        ),
      ],
    ]);
    await database.pool.query("delete from migration where name = '999-future.sql'");
  });

  test.each([
    ['53100', 'its disk is full'],
    ['25006', 'it is read-only'],
  ])('a store that refused a message (%s) is 503 until it is seen to write again', async (code, why) => {
    const db = openPool((await testDatabase()).url);
    const broken = buildApp({ ...ctx, db }, []);
    const reasons = async () => (await broken.inject('/health/ready')).json().reasons;
    const query = db.query.bind(db);
    let refusing = true;
    const refuse = async (text: string, values?: unknown[]) => {
      if (refusing && /temporary table/.test(text)) throw Object.assign(new Error('no'), { code });
      return query(text, values as unknown[]);
    };
    db.query = refuse as typeof db.query;
    noteRefusal(db, Object.assign(new Error('refused'), { code }));
    expect(await reasons()).toEqual([`DATABASE_URL: the store keeps nothing, ${why}`]);
    refusing = false;
    expect(await reasons()).toEqual([]);
    await broken.close();
    await db.end();
  });

  test('it lives, and is not ready, when the database is gone; metrics still answer', async () => {
    const db = openPool('postgres://nobody@127.0.0.1:1/nothing');
    const away = buildApp({ ...ctx, db }, []);
    expect((await away.inject('/health/live')).statusCode).toBe(200);
    expect((await away.inject('/health/ready')).json().reasons).toEqual(['the database does not answer']);
    expect((await away.inject('/metrics')).body).toContain('skein_outbox_oldest_seconds Nan');
    await away.close();
    await db.end();
  });

  test('metrics are OpenMetrics with the age of the outbox and durations by route pattern', async () => {
    await ctx.db.query("insert into outbox (at, event) values (now() - interval '1 minute', '{}')");
    const { body } = await app.inject('/metrics');
    expect(Number(/^skein_outbox_oldest_seconds (\S+)$/m.exec(body)?.[1])).toBeGreaterThan(59);
    expect(body).toContain('skein_http_seconds_count{method="POST",route="/rejects",status="4xx"}');
  });
});
