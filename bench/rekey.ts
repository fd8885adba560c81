/**
 * Distinct copies of captured text, cheaply: every uuid and search hash that is not everybody's is exchanged for another, and every
 * row id (written `#123#`) for the one SPAN further on.
 */

const SLOT =
  /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}|#\d+#|(?<=[":\t,{])-?\d{17,19}(?=["\t\n,}]|$)/g;

/** Text cut at its slots: `parts[0] values[slots[0]] parts[1] ...`; most values come several times. */
export type Template = { parts: string[]; slots: number[]; values: string[] };

/** `shared`: values that stay as they are (services, and hashes of codes that every family has). */
export function cut(text: string, shared: Set<string>): Template {
  const parts: string[] = [];
  const slots: number[] = [];
  const places = new Map<string, number>();
  let from = 0;
  for (const match of text.matchAll(SLOT)) {
    const [value] = match;
    if (shared.has(value)) continue;
    if (!places.has(value)) places.set(value, places.size);
    parts.push(text.slice(from, match.index));
    slots.push(places.get(value) as number);
    from = match.index + value.length;
  }
  parts.push(text.slice(from));
  return { parts, slots, values: [...places.keys()] };
}

/** The n-th copy. One value is exchanged for the same other in every template, so that references between rows still hold. */
export function paste({ parts, slots, values }: Template, n: number): string {
  const fresh = values.map((value) => rename(value, n));
  let text = parts[0] as string;
  for (let index = 0; index < slots.length; index++)
    text += (fresh[slots[index] as number] as string) + parts[index + 1];
  return text;
}

/** Values found in more than one text. */
export function findShared(texts: string[]): Set<string> {
  const seen = new Set<string>();
  const shared = new Set<string>();
  for (const text of texts) {
    for (const [value] of new Map([...text.matchAll(SLOT)].map((match) => [match[0], true]))) {
      if (seen.has(value)) shared.add(value);
      seen.add(value);
    }
  }
  return shared;
}

/** Spreads n over 32 bits (Fibonacci hashing), so that copies are scattered in every index as real keys are. */
const spread = (n: number) => Math.imul(n, 0x9e3779b1) >>> 0;

/** Row ids of one copy. */
export const SPAN = 1_000_000;

function rename(value: string, n: number): string {
  if (value[0] === '#') return String(Number(value.slice(1, -1)) + n * SPAN);
  if (value[8] === '-') {
    const first = (Number.parseInt(value.slice(0, 8), 16) ^ spread(n)) >>> 0;
    return first.toString(16).padStart(8, '0') + value.slice(8);
  }
  return BigInt.asIntN(64, BigInt(value) ^ (BigInt(spread(n)) << 31n)).toString();
}
