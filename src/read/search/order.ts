/**
 * Orders that SQL can follow a batch at a time, without telling what is hidden. It walks an index of values, in which a row comes
 * once for each value that it has or had, and the row belongs to a page only at the value that the recipient sees of it.
 */
import type { Resource } from '@medplum/fhirtypes';
import { indexText } from '../../fhir/index-rows.ts';
import type { Param } from '../../fhir/search-parameters.ts';
import { sortKey } from './match.ts';
import type { Search } from './query.ts';

type Bind = (value: unknown, cast: string) => string;

/** `from`: SQL that gives rows `r` of `resource` with a `key`. `less`, `greater`: its operators, of text the index's own. */
export type Order = {
  name: 'row' | 'id' | 'updated' | 'value';
  descending: boolean;
  from: (bind: Bind, isOperator: boolean) => string;
  key: string;
  cast: string;
  less: string;
  greater: string;
  /** SQL of all keys that the index has of row `r`. */
  keys?: (bind: Bind) => string;
  /** The key of what the recipient sees; without it every row is seen where it comes. */
  seen?: (shown: { resource: Resource }) => string | null;
};

const PLAIN = { less: '<', greater: '>', from: () => 'resource r' };

/** Null where the order can be made only in memory. */
export function orderOf({ type, sort }: Search): Order | null {
  const [first, ...more] = sort;
  const descending = first?.descending ?? false;
  if (more.length > 0) return null;
  if (!first) return { ...PLAIN, name: 'row', descending, key: 'r.row_id', cast: 'bigint' };
  if (first.code === '_id') return { ...PLAIN, name: 'id', descending, key: 'r.id', cast: 'uuid' };
  return first.code === '_lastUpdated'
    ? updatedOrder(type, descending)
    : valueOrder(first.params, descending);
}

/** Each time that a row was changed; the operator sees the last. */
function updatedOrder(type: string, descending: boolean): Order {
  const walk = (bind: Bind) => {
    const ofType = ['resource', 'resource_history'].map(
      (table) => `select row_id, updated_at as changed from ${table} where type = ${bind(type, 'text')}`,
    );
    return `(${ofType.join(' union all ')}) w join resource r on r.row_id = w.row_id`;
  };
  return {
    ...PLAIN,
    name: 'updated',
    descending,
    from: (bind, isOperator) =>
      isOperator ? '(select *, updated_at as changed from resource) r' : walk(bind),
    key: 'changed',
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
    from: (bind) => `${table} w join resource r on ${ofParam(bind)}`,
    key: `w.${key}`,
    keys: (bind) => `select w.${key} as key from ${table} w where ${ofParam(bind)}`,
    cast: isDate ? 'timestamptz' : 'text',
    ...(isDate ? { less: '<', greater: '>' } : { less: '~<~', greater: '~>~' }),
    seen: ({ resource }) => {
      const seen = sortKey(params, resource, descending);
      return isDate || !seen ? seen : indexText(seen);
    },
  };
}
