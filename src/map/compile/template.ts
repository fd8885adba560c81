/** A text of fixed parts and what stands at some paths: `https://skein.example/Id/{CX.4}`. */
import { isObject, textOf } from '../../formats/tree.ts';
import type { Json } from '../../model.ts';
import type { Frame, Reader, Run } from '../run.ts';

const URIS = ['uri', 'url', 'canonical'];
const encodeUri = (text: string) => encodeURIComponent(text.toWellFormed());

const isEmptied = (raw: Json | undefined) => raw === '""';
const isMissing = (raw: Json | undefined) => raw === undefined || isEmptied(raw) || isObject(raw);

type Filled = { text: string | undefined; emptied: boolean };
type Template = {
  /** No text where any of its parts is missing. */
  fill: (run: Run, frame: Frame) => Filled;
  /** All places that it reads. */
  source: (run: Run, frame: Frame) => string;
  /** The first that is missing. */
  field: Reader['at'];
};

/**
 * `parts`: the fixed ones, around and between what the readers give. In a URI that the template begins
 * itself, what the sender says is percent-encoded: two names never become one, and any is legal.
 */
export function compileParts(parts: string[], readers: Reader[], type: string): Template {
  const encode = URIS.includes(type) && parts[0] ? encodeUri : String;
  return {
    fill: (run, frame) => {
      let text = parts[0] ?? '';
      for (const [index, reader] of readers.entries()) {
        const raw = reader.read(run, frame);
        if (raw === undefined || isMissing(raw)) return { text: undefined, emptied: isEmptied(raw) };
        text += encode(textOf(raw).trim()) + (parts[index + 1] ?? '');
      }
      return { text, emptied: false };
    },
    source: (run, frame) => readers.map(({ at }) => at(run, frame)).join(' '),
    field: (run, frame) => {
      const missing = readers.find(({ read }) => isMissing(read(run, frame))) ?? readers[0];
      return missing?.at(run, frame) ?? frame.at;
    },
  };
}
