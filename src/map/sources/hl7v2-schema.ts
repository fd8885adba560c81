/**
 * What a source.yaml of HL7 v2 says there is: segments, fields with their data types, the codes of closed
 * lists.
 */

import type { SourceFile } from '../language/mapping-file.ts';
import { PathError, suggest } from '../run.ts';
import { HL7_TYPES } from './hl7v2-types.ts';

export type Hl7Schema = Pick<Extract<SourceFile, { format: 'hl7v2' }>, 'types' | 'segments' | 'messages'>;

/**
 * `CWE* Provider role (RP, RT)`: data type, star when it repeats, name, and all codes of its first part where
 * no others are sent.
 */
export const FIELD = /^(\w+)(\*?) .*?(?: \(([^()]+)\))?$/;

export const hl7Schema = ({ types, segments, messages }: Hl7Schema): Hl7Schema => ({
  ...{ types: { ...HL7_TYPES, ...types }, segments, messages },
});

export function checkSegment({ segments }: Hl7Schema, segment: string): void {
  const known = Object.keys(segments);
  if (!known.includes(segment))
    throw new PathError(`no segment ${segment} in this source${suggest(segment, known)}`);
}

/** Throws PathError where the source has no such field. */
export function fieldOf(schema: Hl7Schema, segment: string, number: string): { type: string; many: boolean } {
  checkSegment(schema, segment);
  const fields = schema.segments[segment] ?? {};
  const [, type, star] = FIELD.exec(fields[number] ?? '') ?? [];
  if (!type)
    throw new PathError(
      `no field ${segment}-${number} in this source; it has ${Object.keys(fields).join(', ')}`,
    );
  return { type, many: star === '*' };
}

/** All that may stand in a part of a field, where the source says so: of MSH-9 the messages it takes. */
export function codesOf(
  schema: Hl7Schema,
  field: string,
  [component, sub]: [number, number],
): string[] | undefined {
  const { messages, segments } = schema;
  if (field === 'MSH-9' && component < 3 && Object.keys(messages).length > 0)
    return component === 1 ? Object.keys(messages) : Object.values(messages).flat();
  const [segment = '', number = ''] = field.split('-');
  const [, , , codes] = FIELD.exec(segments[segment]?.[number] ?? '') ?? [];
  return component === 1 && sub === 1 ? codes?.split(',').map((code) => code.trim()) : undefined;
}

/** The component is a text without parts of its own (ST). */
export const isText = ({ types }: Hl7Schema, type: string, component: number): boolean =>
  (types[type] ?? [type])[component - 1] === 'ST';

/** Data types of which all parts that are no codes and no times are words. */
const WORDS = ['XPN', 'XAD'];

/**
 * The source type of a component: `time`, `string` for words, else `text`. Throws where the data type has no
 * such component.
 */
export function checkParts(
  { types }: Hl7Schema,
  text: string,
  type: string,
  [component, sub]: [number, number],
): 'time' | 'string' | 'text' {
  const parts = types[type] ?? [type];
  const inner = parts[component - 1];
  if (!inner)
    throw new PathError(`"${text}": ${type} has ${parts.length} component${parts.length > 1 ? 's' : ''}`);
  const innerParts = component === 1 && inner === type ? [type] : (types[inner] ?? [inner]);
  if (!innerParts[sub - 1])
    throw new PathError(
      `"${text}": ${inner} has ${innerParts.length} part${innerParts.length > 1 ? 's' : ''}`,
    );
  if (['TS', 'DT', 'DTM'].includes(inner)) return 'time';
  return WORDS.includes(type) && ['ST', 'FN', 'SAD'].includes(inner) ? 'string' : 'text';
}
