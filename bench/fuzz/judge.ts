/** What no answer may be, whatever was asked. */
import type { Reply } from './shot.ts';

/** Of our files, of the engine, of the store: none of it is a caller's business. */
const INSIDE = [
  /\n\s+at .+:\d+:\d+/,
  /node_modules|\bfile:\/\/\/?\w+\/.+\.[jt]s\b|\bsrc\/[\w/-]+\.ts\b/,
  /\b(Type|Range|Syntax|Reference|Aggregate|Zod)Error\b/,
  /\b(violates|pg_catalog|SQLSTATE|duplicate key|relation ")/,
];

/** What is wrong with an answer; null where nothing is. */
export function faultOf({ status, retryAfter, text }: Reply): string | null {
  const isBusy = status === 503 && retryAfter;
  if (status >= 500 && !isBusy) return `answered ${status}`;
  return INSIDE.some((form) => form.test(text)) ? 'tells of what is inside' : null;
}
