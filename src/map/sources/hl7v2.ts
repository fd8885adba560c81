/**
 * HL7 v2 paths: `PID-5.1`, `PRD[1=RT]-10.1` (of the PRD whose field 1 is RT), `PID[2]` (of the second),
 * `CX.4.1` for the repetition an `each` is at, `PID` (the segment is there), `each` over `NK1`, `PID-3[*]`,
 * `PV2-3` (the first of it), `PID > MRG` (each MRG that follows a PID before the next PID does) or `DG1 >
 * DG1-3`.
 */
import { v2Offset } from '../../fhir/v2-date.ts';
import type { Json } from '../../model.ts';
import type { SourceFile } from '../language/mapping-file.ts';
import {
  climb,
  type Expander,
  type Frame,
  findScope,
  PathError,
  type Reader,
  type Scope,
  type SourceFormat,
} from '../run.ts';
import {
  checkParts,
  checkSegment,
  codesOf,
  fieldOf,
  type Hl7Schema,
  hl7Schema,
  isText,
} from './hl7v2-schema.ts';
import { findUnread, type Segment, type Segments } from './hl7v2-unread.ts';

type Schema = Hl7Schema;

const PATH = /^([A-Z][A-Z0-9]{2})((?:\[\d+=\w+\])?(?:\[\d+\])?)(?:-(\d+))?((?:\.\d+){0,2})$/;
const PART = /^([A-Z]{2,3})((?:\.\d+){1,2})$/;
const EACH = /^([A-Z][A-Z0-9]{2})(?:-(\d+)(\[\*\])?)?$/;
const GROUP = /^([A-Z][A-Z0-9]{2}) > (([A-Z][A-Z0-9]{2}).*)$/;

export function hl7v2Format(source: Extract<SourceFile, { format: 'hl7v2' }>): SourceFormat {
  const schema = hl7Schema(source);
  const unread = findUnread(source);
  return {
    root: { kind: 'message', type: 'message', up: null },
    path: (text, scope) => compilePath(schema, text, scope),
    each: (text, scope) => compileEach(schema, text, scope),
    open: (tree) => {
      const { segments } = tree as unknown as { segments: Segment[] };
      const byName: Segments = {};
      for (const [place, read] of segments.entries()) {
        const segment = { ...read, place };
        const known = byName[segment.name];
        if (known) known.push(segment);
        else byName[segment.name] = [segment];
      }
      // HL7 v2.5.1, 2.A.77: the offset of MSH-7 is the default for every time of the message.
      const zone = v2Offset(byName.MSH?.[0]?.fields[7]?.[0]?.[0]?.[0] ?? '');
      return { root: { node: byName, at: '', up: null }, bundle: null, unknown: unread(byName), zone };
    },
  };
}

function compileEach(schema: Schema, text: string, scope: Scope): Expander {
  const [, head, inner, name] = GROUP.exec(text) ?? [];
  if (head && inner && head === name) return expandInside(schema, { head, inner }, scope);
  if (head && inner) return expandGroup(schema, { head, inner }, scope);
  const [, segment, number, star] = EACH.exec(text) ?? [];
  if (!segment)
    throw new PathError(
      `"${text}" is not a segment (NK1), a field (PID-3[*], PV2-3) or a group (PID > MRG, DG1 > DG1-3)`,
    );
  checkSegment(schema, segment);
  if (number !== undefined) return expandField(schema, { segment, number, all: star !== undefined }, scope);
  return {
    scope: { kind: 'segment', type: segment, up: scope },
    expand: (run, frame) =>
      segmentsOf(run.root, segment).map((node, index) => child(node, numbered(segment, index), frame)),
  };
}

/**
 * The repetitions that carry data; without a star the first alone, so that a fragment can be used on a field
 * that does not repeat.
 */
