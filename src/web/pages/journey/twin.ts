/** The table that says what the picture says, row by row, with the same numbers. */
import type { Given } from './given.ts';
import type { Lane } from './lanes.ts';
import { type ShownAs, sayWhy } from './why.ts';

export type TwinRow = {
  n: number;
  who: string;
  strong: string;
  what: string;
  when: string;
  contacts: string;
  isNew: boolean;
  shownAs: ShownAs;
};

/** In the order of the numbers. */
export const writeTwin = (given: Given, lanes: Lane[]): TwinRow[] =>
  lanes.flatMap(({ kind, name, items }) =>
    items.map(({ n, strong, what, when, contacts, references }) => ({
      ...{ n, strong, what, when, contacts },
      who: kind === 'referral' ? 'Referral' : name,
      isNew: references.some((one) => given.changed.has(one)),
      shownAs: sayWhy(given, references),
    })),
  );
