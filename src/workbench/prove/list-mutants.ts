import type { CodeTable } from '../../map/language/concept-map.ts';
import type { MappingFiles, SourceFiles } from '../../map/language/read-mappings.ts';
import type { Path } from '../../map/language/yaml-file.ts';
import { applyEdit, type Edit } from './edit.ts';
import { fragmentEdits, mappingEdits } from './mutate.ts';
import { tableEdits } from './mutate-map.ts';
import { codesSeen } from './same-sense.ts';

/** A mutant: one fault in one file, at `path` or at a ConceptMap's entry for `code`. `tries` are ways to make
 * it; the first that loads is used. */
export type Mutant = {
  file: string;
  path: Path;
  code?: string;
  tries: { what: string; make: () => MappingFiles }[];
  /** The mappings whose examples may notice the fault. */
  users: string[];
};

export function mutantsOf(files: MappingFiles, name: string): Mutant[] {
  const own = files.sources.get(name);
  if (!own) return [];
  const put = (source: SourceFiles): MappingFiles => ({
    ...files,
    sources: new Map(files.sources).set(name, source),
  });
  const isOwn = ({ path }: Edit) => own.dialect?.differs(path) ?? true;
  return [
    ...mappingEdits(files, name)
      .filter(isOwn)
      .map((edit) =>
        mutantOf({ file: own.file.name, users: [name] }, edit, (one) =>
          put({ ...own, data: applyEdit(own.data, one) }),
        ),
      ),
    ...[...own.maps].flatMap(([map, table]) => {
      const base = own.dialect && (own.dialect.base.maps.get(map) ?? files.maps.get(map));
      if (base === table) return [];
      const all = mapMutants({ file: `${name}/maps/${map}.json`, users: [name] }, table, (changed) =>
        put({ ...own, maps: new Map(own.maps).set(map, changed) }),
      );
      const seen = codesSeen(files, name, map);
      const isSeen = (code = '') => seen?.some((one) => one.toLowerCase() === code.toLowerCase()) ?? true;
      const said = (code = '') => base?.codes.get(code)?.code === table.codes.get(code)?.code;
      return all.filter(
        ({ code, tries }) => !said(code) && (isSeen(code) || tries[0]?.what.endsWith('dropped')),
      );
    }),
  ];
}

/** Faults of shared fragments and ConceptMaps; the examples of every mapping that uses one may notice. */
export function sharedMutants(files: MappingFiles): Mutant[] {
  const texts = [...files.sources].map(([name, { data }]) => ({ name, text: textOf(files, data) }));
  const usersOf = (part: RegExp) => texts.filter(({ text }) => part.test(text)).map(({ name }) => name);
  const fragments = [...files.fragments].flatMap(([name, fragment]) =>
    fragmentEdits(files, fragment.data).map((edit) =>
      mutantOf({ file: fragment.file.name, users: usersOf(new RegExp(`"use":"${name}"`)) }, edit, (one) => {
        const data = applyEdit(fragment.data, one);
        return { ...files, fragments: new Map(files.fragments).set(name, { ...fragment, data }) };
      }),
    ),
  );
  const maps = [...files.maps].flatMap(([name, table]) => {
    const users = usersOf(new RegExp(`"map":"${name}"|known ${name}\\b`));
    return mapMutants({ file: `concept-maps/${name}.json`, users }, table, (changed) => ({
      ...files,
      maps: new Map(files.maps).set(name, changed),
    }));
  });
  return [...fragments, ...maps];
}

/** A mapping's text with that of every fragment it uses. */
function textOf(files: MappingFiles, data: object): string {
  let text = JSON.stringify(data);
  const seen = new Set<string>();
  for (let found = true; found; ) {
    found = false;
    for (const [name, fragment] of files.fragments) {
      if (seen.has(name) || !text.includes(`"use":"${name}"`)) continue;
      seen.add(name);
      text += JSON.stringify(fragment.data);
      found = true;
    }
  }
  return text;
}

type Where = Pick<Mutant, 'file' | 'users'>;

function mutantOf(where: Where, edit: Edit, make: (edit: Edit) => MappingFiles): Mutant {
  const { path, orElse = [] } = edit;
  return {
    ...where,
    path,
    tries: [edit, ...orElse].map((one) => ({ what: one.what, make: () => make(one) })),
  };
}

function mapMutants(where: Where, table: CodeTable, make: (table: CodeTable) => MappingFiles): Mutant[] {
  return tableEdits(table).map(({ code, what, table: changed }) => ({
    ...where,
    path: [],
    code,
    tries: [{ what, make: () => make(changed) }],
  }));
}
