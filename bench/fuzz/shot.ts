/** One request, and what came back. */
import { once } from 'node:events';
import { connect } from 'node:net';
import { request } from 'undici';

/** `raw`: bytes to a socket of the HTTP port, where no client of HTTP would send them. */
export type Shot =
  | { door: 'http'; method: string; path: string; headers: Record<string, string>; body: string | null }
  | { door: 'raw'; bytes: string }
  | { door: 'mllp'; bytes: string };
/** `status` 0: the connection was closed without an answer, which only a socket may meet. */
export type Reply = { status: number; retryAfter: boolean; text: string };
export type Doors = { url: string; mllpPort: number };

/** Whoever answers nothing for so long hangs. */
const DEADLINE_MS = 30_000;

export async function shoot(shot: Shot, { url, mllpPort }: Doors): Promise<Reply> {
  if (shot.door === 'raw') return readStatus(await talk(Number(new URL(url).port), shot.bytes));
  if (shot.door === 'mllp') {
    const text = await talk(mllpPort, shot.bytes);
    return { status: /error of ours/.test(text) ? 500 : 200, retryAfter: false, text };
  }
  const { method, path, headers, body } = shot;
  const signal = AbortSignal.timeout(DEADLINE_MS);
  try {
    const answer = await request(`${url}${path}`, { method: method as 'POST', headers, body, signal });
    const text = await answer.body.text();
    return { status: answer.statusCode, retryAfter: answer.headers['retry-after'] !== undefined, text };
  } catch (error) {
    const { code = '' } = error as NodeJS.ErrnoException;
    if (!isTooLarge(body) || !CUT.includes(code)) throw error;
    return { status: 413, retryAfter: false, text: '' };
  }
}

/** Whoever sends more than may be sent is cut off, and may not hear why. */
const isTooLarge = (body: string | null) => (body?.length ?? 0) > 5 * 1024 * 1024;
const CUT = ['EPIPE', 'ECONNRESET', 'UND_ERR_SOCKET'];

/** Sends, says that it is done, and reads until the other end is, too. */
async function talk(port: number, bytes: string): Promise<string> {
  const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
  let text = '';
  socket.setEncoding('latin1').on('data', (chunk) => (text += chunk));
  socket.setTimeout(DEADLINE_MS, () => socket.destroy(new Error(`nothing for ${DEADLINE_MS / 1000} s`)));
  const ended = once(socket, 'close');
  socket.on('end', () => socket.end());
  socket.end(Buffer.from(bytes, 'latin1'));
  await ended.catch((error: NodeJS.ErrnoException) => {
    // Whoever is refused before all was read is cut off.
    if (!['ECONNRESET', 'EPIPE'].includes(error.code ?? '')) throw error;
  });
  return text;
}

function readStatus(text: string): Reply {
  const [, status = '0'] = /^HTTP\/1\.1 (\d{3})/.exec(text) ?? [];
  return { status: Number(status), retryAfter: /^retry-after:/im.test(text), text };
}
