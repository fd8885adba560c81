import type { Resource } from '@medplum/fhirtypes';

type Elements = Record<string, unknown>;
type Stated = { content: Resource; chart: string };

/** The chart that a resource is of, kept beside its elements. */
export const CHART = '~chart';
/** Lists whose entries are said one by one: identifiers by system, extensions by url. */
const KEYS: Record<string, string> = { identifier: 'system', extension: 'url' };
/** The same of a sender that writes cells: a phone and an e-mail address are two of them. */
const KEYS_IN_CELLS: Record<string, string> = { ...KEYS, telecom: 'system' };
/** Lists of which such a sender writes one entry, each element of it in a cell of its own. */
const CELLED = new Set(['name', 'address', 'communication']);
const LIST_PART = /^(identifier|extension|telecom)\|/;
const CELL_PART = /^(\w+)#(\d+)\.(\w+)$/;
/** An admission says the start of a period, a discharge its end. */
const PERIOD = /^period\.(start|end)$/;

/** `identifier|system`, `period.end`, `name#0.family`: parts of an element that may be emptied as a whole. */
export const wholeOf = (element: string): string => element.split(/[|.#]/, 1)[0] ?? '';

/** Why something has its status: of no other status than the one it was said of. */
export const isReason = (part: string): boolean =>
  /^extension\|.*\/(request-statusReason|decline-reason)$/.test(part);

/** True of what was ever said by somebody who writes cells. */
export const isInCells = ({ times }: { times: Record<string, string> | null }): boolean =>
  hasCells(Object.keys(times ?? {}));

export const hasCells = (parts: string[]): boolean =>
  parts.some((name) => name.startsWith('telecom|') || CELL_PART.test(name));

/** Elements of a resource, with what is said apart kept apart, and the chart beside them. */
export function expand({ content, chart }: Stated, inCells: boolean): Elements {
  const expanded: Elements = {};
  const keys = inCells ? KEYS_IN_CELLS : KEYS;
  for (const [name, value] of Object.entries(content)) {
    const key = keys[name];
    if (key && Array.isArray(value)) {
      const parts = Map.groupBy(value as Elements[], (item) => `${name}|${item[key] ?? ''}`);
      for (const [part, items] of parts) expanded[part] = items;
    } else if (inCells && CELLED.has(name) && Array.isArray(value)) {
      for (const [index, entry] of (value as Elements[]).entries())
        for (const [cell, text] of Object.entries(entry)) expanded[`${name}#${index}.${cell}`] = text;
    } else if (name === 'period' && isPeriod(value)) {
      for (const [end, time] of Object.entries(value)) expanded[`period.${end}`] = time;
    } else expanded[name] = value;
  }
  return { ...expanded, [CHART]: chart };
}

/** A period with anything beside its two ends is said as a whole. */
const isPeriod = (value: unknown): value is object =>
  typeof value === 'object' &&
  value !== null &&
  Object.keys(value).every((end) => PERIOD.test(`period.${end}`));

/** The resource again, and its chart. */
export function contract(elements: Elements): Stated {
  const content: Elements = {};
  for (const [name, value] of Object.entries(elements).sort(([a], [b]) => (a < b ? -1 : 1))) {
    if (value === undefined || name.startsWith('~')) continue;
    const [, list] = LIST_PART.exec(name) ?? [];
    const [, end] = PERIOD.exec(name) ?? [];
    const [, celled, index, cell] = CELL_PART.exec(name) ?? [];
    if (list) content[list] = [...((content[list] as unknown[] | undefined) ?? []), ...(value as unknown[])];
    else if (end) content.period = { ...(content.period as object | undefined), [end]: value };
    else if (celled && cell) {
      content[celled] ??= [];
      const entries = content[celled] as Elements[];
      entries[Number(index)] = { ...entries[Number(index)], [cell]: value };
    } else content[name] = value;
  }
  // An entry all of whose cells were emptied is none.
  for (const name of CELLED) if (Array.isArray(content[name])) content[name] = content[name].filter(Boolean);
  return { content: content as unknown as Resource, chart: elements[CHART] as string };
}
