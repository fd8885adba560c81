import type { Node } from '../formats/tree.ts';

/** `expression` is where it stands: `Patient.name[0].family`. No `severity` means error. */
export type Fault = {
  severity?: 'warning' | 'information';
  code: 'structure' | 'required' | 'value' | 'code-invalid' | 'invariant' | 'extension' | 'not-supported';
  expression: string;
  text: string;
};

/** The way from the resource to the value at hand: put together as text only where something is wrong. */
export type Walk = { path: (string | number)[]; faults: Fault[]; scope?: Scope };

/** Of the resource at hand: what contains it, its Bundle, and the type of each resource that is in either (`#id`, a full URL). */
export type Scope = { resource: Node; root: Node; bundle?: Node; types: ReadonlyMap<string, string> };

/** More than a person reads is no better answer. */
const MAX_FAULTS = 100;

export function fault(
  { path, faults }: Walk,
  code: Fault['code'],
  text: string,
  severity?: Fault['severity'],
): void {
  if (faults.length > MAX_FAULTS) return;
  if (faults.length === MAX_FAULTS) {
    const more = 'has more wrong with it than is told';
    faults.push({ severity: 'warning', code: 'not-supported', expression: String(path[0]), text: more });
  } else faults.push({ ...(severity ? { severity } : {}), code, expression: expressionOf(path), text });
}

export const expressionOf = (path: Walk['path']): string =>
  path
    .map((step, index) => (typeof step === 'number' ? `[${step}]` : index > 0 ? `.${step}` : step))
    .join('');

export function within(walk: Walk, steps: (string | number)[], check: () => void): void {
  walk.path.push(...steps);
  check();
  walk.path.length -= steps.length;
}

/** The same thing wrong at the same place is said once, however many rules say it. */
export function distinct(faults: Fault[]): Fault[] {
  const seen = new Set<string>();
  return faults.filter(({ expression, text }) => {
    const key = `${expression} ${text}`;
    return !seen.has(key) && seen.add(key);
  });
}
