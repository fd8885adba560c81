import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { loadMappings, type Mapping } from '../../src/map/language/load-mappings.ts';
import { mapUnit } from '../../src/map/map-unit.ts';
import type { Json } from '../../src/model.ts';
import { ownProfiles } from '../../src/validate/profiles.ts';
import { validateRecord } from '../../src/validate/validate-record.ts';
import { listExamples } from '../../src/workbench/examples.ts';
import { runMapping } from '../../src/workbench/run-mapping.ts';

const mappings = await loadMappings();
const examples = listExamples(mappings).map((example) => ({
  mapping: mappings.get(example.source) as Mapping,
  body: readFileSync(example.input),
}));
const trees = examples.filter(({ mapping }) => ['fhir', 'json', 'tables'].includes(mapping.kind));
const lines = examples.filter(({ mapping }) => ['hl7v2', 'csv', 'xml'].includes(mapping.kind));

const odd = fc.oneof(
  fc.constantFrom<Json>(
    null,
    '',
    ' ',
    0,
    -1,
    true,
    [],
    {},
    [null],
    [[]],
    '#',
    'urn:uuid:',
    { reference: '#' },
    { reference: 'x' },
    '__proto__',
    '""',
  ),
  fc.jsonValue() as fc.Arbitrary<Json>,
);

/** A copy with the value at a random place replaced. */
function replaceAt(tree: Json, steps: number[], value: Json): Json {
  const [step = 0, ...rest] = steps;
  if (typeof tree !== 'object' || tree === null || Object.keys(tree).length === 0 || steps.length === 0)
    return value;
  const keys = Object.keys(tree);
  const key = keys[step % keys.length] as string;
  const inner = replaceAt((tree as { [name: string]: Json })[key] as Json, rest, value);
  return Array.isArray(tree)
    ? tree.map((item, index) => (String(index) === key ? inner : item))
    : { ...tree, [key]: inner };
}

describe('whatever a sender sends', () => {
  test('as JSON, mapping and validation answer with a record or with an error, and never throw', () => {
    const arbitrary = fc.tuple(
      fc.constantFrom(...trees),
      fc.array(fc.nat(30), { minLength: 1, maxLength: 9 }),
      odd,
    );
    fc.assert(
      fc.property(arbitrary, ([{ mapping, body }, steps, value]) => {
        const tree = replaceAt(JSON.parse(body.toString()), steps, value);
        for (const unit of mapping.format.split?.(tree) ?? [{ position: '', tree }]) {
          const { record, issues } = mapUnit(mapping, unit, { dialect: null });
          expect(record !== null || issues.some(({ severity }) => severity === 'error')).toBe(true);
          if (record) validateRecord(record, ownProfiles());
          else if (!unit.error) mapping.format.prune?.(unit.tree, issues);
        }
      }),
      { numRuns: 5000 },
    );
  }, 60_000);

  test('as HL7 v2, CSV or XML, the same', () => {
    const arbitrary = fc.tuple(
      fc.constantFrom(...lines),
      fc.nat(),
      fc.nat(40),
      fc.constantFrom(
        '',
        '|',
        '^',
        '~',
        '&',
        '""',
        '|""|',
        '\r',
        '\n',
        ',',
        '"',
        '^^^NHS^NH',
        '9'.repeat(40),
        '<',
        '/>',
        '<id/>',
      ),
    );
    fc.assert(
      fc.property(arbitrary, ([{ mapping, body }, at, length, put]) => {
        const text = body.toString();
        const from = at % text.length;
        for (const { record, issues } of runMapping(
          mapping,
          Buffer.from(text.slice(0, from) + put + text.slice(from + length)),
        )) {
          expect(record !== null || issues.some(({ severity }) => severity === 'error')).toBe(true);
        }
      }),
      { numRuns: 5000 },
    );
  }, 60_000);
});
