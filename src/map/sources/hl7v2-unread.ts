/** What a message holds and no rule reads: told to its sender, since nothing is lost unsaid. */
import type { SourceFile } from '../language/mapping-file.ts';

/** `place` in its message, from 0: which segment belongs to which is a matter of order. */
export type Segment = { name: string; fields: string[][][][]; place: number };
export type Segments = Record<string, Segment[]>;

/**
 * Segments and fields that carry data and that the source neither has nor ignores, as one name: a chart has
 * tens of them.
 */
export function findUnread({
  segments,
  ignored,
}: Extract<SourceFile, { format: 'hl7v2' }>): (found: Segments) => string[] {
  const known = new Set(Object.keys(ignored));
  for (const [name, fields] of Object.entries(segments))
    for (const number of Object.keys(fields)) known.add(`${name}-${number}`);
  const isEmpty = (field: string[][][]) =>
    field.every((part) => part.every((sub) => sub.every((text) => text === '')));
  return (found) => {
    const names: string[] = [];
    for (const [name, all] of Object.entries(found)) {
      // MSH is read on receipt.
      if (name === 'MSH' || known.has(name)) continue;
      if (!segments[name]) names.push(name);
      else
        for (const { fields } of all)
          for (let number = 1; number < fields.length; number += 1) {
            const field = `${name}-${number}`;
            if (known.has(field) || names.includes(field) || isEmpty(fields[number] ?? [])) continue;
            names.push(field);
          }
    }
    return names.length > 0 ? [names.join(', ')] : [];
  };
}
