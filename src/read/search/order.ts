/**
 * Orders that SQL can follow a batch at a time, without telling what is hidden. It walks an index of values,
 * in which a row comes once for each value that it has or had, and the row belongs to a page only at the
 * value that the recipient sees of it.
 */
import type { Resource } from '@medplum/fhirtypes';
import { indexText } from '../../fhir/index-rows.ts';
import type { Param } from '../../fhir/search-parameters.ts';
import { sortKey } from './match.ts';
import type { Search } from './query.ts';

type Bind = (value: unknown, cast: string) => string;

/** SQL that gives rows `r` of `resource`, each with a key. */
type Walk = { from: string; key: string };

/**
 * `walks`: an index each, followed side by side. `less`, `greater`: operators of its keys, for text those of
 * the index.
 */
export type Order = {
  name: 'row' | 'id' | 'updated' | 'value';
  descending: boolean;
  walks: (bind: Bind, isOperator: boolean) => Walk[];
  cast: string;
  less: string;
  greater: string;
  /** SQL of all keys that the index has of row `r`. */
  keys?: (bind: Bind) => string;
  /** The key of what the recipient sees; without it every row is seen where it comes. */
  seen?: (shown: { resource: Resource }) => string | null;
};

const PLAIN = { less: '<', greater: '>' };
const present = (key: string) => () => [{ from: 'resource r', key }];

/** Null where the order can be made only in memory. */
export function orderOf({ type, sort }: Search): Order | null {
  const [first, ...more] = sort;
  const descending = first?.descending ?? false;
  if (more.length > 0) return null;
  if (!first) return { ...PLAIN, name: 'row', descending, walks: present('r.row_id'), cast: 'bigint' };
  if (first.code === '_id') return { ...PLAIN, name: 'id', descending, walks: present('r.id'), cast: 'uuid' };
  return first.code === '_lastUpdated'
    ? updatedOrder(type, descending)
    : valueOrder(first.params, descending);
}

/** Each time that a row was changed; the operator sees the last. */
function updatedOrder(type: string, descending: boolean): Order {
  const now = { from: 'resource r', key: 'r.updated_at' };
  const then = (bind: Bind) => ({
    from: `resource_history w join resource r on r.row_id = w.row_id and r.id = w.id and w.type = ${bind(type, 'text')}`,
    key: 'w.updated_at',
  });
  return {
    ...PLAIN,
    name: 'updated',
    descending,
    walks: (bind, isOperator) => (isOperator ? [now] : [now, then(bind)]),
    cast: 'timestamptz',
    seen: ({ resource }) => resource.meta?.lastUpdated ?? null,
  };
}

/** By the index of a date (the time it begins) or text; rows in which the recipient sees none come last. */
function valueOrder(params: Param[], descending: boolean): Order | null {
  const [param, ...others] = params;
  if (!param || others.some(({ number }) => number !== param.number)) return null;
  const isDate = param.kind === 'date';
  const [table, key] = isDate ? ['index_date', 'low'] : ['index_string', 'value'];
  const ofParam = (bind: Bind) => `w.row_id = r.row_id and w.param = ${bind(param.number, 'smallint')}`;
  return {
    name: 'value',
    descending,
    walks: (bind) => [{ from: `${table} w join resource r on ${ofParam(bind)}`, key: `w.${key}` }],
    keys: (bind) => `select w.${key} as key from ${table} w where ${ofParam(bind)}`,
    cast: isDate ? 'timestamptz' : 'text',
    ...(isDate ? { less: '<', greater: '>' } : { less: '~<~', greater: '~>~' }),
    seen: ({ resource }) => {
      const seen = sortKey(params, resource, descending);
      return isDate || !seen ? seen : indexText(seen);
    },
  };
}
