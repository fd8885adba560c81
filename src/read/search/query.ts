/** From the parameters of a search to what it asks: https://hl7.org/fhir/R4/search.html */
import { givenTwice } from '../../doors/query.ts';
import type { Param } from '../../fhir/search-parameters.ts';
import { findParams } from '../../fhir/search-parameters.ts';
import { readShape, type Shape, WHOLE } from '../shape.ts';
import { type Conditions, noConditions, readCondition, refuse } from './conditions.ts';

export type Sort = { code: string; descending: boolean; params: Param[] };
/**
 * `_include=Type:code[:target]`, or the same from the other end; `iterate`: of what was included, too.
 */
export type Include = { params: Param[]; target: string | undefined; iterate: boolean };

export type Search = Conditions & {
  sort: Sort[];
  count: number;
  includes: Include[];
  revincludes: Include[];
  /** Nothing but how many there are. */
  countOnly: boolean;
  total: boolean;
  shape: Shape;
  /** The parameters that were understood, as sent: the self link and what a cursor continues. */
  query: string;
  /** Nobody is shown what is found: versions and times are not looked up. */
  unshown?: boolean;
  /** Ids of all rows that the recipient might see, where they are few. */
  among?: string[] | null;
};

const DEFAULT_COUNT = 50;
const MOST_COUNT = 200;
/** One clause is one sub-select: more than this is no question a person asks. */
const MOST_PARAMETERS = 40;

/** Parameters that shape the answer and have one value: of two, neither is more meant than the other. */
const ONCE = ['_count', '_sort', '_total', '_summary', '_elements', '_format', '_pretty'];

export type SearchContext = { type: string; base: string; lenient: boolean };

/** A search for all of a type. */
export const searchFor = (type: string): Search => ({
  ...noConditions(type),
  sort: [],
  count: DEFAULT_COUNT,
  includes: [],
  revincludes: [],
  countOnly: false,
  total: false,
  shape: WHOLE,
  query: '',
});

/**
 * Reads a search. A parameter that is unknown, or has one value and is given twice, is refused (400), naming
 * it, unless the caller prefers lenient handling: a mistyped name must not widen what a clinician looks at.
 */
export function readSearch(pairs: [string, string][], context: SearchContext): Search {
  if (pairs.length > MOST_PARAMETERS) throw refuse('parameters', `more than ${MOST_PARAMETERS} parameters`);
  const search = searchFor(context.type);
  const shaping = new Set<string>();
  const understood = pairs.filter(([name, value]) => {
    if (ONCE.includes(name)) {
      if (shaping.has(name) && !context.lenient) throw givenTwice(name);
      if (shaping.has(name)) return false;
      shaping.add(name);
    }
    const known = readControl(search, name, value) || readCondition(search, context, { name, value });
    if (!known && !context.lenient) throw refuse(name, `${context.type} cannot be searched by ${name}`);
    return known;
  });
  if (search.shape.summary === 'text' && search.includes.length + search.revincludes.length > 0)
    throw refuse('_summary', 'a summary of texts brings nothing along: leave _include out', 'invalid');
  search.query = new URLSearchParams(understood).toString();
  return search;
}

/** Parameters that shape the answer. False when the name is not one of them. */
function readControl(search: Search, name: string, value: string): boolean {
  const [bare = '', modifier] = name.split(/:(.*)/s, 2);
  if (bare === '_include' || bare === '_revinclude') {
    if (modifier !== undefined && modifier !== 'iterate')
      throw refuse(name, `the modifier :${modifier} is not served for ${bare}`);
    const searched = bare === '_include' && !modifier ? search.type : undefined;
    const list = bare === '_include' ? search.includes : search.revincludes;
    list.push(readInclude(name, value, { searched, iterate: modifier === 'iterate' }));
  } else if (name === '_count') readCount(search, value);
  else if (name === '_sort') search.sort = value.split(',').map((key) => readSort(search.type, key));
  else if (name === '_total') search.total = readTotal(value);
  else if (name === '_summary' && value === 'count') search.countOnly = true;
  else if (name === '_summary' || name === '_elements')
    search.shape = readShape(search.shape, search.type, { name, value });
  else return name === '_format' || name === '_pretty';
  return true;
}

/** None on a page asks how many there are. https://hl7.org/fhir/R4/search.html#count */
function readCount(search: Search, value: string): void {
  if (!/^\d{1,9}$/.test(value)) throw refuse('_count', '_count is a whole number', 'value');
  if (Number(value) === 0) search.countOnly = true;
  else search.count = Math.min(Number(value), MOST_COUNT);
}

/** An estimate is the count itself: what is left out of one would tell of what is hidden. */
function readTotal(value: string): boolean {
  if (!['none', 'estimate', 'accurate'].includes(value))
    throw refuse('_total', '_total is none, estimate or accurate', 'value');
  return value !== 'none';
}

function readSort(type: string, key: string): Sort {
  const descending = key.startsWith('-');
  const code = descending ? key.slice(1) : key;
  const params = findParams(type, code).filter(({ kind }) => kind === 'date' || kind === 'string');
  if (params.length === 0 && code !== '_lastUpdated' && code !== '_id')
    throw refuse('_sort', `cannot sort by ${code}`);
  return { code, descending, params };
}

type Including = { searched: string | undefined; iterate: boolean };

function readInclude(name: string, value: string, { searched, iterate }: Including): Include {
  const [type = '', code = '', target, ...more] = value.split(':');
  const params = findParams(type, code).filter(({ kind }) => kind === 'reference');
  const known = target === undefined || params.some(({ targets }) => targets.includes(target));
  if (params.length === 0 || !known || more.length > 0 || (searched && type !== searched))
    throw refuse(name, `${name}=${value} is not one of the references served`);
  return { params, target, iterate };
}
