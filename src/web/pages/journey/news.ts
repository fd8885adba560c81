/** What is new since whoever looks said that they had seen it. */
import { dateTime } from '../words.ts';
import type { Given } from './given.ts';
import type { Item } from './items.ts';
import type { Names } from './names.ts';

/** `since` '': they have not said so yet. `more`: how many lines beyond those. */
export type News = { since: string; lines: string[]; more: number };

const MOST = 5;

/** In the order of the table, then who the people are; what is told of both is told once. */
export function findNews({ changed, seen, patients }: Given, items: Item[], names: Names): News {
  const care = items.flatMap(({ references, strong, what, when }) =>
    references.some((one) => changed.has(one)) ? [[strong, what, when].filter(Boolean).join(', ')] : [],
  );
  const people = patients.flatMap(({ id }) =>
    changed.has(`Patient/${id}`) ? [`Who ${names.person(`Patient/${id}`)} is, or how to reach them`] : [],
  );
  const all = [...care, ...people];
  return {
    since: seen ? dateTime(seen) : '',
    lines: all.slice(0, MOST),
    more: Math.max(0, all.length - MOST),
  };
}
