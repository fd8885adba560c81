import type { Node } from '../formats/tree.ts';

/** `expression` is where it stands: `Patient.name[0].family`. No `severity` means error. */
export type Fault = {
  severity?: 'warning' | 'information';
  code: 'structure' | 'required' | 'value' | 'code-invalid' | 'invariant' | 'extension' | 'not-supported';
  expression: string;
  text: string;
};

/** The path from the resource to the current value. It becomes text only where there is a fault. */
export type Walk = { path: (string | number)[]; faults: Fault[]; scope?: Scope };

/** What references of the current resource can lead to: its container, its Bundle, and the type of each
 * resource in either, by `#id` or full URL. */
export type Scope = { resource: Node; root: Node; bundle?: Node; types: ReadonlyMap<string, string> };

/** A resource reports at most this many faults: a person reads no more. */
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

/** Removes repeated faults: the same text at the same place counts once. */
export function distinct(faults: Fault[]): Fault[] {
  const seen = new Set<string>();
  return faults.filter(({ expression, text }) => {
    const key = `${expression} ${text}`;
    return !seen.has(key) && seen.add(key);
  });
}
