import type { Json } from '../../model.ts';
import { type Condition, compileCondition } from '../compile/condition.ts';
import { PathError, type Reader, type Scope, type SourceFormat } from '../run.ts';
import type { CodeTable } from './concept-map.ts';
import type { FragmentFile } from './mapping-file.ts';
import type { Path, Problem, YamlFile } from './yaml-file.ts';

/** A hook takes the source node of its rule and the root; it gives a value, or undefined. Pure. */
export type Hook = (node: unknown, root: unknown) => Json | undefined;
export type Fragment = { file: YamlFile; data: FragmentFile };

/** What the compile of one mapping shares. Problems are collected, so that one run names all of them. */
export type Loader = {
  format: SourceFormat;
  file: YamlFile;
  maps: Map<string, CodeTable>;
  fragments: Map<string, Fragment>;
  hooks: Record<string, Hook>;
  /** Wraps a path's reader with the repairs that dialects define for it. */
  repaired: (path: string, reader: Reader) => Reader;
  locals: string[];
  /** The resource type of each, in the same order. */
  resources: string[];
  problems: Problem[];
};

export function note(loader: Loader, path: Path, message: string): void {
  loader.problems.push({ ...loader.file.where(path), message });
}

/**
 * Runs `compile`. A PathError becomes a problem at that place in the file, and the rule then does nothing.
 */
export function attempt<T>(loader: Loader, path: Path, compile: () => T): T | undefined {
  try {
    return compile();
  } catch (error) {
    if (!(error instanceof PathError)) throw error;
    note(loader, path, error.message);
    return undefined;
  }
}

/** True for FHIR sources, whose paths follow FHIR's rules for lists and choices. */
export const isFhir = ({ format }: Loader): boolean => format.root.type === 'Bundle';

export function readPath(loader: Loader, text: string, scope: Scope): Reader {
  return loader.repaired(text, loader.format.path(text, scope));
}

type Asked = { when?: string | undefined; path: Path; scope: Scope; name?: 'when' | 'deltaWhen' };

/** The condition of a rule; always true where it has none. */
export function conditionOf(
  loader: Loader,
  { when, path, scope, name: own = 'when' }: Asked,
): Condition | undefined {
  if (when === undefined) return undefined;
  const names = {
    read: (name: string) => readPath(loader, name, scope),
    maps: loader.maps,
    fields: loader.format.names,
    plain: ['row', 'json'].includes(loader.format.root.kind),
  };
  return attempt(loader, [...path, own], () => compileCondition(when, names));
}
