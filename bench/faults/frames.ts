/** HL7 v2 over MLLP as bytes: what is sent at once is up to the caller. */
import { connect } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { END, START } from '../load.ts';

export const frame = (message: string): string => `${START}${message}${END}`;

type Sending = { answers: number; bytes: number; within: number };

/**
 * Sends a text over a connection of its own, `bytes` at a time, and gives the codes of what was answered (MSA-1,
 * its last letter: A, E or R), until there were `answers`, the connection ended, or `within` ms have passed.
 */
export async function sendFrames(port: number, text: string, sending: Sending): Promise<string[]> {
  const { answers, bytes, within } = sending;
  const socket = connect({ port, host: '127.0.0.1', noDelay: true });
  let heard = '';
  const codes = () => [...heard.matchAll(/\rMSA\|[AC]([AER])\|/g)].map(([, code]) => code as string);
  const done = new Promise<void>((resolve) => {
    // Refused or reset: whoever sends looks at what was answered.
    socket.once('error', () => resolve()).once('close', () => resolve());
    socket.on('data', (chunk: Buffer) => {
      heard += chunk.toString();
      if (heard.endsWith(END) && codes().length >= answers) resolve();
    });
    setTimeout(resolve, within).unref();
  });
  const content = Buffer.from(text);
  for (let at = 0; at < content.length && !socket.destroyed; at += bytes) {
    socket.write(content.subarray(at, Math.min(content.length, at + bytes)));
    await pause(0);
  }
  if (answers > 0) await done;
  socket.destroy();
  return codes();
}
