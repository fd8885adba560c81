/** Finds fields of a sender's own format recognised by name, of the person the message is about. */
import type { SourceFile, SourceTree } from '../../map/language/mapping-file.ts';
import { isAboutService, type Known, knownName } from './known-names.ts';

/** A field that may be recognised. `from` is its path in a rule, `field` the name that tells its meaning;
 * `list` is true where it holds several values. */
type Candidate = { field: string; from: string; type: string; list: boolean };
export type KnownField = Candidate & Known;

export const SEVERAL = ['phone', 'email', 'line', 'reason', 'given'];
/** The meaning given to the key column of the unit's table, whatever its name. */
const KEY = 'patient id';
const WHO = ['nhs_number', 'family', 'given', 'name', 'birth_date'];

/**
 * Fields whose name gives their meaning and whose values fit it, all of one person: the patient, else whoever
 * has most of the names and birth dates. A field that does not say whose it is (`phone`) counts only for the
 * patient: beside `child.name` it may be a parent's. `table` is set where the referral is a row of a table of
 * its own.
 */
export function findKnown(source: SourceFile): { found: KnownField[]; table?: string | undefined } {
  const { candidates, table } = candidatesOf(source);
  const all = candidates.flatMap((candidate): KnownField[] => {
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
  // A bare `id` may identify the message where another field is the referral's reference.
  return {
    found: found.sort((a, b) => Number(/^id$/i.test(a.field)) - Number(/^id$/i.test(b.field))),
    table,
  };
}

/** Fields that a path can name, outside lists: an item of a list may be about somebody else. */
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

/** Beside the content of an enveloped message, fields describe the message: `id` is not the referral's. */
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

/** For tables: the unit's row is the person, identified by its key. A referral is a row of the first table
 * below it that has a reference column. */
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
