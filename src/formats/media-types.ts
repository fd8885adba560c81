import type { Document } from '../model.ts';
import { HL7_TYPE } from './hl7v2.ts';

export type Format = Document['format'];

/** The format that a media type names; undefined where it names none (`text/plain`, or absent). */
export function formatOf(contentType: string): Format | undefined {
  const type = contentType.split(';', 1)[0]?.trim().toLowerCase() ?? '';
  if (type === HL7_TYPE || type === 'application/hl7-v2' || type === 'x-application/hl7-v2') return 'hl7v2';
  if (type === 'application/fhir+json') return 'fhir';
  if (type === 'application/json' || type === 'text/json') return 'json';
  if (type === 'text/csv' || type === 'application/csv') return 'csv';
  return type.endsWith('/xml') || type.endsWith('+xml') ? 'xml' : undefined;
}

const SOURCES: Record<string, Document['format']> = {
  'hl7v2-adt': 'hl7v2',
  'hl7v2-ref': 'hl7v2',
  'hl7v2-siu': 'hl7v2',
  'bars-referral': 'fhir',
  'fhir-r4': 'fhir',
  'birth-notification': 'xml',
  'third-sector-csv': 'csv',
  'third-sector-form': 'json',
  // History Bundles, told by the names of their parameters.
  mns: 'json',
  // Extracts: JSON tables of rows.
  mhsds: 'json',
  msds: 'json',
};

/** The charset a media type names; undefined where it names none. */
export function charsetOf(contentType: string): string | undefined {
  return /;\s*charset\s*=\s*"?([\w.-]+)/i.exec(contentType)?.[1];
}

/** The format that a source reads. Undefined for one that Skein does not ship: the content type decides. */
export function formatOfSource(source: string): Document['format'] | undefined {
  return SOURCES[source.split(',', 1)[0]?.trim() ?? ''];
}
