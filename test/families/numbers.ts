/**
 * NHS numbers and phone numbers that belong to nobody, each given once.
 *
 * NHS numbers are of the test range, 999 000 0000 to 999 999 9999, with a valid check digit: some 909,000, so a set
 * holds at most about 3 million records; a larger one stops with an error and never repeats a number.
 * Phone numbers are 07700 9xxxxx (100,000, the block of numbers kept for drama) and 01632 xxxxxx (1,000,000 of an
 * area code that is no place's).
 */
import { type Chance, chanceOf } from './random.ts';

const PREFIXES = 500_000;
const BLOCK = 8;

/** The NHS number of nine digits; none where the check digit would be 10, or where all digits are alike. */
function withCheckDigit(nine: number): string | undefined {
  const digits = String(nine);
  let sum = 0;
  for (let at = 0; at < 9; at++) sum += Number(digits[at]) * (10 - at);
  const check = (11 - (sum % 11)) % 11;
  return check === 10 || nine === 999_999_999 ? undefined : `${digits}${check}`;
}

/** Every number below `size` once, in an order of chance. `size` has no other prime factors than 2, 5 and 11. */
function permuted(size: number, chance: Chance): (n: number) => number {
  let step = chance.int(Math.floor(size / 3), size - 1);
  while (step % 2 === 0 || step % 5 === 0 || step % 11 === 0) step++;
  const start = chance.int(0, size - 1);
  return (n) => (start + n * step) % size;
}

/**
 * Numbers in blocks of eight that follow one another, the blocks in an order of chance: what is born together often
 * has numbers that differ in little. `half` 0 is for adults, 1 for children: a mother's is not next to her baby's.
 */
export function nhsNumbers(seed: string, half: 0 | 1): () => string {
  const block = permuted(PREFIXES / BLOCK, chanceOf(`${seed} numbers ${half}`));
  let given = 0;
  return () => {
    while (given < PREFIXES) {
      const place = block(Math.floor(given / BLOCK)) * BLOCK + (given % BLOCK);
      given++;
      const number = withCheckDigit(999_000_000 + half * PREFIXES + place);
      if (number) return number;
    }
    throw new RangeError('The test range of NHS numbers is used up: ask for fewer records');
  };
}

const PHONES = 1_100_000;

export function phoneNumbers(seed: string): () => string {
  const place = permuted(PHONES, chanceOf(`${seed} phones`));
  let given = 0;
  return () => {
    if (given >= PHONES) throw new RangeError('The phone numbers are used up: ask for fewer records');
    const n = place(given++);
    return n < 100_000
      ? `077009${String(n).padStart(5, '0')}`
      : `01632${String(n - 100_000).padStart(6, '0')}`;
  };
}
