/** From the parameters of a search to what it asks: https://hl7.org/fhir/R4/search.html */
import { givenTwice } from '../../doors/query.ts';
import { Rejected } from '../../errors.ts';
import { fold } from '../../fhir/index-rows.ts';
import { findParams, INDEXED_TYPES, type Param } from '../../fhir/search-parameters.ts';
import { type DateTest, readDateTest } from './date.ts';

export type StringMode = 'starts' | 'exact' | 'contains';
export type Clause = { code: string; params: Param[] } & (
  | { kind: 'token'; values: string[]; negated: boolean }
  | { kind: 'reference'; values: string[] }
  | { kind: 'date'; values: DateTest[] }
  | { kind: 'string'; values: string[]; mode: StringMode }
);

export type Sort = { code: string; descending: boolean; params: Param[] };
/** `_include=Type:code[:target]`, or the same from the other end. */
export type Include = { params: Param[]; target: string | undefined };

export type Search = {
  type: string;
  clauses: Clause[];
  /** Each inner list is one `_id`: any of them. */
  ids: string[][];
  updated: DateTest[][];
  /** Each inner list is one `patient:identifier`: any of them (`of-patient.ts`). */
  patients: string[][];
  sort: Sort[];
  count: number;
  includes: Include[];
  revincludes: Include[];
  /** The parameters that were understood, as sent: the self link and what a cursor continues. */
  query: string;
  /** Ids of all rows that the recipient might see, where they are few. */
  among?: string[] | null;
  /** Only what the recipient's service sent or was sent. */
  own?: boolean;
};

const DEFAULT_COUNT = 50;
const MOST_COUNT = 200;
/** One clause is one sub-select and one value one look-up: more than this is no question a person asks. */
const MOST_PARAMETERS = 40;
const MOST_VALUES = 100;

/** Parameters that shape the answer and have one value: of two, neither is more meant than the other. */
const ONCE = ['_count', '_sort', '_total', '_format', '_pretty'];

export type SearchContext = { type: string; base: string; lenient: boolean };

/**
 * Reads a search. A parameter that is unknown, or has one value and is given twice, is refused (400), naming
 * it, unless the caller prefers lenient handling: a mistyped name must not widen what a clinician looks at.
 */
export function readSearch(pairs: [string, string][], context: SearchContext): Search {
  if (pairs.length > MOST_PARAMETERS) throw refuse('parameters', `more than ${MOST_PARAMETERS} parameters`);
  const search: Search = {
    type: context.type,
    clauses: [],
    ids: [],
    updated: [],
    patients: [],
    sort: [],
    count: DEFAULT_COUNT,
    includes: [],
    revincludes: [],
    query: '',
  };
  const shaping = new Set<string>();
  const understood = pairs.filter(([name, value]) => {
    if (ONCE.includes(name)) {
      if (shaping.has(name) && !context.lenient) throw givenTwice(name);
      if (shaping.has(name)) return false;
      shaping.add(name);
    }
    const known = readControl(search, name, value) || readClause(search, context, name, value);
    if (!known && !context.lenient) throw refuse(name, `${context.type} cannot be searched by ${name}`);
    return known;
  });
  search.query = new URLSearchParams(understood).toString();
  return search;
}

export function refuse(field: string, text: string, code = 'not-supported'): Rejected {
  return new Rejected(400, [{ severity: 'error', code, field, text }]);
}

/** Parameters that shape the answer. False when the name is not one of them. */
function readControl(search: Search, name: string, value: string): boolean {
  if (name === '_count') search.count = readCount(value);
  else if (name === '_sort') search.sort = value.split(',').map((key) => readSort(search.type, key));
  else if (name === '_include') search.includes.push(readInclude(name, value, search.type));
  else if (name === '_revinclude') search.revincludes.push(readInclude(name, value));
  else if (name === '_total') {
    if (value !== 'none') throw refuse(name, 'totals are not counted: only _total=none');
  } else return name === '_format' || name === '_pretty';
  return true;
}

function readCount(value: string): number {
  if (!/^[1-9]\d{0,8}$/.test(value)) throw refuse('_count', '_count is a whole number above 0', 'value');
  return Math.min(Number(value), MOST_COUNT);
}

