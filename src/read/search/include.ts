/**
 * https://hl7.org/fhir/R4/search.html#revinclude : what a page of matches brings along, seen as itself, never
 * by way of the match.
 */
import type { Resource } from '@medplum/fhirtypes';
import { findLinked, findRows } from '../../access/see/rows.ts';
import { showAll } from '../../access/see/versions.ts';
import { hashToken } from '../../fhir/index-rows.ts';
import type { Asking } from './candidates.ts';
import { referencesOf } from './match.ts';
import type { Include, Search } from './query.ts';
import { tooCostly } from './shown.ts';

const MOST_INCLUDED = 1_000;

/** Throws Rejected(400, too-costly) where too much would come along. */
export async function findIncludes(asking: Asking, search: Search, matches: Resource[]): Promise<Resource[]> {
  const known = new Set(matches.map(nameOf));
  const all: Resource[] = [];
  let { includes, revincludes } = search;
  for (let fresh = matches; fresh.length > 0; ) {
    const found = [await followForward(asking, includes, fresh)];
    for (const include of revincludes) found.push(await followBack(asking, include, fresh));
    fresh = found.flat().filter((resource) => {
      const isNew = !known.has(nameOf(resource));
      known.add(nameOf(resource));
      return isNew;
    });
    all.push(...fresh);
    includes = includes.filter(({ iterate }) => iterate);
    revincludes = revincludes.filter(({ iterate }) => iterate);
    if (includes.length + revincludes.length === 0) return all;
    if (all.length > MOST_INCLUDED) throw tooCostly(TOO_MUCH);
  }
  return all;
}

const TOO_MUCH = 'too much to include: ask for a smaller _count';

const nameOf = (resource: Resource) => `${resource.resourceType}/${resource.id}`;

/** Only references that stand in what the recipient sees of the match are followed. */
async function followForward(
  { db, recipient }: Asking,
  includes: Include[],
  matches: Resource[],
): Promise<Resource[]> {
  const wanted = includes.flatMap(({ params, target }) =>
    matches
      .flatMap((match) =>
        params
          .filter(({ type }) => type === match.resourceType)
          .flatMap((param) => referencesOf(param, match)),
      )
      .filter((reference) => !target || reference.startsWith(`${target}/`)),
  );
  return showAll(db, recipient, await findRows({ db, recipient }, [...new Set(wanted)]));
}

async function followBack(
  asking: Asking,
  { params, target }: Include,
  matches: Resource[],
): Promise<Resource[]> {
  const names = matches.filter((match) => !target || match.resourceType === target).map(nameOf);
  const links = params.flatMap(({ number }) =>
    names.map((name) => ({ param: number, hash: hashToken(asking.key, name) })),
  );
  const rows = await findLinked(asking, params[0]?.type ?? '', links, MOST_INCLUDED + 1);
  if (rows.length > MOST_INCLUDED) throw tooCostly(TOO_MUCH);
  const seen = await showAll(asking.db, asking.recipient, rows);
  return seen.filter((resource) =>
    params.some((param) => referencesOf(param, resource).some((reference) => names.includes(reference))),
  );
}
