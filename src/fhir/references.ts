import type { Resource } from '@medplum/fhirtypes';

/** A copy of a resource (or element) with every `reference` string passed through `rename`; undefined drops nothing, it keeps. */
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

/** JSON with sorted keys: equal content is equal text. Plain loops: it runs over every view of every message. */
export function canonicalText(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value);
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? 'null';
  let text = '';
  if (Array.isArray(value)) {
    for (const item of value) text += text === '' ? canonicalText(item) : `,${canonicalText(item)}`;
    return `[${text}]`;
  }
  const object = value as Record<string, unknown>;
  for (const name of Object.keys(object).sort()) {
    if (object[name] === undefined) continue;
    text += `${text === '' ? '' : ','}"${name}":${canonicalText(object[name])}`;
  }
  return `{${text}}`;
}
