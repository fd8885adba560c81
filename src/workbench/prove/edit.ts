import type { Path } from '../../map/language/yaml-file.ts';

/** One small fault put into a file: what stands at `path` becomes `value`, or goes. */
export type Edit = {
  path: Path;
  what: string;
  value: unknown /** Tried in turn where that does not load. */;
  orElse?: Edit[];
};
/** In place of a value: it goes. */
export const GONE = Symbol('gone');

/** A copy of `data` with one place changed; what is not on the way is shared. */
export function applyEdit<T>(data: T, { path: [key, ...rest], value }: Pick<Edit, 'path' | 'value'>): T {
  if (key === undefined) return value as T;
  const copy = (Array.isArray(data) ? [...data] : { ...data }) as Record<PropertyKey, unknown>;
  if (rest.length > 0 || value !== GONE) copy[key] = applyEdit(copy[key], { path: rest, value });
  else if (Array.isArray(copy)) copy.splice(Number(key), 1);
  else delete copy[key];
  return copy as T;
}

/** Each item of a list left out, called by what it is part of. */
export function dropEach(list: readonly unknown[], path: Path, part = String(path.at(-1))): Edit[] {
  return list.map((item, index) => ({
    path: [...path, index],
    what: `${part} ${nameOf(item)} dropped`,
    value: GONE,
  }));
}

const nameOf = (item: unknown) => (typeof item === 'string' ? item : JSON.stringify(item));
