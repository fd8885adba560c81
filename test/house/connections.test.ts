import { once } from 'node:events';
import { createServer as createHttp } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { limitHttp, peerOf } from '../../src/doors/connections.ts';

const closers: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

/** An HTTP server that answers /slow when told to, and anything else at once. */
async function serve(most: number) {
  const gate = Promise.withResolvers<void>();
  const gone: string[] = [];
  const server = createHttp((request, response) => {
    request.on('error', () => undefined);
    request.resume().once('end', async () => {
      if (request.url === '/slow') await gate.promise;
      response.end('done');
    });
  });
  limitHttp(server, { most, mostOfPeer: most }, (reason) => gone.push(reason));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  closers.push(
    () => server.close(),
    () => server.closeAllConnections(),
  );
  const { port } = server.address() as AddressInfo;
  const open = async (text = '') => {
    const socket = connect(port, '127.0.0.1');
    socket.on('error', () => undefined);
    await once(socket, 'connect');
    socket.write(text);
    return socket;
  };
  return { open, gate, gone };
}

const GET = (path: string) => `GET ${path} HTTP/1.1\r\nHost: localhost\r\n\r\n`;
const textOf = async (socket: Socket) => String((await once(socket, 'data'))[0]);

test.each([
  ['half a header', 'GET / HTTP/1.1\r\nHost: local'],
  ['half a body', 'POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\nhalf'],
  ['nothing', ''],
])(
  'callers that send %s keep nobody out, and whoever waits for an answer keeps its place',
  async (_what, half) => {
    const { open, gate, gone } = await serve(6);
    const waiting = await open(GET('/slow'));
    const quiet = await open(GET('/'));
    expect(await textOf(quiet)).toContain('done');
    for (let held = 0; held < 20; held++) await open(half);
    expect(await textOf(await open(GET('/')))).toContain('done');
    expect(gone.length).toBeGreaterThan(14);
    expect(new Set(gone)).toEqual(new Set(['half for longest']));
    const answer = textOf(waiting);
    gate.resolve();
    expect(await answer).toContain('done');
  },
);

test('where nothing is half-open, the one that has been quiet for longest gives way', async () => {
  const { open, gone } = await serve(2);
  const [first, second] = [await open(GET('/')), await open()];
  await textOf(first);
  second.write(GET('/'));
  await textOf(second);
  expect(await textOf(await open(GET('/')))).toContain('done');
  await expect.poll(() => first.closed).toBe(true);
  expect(gone).toEqual(['quiet for longest']);
  second.write(GET('/'));
  expect(await textOf(second)).toContain('done');
});

test.each([
  ['127.0.0.1', '127.0.0.1'],
  ['::ffff:10.0.0.7', '10.0.0.7'],
  ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2'],
  ['2001:db8::6', '2001:db8:0:0'],
  ['fe80::1%eth0', 'fe80:0:0:0'],
  ['::1', '0:0:0:0'],
])('%s counts as %s', (address, peer) => {
  expect(peerOf(address)).toBe(peer);
});
