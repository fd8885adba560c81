/** What a mapping made of a text, with the field that each element came from: view model of two lists. */
import { sayCount } from '../words.ts';

/** As the bench tells it; `at` is the number of a source field, from 1, null where none says the element. */
export type Tried = {
  wrong: string[];
  isSound: boolean;
  issues: { field: string; severity: string; text: string; position: string }[];
  fields: { field: string; value: string }[];
  elements: {
    element: string;
    value: string;
    at: number | null;
    source: string;
    rule: string;
    translated: string;
  }[];
  unread: { field: string; reason: string }[];
  counts: { read: number; ignored: number; unread: number };
};

/** `lit`: the class by which a field and all that came of it light up together (see lineage-style.ts). */
export function describeTried({ wrong, isSound, issues, fields, elements, unread, counts }: Tried) {
  const all = counts.read + counts.ignored + counts.unread;
  const share = (count: number) => (all === 0 ? 0 : Math.round((count / all) * 1_000) / 10);
  return {
    ...{ wrong, issues, unread },
    verdict: isSound ? 'It would be accepted' : 'It would be held, all of it or some',
    tag: isSound ? 'green' : 'yellow',
    fields: fields.map(({ field, value }, index) => ({ field, value, lit: litBy(index + 1) })),
    elements: elements.map(({ at, source, ...one }) => ({
      ...{ ...one, source: source === 'constant' ? 'always the same' : source },
      lit: at === null ? '' : litBy(at),
    })),
    bar: {
      ...{ read: share(counts.read), ignored: share(counts.ignored), unread: share(counts.unread) },
      words: `${sayCount(all, 'field')} with data: ${counts.read} read, ${counts.ignored} left out on purpose, ${counts.unread} read by no rule`,
    },
  };
}

const litBy = (number: number): string => `l-${number}`;
