/** Which fields of a sender's own format are known by name, and are of the one whom a message is about. */
import type { SourceFile, SourceTree } from '../../map/language/mapping-file.ts';
import { isAboutService, type Known, knownName } from './known-names.ts';

/** `from` is the path as a rule writes it, `field` what says its meaning; `list` where it holds several. */
type Candidate = { field: string; from: string; type: string; list: boolean };
export type Found = Candidate & Known;

export const SEVERAL = ['phone', 'email', 'line', 'reason', 'given'];
/** Of tables, what names the unit's rows, whatever it is called. */
const KEY = 'patient id';
const WHO = ['nhs_number', 'family', 'given', 'name', 'birth_date'];

/**
 * Those whose name says what they are, and whose values can be that; of one person: the patient, else whom most of the names and birth
 * dates are of. A field that does not say whose it is (`phone`) is the patient's alone: beside `child.name` it may be a parent's.
 * Where the referral is a row of a table of its own, that is `table`.
 */
export function findKnown(source: SourceFile): { found: Found[]; table?: string | undefined } {
  const { candidates, table } = candidatesOf(source);
  const all = candidates.flatMap((candidate): Found[] => {
    const known = knownName(candidate.field);
    if (!known || (known.type !== candidate.type && !(known.type === 'integer' && candidate.type === 'text')))
      return [];
    return candidate.list && !SEVERAL.includes(known.meaning) ? [] : [{ ...known, ...candidate }];
  });
  const named = Map.groupBy(
    all.filter(({ meaning }) => WHO.includes(meaning)),
    ({ owner }) => owner,
  );
  const [[other] = ['patient']] = [...named].sort(([, a], [, b]) => b.length - a.length);
  const who = named.has('patient') ? 'patient' : other;
  const found = all.filter(
    (one) => one.owner === (isAboutService(one) ? 'patient' : who) || one.field === KEY,
  );
  // A mere `id` may be of the message, where another names the referral.
  return {
    found: found.sort((a, b) => Number(/^id$/i.test(a.field)) - Number(/^id$/i.test(b.field))),
    table,
  };
}

/** What a path can name and is of the one whom a message is about, not of one of a list. */
function candidatesOf(source: SourceFile): { candidates: Candidate[]; table?: string | undefined } {
  if (source.format === 'tables') return tableCandidates(source);
  if (source.format === 'json') return { candidates: unwrap(leavesOf(source.fields)) };
  const columns = source.format === 'csv' ? Object.entries(source.columns) : [];
  return { candidates: columns.map(([from, { type }]) => ({ field: from, from, type, list: false })) };
}

function leavesOf(tree: SourceTree, at = ''): Candidate[] {
  const leaf = (type: unknown, list: boolean) =>
    typeof type === 'string' ? [{ field: at, from: at, type, list }] : [];
  if (typeof tree === 'string') return leaf(tree, false);
  if (Array.isArray(tree)) return leaf(tree[0], true);
  return Object.entries(tree)
    .filter(([name]) => /^\w+$/.test(name))
    .flatMap(([name, inner]) => leavesOf(inner, at ? `${at}.${name}` : name));
}

/** In a message with an envelope what is beside its content is of the message: its `id` is not a referral's. */
function unwrap(candidates: Candidate[]): Candidate[] {
  const content = /^(data|payload|body|content)\./i;
  const inside = candidates
    .filter(({ field }) => content.test(field))
    .map((candidate) => ({ ...candidate, field: candidate.field.replace(content, '') }));
  const beside = candidates.filter(
    ({ field }) => !content.test(field) && knownName(field)?.meaning === 'sent',
  );
  return inside.some(({ field }) => WHO.includes(knownName(field)?.meaning ?? ''))
    ? [...inside, ...beside]
    : candidates;
}

/** The unit is whom it is about, known by its key; a referral is a row of the first table below it that has a reference. */
function tableCandidates({ unit, tables }: Extract<SourceFile, { format: 'tables' }>) {
  const columnsOf = (name: string, aboutService: boolean) =>
    leavesOf(tables[name]?.columns ?? {}).filter(
      ({ field }) => isAboutService(knownName(field)) === aboutService,
    );
  const hasReference = (name: string) =>
    columnsOf(name, true).some(({ field }) => knownName(field)?.meaning === 'reference');
  const table = Object.keys(tables).find((name) => tables[name]?.of !== undefined && hasReference(name));
  const isKey = ({ from }: Candidate) => from === tables[unit]?.key;
  const person = columnsOf(unit, false).map((one) => (isKey(one) ? { ...one, field: KEY } : one));
  return { candidates: [...person, ...columnsOf(table ?? '', true)], table };
}
