/** Which resources a search is for: https://hl7.org/fhir/R4/search.html#general */
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
/** A condition on what a reference leads to: met where it leads to any that `targets` find. */
export type Chain = { code: string; params: Param[]; targets: Conditions[] };

export type Conditions = {
  type: string;
  clauses: Clause[];
  chains: Chain[];
  /** Each inner list is one `_id`: any of them. */
  ids: string[][];
  updated: DateTest[][];
};

/** One value is one look-up: more than this is no question a person asks. */
const MOST_VALUES = 100;

export const noConditions = (type: string): Conditions => ({
  type,
  clauses: [],
  chains: [],
  ids: [],
  updated: [],
});

export function refuse(field: string, text: string, code = 'not-supported'): Rejected {
  return new Rejected(400, [{ severity: 'error', code, field, text }]);
}

type Given = { name: string; value: string };
type Context = { base: string };

/** Parameters of every type, which need no index of their own. */
const OF_ALL = ['_id', '_lastUpdated'];

/** `code[:modifier][.what of its target]` */
const NAME = /^([\w-]+)(?::([\w-]+))?(?:\.(.+))?$/;

/** A condition on the resources. False when the name is no parameter of the type. */
export function readCondition(into: Conditions, context: Context, { name, value }: Given): boolean {
  const bare = name.split(/[:.]/)[0] as string;
  if (bare === '_has') throw refuse(name, '_has is not served: search twice, by reference');
  const isKnown = OF_ALL.includes(bare) || findParams(into.type, bare).length > 0;
  if (!isKnown) return false;
  const [, code = '', modifier, rest] = NAME.exec(name) ?? [];
  if (!code) throw refuse(name, `${bare} is not served in this form`);
  const values = splitValues(name, value);
  if (OF_ALL.includes(code)) {
    if (modifier !== undefined || rest !== undefined)
      throw refuse(name, `${code} is served as it is, without modifier or chain`);
    if (code === '_id') into.ids.push(values);
    else into.updated.push(values.map((text) => readDateTest(name, text)));
    return true;
  }
  const params = findParams(into.type, code);
  const isReference = params[0]?.kind === 'reference';
  if (rest !== undefined || (isReference && modifier === 'identifier'))
    into.chains.push(readChain(params, context, { code, name, modifier, rest, value }));
  else into.clauses.push(makeClause(params, { code, name, modifier, values, context }));
  return true;
}

type Chained = Given & { code: string; modifier: string | undefined; rest: string | undefined };

/**
 * `patient.birthdate`, `subject:Patient.family`, and `patient:identifier`, which is `patient.identifier`: one
 * step, to every type that the reference may lead to and that has the parameter.
 */
function readChain(params: Param[], context: Context, chained: Chained): Chain {
  const { code, name, modifier, rest = 'identifier', value } = chained;
  if (rest.includes('.')) throw refuse(name, 'a chain of more than one step is not served: search twice');
  const typed = chained.rest === undefined ? undefined : modifier;
  const types = targetTypes(params, { name, modifier: typed });
  const targets = types
    .map(noConditions)
    .filter((target) => readCondition(target, context, { name: rest, value }));
  if (targets.length === 0) throw refuse(name, `nothing that ${code} leads to can be searched by ${rest}`);
  return { code, params, targets };
}

/** Types that are served of those that a reference may lead to, or of them the one that its modifier says. */
function targetTypes(params: Param[], { name, modifier }: Pick<Chained, 'name' | 'modifier'>): string[] {
  const all = [...new Set(params.flatMap(({ targets }) => targets))];
  if (modifier !== undefined && !all.includes(modifier))
    throw refuse(name, `the modifier :${modifier} is not served here: it leads to ${all.join(', ')}`);
  return (modifier === undefined ? all : [modifier]).filter((type) =>
    (INDEXED_TYPES as string[]).includes(type),
  );
}

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
  context: Context;
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
  if (kind === 'reference') {
    const types = targetTypes(params, { name, modifier });
    return { code, params, kind, values: values.flatMap((text) => readReference(text, types, context)) };
  }
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
function readReference(text: string, types: string[], { base }: Context): string[] {
  const local = text.startsWith(`${base}/`) ? text.slice(base.length + 1) : text;
  return local.includes('/') ? [local] : types.map((type) => `${type}/${local}`);
}
