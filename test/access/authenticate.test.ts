import fastify, { type FastifyInstance } from 'fastify';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { authenticate } from '../../src/access/authenticate/authenticate.ts';
import { addSystem } from '../../src/access/register/systems.ts';
import { Rejected } from '../../src/errors.ts';
import type { Recipient } from '../../src/model.ts';
import { testContext } from '../support/context.ts';
import { type TestDatabase, testDatabase } from '../support/database.ts';

let database: TestDatabase;
let token: string;
const apps: FastifyInstance[] = [];

beforeAll(async () => {
  database = await testDatabase();
  const added = await addSystem(database.pool, database.key, {
    ...{ name: 'camhs', ods: 'RXX', team: 'camhs', sector: 'camhs-0-5', kind: null, source: null },
  });
  token = added.token;
});
afterAll(async () => {
  for (const app of apps) await app.close();
});

type Sent = { url?: string; headers?: Record<string, string>; remoteAddress?: string };

/** Who a request is taken for, or the status it is refused with. */
async function ask(AUTH: 'none' | 'token', sent: Sent = {}): Promise<string | number> {
  const context = testContext(database);
  const recognise = authenticate({ ...context, config: { ...context.config, AUTH } });
  const app = fastify();
  apps.push(app);
  app.get('/*', async (request) => {
    try {
      const recipient: Recipient = await recognise(request);
      return recipient.kind === 'operator' ? `operator ${recipient.name}` : `system ${recipient.system.name}`;
    } catch (error) {
      if (error instanceof Rejected) return error.status;
      throw error;
    }
  });
  const answer = await app.inject({ method: 'GET', url: '/fhir/Patient', ...sent });
  const body = answer.body;
  return /^\d+$/.test(body) ? Number(body) : body;
}

describe('with AUTH=none', () => {
  it('takes a request from this machine for the operator', async () => {
    expect(await ask('none')).toBe('operator loopback');
    expect(
      await ask('none', { remoteAddress: '::ffff:127.0.0.1', headers: { host: '127.0.0.1:8080' } }),
    ).toBe('operator loopback');
    expect(await ask('none', { remoteAddress: '::1', headers: { host: '[::1]:8080' } })).toBe(
      'operator loopback',
    );
  });

  it('lets it act as a registered system, and as no other', async () => {
    expect(await ask('none', { headers: { 'x-skein-system': 'camhs' } })).toBe('system camhs');
    expect(await ask('none', { headers: { 'x-skein-system': 'nobody here' } })).toBe(403);
    expect(await ask('none', { headers: { 'x-skein-system': '' } })).toBe(403);
  });

  it('refuses other machines, even where they claim to be forwarded from this one', async () => {
    expect(await ask('none', { remoteAddress: '10.0.0.9' })).toBe(403);
    expect(
      await ask('none', { remoteAddress: '10.0.0.9', headers: { 'x-forwarded-for': '127.0.0.1' } }),
    ).toBe(403);
  });

  it.each(['rebound.example', '127.0.0.1.rebound.example', 'localhost.rebound.example:8080', '10.0.0.1'])(
    'refuses the Host "%s", which a web page could have chosen',
    async (host) => {
      expect(await ask('none', { headers: { host } })).toBe(403);
    },
  );

  it('refuses what a web page of elsewhere posts', async () => {
    expect(await ask('none', { headers: { origin: 'https://page.example' } })).toBe(403);
    expect(await ask('none', { headers: { origin: 'null' } })).toBe(403);
    expect(await ask('none', { headers: { origin: 'http://localhost:8080' } })).toBe('operator loopback');
  });
});

describe('with AUTH=token', () => {
  it('knows a system by its bearer token', async () => {
    expect(await ask('token', { headers: { authorization: `Bearer ${token}` } })).toBe('system camhs');
    expect(
      await ask('token', { headers: { authorization: `bearer ${token}` }, remoteAddress: '10.0.0.9' }),
    ).toBe('system camhs');
  });

  it.each(['', 'Bearer', 'Bearer wrong', 'Basic Y2FtaHM6'])(
    'refuses the credentials "%s"',
    async (authorization) => {
      expect(await ask('token', { headers: { authorization } })).toBe(401);
    },
  );

  it('takes nobody at their word', async () => {
    expect(await ask('token', { headers: { 'x-skein-system': 'camhs' } })).toBe(401);
  });

  it('answers health and metadata to anybody, as somebody who may see nothing', async () => {
    for (const url of ['/health/live', '/health/ready', '/fhir/metadata?_format=json']) {
      expect(await ask('token', { url })).toBe('system nobody');
    }
    expect(await ask('token', { url: '/fhir/metadata/../Patient' })).toBe(401);
    expect(await ask('token', { url: '/metrics' })).toBe(401);
  });
});