function readSort(type: string, key: string): Sort {
  const descending = key.startsWith('-');
  const code = descending ? key.slice(1) : key;
  const params = findParams(type, code).filter(({ kind }) => kind === 'date' || kind === 'string');
  if (params.length === 0 && code !== '_lastUpdated' && code !== '_id')
    throw refuse('_sort', `cannot sort by ${code}`);
  return { code, descending, params };
}

function readInclude(name: string, value: string, searched?: string): Include {
  const [type = '', code = '', target, ...more] = value.split(':');
  const params = findParams(type, code).filter(({ kind }) => kind === 'reference');
  if (params.length === 0 || more.length > 0 || (searched && type !== searched))
    throw refuse(name, `${name}=${value} is not one of the references served`);
  return { params, target };
}

/** A condition on the resources. False when the name is no parameter of the type. */
function readClause(search: Search, context: SearchContext, name: string, value: string): boolean {
  if (search.type === 'ServiceRequest' && BY_PATIENT.test(name)) {
    search.patients.push(splitValues(name, value).map((text) => readToken(name, text)));
    return true;
  }
  const [code = '', modifier] = name.split(':', 2);
  if (code.includes('.') || code === '_has')
    throw refuse(name, 'chained searches are not served: search twice, by reference');
  const values = splitValues(name, value);
  if (name === '_id') search.ids.push(values);
  else if (name === '_lastUpdated') search.updated.push(values.map((text) => readDateTest(name, text)));
  else {
    const params = findParams(search.type, code);
    if (params.length === 0) return false;
    search.clauses.push(makeClause(params, { code, name, modifier, values, context }));
  }
  return true;
}

/** How a BaRS sender finds its referrals of a patient. */
const BY_PATIENT = /^(patient|subject)[.:]identifier$/;

const STRING_MODES: Record<string, StringMode | undefined> = {
  '': 'starts',
  exact: 'exact',
  contains: 'contains',
};

type Asked = {
  code: string;
  name: string;
  modifier: string | undefined;
  values: string[];
  context: SearchContext;
};

function makeClause(params: Param[], { code, name, modifier, values, context }: Asked): Clause {
  const kind = (params[0] as Param).kind;
  if (kind === 'token' && (!modifier || modifier === 'not'))
    return {
      code,
      params,
      kind,
      values: values.map((text) => readToken(name, text)),
      negated: modifier === 'not',
    };
  if (kind === 'reference' && (!modifier || /^[A-Z]/.test(modifier)))
    return {
      code,
      params,
      kind,
      values: values.flatMap((text) => readReference(params, text, modifier, context)),
    };
  if (kind === 'date' && !modifier)
    return { code, params, kind, values: values.map((text) => readDateTest(name, unescaped(text))) };
  const mode = STRING_MODES[modifier ?? ''];
  if (kind === 'string' && mode)
    return { code, params, kind, values: values.map(unescaped).map(mode === 'exact' ? String : fold), mode };
  throw refuse(name, `the modifier :${modifier} is not served for ${code}`);
}

/**
 * Values between commas, escapes still in; an empty one would match everything or nothing, so it is refused.
 */
function splitValues(name: string, value: string): string[] {
  const values = value.split(/(?<!\\),/).map((text) => text.trim());
  if (values.some((text) => text === '')) throw refuse(name, `${name} has an empty value`, 'value');
  if (value.includes('\0')) throw refuse(name, `${name} holds the character U+0000`, 'value');
  if (values.length > MOST_VALUES) throw refuse(name, `${name} has more than ${MOST_VALUES} values`);
  return values;
}

const unescaped = (text: string): string => text.replace(/\\([\\,|$])/g, '$1');

/** `system|code`, `|code` or `code`, in the form of the index. */
function readToken(name: string, text: string): string {
  if (/(?<!\\)\|$/.test(text)) throw refuse(name, 'a system without a code is not served', 'value');
  return unescaped(text);
}

/**
 * `Type/id`, an id alone (of any type the parameter may lead to), or a URL of this server's. Another server's
 * matches nothing.
 */
function readReference(
  params: Param[],
  text: string,
  modifier: string | undefined,
  { base }: SearchContext,
): string[] {
  const local = text.startsWith(`${base}/`) ? text.slice(base.length + 1) : text;
  if (local.includes('/')) return [local];
  const targets = modifier ? [modifier] : params.flatMap((param) => param.targets);
  return targets
    .filter((type) => (INDEXED_TYPES as string[]).includes(type))
    .map((type) => `${type}/${local}`);
}
