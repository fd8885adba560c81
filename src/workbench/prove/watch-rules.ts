import type { Fragment } from '../../map/language/loader.ts';
import type { Rule } from '../../map/language/mapping-file.ts';
import type { MappingFiles } from '../../map/language/read-mappings.ts';
import type { Path, YamlFile } from '../../map/language/yaml-file.ts';

/** A place in a mapping file. A rule of a fragment has in `within` the rule that uses the fragment. */
export type Place = { file: string; path: Path; within?: Place };
/** The files with a number as each rule's line, so that lineage tells apart rules that share a line. */
type Watched = { files: MappingFiles; placeOf: (rule: string) => Place | undefined };

export function watchRules(files: MappingFiles, name: string): Watched {
  const own = files.sources.get(name);
  if (!own) return { files, placeOf: () => undefined };
  const places: Place[] = [];
  const fragments = new Map<string, Fragment>();
  const watched = (file: YamlFile, within?: Place): YamlFile => ({
    ...file,
    where: (path) => {
      places.push({ file: file.name, path, ...(within && { within }) });
      return { file: file.name, line: places.length - 1, column: 1, message: '' };
    },
  });
  /** Each use of a fragment becomes a fragment of its own, so that lineage knows where it was used. */
  const renameUses = <T extends { use?: string | undefined; rules?: Rule[] | undefined }>(
    user: T,
    here: Place,
  ): T => {
    const rules = user.rules?.map((rule, index) =>
      renameUses(rule, { ...here, path: [...here.path, 'rules', index] }),
    );
    const fragment = files.fragments.get(user.use ?? '');
    if (!fragment) return { ...user, ...(rules && { rules }) };
    const data = renameUses(fragment.data, { file: fragment.file.name, path: [], within: here });
    const use = `${user.use}@${fragments.size}`;
    fragments.set(use, { file: watched(fragment.file, here), data });
    return { ...user, ...(rules && { rules }), use };
  };
  const statements = own.data.statements.map((statement, index) =>
    renameUses(statement, { file: own.file.name, path: ['statements', index] }),
  );
  const source = { ...own, file: watched(own.file), data: { ...own.data, statements } };
  return {
    files: { ...files, fragments, sources: new Map(files.sources).set(name, source) },
    placeOf: (rule) => places[Number(rule.slice(rule.lastIndexOf(':') + 1))],
  };
}

/** The key of a rule, alternative, copied element or statement: its file and path. */
export const keyOf = (file: string, path: Path): string => `${file}#${path.join('.')}`;

/** The place itself and all that it is part of. */
export function enclosing({ file, path, within }: Place): string[] {
  const keys = path.map((_, index) => keyOf(file, path.slice(0, index + 1)));
  return within ? [...keys, ...enclosing(within)] : keys;
}
