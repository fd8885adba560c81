import { write, writeSync } from 'node:fs';
import type { DestinationStream } from 'pino';

/** How long a reader that has no room is left before it is tried again. */
const RETRY_MS = 100;
/** How long a process that leaves waits for such a reader. */
const LEAVING_MS = 1_000;
const BUSY = ['EAGAIN', 'EBUSY'];

type Failure = NodeJS.ErrnoException | null;

/**
 * Lines on their way to a file descriptor, one write after the other, so that a slow reader holds up no work.
 * What it refuses is lost: a log that nobody reads any more (EPIPE), or for which no disk is left, neither
 * ends a process nor keeps it from ending. pino's own stream tries for ever as the process leaves.
 */
export function openLines(fd: number): DestinationStream & { flushSync(): void } {
  let waiting = '';
  /** What of the last write is still to be written. */
  let rest: Buffer = Buffer.alloc(0);
  let isSending = false;

  const take = (): Buffer => {
    const bytes = Buffer.concat([rest, Buffer.from(waiting)]);
    rest = Buffer.alloc(0);
    waiting = '';
    return bytes;
  };
  const send = (): void => {
    const bytes = take();
    isSending = bytes.length > 0;
    if (!isSending) return;
    write(fd, bytes, (error: Failure, written) => {
      const isBusy = error !== null && BUSY.includes(error.code ?? '');
      rest = isBusy ? bytes : bytes.subarray(error ? bytes.length : written);
      if (isBusy) setTimeout(send, RETRY_MS);
      else send();
    });
  };
  const flushSync = (): void => {
    const until = performance.now() + LEAVING_MS;
    let bytes = take();
    while (bytes.length > 0) {
      try {
        bytes = bytes.subarray(writeSync(fd, bytes));
      } catch (error) {
        const isBusy = BUSY.includes((error as NodeJS.ErrnoException).code ?? '');
        if (!isBusy || performance.now() > until) return;
        Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, RETRY_MS);
      }
    }
  };
  process.once('exit', flushSync);
  return {
    flushSync,
    write: (line) => {
      waiting += line;
      if (isSending) return;
      isSending = true;
      // Lines of one turn are one write, and come out in their order where the process leaves in it.
      setImmediate(send);
    },
  };
}