function expandField(
  schema: Schema,
  asked: { segment: string; number: string; all: boolean },
  up: Scope,
): Expander {
  const { segment, number, all } = asked;
  const { type, many } = fieldOf(schema, segment, number);
  if (all && !many) throw new PathError(`${segment}-${number} does not repeat`);
  const owner = ownerOf(schema, up, { segment });
  return {
    scope: { kind: `${segment}-${number}`, type, up },
    expand: (run, frame) => {
      const { node, at } = owner(run.root, frame);
      const repetitions = (node as Segment | undefined)?.fields[Number(number)] ?? [];
      return repetitions
        .slice(0, all ? undefined : 1)
        .map((repetition, index) => child(repetition, numbered(`${at}-${number}`, index), frame))
        .filter(({ node: repetition }) =>
          (repetition as string[][]).some((part) => part.some((sub) => sub !== '')),
        );
    },
  };
}

/** `DG1 > DG1-3`: that field of each such segment. */
function expandInside(
  schema: Schema,
  { head, inner }: { head: string; inner: string },
  scope: Scope,
): Expander {
  const outer = compileEach(schema, head, scope);
  const each = compileEach(schema, inner, outer.scope);
  return {
    scope: each.scope,
    expand: (run, frame) => outer.expand(run, frame).flatMap((segment) => each.expand(run, segment)),
  };
}

function expandGroup(schema: Schema, { head, inner }: { head: string; inner: string }, up: Scope): Expander {
  checkSegment(schema, head);
  checkSegment(schema, inner);
  const outer: Scope = { kind: 'segment', type: head, up };
  return {
    scope: { kind: 'segment', type: inner, up: outer },
    expand: (run, frame) => {
      const heads = segmentsOf(run.root, head);
      return segmentsOf(run.root, inner).flatMap((node, index) => {
        const owner = heads.findLastIndex(({ place }) => place < node.place);
        if (owner < 0) return [];
        return [child(node, numbered(inner, index), child(heads[owner], numbered(head, owner), frame))];
      });
    },
  };
}

const numbered = (name: string, index: number) => (index === 0 ? name : `${name}[${index + 1}]`);
const child = (node: unknown, at: string, up: Frame): Frame => ({ node, at, up });
const segmentsOf = (root: Frame, name: string) => (root.node as Segments)[name] ?? [];

type Owner = (root: Frame, frame: Frame) => { node: unknown; at: string };

/**
 * The segment a path speaks of: `PRD[1=RT]` the first whose field 1 is RT, `PRD[1=RT][2]` the second; else
 * the one an `each` is at, else the first.
 */
function ownerOf(
  schema: Schema,
  scope: Scope,
  { segment, only = '' }: { segment: string; only?: string | undefined },
): Owner {
  checkSegment(schema, segment);
  if (only) return ownerAmong(schema, segment, only);
  const levels = findScope(scope, ({ kind, type }) => kind === 'segment' && type === segment);
  if (levels >= 0) return (_, frame) => climb(frame, levels);
  const patient = findScope(scope, ({ kind, type }) => kind === 'segment' && type === 'PID');
  if (patient >= 0) return ownerOfPatient(segment, patient);
  return (root) => ({ node: segmentsOf(root, segment)[0], at: segment });
}

function ownerAmong(schema: Schema, segment: string, only: string): Owner {
  const [, field, code, nth = '1'] = /^(?:\[(\d+)=(\w+)\])?(?:\[(\d+)\])?$/.exec(only) ?? [];
  if (field) fieldOf(schema, segment, field);
  const codes = field && codesOf(schema, `${segment}-${field}`, [1, 1]);
  if (codes && code && !codes.includes(code))
    throw new PathError(`"${code}" can never be at ${segment}-${field}, which is one of ${codes.join(', ')}`);
  const isCode = ({ fields }: Segment) =>
    !field || fields[Number(field)]?.some((repetition) => repetition[0]?.[0] === code);
  return (root) => {
    const all = segmentsOf(root, segment);
    const node = all.filter(isCode)[Number(nth) - 1];
    return { node, at: numbered(segment, node ? all.indexOf(node) : Number(nth) - 1) };
  };
}

/**
 * Of several patients in one message each has the segments that follow its PID; what comes before the first
 * is of all.
 */
