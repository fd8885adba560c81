/**
 * https://hl7.org/fhir/R4/search.html#chaining : a chain finds what the caller would find who searched for
 * the targets first, and then by reference to those that it found: nothing of what it may not see decides.
 */
import type { Asking } from './candidates.ts';
import type { Chain, Clause, Conditions } from './conditions.ts';
import { findAll } from './find-all.ts';
import { type Search, searchFor } from './query.ts';
import { tooCostly } from './shown.ts';

/** Targets that are looked for by reference at once. */
const MOST_TARGETS = 1_000;

/** The same search with its chains followed. Throws Rejected(400, too-costly) where one leads to too many. */
export async function followChains(asking: Asking, search: Search): Promise<Search> {
  const clauses = [...search.clauses];
  for (const chain of search.chains) clauses.push(await followChain(asking, chain));
  return { ...search, clauses };
}

async function followChain(asking: Asking, { code, params, targets }: Chain): Promise<Clause> {
  const values: string[] = [];
  for (const target of targets) values.push(...(await findNames(asking, code, target)));
  return { code, params, kind: 'reference', values };
}

async function findNames(asking: Asking, code: string, target: Conditions): Promise<string[]> {
  const found = await findAll(asking, { ...searchFor(target.type), ...target }, MOST_TARGETS);
  if (!found) throw tooCostly(`more than ${MOST_TARGETS} that ${code} may lead to: narrow the search`);
  return found.map(({ id }) => `${target.type}/${id}`);
}
