/** MLLP block framing: VT, content, FS, CR. HL7 v2 "Minimal Lower Layer Protocol", release 1. */

const VT = 0x0b;
const FS = 0x1c;
const CR = 0x0d;
const LF = 0x0a;
/** Of a frame that is too large: enough to find its MSH and answer it. */
const HEAD_BYTES = 4_096;
const MOST_LOOSE = 1_024;
const LOST_START = Buffer.from([VT, 0x4d, 0x53, 0x48]);

/**
 * `whole`: content as sent. `cut`: its end never came, the next block began. `oversize`: only the beginning
 * was kept.
 */
export type Frame = { kind: 'whole' | 'cut' | 'oversize'; body: Buffer };

/**
 * `push` takes whatever the socket gave and returns the frames it completes, in order. `skipped`: bytes of
 * garbage so far.
 */
export type Framer = { push: (chunk: Buffer) => Frame[]; readonly skipped: number; readonly open: boolean };

/**
 * Splits a stream into frames wherever the chunks break. Garbage between frames is skipped; a missing CR
 * after FS is forgiven; a frame over `maxBytes` is drained, keeping its first 4 KB so that it can be
 * answered. Content is copied once, when its end came (twice where it came in crumbs).
 */
export function createFramer(maxBytes: number): Framer {
  let parts: Buffer[] = [];
  let size = 0;
  let loose = 0;
  let open = false;
  let skipped = 0;

  function keep(part: Buffer): void {
    const draining = size > maxBytes;
    size += part.length;
    if (draining || part.length === 0) return;
    parts.push(part);
    // What was kept so far is let go of: a sender must not hold memory by sending more.
    if (size > maxBytes) parts = [Buffer.from(Buffer.concat(parts).subarray(0, HEAD_BYTES))];
    // A sender of single bytes must not cost an object for each.
    else if (++loose === MOST_LOOSE) {
      parts.push(Buffer.concat(parts.splice(-MOST_LOOSE)));
      loose = 0;
    }
  }

  function close(): Frame[] {
    const body = parts.length === 1 ? (parts[0] as Buffer) : Buffer.concat(parts);
    const oversize = size > maxBytes;
    parts = [];
    size = 0;
    loose = 0;
    open = false;
    return oversize ? [{ kind: 'oversize', body }] : splitCut(body);
  }

  function push(chunk: Buffer): Frame[] {
    const frames: Frame[] = [];
    for (let at = 0; at < chunk.length; ) {
      if (open) {
        const end = chunk.indexOf(FS, at);
        keep(chunk.subarray(at, end < 0 ? chunk.length : end));
        if (end >= 0) frames.push(...close());
        at = end < 0 ? chunk.length : end + 1;
      } else {
        const start = chunk.indexOf(VT, at);
        const garbage = chunk.subarray(at, start < 0 ? chunk.length : start);
        skipped += garbage.filter((byte) => byte !== CR && byte !== LF).length;
        open = start >= 0;
        at = start < 0 ? chunk.length : start + 1;
      }
    }
    return frames;
  }

  return {
    push,
    get skipped() {
      return skipped;
    },
    get open() {
      return open;
    },
  };
}

/**
 * A block that begins inside another one: the end of the first was lost. VT alone may be text (a line break
 * from Word).
 */
function splitCut(body: Buffer): Frame[] {
  const frames: Frame[] = [];
  let from = 0;
  for (let at = body.indexOf(LOST_START); at >= 0; at = body.indexOf(LOST_START, from)) {
    if (at > from) frames.push({ kind: 'cut', body: body.subarray(from, at) });
    from = at + 1;
  }
  return [...frames, { kind: 'whole', body: body.subarray(from) }];
}
