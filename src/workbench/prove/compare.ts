import type { Issue, Json, Statement } from '../../model.ts';

/** The result of mapping one unit, in the form of an example's second file. */
export type Described = {
  position?: string;
  saidAt?: string;
  statements?: Statement[];
  issues?: Issue[];
};
/** One difference between two results: an element (`patient.birthDate`), an issue (`issue PID-7 value`) or a
 * whole statement. The side that lacks it is absent. */
export type Difference = { unit: string; element: string; before?: Json; after?: Json };

/** Compares element by element, in order; units are paired by position. */
export function compareResults(before: Described[], after: Described[]): Difference[] {
  const length = Math.max(before.length, after.length);
  return Array.from({ length }, (_, index) => compareUnits(before[index], after[index])).flat();
}

function compareUnits(before: Described = {}, after: Described = {}): Difference[] {
  const unit = before.position ?? after.position ?? '';
  const [old, now] = [elementsOf(before, after), elementsOf(after, before)];
  return [...new Set([...old.keys(), ...now.keys()])]
    .filter((element) => old.get(element) !== now.get(element))
    .map((element) => ({
      unit,
      element,
      ...(old.has(element) && { before: old.get(element) as Json }),
      ...(now.has(element) && { after: now.get(element) as Json }),
    }));
}

/** The leaves of two results by element. A statement that the other side lacks counts as one leaf. */
function elementsOf(
  { saidAt, statements = [], issues = [] }: Described,
  other: Described,
): Map<string, Json> {
  const found = new Map<string, Json>();
  if (saidAt !== undefined) found.set('saidAt', saidAt);
  const known = new Set(other.statements?.map(({ local }) => local));
  for (const { local, resource, identifier, names = [], nulls = [] } of statements) {
    if (!known.has(local)) {
      found.set(local, resource.resourceType);
      continue;
    }
    if (identifier !== undefined) found.set(`${local} (identity)`, identifier);
    for (const name of names) found.set(`${local} (name ${name})`, true);
    for (const name of nulls) found.set(`${local}.${name} (emptied)`, true);
    addLeaves(found, resource as unknown as Json, local);
  }
  for (const { severity, code, field, text } of issues) {
    const name = `issue ${field ? `${field} ` : ''}${code}`;
    found.set(found.has(name) ? `${name}, ${text}` : name, `${severity}: ${text}`);
  }
  return found;
}

function addLeaves(found: Map<string, Json>, value: Json, at: string): void {
  if (Array.isArray(value))
    for (const [index, item] of value.entries()) addLeaves(found, item, `${at}[${index}]`);
  else if (typeof value === 'object' && value !== null)
    for (const [name, item] of Object.entries(value)) addLeaves(found, item, `${at}.${name}`);
  else found.set(at, value);
}
