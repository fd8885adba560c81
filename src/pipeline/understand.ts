/**
 * parse, map, validate: what a message says, with no store and no network. The pipeline and the workbench
 * both begin here.
 */

import { atOnce, inTurns, type Steps } from '../doors/turns.ts';
import { Rejected } from '../errors.ts';
import { type Origin, readOrigin } from '../formats/hl7v2-origin.ts';
import { chooseMapping } from '../map/choose-mapping.ts';
import { type Mapping, sourcesOf } from '../map/language/load-mappings.ts';
import { type Mapped, mapInSteps } from '../map/map-unit.ts';
import type { Issue, Message, SourceRecord, Unit } from '../model.ts';
import { beginSpan, StageSpans } from '../observe/trace.ts';
import { parseMessage } from '../parse/parse-message.ts';
import { ownProfiles, type Profiles } from '../validate/profiles.ts';
import { validateInSteps } from '../validate/validate-record.ts';
import { findContradictions } from './contradictions.ts';

/**
 * One unit of a message (a row of a file, else the whole). What is not sound is held, unless `fault` says
 * that nothing could be read at all (rejected), or that it is ours (failed).
 */
export type Understood = {
  position: string;
  record: SourceRecord | null;
  issues: Issue[];
  fault?: 'rejected' | 'failed';
  /** Of HL7 v2: where it says that it is from. */
  origin?: Origin;
};

/**
 * What a message says, by the mappings of its sender (of HL7 v2 one for each message code, else one). Never
 * throws for bad input: what cannot be understood is a unit without a record, and its issues say why.
 */
export const understand = (
  mappings: Mapping[],
  message: Message,
  profiles: Profiles = ownProfiles(),
): Understood[] => atOnce(understanding(mappings, message, profiles));

/** The same, keeping nobody waiting: between any two rows or statements of a large one others are served. */
export const understandInTurns = (
  mappings: Mapping[],
  message: Message,
  profiles: Profiles,
): Promise<Understood[]> => inTurns(understanding(mappings, message, profiles));

function* understanding(mappings: Mapping[], message: Message, profiles: Profiles): Steps<Understood[]> {
  const parsing = beginSpan('parse', message.trace);
  const spans = new StageSpans(message.trace);
  try {
    const { format, units } = parseMessage(message);
    parsing.end({ units: units.length });
    if (mappings.length > 0) {
      const understood: Understood[] = [];
      for (const unit of units)
        understood.push(...(yield* understandUnit(mappings, unit, { message, profiles, spans })));
      spans.end({ units: understood.length });
      // The messages of a batch are of their own times: the later corrects the earlier.
      return format === 'hl7v2' ? understood : holdContradicting(understood);
    }
    return [notLoaded('', message.source)];
  } catch (error) {
    if (!(error instanceof Rejected)) throw error;
    parsing.end();
    spans.end({});
    return [{ position: '', record: null, issues: error.issues, fault: 'rejected' }];
  }
}

function holdContradicting(units: Understood[]): Understood[] {
  const told = findContradictions(units.filter(isSound));
  return units.map((unit) => {
    const issue = told.get(unit.position);
    if (!issue) return unit;
    const record = issue.severity === 'error' ? null : unit.record;
    return { ...unit, record, issues: [...unit.issues, issue] };
  });
}

type Heard = { message: Message; profiles: Profiles; spans: StageSpans };

function* understandUnit(mappings: Mapping[], whole: Unit, heard: Heard): Steps<Understood[]> {
  yield;
  const { position, tree, error, issues = [] } = whole;
  const mapping = error ?? chooseMapping(mappings, tree);
  if ('severity' in mapping) {
    const missing = error ? [] : missingOf(mappings, heard.message.source);
    return missing.length > 0
      ? [notLoaded(position, missing.join(', '))]
      : [heldBy(position, [mapping, ...issues])];
  }
  const units = mapping.format.split?.(tree) ?? [whole];
  const understood: Understood[] = [];
  for (const unit of units) {
    if (unit.error) understood.push(heldBy(unit.position, [unit.error]));
    else understood.push(...(yield* mapParts(mapping, unit, heard)));
  }
  return understood;
}

const heldBy = (position: string, issues: Issue[]): Understood => ({ position, record: null, issues });

/** Sources that the sender is registered with and that are not loaded: it may be theirs to read. */
const missingOf = (mappings: Mapping[], sources: string): string[] =>
  sourcesOf(sources).filter((source) => !mappings.some(({ name }) => name === source));

/** A slip of ours (a folder renamed, a mapping that cannot be read): nothing is wrong with the message. */
function notLoaded(position: string, sources: string): Understood {
  const text = `the mapping that reads it is not loaded here (${sources}): kept, and taken once it is`;
  return {
    position,
    record: null,
    issues: [{ severity: 'error', code: 'transient', text }],
    fault: 'failed',
  };
}

/**
 * Each pass finds a hundred faults: a unit with a thousand is held, or one message could keep all others
 * waiting.
 */
const MAX_PASSES = 10;

/**
 * A unit of many rows is not held for one of them: what is wrong is taken out of it, and reported by itself.
 */
function* mapParts(mapping: Mapping, unit: Unit, heard: Heard, passes = MAX_PASSES): Steps<Understood[]> {
  const whole = yield* mapTree(mapping, unit, heard);
  const parts = isSound(whole) || passes === 0 ? undefined : mapping.format.prune?.(unit.tree, whole.issues);
  if (!parts) return [whole];
  const rows = parts.held.map(({ position, issues }) => heldBy(position, issues));
  return [...(yield* mapParts(mapping, { ...unit, tree: parts.rest }, heard, passes - 1)), ...rows];
}

function* mapTree(mapping: Mapping, unit: Unit, { message, profiles, spans }: Heard): Steps<Understood> {
  const { position, tree } = unit;
  const { system, receivedAt } = message;
  const given = { dialect: system.dialect, receivedAt, numbers: system.numbers ?? null };
  spans.begin('map');
  const { record, issues } = yield* mapInSteps(mapping, unit, given);
  spans.begin('validate');
  const all = record ? [...issues, ...(yield* validateInSteps(record, profiles))] : issues;
  const { place } = mapping.format;
  return {
    position,
    ...(mapping.kind === 'hl7v2' && { origin: readOrigin(tree) }),
    ...(place
      ? renamePlaces({ record, issues: all }, (pointer) => place(tree, pointer))
      : { record, issues: all }),
  };
}

/** Lineage and issues in the sender's own places (XPath), where its tree has others (JSON pointers). */
function renamePlaces({ record, issues }: Mapped, place: (pointer: string) => string): Mapped {
  const named = issues.map((issue) => {
    const { field, text } = issue;
    return field ? { ...issue, field: place(field), text: text.replaceAll(field, place(field)) } : issue;
  });
  const lineage = record?.lineage.map((line) => ({ ...line, source: place(line.source) }));
  return { record: record && { ...record, lineage: lineage ?? [] }, issues: named };
}

/** It may be linked and saved; otherwise it is held. */
export const isSound = ({ record, issues }: Understood): boolean =>
  record !== null && issues.every(({ severity }) => severity !== 'error');
