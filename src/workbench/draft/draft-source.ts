/** Drafts a source.yaml: fields of the samples, with what shipped sources say of fields so named. */

import { isObject } from '../../formats/tree.ts';
import type { SourceFile, SourceTree } from '../../map/language/mapping-file.ts';
import type { Path } from '../../map/language/yaml-file.ts';
import { normaliseHeader } from '../../map/sources/tree.ts';
import type { Json } from '../../model.ts';
import { typeOfValues } from './describe-values.ts';
import { joinTables } from './draft-tables.ts';
import { wordsOf } from './known-names.ts';
import { namesOf, segmentsOf } from './source-fields.ts';

type Kind = SourceFile['format'];

/** The source of a sender's own format; undefined where tables have no column that names their rows. */
export function inferSource(kind: Kind, trees: Json[]): object | undefined {
  const tree = treeOf(trees);
  const fields = typeof tree === 'string' || Array.isArray(tree) ? {} : tree;
  if (kind === 'json') return { format: 'json', fields };
  return kind === 'csv' ? { format: 'csv', columns: columnsOf(fields) } : joinTables(fields, trees);
}

function treeOf(values: Json[]): SourceTree {
  const some = values.filter((value) => value !== null && value !== '');
  const objects = some.filter(isObject);
  if (objects.length > 0) {
    const names = new Set(objects.flatMap((object) => Object.keys(object)));
    return Object.fromEntries(
      [...names].map((name) => [name, treeOf(objects.map((one) => one[name] ?? null))]),
    );
  }
  return some.some(Array.isArray) ? [treeOf(some.flat())] : typeOfValues(some);
}

/**
 * Names each column after the words of its header; a header that the name does not match becomes an alias.
 */
function columnsOf(fields: Record<string, SourceTree>): object {
  const headers = new Map(Object.keys(fields).map((header) => [normaliseHeader(header), header]));
  const taken = new Set(headers.keys());
  const columns = [...headers].map(([key, header], index) => {
    const words = wordsOf(header).replaceAll(' ', '_') || 'column';
    if (normaliseHeader(words) === key) return [words, { type: fields[header] }] as const;
    const name = taken.has(normaliseHeader(words)) ? `${words}_${index}` : words;
    taken.add(normaliseHeader(name));
    return [name, { type: fields[header], aliases: [header] }] as const;
  });
  return Object.fromEntries(columns);
}

/** The trigger events of HL7 v2 samples, by message code. */
export function messagesOf(trees: Json[]): Record<string, string[]> {
  const messages: Record<string, string[]> = {};
  for (const tree of trees) {
    const [[code = ''] = [], [trigger = ''] = []] = segmentsOf(tree)[0]?.fields[9]?.[0] ?? [];
    if (code && trigger) messages[code] = [...new Set([...(messages[code] ?? []), trigger])];
  }
  return messages;
}

type Addition = { place: Path; value: string | string[] };

/** HL7 v2 fields that carry data and that the source neither declares nor ignores: where they go in
 * source.yaml, and what other sources say about them. */
export function newFields(source: SourceFile, described: SourceFile[], trees: Json[]): Addition[] {
  if (source.format !== 'hl7v2') return [];
  const models = described.filter((one) => one.format === 'hl7v2');
  const all = trees.flatMap(segmentsOf).flatMap(({ name, fields }) =>
    // MSH-1 and MSH-2 are the delimiters.
    fields.flatMap((repetitions, number) =>
      name === 'MSH' && number < 3 ? [] : { name, number, repetitions },
    ),
  );
  const isNew = ({ name, number, repetitions }: (typeof all)[number]) =>
    number > 0 &&
    /^[A-Z][A-Z0-9]{2}$/.test(name) &&
    repetitions.flat(2).some((value) => value !== '') &&
    source.segments[name]?.[number] === undefined &&
    !namesOf(source, `${name}-${number}`).some((one) => Object.hasOwn(source.ignored, one));
  return [...Map.groupBy(all.filter(isNew), ({ name, number }) => `${name}-${number}`)].flatMap(
    ([field, uses]) => {
      const [segment = '', number = ''] = field.split('-');
      const place = ['segments', segment, number];
      const known = models.map((one) => one.segments[segment]?.[number]).find(Boolean);
      if (known) return [{ place, value: known }];
      const many = uses.some(({ repetitions }) => repetitions.length > 1) ? '*' : '';
      const parts = Math.max(
        ...uses.flatMap(({ repetitions }) => repetitions.map((components) => components.length)),
      );
      const values = uses.flatMap(({ repetitions }) => repetitions.flat(2)).filter((value) => value !== '');
      if (parts === 1)
        return [{ place, value: `${typeOfValues(values) === 'time' ? 'TS' : 'ST'}${many} ${field}` }];
      // The field gets a type of its own: a type shared with another field may ignore some of its parts.
      const own = `${segment}${number}`;
      const type = { place: ['types', own], value: Array.from({ length: parts }, () => 'ST') };
      return [type, { place, value: `${own}${many} ${field}` }];
    },
  );
}
