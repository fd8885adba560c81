/**
 * What a section of a journey's Composition is: lines for people, and the resources that they speak of. Every
 * section is there for everybody, also where it has nothing to say.
 */
import type { CompositionSection, Extension, Resource } from '@medplum/fhirtypes';
import type { ServiceContact } from '../../access/project/project-contact.ts';
import type { Seen } from '../../access/see/visible.ts';
import type { NameOf } from './names.ts';

/** What sections are made of: all that one recipient sees of a journey, and nothing else. */
export type Told = {
  seen: Seen[];
  nameOf: NameOf;
  /** Of the services that give care, by row id of that care. */
  contacts: Map<string, ServiceContact>;
  /** Id of what is made for this answer, by what it is of. */
  idOf: (what: string) => string;
  now: Date;
};

/** `refers`: `Type/id` or a URN of what the lines speak of, and what is said of it in code. */
export type Section = {
  code: string;
  title: string;
  lines: string[];
  refers: { reference: string; display: string; extension?: Extension[] }[];
};

export const NOTHING = 'Nothing known here.';
const SECTIONS = 'https://skein.example/fhir/CodeSystem/journey-section';

export function writeSection({ code, title, lines, refers }: Section): CompositionSection {
  const distinct = [...new Map(refers.map((one) => [one.reference, one])).values()];
  return {
    title,
    code: { coding: [{ system: SECTIONS, code }] },
    text: { status: 'generated', div: writeDiv(listOf(lines)) },
    ...(distinct.length > 0 ? { entry: distinct } : {}),
  };
}

/** The whole as one narrative, closing as every view does. */
export function writeAll(title: string, sections: Section[], notice: string): string {
  const parts = sections.map(({ title, lines }) => `<h2>${escapeXml(title)}</h2>${listOf(lines)}`);
  return writeDiv(`<h1>${escapeXml(title)}</h1>${parts.join('')}<p>${escapeXml(notice)}</p>`);
}

const listOf = (lines: string[]): string =>
  lines.length === 0
    ? `<p>${NOTHING}</p>`
    : `<ul>${lines.map((line) => `<li>${escapeXml(line)}</li>`).join('')}</ul>`;

const writeDiv = (inner: string): string => `<div xmlns="http://www.w3.org/1999/xhtml">${inner}</div>`;

const ENTITIES: Record<string, string> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};
/** Names are what somebody typed: they may hold anything, and XML has no word for some control characters. */
const escapeXml = (text: string): string =>
  text.replace(/\p{Cc}/gu, ' ').replace(/[&<>"']/g, (one) => ENTITIES[one] as string);

export const referenceTo = (resource: Resource): string => `${resource.resourceType}/${resource.id}`;

/** What a line speaks of, by the name that it has here. */
export const refer = (resource: Resource, nameOf: NameOf, extension?: Extension[]) => ({
  reference: referenceTo(resource),
  display: nameOf(referenceTo(resource)),
  ...(extension ? { extension } : {}),
});

/** The first so many, and how many more there are: of what the reader may see. */
export function cut(lines: string[], most: number): string[] {
  return lines.length <= most ? lines : [...lines.slice(0, most), `and ${lines.length - most} more`];
}
