/**
 * A search is answered on what the recipient may see: SQL finds candidates in the index of the whole
 * resource, and this asks again of the projected one, so that no hidden element decides whether a resource is
 * found.
 */
import type { Resource } from '@medplum/fhirtypes';
import { fold, rangeOf, stringsOf, targetOf, tokensOf, valuesOf } from '../../fhir/index-rows.ts';
import type { Param } from '../../fhir/search-parameters.ts';
import type { Json } from '../../model.ts';
import type { Clause } from './conditions.ts';
import { dateMatches } from './date.ts';
import type { Search } from './query.ts';

export function matchesSearch(search: Search, resource: Resource): boolean {
  return search.clauses.every((clause) => matchesClause(clause, resource));
}

function matchesClause(clause: Clause, resource: Resource): boolean {
  const values = clause.params.flatMap((param) => valuesOf(param, resource));
  switch (clause.kind) {
    case 'token':
      return values.flatMap(tokensOf).some((token) => clause.values.includes(token)) !== clause.negated;
    case 'reference':
      return clause.params.some((param) =>
        referencesOf(param, resource).some((target) => clause.values.includes(target)),
      );
    case 'date':
      return values.some((value) => {
        const range = rangeOf(value);
        return range !== undefined && clause.values.some((test) => dateMatches(test, range));
      });
    case 'string':
      return values.flatMap(stringsOf).some((text) => matchesText(clause, text));
  }
}

function matchesText({ mode, values }: Extract<Clause, { kind: 'string' }>, text: string): boolean {
  if (mode === 'exact') return values.includes(text);
  const folded = fold(text);
  return values.some((value) => (mode === 'starts' ? folded.startsWith(value) : folded.includes(value)));
}

/** `Type/id` of everything a reference parameter leads to from a resource. */
export function referencesOf(param: Param, resource: Resource): string[] {
  const targets = valuesOf(param, resource).flatMap((value) => targetOf(value) ?? []);
  return param.only ? targets.filter((target) => target.startsWith(`${param.only}/`)) : targets;
}

/**
 * What a resource sorts by: of its dates (when they begin) or strings the one that comes first in the order;
 * null where it has none that the recipient may see. https://hl7.org/fhir/R4/search.html#sort
 */
export function sortKey(params: Param[], resource: Resource, descending: boolean): string | null {
  const texts = params.flatMap((param) =>
    valuesOf(param, resource).flatMap((value) => comparable(param, value)),
  );
  return texts.sort().at(descending ? -1 : 0) ?? null;
}

function comparable(param: Param, value: Json): string[] {
  if (param.kind === 'string') return stringsOf(value).map(fold);
  const range = rangeOf(value);
  return range ? [range.low] : [];
}
