/** Where an HL7 v2 message says that it is from: what a table of teams goes by. */
import type { Json } from '../model.ts';

/** By what a row of a table of teams may ask, narrowest first. */
export const ORIGINS = {
  ward: ['PV1-3.1', 'AIL-3.1'],
  'hospital-service': ['PV1-10'],
  facility: ['MSH-4.1'],
} as const;
export type OriginKey = keyof typeof ORIGINS;
export const ORIGIN_KEYS = Object.keys(ORIGINS) as OriginKey[];
/** What a message says of each, and in which field; `value` in capitals, as it is compared. */
export type Origin = Partial<Record<OriginKey, { field: string; value: string }>>;

type Segment = { name: string; fields: string[][][][] };

/** Of several fields the first with a value; of a segment that repeats its first. */
export function readOrigin(tree: Json): Origin {
  const { segments } = tree as unknown as { segments: Segment[] };
  const origin: Origin = {};
  for (const key of ORIGIN_KEYS) {
    const found = ORIGINS[key].map((field) => ({ field, value: valueAt(segments, field) }));
    const [said] = found.filter(({ value }) => value !== '');
    if (said) origin[key] = said;
  }
  return origin;
}

/** `""` empties a field, and says no more than one that is empty. */
function valueAt(segments: Segment[], path: string): string {
  const [, name, field, component = '1'] = /^(\w+)-(\d+)(?:\.(\d+))?$/.exec(path) ?? [];
  const segment = segments.find((one) => one.name === name);
  const value = segment?.fields[Number(field)]?.[0]?.[Number(component) - 1]?.[0] ?? '';
  return value === '""' ? '' : originValue(value);
}

/** Senders write one ward in several ways: no two differ by case or spaces at their ends. */
export const originValue = (value: string): string => value.trim().toUpperCase();
