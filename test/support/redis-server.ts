import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { afterAll } from 'vitest';

/**
 * As much of a Redis as tells its policy, which on the server that all tests share cannot be another: null tells
 * none, `silent` answers no more. Scripts find nothing, and what waits for a job waits on.
 */
export async function redisWithPolicy(policy: string | null) {
  const state = { policy };
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    socket.on('data', (chunk) => {
      for (const [word, ...rest] of commandsIn(chunk.toString())) {
        const answer = answerTo(word as string, rest, state.policy);
        if (answer) socket.write(answer);
      }
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  afterAll(() => {
    server.close();
    for (const socket of sockets) socket.destroy();
  });
  return { state, url: `redis://127.0.0.1:${(server.address() as AddressInfo).port}` };
}

/** Arrays of bulk strings, https://redis.io/docs/latest/develop/reference/protocol-spec/. */
function commandsIn(text: string): string[][] {
  return text
    .split(/\*\d+\r\n/)
    .slice(1)
    .map((command) => command.split('\r\n').filter((_, place) => place % 2 === 1))
    .map(([word = '', ...rest]) => [word.toLowerCase(), ...rest]);
}

function answerTo(word: string, rest: string[], policy: string | null): string | null {
  if (word === 'info' && policy === 'silent') return null;
  if (word === 'info') {
    const lines = ['redis_version:7.2.0', 'loading:0', ...(policy ? [`maxmemory_policy:${policy}`] : [])];
    const body = `${lines.join('\r\n')}\r\n`;
    return `$${body.length}\r\n${body}\r\n`;
  }
  if (word === 'config') return '-NOPERM this user has no permissions to run CONFIG\r\n';
  if (word === 'evalsha' || word === 'eval') return '$-1\r\n';
  return word.startsWith('b') && rest.length > 0 ? null : '+OK\r\n';
}
