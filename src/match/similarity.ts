/** How alike two words are. Case and accents are the caller's business (`normaliseName`). */

/** Jaro's similarity, 0 to 1: letters in common that are near enough, less those out of order. */
function jaro(a: string, b: string): number {
  if (a === b) return 1;
  const reach = Math.max(0, Math.floor(Math.max(a.length, b.length) / 2) - 1);
  const taken = new Uint8Array(b.length);
  const mine: string[] = [];
  for (let i = 0; i < a.length; i += 1) {
    for (let j = Math.max(0, i - reach); j <= Math.min(b.length - 1, i + reach); j += 1) {
      if (taken[j] || a[i] !== b[j]) continue;
      taken[j] = 1;
      mine.push(a[i] as string);
      break;
    }
  }
  if (mine.length === 0) return 0;
  const theirs = [...b].filter((_, j) => taken[j]);
  const moved = mine.filter((letter, at) => letter !== theirs[at]).length / 2;
  return (mine.length / a.length + mine.length / b.length + (mine.length - moved) / mine.length) / 3;
}

/** Winkler's: Jaro's, raised by a tenth of what is missing for each of the first four letters in common. */
export function jaroWinkler(a: string, b: string): number {
  const near = jaro(a, b);
  let prefix = 0;
  while (prefix < 4 && prefix < a.length && a[prefix] === b[prefix]) prefix += 1;
  return near + prefix * 0.1 * (1 - near);
}

/**
 * Optimal string alignment: how many letters are put in, left out, replaced, or swapped with the next, no
 * part of the word edited twice.
 */
export function stringAlignment(a: string, b: string): number {
  let before: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i += 1) {
    const row = [i];
    for (let j = 1; j <= b.length; j += 1) {
      const changed = a[i - 1] === b[j - 1] ? 0 : 1;
      row[j] = Math.min(last[j]! + 1, row[j - 1]! + 1, last[j - 1]! + changed);
      const swapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      if (swapped) row[j] = Math.min(row[j]!, before[j - 2]! + 1);
    }
    [before, last] = [last, row];
  }
  return last[b.length]!;
}

const CODES: Record<string, string> = {};
for (const [code, letters] of ['bfpv', 'cgjkqsxz', 'dt', 'l', 'mn', 'r'].entries())
  for (const letter of letters) CODES[letter] = String(code + 1);

/**
 * American Soundex (https://www.archives.gov/research/census/soundex): first letter and three digits; '' for
 * a word that does not begin with a Latin letter.
 */
export function soundex(word: string): string {
  const letters = word.toLowerCase().replace(/[^a-z]/g, '');
  if (letters === '') return '';
  let code = letters[0]!.toUpperCase();
  let last = CODES[letters[0]!] ?? '';
  for (const letter of letters.slice(1)) {
    const next = CODES[letter] ?? '';
    if (next !== '' && next !== last) code += next;
    // h and w do not part two letters of one sound; vowels do.
    if (letter !== 'h' && letter !== 'w') last = next;
    if (code.length === 4) break;
  }
  return code.padEnd(4, '0');
}
