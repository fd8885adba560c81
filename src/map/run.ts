import type { Issue, Json, Lineage, Unit } from '../model.ts';
import type { Bundle, Entry } from './sources/bundle.ts';

/** Where in the source a rule stands: the node an `each` chose, how the sender would name it, and the frame around it. */
export type Frame = { node: unknown; at: string; up: Frame | null; entry?: Entry | undefined };

/** One statement to be filled: a local name and where its source is. */
export type Instance = { index: number; local: string; frame: Frame };

/** The state of mapping one unit. Rules write issues and lineage into it; nothing else is shared. */
export type Run = {
  position: string;
  dialect: string | null;
  root: Frame;
  /** FHIR sources only. */
  bundle: Bundle | null;
  issues: Issue[];
  lineage: Lineage[];
  /** By statement, in order of the mapping. */
  instances: Instance[][];
  /** Where the value just read came from, as its sender would say. */
  source: string;
  /** Top-level elements that the sender emptied, of the statement being filled. */
  nulls: Set<string>;
  /** Those that it says nothing of, filled because they are mandatory. */
  assumed: Set<string>;
};

/** The same at load: what an `each` chose, so that paths inside it can be checked. */
export type Scope = { kind: string; type: string; up: Scope | null };

export type Reader = {
  /** Undefined where the source has nothing. */
  read: (run: Run, frame: Frame) => Json | undefined;
  /** The sender's name for it: `PID-5.1`, `row 3, reason`, a JSON pointer. */
  at: (run: Run, frame: Frame) => string;
  /** `text`, `time`, `boolean`, `integer`, or a FHIR type. */
  type: string;
  many: boolean;
  /** All that it may hold, where the source says so: the codes of a closed list. */
  codes?: readonly string[] | undefined;
  /** Of many rows: only asked in a condition, which any of them fulfils. */
  any?: true;
};

export type Expander = { scope: Scope; expand: (run: Run, frame: Frame) => Frame[] };

/** One kind of source: reads paths at load, gives closures. Both throw PathError for a path that the source does not have. */
export type SourceFormat = {
  root: Scope;
  /** Every name that a path of its tree may have, for FHIRPath, whose paths nothing else checks. */
  names?: ReadonlySet<string>;
  path: (text: string, scope: Scope) => Reader;
  each: (text: string, scope: Scope) => Expander;
  /** `unknown`: what in it is no field of the source, as its sender would name it. `issues`: what of it is of the wrong shape. */
  open: (
    tree: Json,
    position: string,
  ) => { root: Frame; bundle: Bundle | null; unknown: string[]; issues?: Issue[] };
  /** Where one document says several things: a unit for each. */
  split?: (tree: Json) => Unit[];
  /** Without the parts of it that errors are about; undefined where all of it is held. */
  prune?: (
    tree: Json,
    issues: Issue[],
  ) => { rest: Json; held: { position: string; issues: Issue[] }[] } | undefined;
  /** Where the sender's own names are not the tree's: what it calls the place of a JSON pointer. */
  place?: (tree: Json, pointer: string) => string;
};

/** A message with more faults than a person reads gets no longer answer; the first hundred say enough. */
export const MAX_ISSUES = 100;

/** One issue for one fault of one field, however many rules read it. An error is never left out for being late. */
export function report(run: Run, issue: Issue): void {
  const { field, code } = issue;
  const late =
    run.issues.length >= MAX_ISSUES &&
    (issue.severity !== 'error' || run.issues.some(({ severity }) => severity === 'error'));
  if (late || (field && run.issues.some((known) => known.field === field && known.code === code))) return;
  run.issues.push(issue);
}

export class PathError extends Error {}

/** `; did you mean "x"?` when one of the names is near enough to be meant. */
export function suggest(name: string, names: Iterable<string>): string {
  let best: string | undefined;
  // Not so far that nothing of the name is left.
  let least = Math.min(Math.max(2, Math.floor(name.length / 3)) + 1, name.length);
  for (const candidate of names) {
    const distance = editDistance(name.toLowerCase(), candidate.toLowerCase());
    if (distance < least) [best, least] = [candidate, distance];
  }
  return best === undefined ? '' : `; did you mean "${best}"?`;
}

function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i += 1) {
    const next = [i];
    for (let j = 1; j <= b.length; j += 1) {
      const change = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(change, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}

/** The frame that many levels up; levels are known at load. */
export function climb(frame: Frame, levels: number): Frame {
  let at = frame;
  for (let level = 0; level < levels; level += 1) at = at.up ?? at;
  return at;
}

/** How many scopes up the first that fits is; -1 where none is. */
export function findScope(scope: Scope, fits: (scope: Scope) => boolean): number {
  let levels = 0;
  for (let at: Scope | null = scope; at; at = at.up, levels += 1) if (fits(at)) return levels;
  return -1;
}
