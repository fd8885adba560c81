/** The client: keeps a number of requests in flight for some seconds and says what came of them. */
import { connect, type Socket } from 'node:net';
import { Pool } from 'undici';

/** Latencies in milliseconds. */
export type Outcome = {
  count: number;
  failed: number;
  seconds: number;
  perSecond: number;
  p50: number;
  p99: number;
};
/** Sends one message on one of the lanes (0 to concurrency - 1); true when it was acknowledged. */
export type Send = (lane: number) => Promise<boolean>;

export async function drive(
  send: Send,
  { concurrency, seconds }: { concurrency: number; seconds: number },
): Promise<Outcome> {
  const latencies: number[] = [];
  let failed = 0;
  const started = performance.now();
  const end = started + seconds * 1000;
  const runLane = async (lane: number) => {
    for (let from = performance.now(); from < end; from = performance.now()) {
      if (!(await send(lane))) failed += 1;
      latencies.push(performance.now() - from);
    }
  };
  await Promise.all(Array.from({ length: concurrency }, (_, lane) => runLane(lane)));
  const elapsed = (performance.now() - started) / 1000;
  latencies.sort((a, b) => a - b);
  const at = (share: number) =>
    latencies[Math.min(latencies.length - 1, Math.floor(latencies.length * share))] ?? 0;
  const count = latencies.length - failed;
  return { count, failed, seconds: elapsed, perSecond: count / elapsed, p50: at(0.5), p99: at(0.99) };
}

export type Poster = { send: Send; close: () => Promise<void> };
export type Post = { body: string; headers: Record<string, string> };

/** Posts what `next` gives, over as many kept-alive connections as there are lanes. */
export function openPoster(url: string, concurrency: number, next: () => Post): Poster {
  const { origin, pathname } = new URL(url);
  const pool = new Pool(origin, { connections: concurrency, pipelining: 1 });
  return {
    send: async () => {
      const { body, headers } = next();
      const response = await pool.request({ path: pathname, method: 'POST', body, headers });
      await response.body.dump();
      return response.statusCode === 200;
    },
    close: () => pool.close(),
  };
}

export const START = '\x0b';
export const END = '\x1c\r';

/** Sends HL7 v2 over MLLP, one connection per lane, the next message after the acknowledgement of the one before. */
export async function openMllp(port: number, concurrency: number, next: () => string): Promise<Poster> {
  const sockets = await Promise.all(Array.from({ length: concurrency }, () => dial(port)));
  return {
    send: async (lane) => {
      const socket = sockets[lane] as Socket;
      const answer = readFrame(socket);
      socket.write(`${START}${next()}${END}`);
      return /\rMSA\|[AC]A\|/.test(await answer);
    },
    close: async () => {
      for (const socket of sockets) socket.destroy();
    },
  };
}

function dial(port: number): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ port, host: '127.0.0.1', noDelay: true }, () => resolve(socket));
    socket.once('error', reject);
  });
}

function readFrame(socket: Socket): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = '';
    const settle = (finish: () => void) => {
      socket.off('data', read).off('close', lost);
      finish();
    };
    const read = (chunk: Buffer) => {
      text += chunk.toString();
      if (text.endsWith(END)) settle(() => resolve(text));
    };
    const lost = () => settle(() => reject(new Error('connection closed')));
    socket.on('data', read).on('close', lost);
  });
}
