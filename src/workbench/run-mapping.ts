import { Rejected } from '../errors.ts';
import type { Mapping } from '../map/load-mappings.ts';
import { mapUnit } from '../map/map-unit.ts';
import type { Issue, Message, SourceRecord, System } from '../model.ts';
import { parseMessage } from '../parse/parse-message.ts';
import { validateRecord } from '../validate/validate-record.ts';

/** One unit of a message, parsed, mapped and validated: what the pipeline would link, or hold. */
export type Result = { position: string; record: SourceRecord | null; issues: Issue[] };

/** A sender that nobody registered: the workbench needs no store. */
const SENDER: System = {
  ...{ id: 0, name: 'workbench', source: null, dialect: null, onHeld: 'AE' },
  service: { id: '', name: 'workbench', ods: '', team: '', sector: null, kind: null },
};
const TYPES = { hl7v2: 'application/hl7-v2', fhir: 'application/fhir+json', csv: 'text/csv', json: 'application/json' };

/** parse, map and validate, as the pipeline does: pure, no store, no network. Never throws for bad input. */
export function runMapping(mapping: Mapping, body: Buffer, dialect: string | null = null): Result[] {
  const message: Message = {
    ...{ system: { ...SENDER, dialect }, channel: 'intake', contentType: TYPES[mapping.kind], body },
    ...{ identifier: 'workbench', contentHash: '', source: mapping.name },
  };
  try {
    return parseMessage(message).units.map((unit) => {
      const { record, issues } = mapUnit(mapping, unit, { dialect });
      return { position: unit.position, record, issues: record ? [...issues, ...validateRecord(record)] : issues };
    });
  } catch (error) {
    if (!(error instanceof Rejected)) throw error;
    return [{ position: '', record: null, issues: error.issues }];
  }
}

export const isSound = ({ record, issues }: Result) =>
  record !== null && issues.every(({ severity }) => severity !== 'error');
