import type { ConceptMap } from '@medplum/fhirtypes';
import type { Path } from './yaml-file.ts';

export type CodeTable = {
  name: string;
  source: string | undefined;
  codes: Map<string, { system: string; code: string; display?: string }>;
};

export class MapError extends Error {
  readonly path: Path;
  constructor(path: Path, message: string) {
    super(message);
    this.path = path;
  }
}

/** Throws MapError where it is not a ConceptMap with one target per code.
 * http://hl7.org/fhir/R4/conceptmap.html */
export function readConceptMap(name: string, map: ConceptMap | null): CodeTable {
  if (map?.resourceType !== 'ConceptMap') throw new MapError([], 'not a ConceptMap');
  const table: CodeTable = { name, source: map.group?.[0]?.source, codes: new Map() };
  for (const [index, { target: system, element }] of (map.group ?? []).entries()) {
    for (const [at, { code, target }] of (element ?? []).entries()) {
      const [to] = target ?? [];
      const path = ['group', index, 'element', at];
      if (!code || !to?.code || target?.length !== 1 || !system)
        throw new MapError(path, `code "${code}" needs exactly one target, in a system`);
      if (table.codes.has(code)) throw new MapError(path, `code "${code}" is mapped twice`);
      table.codes.set(code, { system, code: to.code, ...(to.display ? { display: to.display } : {}) });
    }
  }
  return table;
}

/** Looks the code up as written, then in capitals, then in small letters: senders differ in case, and no code
 * list here depends on it. */
export function translate(table: CodeTable, code: string) {
  return table.codes.get(code) ?? table.codes.get(code.toUpperCase()) ?? table.codes.get(code.toLowerCase());
}
