import { isAlias, isMap, isPair, isScalar, type Node, type Pair, parseDocument, visit } from 'yaml';

/** A name somewhere in a file of the mapping language, and the key it stands under (its own, if it is one). */
export type Name = { offset: number; name: string; key: string; isKey: boolean };

/**
 * Text that names nothing: what people read, constants that only their author knows (addresses, code systems, codes of no required
 * binding, which the examples prove), versions, patterns. And codes of a sender's own, that no list holds.
 */
const FREE = new Set([
  'text',
  'warn',
  'match',
  'with',
  'version',
  'system',
  'code',
  'display',
  'template',
  'fixed',
  'split',
]);
/** Elements with a required binding, of the constants of the mappings that ship. */
const BOUND = new Set(['status', 'intent', 'gender', 'use', 'priority']);
/** Paths whose codes the source lists: any other in a condition is a mistake. */
const CLOSED = /^(MSH-9|PRD-1$|PD1-12|PV2-22|ARV-2|PV1-2$|%(type|method)|status|consent)/;
/** Which one of several, `PRD[2]`, is no name either. */
const WORD = /[A-Za-z_][\w-]*|\d+(?<!\[\d+(?=\]))/g;

/** Every name of a mapping.yaml or a fragment. */
export function namesOfMapping(text: string): Name[] {
  const referenced = new Set([...text.matchAll(/ref: ([\w-]+)/g)].map(([, local]) => local));
  return namesOf(text, ({ key, pairs, text: raw, isKey, target }) => {
    if (isKey) return keyOf(pairs.at(-2)) !== 'dialects';
    if (pairs.some((pair) => keyOf(pair) === 'value')) return BOUND.has(target);
    if (key === 'template')
      return [...raw.matchAll(/\{[^}]*\}/g)].flatMap((match) => wordsOf(match[0], match.index));
    if (key === 'when' || key === 'deltaWhen') return conditionNames(raw);
    // A statement that nothing refers to may be called anything.
    if (key === 'local') return referenced.has(raw);
    return !FREE.has(key);
  });
}

/** Every name of a source.yaml: not what a field is called in words, headers that senders use, and reasons. */
export function namesOfSource(text: string): Name[] {
  const format = /^format: (\w+)/m.exec(text)?.[1] ?? '';
  return namesOf(text, ({ key, pairs, text: raw, isKey }) => {
    const [top = ''] = pairs.map(keyOf);
    // The names of columns that nobody reads are their sender's; the tables that they are of are not.
    if (top === 'ignored' && format === 'tables')
      return isKey && /^\w+(?=\.)/.test(raw) ? wordsOf(raw.split('.', 1)[0] ?? '', 0) : false;
    if (top === 'ignored') return isKey && format !== 'csv' && format !== 'json';
    if (isKey) return true;
    if (key === 'aliases') return false;
    return top === 'segments' ? wordsOf(/^\w+/.exec(raw)?.[0] ?? '', 0) : true;
  });
}

type Word = { offset: number; name: string };
type Place = { key: string; pairs: Pair[]; text: string; isKey: boolean; target: string };

const wordsOf = (text: string, at: number): Word[] =>
  [...text.matchAll(WORD)].map((match) => ({ offset: at + match.index, name: match[0] }));
const keyOf = (pair: Pair | undefined): string => (isScalar(pair?.key) ? String(pair.key.value) : '');

/** What names nothing: a number to compare with, a url that chooses, a code or a beginning in FHIRPath. */
const NAMELESS =
  /(?<=(?:\blonger|[<>]=?|\(\) !?=) )\d+|(?<=\[\w+=)\w+:[^\]]*|(?<=(?<!resourceType) !?= |\bstartsWith\()'[^']*'/g;

/** Paths, words of the language and ConceptMaps; codes only of closed lists. */
function conditionNames(raw: string): Word[] {
  const text = raw.replace(NAMELESS, ({ length }) => ' '.repeat(length));
  return [...text.matchAll(/\S+(?: (?:=|!=|in|not in) (?:\([^)]*\)|\S+))?/g)].flatMap((clause) => {
    const [path = '', ...rest] = clause[0].split(/ (?=[=!]|in |not in )/);
    const open = rest.length > 0 && !CLOSED.test(path);
    return wordsOf(open ? path : clause[0], clause.index);
  });
}

function namesOf(text: string, choose: (place: Place) => boolean | Word[]): Name[] {
  const found: Name[] = [];
  const add = (node: Node, isKey: boolean, path: readonly unknown[]) => {
    const [from = 0, to = 0] = node.range ?? [];
    const raw = text.slice(from, to);
    const quote = /^['"]/.test(raw) ? 1 : 0;
    const pairs = path.filter((step) => isPair(step));
    const key = keyOf(pairs.at(-1));
    const rule = path.findLast((step) => isMap(step) && step.has('to'));
    const target = isMap(rule) ? String(rule.get('to')) : '';
    // By which of its names a parameter is chosen: a word of the sender's, as its examples prove.
    const inner = raw
      .slice(quote, quote ? -1 : undefined)
      .replace(/(?<=\[name=)[\w-]+/g, ({ length }) => ' '.repeat(length));
    const chosen = isAlias(node) || choose({ key, pairs, text: inner, isKey, target });
    for (const { offset, name } of chosen === true ? wordsOf(inner, 0) : chosen || [])
      found.push({ name, offset: from + quote + offset, key, isKey });
  };
  visit(parseDocument(text), {
    Scalar: (role, node, path) => add(node, role === 'key', path),
    Alias: (_, node, path) => add(node, false, path),
  });
  return found;
}
