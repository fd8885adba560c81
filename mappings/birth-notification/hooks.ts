/** What a birth notification says of the birth in Observations, which are told by their SNOMED CT code and not by their place. */
import type { Json } from '../../src/model.ts';

type Node = { [name: string]: Json };
const isNode = (value: unknown): value is Node => typeof value === 'object' && value !== null && !Array.isArray(value);
const at = (value: unknown, name: string): Json | undefined => (isNode(value) ? value[name] : undefined);
const list = (value: unknown): unknown[] => (Array.isArray(value) ? value : [value]);

/** The first Observation of the message with that code. */
function observed(root: unknown, code: string): Json | undefined {
  const resources = list(at(root, 'entry')).map((entry) => at(entry, 'resource'));
  return resources.find(
    (resource) =>
      at(resource, 'resourceType') === 'Observation' &&
      list(at(at(resource, 'code'), 'coding')).some((coding) => at(coding, 'code') === code),
  );
}

/** Total number of registerable births at delivery; NaN where it is not said. */
const births = (root: unknown) => Number(at(at(observed(root, '382341000000101'), 'valueQuantity'), 'value') ?? Number.NaN);

/** False where exactly one was born: then birth order 1 is no multiple birth. */
export const onlyChild = (_: unknown, root: unknown): Json | undefined => (births(root) === 1 ? false : undefined);

/** Birth order, but of an only child. */
export const birthOrder = (node: unknown, root: unknown): Json | undefined =>
  births(root) === 1 ? undefined : at(node, 'multipleBirthInteger');

/** True where the still birth indicator is anything but live (1); no news where there is none. */
export function stillborn(_: unknown, root: unknown): Json | undefined {
  const [coding] = list(at(at(observed(root, '237364002'), 'valueCodeableConcept'), 'coding'));
  const code = at(coding, 'code');
  return code === undefined || code === '1' ? undefined : true;
}
