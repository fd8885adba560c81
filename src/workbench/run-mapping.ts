import { Rejected } from '../errors.ts';
import type { Mapping } from '../map/language/load-mappings.ts';
import type { Json, Message, System, Unit } from '../model.ts';
import { parseMessage } from '../parse/parse-message.ts';
import { type Understood, understand } from '../pipeline/understand.ts';

/** A stand-in for a registered system: the workbench has no store. */
const SENDER: System = {
  id: 0,
  name: 'workbench',
  source: null,
  dialect: null,
  onHeld: 'AE',
  service: { id: '', name: 'workbench', ods: '', team: '', sector: null, kind: null },
};
const TYPES: Record<Mapping['kind'], string> = {
  hl7v2: 'application/hl7-v2',
  csv: 'text/csv',
  json: 'application/json',
  tables: 'application/json',
  fhir: 'application/fhir+json',
  xml: 'application/fhir+xml',
};

/** A file as if the mapping's sender had sent it. */
function messageOf(
  { kind, name }: Pick<Mapping, 'kind' | 'name'>,
  body: Buffer,
  dialect: string | null = null,
): Message {
  return {
    system: { ...SENDER, dialect },
    channel: 'intake',
    contentType: TYPES[kind],
    body,
    identifier: 'workbench',
    contentHash: '',
    source: name,
  };
}

/** Throws Rejected where nothing of it can be read. */
export function readUnits(mapping: Pick<Mapping, 'kind' | 'name'>, body: Buffer): Unit[] {
  return parseMessage(messageOf(mapping, body)).units;
}

/** The trees of the units that can be read; units that cannot are left out. */
export function treesOf(mapping: Pick<Mapping, 'kind' | 'name'>, body: Buffer): Json[] {
  try {
    return readUnits(mapping, body).map(({ tree }) => tree);
  } catch (error) {
    if (error instanceof Rejected) return [];
    throw error;
  }
}

/** parse, map and validate, as the pipeline does: pure, no store, no network. Never throws for bad input. */
export function runMapping(mapping: Mapping, body: Buffer, dialect: string | null = null): Understood[] {
  return understand([mapping], messageOf(mapping, body, dialect));
}
