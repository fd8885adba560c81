/** What each element of a message came from, by which rule, and which fields became nothing. Pure. */
import { translate } from '../map/language/concept-map.ts';
import { compileSource } from '../map/language/load-mappings.ts';
import type { Alternative } from '../map/language/mapping-file.ts';
import type { MappingFiles } from '../map/language/read-mappings.ts';
import type { Json, Lineage } from '../model.ts';
import type { Understood } from '../pipeline/understand.ts';
import { codeOf, readElement, readSource } from './positions.ts';
import { accountFields, type Field } from './prove/account-fields.ts';
import { type Place, watchRules } from './prove/watch-rules.ts';
import { runMapping, treesOf } from './run-mapping.ts';

/**
 * One element explained: its source, its rule, and for a translated code the source code and ConceptMap.
 */
export type Explained = Lineage & {
  translation?: { from: string; to: string; map: string; known: boolean };
};
/** `units`: what came of each. `fields`: all that carry data, or that the source declares. */
export type Explanation = {
  units: { result: Understood; tree: Json; elements: Explained[] }[];
  fields: Field[];
};

/** Throws where the mapping is not one of these files; never for bad input. */
export function explainMessage(
  files: MappingFiles,
  name: string,
  { body, dialect = null }: { body: Buffer; dialect?: string | null },
): Explanation {
  const watched = watchRules(files, name);
  const mapping = compileSource(watched.files, name, []);
  if (!mapping) throw new Error(`${name} was loaded, and is gone`);
  const trees = treesOf(mapping, body);
  const known = { files, name, placeOf: watched.placeOf };
  const units = runMapping(mapping, body, dialect).map((result, index) => {
    const tree = trees[index] ?? trees[0] ?? null;
    return { result, tree, elements: explainUnit(known, result, tree) };
  });
  return { units, fields: accountFields(files, name, { examples: trees, samples: [] }) };
}

type Known = { files: MappingFiles; name: string; placeOf: (rule: string) => Place | undefined };

function explainUnit({ files, name, placeOf }: Known, { record }: Understood, tree: Json): Explained[] {
  return (record?.lineage ?? []).map(({ element, source, rule }) => {
    const place = placeOf(rule);
    const found = place && ruleAt(files, place);
    if (!found) return { element, source, rule };
    const at = { element, source, rule: found.at };
    if (found.rule.map === undefined) return at;
    const statement = record?.statements.find(({ local }) => element.startsWith(`${local}.`));
    const to = codeOf(
      statement &&
        readElement(statement.resource as unknown as Json, element.slice(statement.local.length + 1)),
    );
    const from = codeOf(readSource(tree, source));
    if (from === undefined || to === undefined) return at;
    const { map } = found.rule;
    const table = files.sources.get(name)?.maps.get(map) ?? files.maps.get(map);
    return {
      ...at,
      translation: { from, to, map, known: table !== undefined && translate(table, from) !== undefined },
    };
  });
}

/** The rule or alternative at a place, and its file:line. */
function ruleAt(
  files: MappingFiles,
  { file, path }: Place,
): { rule: Partial<Alternative>; at: string } | undefined {
  const known = [...files.sources.values(), ...files.fragments.values()].find(
    (one) => one.file.name === file,
  );
  if (!known) return undefined;
  let rule: unknown = known.data;
  for (const step of path) rule = (rule as Record<PropertyKey, unknown> | undefined)?.[step];
  const { file: said, line } = known.file.where(path);
  return { rule: typeof rule === 'object' && rule ? rule : {}, at: `${said}:${line}` };
}
