import { expect, test } from 'vitest';
import { loadProfiles } from '../../src/validate/profiles.ts';
import { validateResource } from '../../src/validate/validate-resource.ts';
import { FAULTS } from './fault-set.ts';
import { STANDARD_FAULTS, STANDARD_RIGHT } from './standard-faults.ts';
import { type Node, PROFILED, SKEIN, TYPICAL } from './typical.ts';

const profiles = await loadProfiles();
const check = (name: string, resource: Node) =>
  validateResource(resource, profiles, [`${SKEIN}/StructureDefinition/skein-${name}`]).faults;

test.each(PROFILED)('%s: nothing is wrong with one that is in order', (name, resource) => {
  expect(check(name, resource)).toEqual([]);
});

test('nothing is wrong with any typical resource', () => {
  expect(TYPICAL.flatMap((resource) => validateResource(resource, profiles).faults)).toEqual([]);
});

test.each(FAULTS)('%s: %s is found where it stands, and nothing else', (name, _, resource, expression) => {
  const found = check(name, resource).map((fault) => fault.expression);
  expect(found.length).toBeGreaterThan(0);
  for (const place of found)
    expect(place.startsWith(expression) || expression.startsWith(`${place}.`)).toBe(true);
});

test.each(STANDARD_FAULTS)('%s is found where it stands, and nothing else', (_, resource, expression) => {
  const { faults } = validateResource(resource, profiles);
  expect([...new Set(faults.map((fault) => fault.severity ?? 'error'))]).toEqual(['error']);
  expect(new Set(faults.map(({ expression: place }) => place.slice(0, expression.length)))).toEqual(
    new Set([expression]),
  );
});

test.each(STANDARD_RIGHT)('nothing is wrong with %s', (_, resource) => {
  expect(validateResource(resource, profiles).faults).toEqual([]);
});

test('the set is of sixty or more, and each fault is another', () => {
  expect(new Set(FAULTS.map(([, , resource]) => JSON.stringify(resource))).size).toBe(FAULTS.length);
  expect(FAULTS.length).toBeGreaterThanOrEqual(60);
});
