/** Drafts a dialect: of a shipped mapping only what its samples have beside it. */
import { isObject } from '../../formats/tree.ts';
import { compileSource } from '../../map/language/load-mappings.ts';
import type { SourceFile, SourceTree } from '../../map/language/mapping-file.ts';
import type { MappingFiles, SourceFiles } from '../../map/language/read-mappings.ts';
import type { Path } from '../../map/language/yaml-file.ts';
import { normaliseHeader } from '../../map/sources/tree.ts';
import type { Issue, Json } from '../../model.ts';
import { HEADER_READS } from '../prove/account-fields.ts';
import { runMapping } from '../run-mapping.ts';
import { documentOf, textOf } from './document.ts';
import type { Draft } from './draft.ts';
import { inferSource, messagesOf, newFields } from './draft-source.ts';
import type { Samples } from './samples.ts';

type Tree = { [name: string]: unknown };

export function draftDialect(files: MappingFiles, base: string, name: string, samples: Samples): Draft {
  const own = files.sources.get(base) as SourceFiles;
  const described = [...files.sources.values()].map(({ source }) => source);
  const added = additions(own.source, described, samples);
  return {
    from: base,
    mapping: textOf(documentOf('mapping', { name, version: '0.1.0', extends: base })),
    source: Object.keys(added).length > 0 ? textOf(documentOf('source', added)) : undefined,
    restricted: [],
    told: tellIssues(files, base, samples),
  };
}

/** What the samples have that the source neither declares nor ignores, as a source.yaml says it. */
function additions(source: SourceFile, described: SourceFile[], { kind, trees }: Samples): Tree {
  if (source.format === 'hl7v2') return hl7Additions(source, described, trees);
  const inferred = inferSource(kind, trees) as { columns?: Tree; fields?: SourceTree } | undefined;
  if (source.format === 'csv') {
    const known = [
      ...Object.entries(source.columns).flatMap(([name, { aliases }]) => [name, ...aliases]),
      ...Object.keys(source.ignored),
    ].map(normaliseHeader);
    const isNew = ([name, column]: [string, unknown]) => {
      const [header = name] = (column as { aliases?: string[] }).aliases ?? [];
      return !known.includes(normaliseHeader(header));
    };
    const columns = Object.entries(inferred?.columns ?? {}).filter(isNew);
    return columns.length > 0 ? { columns: Object.fromEntries(columns) } : {};
  }
  if (source.format !== 'json') return {};
  const fields = newIn(source.fields, inferred?.fields ?? {}, '', source.ignored);
  return fields === undefined ? {} : { fields };
}

function hl7Additions(
  source: Extract<SourceFile, { format: 'hl7v2' }>,
  described: SourceFile[],
  trees: Json[],
): Tree {
  const added: Tree = {};
  const taken = Object.keys(source.messages).length > 0 ? messagesOf(trees) : {};
  const messages = Object.entries(taken).flatMap(([code, triggers]) => {
    const others = triggers.filter((trigger) => !source.messages[code]?.includes(trigger));
    return others.length > 0 ? [[code, others] as const] : [];
  });
  if (messages.length > 0) added.messages = Object.fromEntries(messages);
  const fresh = newFields(source, described, trees);
  const isHeader = (place: Path) => HEADER_READS.includes(place.slice(1).join('-'));
  for (const { place, value } of fresh.filter((one) => !isHeader(one.place))) {
    let at = added;
    for (const step of place.slice(0, -1).map(String)) {
      at[step] ??= {};
      at = at[step] as Tree;
    }
    at[String(place.at(-1))] = value;
  }
  return added;
}

/** The part of a form's fields that the base does not have; undefined where it has them all. */
function newIn(base: SourceTree, own: SourceTree, at: string, ignored: object): SourceTree | undefined {
  if (Array.isArray(base) && Array.isArray(own)) {
    const inner = newIn(base[0] as SourceTree, own[0] as SourceTree, at, ignored);
    return inner === undefined ? undefined : [inner];
  }
  if (!isObject(base as Json) || !isObject(own as Json)) return undefined;
  const known = base as { [name: string]: SourceTree };
  const found = Object.entries(own as { [name: string]: SourceTree }).flatMap(([name, tree]) => {
    const place = at ? `${at}.${name}` : name;
    if (Object.hasOwn(ignored, place)) return [];
    const fresh = known[name] === undefined ? tree : newIn(known[name], tree, place, ignored);
    return fresh === undefined ? [] : [[name, fresh] as const];
  });
  return found.length > 0 ? Object.fromEntries(found) : undefined;
}

/** What the base says of the samples, each cause once; without texts, which may quote a code. */
function tellIssues(files: MappingFiles, base: string, { bodies }: Samples): string[] {
  const mapping = compileSource(files, base, []);
  const issues = mapping
    ? bodies.flatMap((body) => runMapping(mapping, body)).flatMap((one) => one.issues)
    : [];
  const placeOf = ({ field = 'the message' }: Issue) =>
    field.replace(/\[\d+\]/g, '').replace(/\brow \d+/g, 'row');
  const told = issues.filter(({ severity }) => severity !== 'information');
  const groups = Map.groupBy(told, (issue) => `${issue.severity} ${issue.code} ${placeOf(issue)}`);
  return [...groups].map(([cause, all]) => `${cause}: ${all.length}`);
}
