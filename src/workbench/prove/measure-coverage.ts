import { compileSource, type Mapping } from '../../map/language/load-mappings.ts';
import type { MappingFiles } from '../../map/language/read-mappings.ts';
import type { Problem, YamlFile } from '../../map/language/yaml-file.ts';
import { describeResults } from '../examples.ts';
import { runMapping } from '../run-mapping.ts';
import type { Mutant } from './list-mutants.ts';
import { type Listed, listRules, listStatement } from './list-rules.ts';
import { enclosing, watchRules } from './watch-rules.ts';

/** An example's message, and the result that the unbroken mapping gives. */
export type Proof = { body: Buffer; becomes: string };
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

/** Adds the rules, those of fragments included, that a mapping's examples make fire. */
export function noteFired(files: MappingFiles, name: string, bodies: Buffer[], fired: Set<string>): void {
  const watched = watchRules(files, name);
  const mapping = compileSource(watched.files, name, []);
  if (!mapping) return;
  for (const body of bodies)
    for (const { record } of runMapping(mapping, body))
      for (const { rule } of record?.lineage ?? []) {
        const place = watched.placeOf(rule);
        for (const key of place ? enclosing(place) : []) fired.add(key);
      }
}

export type Judged = { what: string; caught: boolean };

/** Makes the mutant and runs the examples of the mappings that use its file. Undefined where no form of it
 * loads: then `map check` would already catch it. */
export function judge(mutant: Mutant, proofs: Map<string, Proof[]>): Judged | undefined {
  for (const { what, make } of mutant.tries) {
    const files = withoutPlaces(make(), mutant.users);
    const mappings = mutant.users.map((name) => ({ name, mapping: compileOrNone(files, name) }));
    if (mappings.some(({ mapping }) => !mapping)) continue;
    const caught = mappings.some(({ name, mapping }) => notices(proofs.get(name) ?? [], mapping));
    return { what, caught };
  }
  return undefined;
}

/**
 * True where an example gives another result. That example is tried first from then on: faults that lie near
 * one another are mostly noticed by the same one.
 */
function notices(proofs: Proof[], mapping: Mapping | undefined): boolean {
  const index = proofs.findIndex((proof) => isNoticed(mapping, proof));
  if (index > 0) proofs.unshift(...proofs.splice(index, 1));
  return index >= 0;
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
