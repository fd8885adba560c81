import type { ConceptMap } from '@medplum/fhirtypes';

/** One ConceptMap, ready: what each source code becomes. */
export type CodeTable = {
  name: string;
  source: string | undefined;
  codes: Map<string, { system: string; code: string; display?: string }>;
};

/** Throws where it is not a ConceptMap with one target per code. http://hl7.org/fhir/R4/conceptmap.html */
export function readConceptMap(name: string, map: ConceptMap): CodeTable {
  const table: CodeTable = { name, source: map.group?.[0]?.source, codes: new Map() };
  if (map.resourceType !== 'ConceptMap') throw new Error('not a ConceptMap');
  for (const { target: system, element } of map.group ?? []) {
    for (const { code, target } of element ?? []) {
      const [to] = target ?? [];
      if (!code || !to?.code || target?.length !== 1 || !system)
        throw new Error(`code "${code}" needs exactly one target, in a system`);
      if (table.codes.has(code)) throw new Error(`code "${code}" is mapped twice`);
      table.codes.set(code, { system, code: to.code, ...(to.display ? { display: to.display } : {}) });
    }
  }
  return table;
}

/** As written, else in capitals, else in small letters: senders differ, code lists here do not depend on case. */
export function translate(table: CodeTable, code: string) {
  return table.codes.get(code) ?? table.codes.get(code.toUpperCase()) ?? table.codes.get(code.toLowerCase());
}
