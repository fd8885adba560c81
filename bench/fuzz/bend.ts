/** Small faults put into what is otherwise right: most of it then goes as deep as anything real does. */

/** Numbers from 0 to below 1, the same for one seed and case. */
export type Random = () => number;

export const below = (random: Random, n: number): number => Math.floor(random() * n);
export function pickOf<T>(random: Random, from: readonly T[]): T {
  return from[below(random, from.length)] as T;
}

/** Texts that have broken parsers: of wrong types, of the engine's own names, out of a store's range. */
export const ODD = [
  ...[
    '',
    ' ',
    '\u0000',
    '\ud800',
    '\ufeff',
    '\u202e',
    'é'.repeat(300),
    'ß\u0301',
    '%',
    '%00',
    '%c0%af',
    '\\',
  ],
  ...["'", '"', '`', "' or 1=1--", '$1', '#{7*7}', '{{7*7}}', '__proto__', 'constructor', 'toString'],
  ...['|', '||', ',', '$', '&', '=', '^~\\&', '\\X00\\', '\\.br\\', '\r', '\n', '\t', '\u001c\r', '\u000b'],
  ...['1e309', '-1', '-0', '0x10', 'NaN', 'Infinity', '9'.repeat(40), '2147483648', '9007199254740993'],
  ...['0000-01-01', '9999-12-31T23:59:59+14:00', '2026-02-30', '24:00', '+010000-01-01T00:00:00Z', 'ge9999'],
  ...['=cmd|calc', '@SUM(1+1)', '+1', '../../etc/passwd', 'http://127.0.0.1:1/', 'file:///etc/passwd'],
  ...[
    'Patient/x',
    'urn:uuid:x',
    '#',
    'null',
    'true',
    '[]',
    '{}',
    'data:text/plain;base64,AAAA',
    'A'.repeat(9_000),
  ],
];

/** One fault anywhere in a text: a piece is lost, doubled, moved or replaced. */
function bendOnce(random: Random, text: string, odd: readonly string[]): string {
  const at = below(random, text.length + 1);
  const length = below(random, Math.min(60, text.length - at + 1));
  const [before, piece, after] = [text.slice(0, at), text.slice(at, at + length), text.slice(at + length)];
  switch (below(random, 7)) {
    case 0:
      return before + after;
    case 1:
      return before + piece + piece + after;
    case 2:
      return before + pickOf(random, odd) + after;
    case 3:
      return before;
    case 4:
      return before + String.fromCharCode(below(random, 256)) + text.slice(at + 1);
    case 5:
      return after + before + piece;
    default:
      return before + pickOf(random, odd) + piece + after;
  }
}

/** One to four faults. `odd`: pieces of that format which are put in, too. */
export function bend(random: Random, text: string, odd: readonly string[] = []): string {
  const all = odd.length > 0 && random() < 0.6 ? odd : ODD;
  let bent = text;
  for (let left = 1 + below(random, 4); left > 0; left--) bent = bendOnce(random, bent, all);
  return bent;
}

type Node = Record<string, unknown>;

/** Somewhat more than is taken. */
const MOST = 6_000_000;

/** A JSON text of which one value is another, or which has a member that no parser of ours may heed. */
export function bendJson(random: Random, text: string): string {
  if (random() < 0.3) return bend(random, text, JSON_PIECES);
  const whole: Node = { whole: JSON.parse(text) as unknown };
  const places: [Node, string][] = [];
  const visit = (node: unknown): void => {
    if (typeof node !== 'object' || node === null) return;
    for (const [name, child] of Object.entries(node)) {
      places.push([node as Node, name]);
      visit(child);
    }
  };
  visit(whole);
  for (let left = 1 + below(random, 3); left > 0; left--) {
    const [node, name] = pickOf(random, places);
    node[name] = valueFor(random, node[name]);
  }
  const bent = (JSON.stringify(whole.whole) ?? '').slice(0, MOST);
  const member = pickOf(random, JSON_PIECES);
  return random() < 0.3 ? bent.replace('{', () => `{${member}`) : bent;
}

function valueFor(random: Random, was: unknown): unknown {
  switch (below(random, 9)) {
    case 0:
      return [was];
    case 1:
      return { toString: 1, valueOf: 1, was };
    case 2:
      return null;
    case 3:
      return pickOf(random, [true, -1, 1e300, 0.1, [], {}, [[]], [null], '']);
    case 4:
      return nested(random, was);
    case 5:
      return Array.from({ length: pickOf(random, [2, 50, 2_000]) }, () => was);
    default:
      return pickOf(random, ODD);
  }
}

function nested(random: Random, was: unknown): unknown {
  let deep = was;
  for (let left = pickOf(random, [3, 62, 70, 900]); left > 0; left--)
    deep = random() < 0.5 ? [deep] : { extension: deep };
  return deep;
}

const members = (count: number) => Array.from({ length: count }, (_, n) => `"k${n}":${n},`).join('');
const JSON_PIECES = [
  ...['"__proto__":{"isAdmin":true},', '"constructor":{"prototype":{"x":1}},', '"resourceType":"Patient",'],
  ...[
    '"resourceType":"Bundle",',
    '"id":"a","id":"b",',
    '"":1,',
    '"\\u0000":1,',
    '"a":1e999,',
    '"a":"\\ud800",',
  ],
  ...[members(3_000), `"deep":${'['.repeat(70)}${']'.repeat(70)},`, `"deep":${'['.repeat(50_000)}`],
];
