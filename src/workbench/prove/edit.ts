import type { Path } from '../../map/language/yaml-file.ts';

/** One small fault to put into a file: the value at `path` is replaced by `value`, or removed (GONE).
 * `orElse` is tried in turn where the result does not load. */
export type Edit = {
  path: Path;
  what: string;
  value: unknown /** Tried in turn where that does not load. */;
  orElse?: Edit[];
};
/** As the value of an Edit: the place is removed. */
export const GONE = Symbol('gone');

/** Copies `data` with one place changed; unchanged parts are shared with the original. */
export function applyEdit<T>(data: T, { path: [key, ...rest], value }: Pick<Edit, 'path' | 'value'>): T {
  if (key === undefined) return value as T;
  const copy = (Array.isArray(data) ? [...data] : { ...data }) as Record<PropertyKey, unknown>;
  if (rest.length > 0 || value !== GONE) copy[key] = applyEdit(copy[key], { path: rest, value });
  else if (Array.isArray(copy)) copy.splice(Number(key), 1);
  else delete copy[key];
  return copy as T;
}

/** One edit for each item of a list: that item left out. */
export function dropEach(list: readonly unknown[], path: Path, part = String(path.at(-1))): Edit[] {
  return list.map((item, index) => ({
    path: [...path, index],
    what: `${part} ${nameOf(item)} dropped`,
    value: GONE,
  }));
}

const nameOf = (item: unknown) => (typeof item === 'string' ? item : JSON.stringify(item));
