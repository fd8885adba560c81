import type { Issue, Json, Lineage, Unit } from '../model.ts';
import type { Bundle, Entry } from './sources/bundle.ts';

/** The part of the source that a rule reads: the node that an `each` chose, the sender's name for that place,
 * and the frame around it. */
export type Frame = { node: unknown; at: string; up: Frame | null; entry?: Entry | undefined };

/** One statement to be filled, with its local name and the part of the source it reads. */
export type Instance = { index: number; local: string; frame: Frame };

/** The state of mapping one unit. Rules write issues and lineage into it; nothing else is shared. */
export type Run = {
  position: string;
  dialect: string | null;
  /** Of times that name none: what the message says (HL7 v2: the offset of MSH-7), else the mapping's. */
  zone: string;
  /** When the message was received; of one that was not (the workbench) the present. */
  now: Date;
  root: Frame;
  /** The index of a FHIR Bundle; null for other sources. */
  bundle: Bundle | null;
  issues: Issue[];
  lineage: Lineage[];
  /** By statement of the mapping, in its order. */
  instances: Instance[][];
  /** The place of the value just read, in the sender's terms. */
  source: string;
  /** Top-level elements of the statement being filled that the sender explicitly emptied. */
  nulls: Set<string>;
  /** Top-level elements that the message does not give, filled because FHIR requires them. */
  assumed: Set<string>;
};

/** What a Frame is at run time, a Scope is at load: the part of the source that an `each` chose, so that
 * paths inside it can be checked. */
export type Scope = { kind: string; type: string; up: Scope | null };

export type Reader = {
  /** Gives undefined where the source has no value. */
  read: (run: Run, frame: Frame) => Json | undefined;
  /** The sender's name for the place: `PID-5.1`, `row 3, reason`, a JSON pointer. */
  at: (run: Run, frame: Frame) => string;
  /** `text`, `time`, `boolean`, `integer`, or a FHIR type. */
  type: string;
  many: boolean;
  /** Where the source closes the list: every code the path may hold. */
  codes?: readonly string[] | undefined;
  /** True for a path that many rows answer: only a condition may use it, and one row fulfils it. */
  any?: true;
};

export type Expander = { scope: Scope; expand: (run: Run, frame: Frame) => Frame[] };

/** One source format (HL7 v2, FHIR, CSV …). `path` and `each` check a path at load, throw PathError where the
 * source does not have it, and give closures that read it. */
export type SourceFormat = {
  root: Scope;
  /** Every name that a FHIRPath over this source may use; nothing else checks those. */
  names?: ReadonlySet<string>;
  path: (text: string, scope: Scope) => Reader;
  each: (text: string, scope: Scope) => Expander;
  /** `unknown` lists fields that the source does not define, `issues` values of the wrong shape; `zone` is an
   * offset that the message gives for all its times. `receivedAt`: now, where it is not said. */
  open: (
    tree: Json,
    position: string,
    receivedAt?: Date,
  ) => { root: Frame; bundle: Bundle | null; unknown: string[]; issues?: Issue[]; zone?: string | undefined };
  /** Splits a document that holds several units, such as rows of an extract. */
  split?: (tree: Json) => Unit[];
  /** Removes the parts that errors are about: only those are held. Undefined: hold the whole unit. */
  prune?: (
    tree: Json,
    issues: Issue[],
  ) => { rest: Json; held: { position: string; issues: Issue[] }[] } | undefined;
  /** The sender's name for a JSON pointer, where it differs from the pointer. */
  place?: (tree: Json, pointer: string) => string;
};

/** A unit reports at most this many issues: a person reads no more. */
export const MAX_ISSUES = 100;

/** Adds an issue, once per field and code however many rules read the field. Beyond MAX_ISSUES only the first
 * error is still added: it decides whether the unit is held. */
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
  // A distance as long as the name itself would make any name near.
  let least = Math.min(Math.max(2, Math.floor(name.length / 3)) + 1, name.length);
  for (const candidate of names) {
    const distance = editDistance(name.toLowerCase(), candidate.toLowerCase());
    if (distance < least) [best, least] = [candidate, distance];
  }
  return best === undefined ? '' : `; did you mean "${best}"?`;
}

/** Letters to add, leave out, change or turn with their neighbour. */
function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  let before = row;
  for (let i = 1; i <= a.length; i += 1) {
    const next = [i];
    for (let j = 1; j <= b.length; j += 1) {
      const change = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      const turned = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      const turn = turned ? (before[j - 2] ?? 0) + 1 : change;
      next.push(Math.min(change, turn, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    [before, row] = [row, next];
  }
  return row[b.length] ?? 0;
}

/** The frame `levels` up. Compiled rules know the number from load. */
export function climb(frame: Frame, levels: number): Frame {
  let at = frame;
  for (let level = 0; level < levels; level += 1) at = at.up ?? at;
  return at;
}

/** The number of scopes up to the first that fits; -1 where none does. */
export function findScope(scope: Scope, fits: (scope: Scope) => boolean): number {
  let levels = 0;
  for (let at: Scope | null = scope; at; at = at.up, levels += 1) if (fits(at)) return levels;
  return -1;
}
