import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createFramer, type Frame } from '../../src/receive/mllp/frame.ts';

const bytes = (text: string) => Buffer.from(text, 'latin1');
const block = (content: string) => `\u000b${content}\u001c\r`;
const MAX = 100;

function framesOf(chunks: Buffer[], max = MAX): Frame[] {
  const framer = createFramer(max);
  return chunks.flatMap((chunk) => framer.push(chunk));
}
const read = (stream: string, max = MAX) =>
  framesOf([bytes(stream)], max).map(({ kind, body }) => [kind, body.toString('latin1')]);

/** A stream cut into chunks at any places. */
function cut(stream: Buffer, places: number[]): Buffer[] {
  const at = [...new Set([0, ...places.map((place) => place % stream.length), stream.length])].sort(
    (a, b) => a - b,
  );
  return at.slice(1).map((end, index) => stream.subarray(at[index], end));
}

/** How many of these are still referred to: figures of memory depend on the collector's mood. */
async function countHeld(chunks: WeakRef<ArrayBufferLike>[]): Promise<number> {
  await new Promise(setImmediate);
  setFlagsFromString('--expose-gc');
  runInNewContext('gc')();
  return chunks.filter((chunk) => chunk.deref()).length;
}

describe('MLLP framing', () => {
  test('gives each block its content, many in one chunk or one in many', () => {
    const stream = block('MSH|one') + block('MSH|two');
    const expected = [
      ['whole', 'MSH|one'],
      ['whole', 'MSH|two'],
    ];
    expect(read(stream)).toEqual(expected);
    const crumbs = bytes(block('x'.repeat(5_000)));
    expect(framesOf(cut(crumbs, [...crumbs.keys()]), 5_000)[0]?.body.toString()).toBe('x'.repeat(5_000));
    const single = framesOf(
      cut(
        bytes(stream),
        [...stream].map((_, index) => index),
      ),
    );
    expect(single.map(({ kind, body }) => [kind, body.toString()])).toEqual(expected);
  });

  test('forgives a missing CR after FS, and line breaks between blocks', () => {
    const framer = createFramer(MAX);
    expect(framer.push(bytes(`\u000bone\u001c\u000btwo\u001c\r\n\r\n${block('three')}`))).toHaveLength(3);
    expect(framer.skipped).toBe(0);
  });

  test('skips and counts garbage between blocks, and loses none of them', () => {
    const framer = createFramer(MAX);
    expect(framer.push(bytes(`GET / HTTP${block('one')}??${block('two')}\u001c`))).toHaveLength(2);
    expect(framer.skipped).toBe(13);
  });

  test('tells the block whose end was lost from the one after it', () => {
    expect(read(`\u000bMSH|cut short${block('MSH|next')}`)).toEqual([
      ['cut', 'MSH|cut short'],
      ['whole', 'MSH|next'],
    ]);
  });

  test('takes VT inside a text as text', () => {
    expect(read(block('MSH|a\rNTE|line\u000bbreak'))).toEqual([['whole', 'MSH|a\rNTE|line\u000bbreak']]);
  });

  test('drains a block that is too large, keeping its beginning, and goes on', () => {
    const [first, second] = framesOf([bytes(block(`MSH|${'x'.repeat(9_000)}`) + block('MSH|next'))]);
    expect([first?.kind, first?.body.length, first?.body.toString('latin1', 0, 4)]).toEqual([
      'oversize',
      4_096,
      'MSH|',
    ]);
    expect(second?.kind).toBe('whole');
  });

  test('holds little of a block that never ends', async () => {
    const framer = createFramer(1_000_000);
    framer.push(bytes('\u000bMSH|'));
    const send = (): WeakRef<ArrayBufferLike> => {
      const chunk = Buffer.alloc(50_000, 'x');
      framer.push(chunk);
      return new WeakRef(chunk.buffer);
    };
    const chunks = Array.from({ length: 10 }, send);
    expect(await countHeld(chunks)).toBe(10);
    chunks.push(...Array.from({ length: 2_000 }, send));
    expect(await countHeld(chunks)).toBe(0);
    expect(framer.open).toBe(true);
  });

  test('does not depend on where the stream is cut into chunks', () => {
    const part = fc.string({ unit: fc.constantFrom('M', 'S', 'H', '|', '\r', '\u000b', 'é'), maxLength: 30 });
    const stream = fc.array(fc.tuple(part, part), { minLength: 1, maxLength: 8 });
    fc.assert(
      fc.property(
        stream,
        fc.array(fc.nat(), { maxLength: 40 }),
        fc.integer({ min: 1, max: 40 }),
        (parts, places, max) => {
          const whole = bytes(parts.map(([content, garbage]) => block(content) + garbage).join(''));
          const plain = (frames: Frame[]) =>
            frames.map(({ kind, body }) => (kind === 'oversize' ? [kind] : [kind, body.toString('latin1')]));
          expect(plain(framesOf(cut(whole, places), max))).toEqual(plain(framesOf([whole], max)));
        },
      ),
    );
  });
});
