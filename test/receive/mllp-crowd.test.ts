/** Whoever holds connections that it does not use keeps nobody out, from its own address or another. */
import { once } from 'node:events';
import net from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import type { Intake } from '../../src/receive/intake.ts';
import { startMllp } from '../../src/receive/mllp/server.ts';
import { testContext } from '../support/context.ts';
import { testDatabase } from '../support/database.ts';
import { answering } from './answering.ts';

const ctx = testContext(await testDatabase());
const message = (id: string, name = 'PAS') =>
  `\u000bMSH|^~\\&|${name}|RXX|SKEIN|HUB|20260110093000||ADT^A28|${id}|P|2.5\rPID|1||77^^^RXX^PI\u001c\r`;
const HALF = '\u000bMSH|^~\\&|PAS|RXX|';
const [HERE, ELSEWHERE] = ['127.0.0.1', '127.0.0.2'];
const closers: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

async function start(intake: Intake, options: Parameters<typeof startMllp>[2]) {
  const server = await startMllp(ctx, intake, options);
  closers.push(server.close);
  return server.port;
}

type Client = { socket: net.Socket; text: () => string; send: (text: string) => Promise<string> };

/** A connection from one of this machine's addresses; `send` gives MSA-1 and MSA-2 of the next acknowledgement. */
async function connect(port: number, from = HERE): Promise<Client> {
  const socket = net.connect({ port, host: HERE, localAddress: from });
  let text = '';
  socket.on('data', (chunk) => {
    text += chunk.toString('latin1');
  });
  socket.on('error', () => undefined);
  closers.push(async () => socket.destroy());
  await once(socket, 'connect');
  const send = async (block: string) => {
    const before = text.length;
    socket.write(block);
    await expect.poll(() => socket.closed || text.indexOf('\u001c', before) >= 0).toBe(true);
    return /\rMSA\|(\w+\|\w*)/.exec(text.slice(before))?.[1] ?? 'closed';
  };
  return { socket, text: () => text, send };
}

/** As many half-open frames as an attacker likes to hold. */
async function flood(port: number, count: number, from: string): Promise<Client[]> {
  const held = await Promise.all(Array.from({ length: count }, () => connect(port, from)));
  for (const { socket } of held) socket.write(HALF);
  return held;
}

test('256 half frames keep out nobody who comes from the same address', async () => {
  const port = await start(answering().intake, {});
  const working = await connect(port);
  expect(await working.send(message('0'))).toBe('AA|0');
  const held = await flood(port, 256, HERE);
  for (const id of ['1', '2', '3']) expect(await (await connect(port)).send(message(id))).toBe(`AA|${id}`);
  expect(await working.send(message('4'))).toBe('AA|4');
  expect(held.filter(({ socket }) => !socket.closed).length).toBeLessThan(128);
});

test.runIf(process.platform === 'linux')('nor anybody from elsewhere, however many there are', async () => {
  const limits = { most: 24, mostOfPeer: 20 };
  const port = await start(answering().intake, { limits });
  const others = await Promise.all(['127.0.0.3', '127.0.0.4'].map((from) => flood(port, 40, from)));
  const good = await Promise.all(Array.from({ length: 8 }, () => connect(port, ELSEWHERE)));
  await Promise.all(['127.0.0.3', '127.0.0.4'].map((from) => flood(port, 40, from)));
  for (const [index, client] of good.entries())
    expect(await client.send(message(`${index}`))).toBe(`AA|${index}`);
  expect(others.flat().filter(({ socket }) => !socket.closed).length).toBeLessThan(24);
});

test('one whose message is in hand stays, and where all are at work a newcomer is refused', async () => {
  const gate = Promise.withResolvers<void>();
  const { intake, taken } = answering();
  const port = await start(
    async (context, given) => {
      const answer = intake(context, given);
      await gate.promise;
      return answer;
    },
    { limits: { most: 3, mostOfPeer: 3 } },
  );
  const busy = await Promise.all(Array.from({ length: 3 }, () => connect(port)));
  const answers = busy.map((client, index) => client.send(message(`${index}`, `PAS${index}`)));
  await expect.poll(() => taken.length).toBe(3);
  const refused = await connect(port);
  await expect.poll(() => refused.socket.closed).toBe(true);
  gate.resolve();
  expect(await Promise.all(answers)).toEqual(['AA|0', 'AA|1', 'AA|2']);
  expect(await (await connect(port)).send(message('9'))).toBe('AA|9');
});

describe('a frame that has begun', () => {
  test('must end in time, however its bytes trickle in; one that is quiet between frames may stay', async () => {
    const port = await start(answering().intake, { frameMs: 300 });
    const [quiet, trickling] = [await connect(port), await connect(port)];
    expect(await quiet.send(message('1'))).toBe('AA|1');
    expect(await trickling.send(message('2'))).toBe('AA|2');
    trickling.socket.write(HALF);
    const trickle = setInterval(() => trickling.socket.write('x'), 20);
    closers.push(async () => clearInterval(trickle));
    await expect.poll(() => trickling.socket.closed).toBe(true);
    expect(await quiet.send(message('3'))).toBe('AA|3');
  });

  test('is given its time anew after the message before it was worked on', async () => {
    const { intake, taken } = answering();
    const gate = Promise.withResolvers<void>();
    const port = await start(
      async (context, given) => {
        const answer = intake(context, given);
        if (given.identifier === '1') await gate.promise;
        return answer;
      },
      { frameMs: 400 },
    );
    const client = await connect(port);
    client.socket.write(message('1') + message('2').slice(0, 30));
    await expect.poll(() => taken.length).toBe(1);
    const began = performance.now();
    await expect.poll(() => performance.now() - began > 500).toBe(true);
    gate.resolve();
    await expect.poll(() => client.text()).toContain('MSA|AA|1');
    expect(await client.send(message('2').slice(30))).toBe('AA|2');
  });
});

test('a sender that takes no acknowledgements is closed, and others are served meanwhile', async () => {
  const port = await start(answering().intake, { frameMs: 500 });
  const deaf = await connect(port);
  deaf.socket.pause();
  const large = message('1', 'P'.repeat(400_000));
  for (let sent = 0; sent < 60; sent++) deaf.socket.write(large);
  expect(await (await connect(port)).send(message('2'))).toBe('AA|2');
  await expect
    .poll(() => deaf.socket.closed || deaf.socket.destroyed || deaf.socket.errored !== null, {
      timeout: 10_000,
    })
    .toBe(true);
});
