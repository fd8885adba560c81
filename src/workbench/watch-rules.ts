import type { Rule } from '../map/mapping-file.ts';
import type { MappingFiles } from '../map/read-mappings.ts';
import type { Path, YamlFile } from '../map/yaml-file.ts';

/** A place in a file of a mapping; a rule of a fragment stands within the rule that uses the fragment. */
type Place = { file: string; path: Path; within?: Place };
/** The same files, in which every rule has a number where its line was: lineage then says which of several on a line it was. */
export type Watched = { files: MappingFiles; placeOf: (rule: string) => Place | undefined };

export function watchRules(files: MappingFiles, name: string): Watched {
  const places: Place[] = [];
  let count = 0;
  const own = files.sources.get(name);
  const fragments = new Map<string, { file: YamlFile; data: { name: string; type: string; rules: Rule[] } }>();
  const watched = (file: YamlFile, within?: Place): YamlFile => ({
    ...file,
    where: (path) => {
      places.push({ file: file.name, path, ...(within && { within }) });
      return { file: file.name, line: places.length - 1, column: 1, message: '' };
    },
  });
  /** Each use of a fragment becomes a fragment of its own. */
  const follow = (rules: Rule[], place: Place): Rule[] =>
    rules.map((rule, index) => {
      const here = { ...place, path: [...place.path, index] };
      const fragment = files.fragments.get(rule.use ?? '');
      const inner = rule.rules && { rules: follow(rule.rules, { ...here, path: [...here.path, 'rules'] }) };
      if (!fragment) return { ...rule, ...inner };
      count += 1;
      const use = `${rule.use}@${count}`;
      const inside = { file: fragment.file.name, path: ['rules'], within: here };
      fragments.set(use, { file: watched(fragment.file, here), data: { ...fragment.data, rules: follow(fragment.data.rules, inside) } });
      return { ...rule, ...inner, use };
    });
  if (!own) return { files, placeOf: () => undefined };
  const statements = own.data.statements.map((statement, index) => ({
    ...statement,
    ...(statement.rules && {
      rules: follow(statement.rules, { file: own.file.name, path: ['statements', index, 'rules'] }),
    }),
  }));
  const source = { ...own, file: watched(own.file), data: { ...own.data, statements } };
  return {
    files: { ...files, fragments, sources: new Map(files.sources).set(name, source) },
    placeOf: (rule) => places[Number(rule.slice(rule.lastIndexOf(':') + 1))],
  };
}

/** What a rule, an alternative, a copied element or a statement is called by: its file and path. */
export const keyOf = ({ file, path }: Place): string => `${file}#${path.join('.')}`;

/** The place itself and all that it is part of. */
export function enclosing(place: Place): string[] {
  const keys = place.path.map((_, index) => keyOf({ file: place.file, path: place.path.slice(0, index + 1) }));
  return place.within ? [...keys, ...enclosing(place.within)] : keys;
}
