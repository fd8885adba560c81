import type { Issue, Json, Statement } from '../../model.ts';

/** What one unit becomes, as an example's second file says it. */
export type Described = { position?: string; saidAt?: string; statements?: Statement[]; issues?: Issue[] };
/** One element that differs: `patient.birthDate`, `issue PID-7 value`, or a whole statement. A side is absent where it has none. */
export type Difference = { unit: string; element: string; before?: Json; after?: Json };

/** Element by element, in order; units are compared by their place. */
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

/** Leaves by their element; a statement that the other side does not have at all is one. */
function elementsOf(
  { saidAt, statements = [], issues = [] }: Described,
  other: Described,
): Map<string, Json> {
  const found = new Map<string, Json>();
  if (saidAt !== undefined) found.set('saidAt', saidAt);
  const known = new Set(other.statements?.map(({ local }) => local));
  for (const { local, resource, identifier, nulls = [] } of statements) {
    if (!known.has(local)) {
      found.set(local, resource.resourceType);
      continue;
    }
    if (identifier !== undefined) found.set(`${local} (identity)`, identifier);
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
