/** Sample messages of a sender never seen, all of one format. */
import { Rejected } from '../../errors.ts';
import { isObject } from '../../formats/tree.ts';
import type { SourceFile } from '../../map/language/mapping-file.ts';
import type { Json } from '../../model.ts';
import { nameOf, readInput } from '../command.ts';
import { readUnits, treesOf } from '../run-mapping.ts';
import { complain } from '../terminal.ts';
import { mayBeValue } from './describe-values.ts';

type Kind = SourceFile['format'];
export type Samples = { kind: Kind; bodies: Buffer[]; trees: Json[] };

/** Reads sample files; gives a text where one of them cannot be used. */
export function readSamples(files: string[]): Samples | string {
  const bodies = files.map(readInput);
  const [kind, other] = [...new Set(bodies.map(kindOf))];
  if (!kind || other) return `the samples are of several formats: ${kind} and ${other}`;
  const trees: Json[] = [];
  for (const [index, body] of bodies.entries()) {
    const file = nameOf(files[index] ?? '');
    try {
      const units = readUnits({ kind, name: '' }, body);
      for (const { position, error } of units)
        if (error) complain(`${file}, ${position}: ${error.text}; it is left out`);
      const read = units.filter(({ error }) => !error).map(({ tree }) => tree);
      if (['csv', 'json', 'tables'].includes(kind) && [...new Set(namesIn(read))].some(mayBeValue))
        return `${file}: names of fields look like a person's data. Does its first row name the columns?`;
      trees.push(...read);
    } catch (error) {
      if (!(error instanceof Rejected)) throw error;
      return `${file}: ${error.issues.map(({ text }) => text).join('; ')}`;
    }
  }
  return trees.length > 0 ? { kind, bodies, trees } : 'nothing in the samples can be read';
}

const namesIn = (tree: Json): string[] =>
  typeof tree === 'object' && tree !== null
    ? Object.entries(tree).flatMap(([name, inner]) => [
        ...(Array.isArray(tree) ? [] : [name]),
        ...namesIn(inner),
      ])
    : [];

/** The format of a sample, by its first characters and, for JSON, by the object's keys. */
function kindOf(body: Buffer): Kind {
  const text = body.toString('utf8').trimStart();
  if (/^(MSH|FHS|BHS)\W/.test(text)) return 'hl7v2';
  if (text.startsWith('<')) return 'xml';
  if (!/^[{[]/.test(text)) return 'csv';
  const [tree] = treesOf({ kind: 'json', name: '' }, body);
  if (!isObject(tree)) return 'json';
  if (typeof tree.resourceType === 'string') return 'fhir';
  const isTable = (value: Json) => Array.isArray(value) && value.length > 0 && value.every(isObject);
  return Object.values(tree).every(isTable) ? 'tables' : 'json';
}
