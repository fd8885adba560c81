/** A flood of one sender is asked to wait, and loses nothing; another is answered meanwhile. */
import net from 'node:net';
import type { Bundle } from '@medplum/fhirtypes';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { addSystem } from '../../src/access/register/systems.ts';
import type { Intake } from '../../src/receive/intake.ts';
import { startMllp } from '../../src/receive/mllp/server.ts';
import { Places } from '../../src/receive/senders.ts';
import { testContext } from '../support/context.ts';
import { testDatabase } from '../support/database.ts';
import { barsReferral } from '../support/messages.ts';
import { nhsNumber } from '../support/records.ts';
import { startSkein } from '../support/skein.ts';
import { answering } from './answering.ts';

const database = await testDatabase();
let skein: Awaited<ReturnType<typeof startSkein>>;
beforeAll(async () => {
  skein = await startSkein(database, { ROLES: 'api', SENDER_AT_ONCE: '2' });
  for (const [name, ods] of [
    ['flood', 'RXV'],
    ['quiet', 'RXC'],
  ] as const) {
    const added = { name, ods, team: name, sector: 'health-visiting', kind: null, source: 'bars-referral' };
    await addSystem(database.pool, database.key, added);
  }
});
afterAll(() => skein.stop());

function send(system: string, n: number) {
  const nhs = nhsNumber(500 + n);
  const whom = { nhs, given: 'Ebrel', family: 'Nance', born: '1994-04-04', local: `E${n}` };
  const ids = {
    request: `00000000-0000-4000-8000-${String(n).padStart(12, '0')}`,
    correlation: crypto.randomUUID(),
  };
  const bundle = barsReferral(whom, { id: `F-${n}`, from: system === 'quiet' ? 'RXC' : 'RXV' });
  return () => skein.bars(bundle, ids, system);
}

test('over HTTP what is too much at once has 429 with Retry-After, and is taken when it is sent again', async () => {
  const all = Array.from({ length: 24 }, (_, n) => send('flood', n));
  const quiet = send('quiet', 100);
  const [answers, other] = await Promise.all([Promise.all(all.map((one) => one())), quiet()]);
  expect(other.status, JSON.stringify(other.body)).toBe(200);
  const refused = answers.flatMap((answer, n) => (answer.status === 200 ? [] : { answer, n }));
  expect(refused.length).toBeGreaterThan(0);
  expect(refused.length).toBeLessThan(24);
  for (const { answer } of refused) {
    expect([answer.status, answer.headers.get('retry-after')]).toEqual([429, '1']);
    expect(JSON.stringify(answer.body)).toContain('throttled');
  }
  for (const { n } of refused) expect((await (all[n] as (typeof all)[0])()).status).toBe(200);
  const { rows } = await database.pool.query(
    `select count(*)::int as n from intake where status = 'accepted'`,
  );
  expect(rows).toEqual([{ n: 25 }]);
});

test('the entries of a batch are in its place: as many at once as there are places are taken whole', async () => {
  const entry = Array.from({ length: 12 }, (_, n) => ({
    resource: {
      resourceType: 'Patient',
      identifier: [{ system: 'https://pas.example/mrn', value: `P${n}` }],
    },
    request: { method: 'POST', url: 'Patient' },
  }));
  const batch = (key: string) =>
    fetch(`${skein.url}/fhir`, {
      method: 'POST',
      headers: { 'content-type': 'application/fhir+json', 'x-skein-system': 'flood', 'idempotency-key': key },
      body: JSON.stringify({ resourceType: 'Bundle', type: 'batch', entry }),
    });
  for (const answer of await Promise.all(['one', 'two'].map(batch))) {
    const { entry: answers = [] } = (await answer.json()) as Bundle;
    expect(answers).toHaveLength(12);
    expect(answers.filter(({ response }) => response?.status === '429')).toEqual([]);
  }
});

test('a request that breaks off gives its place back', async () => {
  const { port } = new URL(skein.url);
  for (let n = 0; n < 6; n++) {
    const socket = net.connect(Number(port), '127.0.0.1');
    socket.write(
      'POST /fhir HTTP/1.1\r\nhost: x\r\nx-skein-system: flood\r\ncontent-type: application/fhir+json\r\ncontent-length: 999\r\n\r\n{',
    );
    await new Promise((resolve) => socket.once('connect', resolve));
    socket.destroy();
  }
  await expect.poll(async () => (await send('flood', 200)()).status).toBe(200);
});

test('MLLP waits its turn: no more than the sender’s places are worked on, and every message is answered', async () => {
  const apart = testContext(await testDatabase());
  const ctx = { ...apart, config: { ...apart.config, SENDER_AT_ONCE: 2 } };
  const { intake } = answering();
  let [now, most] = [0, 0];
  const both = Promise.withResolvers<void>();
  const slow: Intake = async (_, message) => {
    most = Math.max(most, ++now);
    if (now === 2) both.resolve();
    // The first stays in hand until another is: they overlap however slowly connections are made.
    await both.promise;
    await new Promise(setImmediate);
    return intake(ctx, message).finally(() => now--);
  };
  const server = await startMllp(ctx, slow, {});
  const answers = Array.from({ length: 8 }, (_, n) => {
    const socket = net.connect(server.port, '127.0.0.1');
    socket.write(
      `\u000bMSH|^~\\&|PAS|RXX|SKEIN|HUB|20260110093000||ADT^A28|${n}|P|2.5\rPID|1||7^^^RXX^PI\u001c\r`,
    );
    return new Promise<string>((resolve) => {
      socket.once('data', (data) => {
        socket.destroy();
        resolve(data.toString('latin1'));
      });
    });
  });
  const acks = await Promise.all(answers);
  for (const [n, ack] of acks.entries()) expect(ack).toContain(`MSA|AA|${n}`);
  expect(most).toBe(2);
  await server.close();
});

test('places are of each sender alone, and who waits is served in order', async () => {
  const places = new Places(2);
  expect([places.tryTake(1), places.tryTake(1), places.tryTake(1), places.tryTake(2)]).toEqual([
    ...[true, true, false, true],
  ]);
  const served: string[] = [];
  const waiting = ['a', 'b'].map((name) => places.hold(1, async () => served.push(name)));
  places.free(1);
  await Promise.all(waiting);
  expect(served).toEqual(['a', 'b']);
  places.free(1);
  places.free(2);
  expect([places.tryTake(1), places.tryTake(1), places.tryTake(1)]).toEqual([true, true, false]);
});