function ownerOfPatient(segment: string, levels: number): Owner {
  return (root, frame) => {
    const all = segmentsOf(root, segment);
    const [first, ...others] = segmentsOf(root, 'PID');
    const start = (climb(frame, levels).node as Segment).place;
    const end = others.find(({ place }) => place > start)?.place ?? Number.POSITIVE_INFINITY;
    const shared = others.length === 0 || (all[0] && first && all[0].place < first.place);
    const index = shared ? 0 : all.findIndex(({ place }) => place > start && place < end);
    return { node: all[index], at: numbered(segment, Math.max(0, index)) };
  };
}

function compilePath(schema: Schema, text: string, scope: Scope): Reader {
  const [, dataType, part = ''] = PART.exec(text) ?? [];
  if (dataType) {
    if (!scope.kind.includes('-'))
      throw new PathError(`"${text}" needs a repetition around it: each: PID-3[*]`);
    if (scope.type !== dataType)
      throw new PathError(`"${text}": ${scope.kind} is ${scope.type}, not ${dataType}`);
    return readRepetition(schema, text, scope, part);
  }
  const [match, segment = '', only, number, parts = ''] = PATH.exec(text) ?? [];
  if (!match || (!number && parts)) throw new PathError(`"${text}" is not a path like PID-5.1 or CX.4`);
  if (number && !only && scope.kind === `${segment}-${number}`)
    return readRepetition(schema, text, scope, parts);
  const owner = ownerOf(schema, scope, { segment, only });
  if (!number) {
    return {
      type: 'text',
      many: false,
      read: (run, frame) => (owner(run.root, frame).node ? segment : undefined),
      at: (run, frame) => owner(run.root, frame).at,
    };
  }
  const field = Number(number);
  const [component, sub] = indexes(parts);
  const given = fieldOf(schema, segment, number).type;
  const type = checkParts(schema, text, given, [component, sub]);
  const textOf = partReader(schema, given, [component, sub]);
  return {
    ...{ type, many: false, codes: codesOf(schema, `${segment}-${number}`, [component, sub]) },
    read: (run, frame) => {
      const repetitions = (owner(run.root, frame).node as Segment | undefined)?.fields[field];
      return textOf(repetitions?.[firstWith(repetitions, component, sub)]?.[component - 1]);
    },
    at: (run, frame) => {
      const { node, at } = owner(run.root, frame);
      const repetitions = (node as Segment | undefined)?.fields[field] ?? [];
      return numbered(`${at}-${number}`, firstWith(repetitions, component, sub)) + parts;
    },
  };
}

/** Of several repetitions the first that has that part: some senders leave the first empty. */
function firstWith(repetitions: string[][][], component: number, sub: number): number {
  if (repetitions.length < 2) return 0;
  return Math.max(
    0,
    repetitions.findIndex((one) => (one[component - 1]?.[sub - 1] ?? '') !== ''),
  );
}

const indexes = (parts: string): [number, number] => {
  const [component = 1, sub = 1] = parts.split('.').slice(1).map(Number);
  return [component, sub];
};

function readRepetition(schema: Schema, text: string, scope: Scope, parts: string): Reader {
  const [component, sub] = indexes(parts);
  const textOf = partReader(schema, scope.type, [component, sub]);
  return {
    ...{ type: checkParts(schema, text, scope.type, [component, sub]), many: false },
    codes: codesOf(schema, scope.kind, [component, sub]),
    read: (_, frame) => textOf((frame.node as string[][])[component - 1]),
    at: (_, frame) => frame.at + parts,
  };
}

/** Of a component that is one text an `&` that was not escaped is part of that, and not the end of it. */
function partReader(schema: Schema, type: string, [component, sub]: [number, number]) {
  return isText(schema, type, component)
    ? (subs: string[] | undefined) => present(subs?.join('&'))
    : (subs: string[] | undefined) => present(subs?.[sub - 1]);
}

const present = (text: string | undefined): Json | undefined => (text === '' ? undefined : text);
