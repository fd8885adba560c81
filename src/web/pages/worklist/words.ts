/** The worklist in words: fields, levels of agreement, and what stands in the way (docs/matching.md). */

export const FIELDS: Record<string, string> = {
  number: 'NHS number',
  given: 'Given name',
  family: 'Family name',
  birthDate: 'Birth date',
  sex: 'Sex',
  address: 'Address',
  phone: 'Telephone',
  mother: 'Mother',
};

/** Boxes filled of four; null: they disagree. */
type Level = { text: string; boxes: number | null };
const LEVELS: Record<string, Level> = {
  same: { text: 'Same', boxes: 4 },
  near: { text: 'Nearly the same', boxes: 2 },
  swapped: { text: 'Given and family name swapped', boxes: 3 },
  nickname: { text: 'A short form', boxes: 3 },
  similar: { text: 'Alike', boxes: 2 },
  initial: { text: 'The same initial', boxes: 1 },
  part: { text: 'The same in part', boxes: 2 },
  month: { text: 'Same month and year', boxes: 2 },
  postcode: { text: 'Same postcode', boxes: 2 },
  line: { text: 'Same line', boxes: 2 },
  different: { text: 'Different', boxes: null },
};
const NOTHING: Level = { text: 'Not known of one of them', boxes: 0 };

export const sayLevel = (code: string | undefined): Level => LEVELS[code ?? ''] ?? NOTHING;

const GUARDS: Record<string, string> = {
  'numbers-conflict': 'Each has a verified NHS number, and they differ.',
  'birth-dates-conflict': 'The birth dates differ.',
  twins: 'They may be twins.',
  'names-and-birth-conflict': 'Names and birth dates both differ.',
  'mothers-number': 'The NHS number of one may be the mother’s.',
  'number-tainted': 'The NHS number is used for people who cannot be one.',
  'number-unverified': 'The NHS number is not verified.',
  'birth-date-missing': 'One has no birth date.',
  'birth-date-differs': 'The birth dates are not quite the same.',
  'no-given-name': 'One has no given name, or a placeholder for it.',
  'initial-only': 'One has an initial for a given name.',
  'given-names-differ': 'The given names differ.',
  'sex-conflict': 'The sexes differ.',
  'multiple-birth': 'One is of a multiple birth: this could be the other one.',
  'childs-name-not-exact': 'The names of a child are alike, not the same.',
};

const OTHERWISE = 'They agree, but not enough to be joined without anybody looking.';

export function sayWhy(guards: string[]): string {
  const known = guards.flatMap((guard) => GUARDS[guard] ?? []);
  return known.length > 0 ? known.join(' ') : OTHERWISE;
}
