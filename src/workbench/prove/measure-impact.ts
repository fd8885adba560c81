import { findElement } from '../../fhir/definitions.ts';
import type { Mapping, Mappings } from '../../map/language/load-mappings.ts';
import type { Json, Lineage, SourceRecord } from '../../model.ts';
import { isSound, type Understood } from '../../pipeline/understand.ts';
import { describeUnits } from '../examples.ts';
import { runMapping } from '../run-mapping.ts';
import { compareResults, type Difference } from './compare.ts';

export const KINDS = ['newly held', 'no longer held', 'added', 'removed', 'changed'] as const;
/**
 * One place where a change was seen: sample, unit, source position, and the values where they may be shown.
 */
export type Sight = { file: string; unit: string; source?: string; before?: Json; after?: Json };
/** One kind of change of one element, the number of units that have it, and the first of them. */
export type Change = {
  resource: string;
  element: string;
  kind: (typeof KINDS)[number];
  count: number;
  examples: Sight[];
};
export type Impact = { units: number; changed: number; skipped: string[]; changes: Change[] };
export type Sample = { file: string; body: Buffer };
type Versions = { before: Mappings; after: Mappings };
type Options = {
  mapping?: string | undefined;
  showValues: boolean;
  step: (done: number, of: number) => void;
};

const MOST_EXAMPLES = 3;

/** Runs a corpus through two versions of the mappings. A sample that neither takes is skipped and named. */
export function measureImpact(versions: Versions, samples: Sample[], options: Options): Impact {
  const impact: Impact = { units: 0, changed: 0, skipped: [], changes: [] };
  const changes = new Map<string, Change>();
  for (const [index, { file, body }] of samples.entries()) {
    options.step(index, samples.length);
    const pair = runBoth(versions, body, options.mapping);
    if (!pair) impact.skipped.push(file);
    for (const [at, before] of pair?.before.entries() ?? []) {
      impact.units += 1;
      const found = compareUnit(before, pair?.after[at] ?? { ...before, record: null, issues: [] });
      if (found.length > 0) impact.changed += 1;
      for (const { seen, ...change } of found)
        add(changes, change, {
          file,
          unit: before.position,
          ...(options.showValues || seen.coded ? seen.values : {}),
          ...seen.at,
        });
    }
  }
  const order = ({ resource, element, kind }: Change) =>
    `${KINDS.indexOf(kind) < 2 ? 0 : 1} ${resource} ${element}`;
  impact.changes = [...changes.values()].sort((a, b) => order(a).localeCompare(order(b)));
  return impact;
}

function add(
  changes: Map<string, Change>,
  change: Pick<Change, 'resource' | 'element' | 'kind'>,
  sight: Sight,
): void {
  const key = Object.values(change).join(' ');
  const known = changes.get(key) ?? { ...change, count: 0, examples: [] };
  known.count += 1;
  if (known.examples.length < MOST_EXAMPLES) known.examples.push(sight);
  changes.set(key, known);
}

/**
 * Runs a sample through the named mapping, else through the first that accepts any of it in either version.
 */
function runBoth(
  { before, after }: Versions,
  body: Buffer,
  name: string | undefined,
): { before: Understood[]; after: Understood[] } | undefined {
  const names = name === undefined ? [...new Set([...before.names, ...after.names])] : [name];
  for (const one of names) {
    const pair = { before: runOne(before.get(one), body), after: runOne(after.get(one), body) };
    if (name !== undefined || [...pair.before, ...pair.after].some(isSound)) return pair;
  }
  return undefined;
}

function runOne(mapping: Mapping | undefined, body: Buffer): Understood[] {
  return mapping ? runMapping(mapping, body) : [];
}

type UnitChange = Pick<Change, 'resource' | 'element' | 'kind'> & {
  seen: { coded: boolean; values: { before?: Json; after?: Json }; at: { source?: string } };
};

/** Gives each changed element once, whichever entry of a list it is in. */
function compareUnit(before: Understood, after: Understood): UnitChange[] {
  if (isSound(before) !== isSound(after)) return [heldOrNot(before, after)];
  const found = new Map<string, UnitChange>();
  for (const difference of compareResults(describeUnits([before]), describeUnits([after]))) {
    const one = describeDifference(difference, { before, after });
    const key = `${one.kind} ${one.resource} ${one.element}`;
    if (!found.has(key)) found.set(key, one);
  }
  return [...found.values()];
}

function heldOrNot(before: Understood, after: Understood): UnitChange {
  const held = isSound(before);
  const issue = (held ? after : before).issues.find(({ severity }) => severity === 'error');
  return {
    resource: 'message',
    element: anyRow(issue?.text ?? 'held'),
    kind: held ? 'newly held' : 'no longer held',
    seen: { coded: false, values: {}, at: issue?.field ? { source: issue.field } : {} },
  };
}

/** Removes row numbers and list positions: the same fault in another row counts as the same. */
const anyRow = (text: string) => text.replace(/\brow \d+/g, 'row').replace(/\[\d+\]/g, '');

function describeDifference(
  difference: Difference,
  { before, after }: { before: Understood; after: Understood },
): UnitChange {
  const { element, before: old, after: now } = difference;
  const kind = old === undefined ? 'added' : now === undefined ? 'removed' : 'changed';
  const values = { ...(old !== undefined && { before: old }), ...(now !== undefined && { after: now }) };
  if (element.startsWith('issue ')) {
    return {
      resource: 'issue',
      element: anyRow(String(now ?? old)),
      kind,
      seen: { coded: false, values: {}, at: {} },
    };
  }
  const records = [after.record, before.record].filter((record) => record !== null);
  const local = /^[a-z][a-z0-9-]*/.exec(element)?.[0] ?? '';
  const statement = records.flatMap(({ statements }) => statements).find((one) => one.local === local);
  const resource = statement?.resource.resourceType ?? 'message';
  const path = element
    .slice(statement ? local.length : 0)
    .replace(/\[\d+\]/g, '')
    .replace(/^\./, '');
  const source = records.map((record) => sourceOf(record, element)).find(Boolean);
  return {
    resource,
    element: path || 'the whole resource',
    kind,
    seen: { coded: path === '' || isCode(resource, path), values, at: source ? { source } : {} },
  };
}

/** True for elements of type code, the only values that may be shown: any other may identify a person. */
function isCode(type: string, path: string): boolean {
  let at: string | undefined = type;
  for (const step of path.split('.')) at = at && findElement(at, step)?.type;
  return at === 'code';
}

/** The source position of an element, or of the nearest thing around it. */
function sourceOf({ lineage }: SourceRecord, element: string): string | undefined {
  let best: Lineage | undefined;
  for (const line of lineage) {
    const inside = element === line.element || /^[.[]/.test(element.slice(line.element.length));
    if (element.startsWith(line.element) && inside && line.element.length > (best?.element.length ?? 0))
      best = line;
  }
  return best?.source;
}
