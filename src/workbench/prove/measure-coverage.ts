import { compileSource, type Mapping } from '../../map/language/load-mappings.ts';
import type { MappingFiles } from '../../map/language/read-mappings.ts';
import type { Problem, YamlFile } from '../../map/language/yaml-file.ts';
import { describeResults } from '../examples.ts';
import { runMapping } from '../run-mapping.ts';
import type { Mutant } from './list-mutants.ts';
import { type Listed, listRules, listStatement } from './list-rules.ts';
import { enclosing, watchRules } from './watch-rules.ts';

/** An example's message, the result that the unbroken mapping gives, and what fires in it, by key. */
export type Proof = { body: Buffer; becomes: string; fired: Set<string> };
export type Rule = Listed & { file: string };

/** Every rule of a mapping's own file that an example can make fire. */
export function ownRules(files: MappingFiles, name: string): Rule[] {
  const own = files.sources.get(name);
  const rules = (own?.data.statements ?? []).flatMap((statement, index) =>
    listStatement(statement, ['statements', index]).map((rule) => ({ ...rule, file: own?.file.name ?? '' })),
  );
  return rules.filter(({ path }) => own?.dialect?.differs(path) ?? true);
}

export function sharedRules(files: MappingFiles): Rule[] {
  return [...files.fragments.values()].flatMap(({ file, data }) =>
    listRules(data.rules, ['rules']).map((rule) => ({ ...rule, file: file.name })),
  );
}

/** What the examples of a mapping prove: none where it does not load. */
export function proofsOf(files: MappingFiles, name: string, bodies: Buffer[]): Proof[] {
  const mapping = compileSource(files, name, []);
  const watched = watchRules(files, name);
  const watching = compileSource(watched.files, name, []);
  if (!mapping || !watching) return [];
  return bodies.map((body) => {
    const rules = runMapping(watching, body).flatMap(({ record }) => record?.lineage ?? []);
    const places = rules.flatMap(({ rule }) => watched.placeOf(rule) ?? []);
    const fired = new Set(places.flatMap(enclosing));
    return { body, becomes: describeResults(runMapping(mapping, body)), fired };
  });
}

export type Judged = { what: string; caught: boolean };

/** Makes the mutant and runs the examples of the mappings that use its file. Undefined where no form of it
 * loads: then `map check` would already catch it. */
export function judge(mutant: Mutant, proofs: Map<string, Proof[]>): Judged | undefined {
  for (const { what, make } of mutant.tries) {
    const files = withoutPlaces(make(), mutant.users);
    const mappings = mutant.users.map((name) => ({ name, mapping: compileOrNone(files, name) }));
    if (mappings.some(({ mapping }) => !mapping)) continue;
    const caught = mappings.some(({ name, mapping }) => notices(proofs.get(name) ?? [], mapping, mutant));
    return { what, caught };
  }
  return undefined;
}

/**
 * True where an example gives another result. Tried first are those in which the broken rule fires, the
 * shortest first; then the one that noticed a fault last, since faults that lie near one another are mostly
 * noticed by the same one.
 */
function notices(proofs: Proof[], mapping: Mapping | undefined, { file, path }: Mutant): boolean {
  const key = enclosing({ file, path }).findLast((one) => proofs.some(({ fired }) => fired.has(one)));
  const [near, far] = [true, false].map((wanted) =>
    proofs.filter(({ fired }) => (key !== undefined && fired.has(key)) === wanted),
  ) as [Proof[], Proof[]];
  const ordered = [...near.toSorted((a, b) => a.body.length - b.body.length), ...far];
  const found = ordered.find((proof) => isNoticed(mapping, proof));
  if (found) proofs.unshift(...proofs.splice(proofs.indexOf(found), 1));
  return found !== undefined;
}

function isNoticed(mapping: Mapping | undefined, { body, becomes }: Proof): boolean {
  return mapping !== undefined && describeResults(runMapping(mapping, body)) !== becomes;
}

function compileOrNone(files: MappingFiles, name: string): Mapping | undefined {
  const problems: Problem[] = [];
  const mapping = compileSource(files, name, problems);
  return problems.length === 0 ? mapping : undefined;
}

const NOWHERE: YamlFile['where'] = () => ({ file: '', line: 1, column: 1, message: '' });

/** Drops line numbers from a mutant's files: unread, and finding them takes most of a compile's time. */
function withoutPlaces(files: MappingFiles, names: string[]): MappingFiles {
  const sources = new Map(files.sources);
  for (const name of names) {
    const own = sources.get(name);
    if (own) sources.set(name, { ...own, file: { ...own.file, where: NOWHERE } });
  }
  const fragments = new Map(
    [...files.fragments].map(
      ([name, one]) => [name, { ...one, file: { ...one.file, where: NOWHERE } }] as const,
    ),
  );
  return { ...files, sources, fragments };
}
