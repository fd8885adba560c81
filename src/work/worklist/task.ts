/** An item of the worklist as its reader may see it: a FHIR Task (profile `skein-worklist-item`). */
import { hash } from 'node:crypto';
import type { Task, TaskInput, TaskOutput } from '@medplum/fhirtypes';
import { canonicalText } from '../../fhir/references.ts';
import { SKEIN_DEFINITIONS, WORKLIST, WORKLIST_EVIDENCE } from '../../fhir/systems.ts';
import type { Guard } from '../../match/guards.ts';
import { FIELDS } from '../../match/model.ts';
import type { Item, Question } from './item.ts';

/** `own`: persons that the reader may be told of. `service`: the reader's; null: the operator. */
export type Reader = { own: string[]; service: string | null };
/** What would follow, in counts; or why it cannot be accepted. */
export type Effect =
  | { refused: string }
  | { personsBefore: number; personsAfter: number; journeys: number; events: number; recipients: number };

const CODES: Record<Question, string> = {
  'same person?': 'possible-duplicate',
  'whose baby?': 'suggested-relationship',
};

/** The levels of agreement tell as much; any other guard tells of the other record by itself. */
const FOLLOWS_FROM_LEVELS: Guard[] = [
  'birth-dates-conflict',
  'birth-date-missing',
  'birth-date-differs',
  'no-given-name',
  'initial-only',
  'sex-conflict',
];

/**
 * A service reads of the other side nothing but the levels of agreement: no reference, no system, no reason
 * that a sender gave.
 */
export function composeTask(item: Item, { own, service }: Reader, effect: Effect | null = null): Task {
  const refer = (person: string | undefined) => ({ reference: `Patient/${person}` });
  const output = effect === null ? [] : outputOf(effect);
  // To the day: the time would tell when the other side was heard of.
  const day = item.since.toISOString().slice(0, 10);
  const task: Task & { id: string } = {
    resourceType: 'Task',
    id: item.id,
    status: item.until === null ? 'requested' : 'on-hold',
    intent: 'proposal',
    priority: item.stops ? 'urgent' : 'routine',
    code: { coding: [{ system: WORKLIST, code: CODES[item.question] }] },
    focus: refer(own.at(-1)),
    for: refer(own[0]),
    authoredOn: day,
    owner: service === null ? { display: 'whoever runs Skein' } : { reference: `Organization/${service}` },
    ...(item.until === null ? {} : { restriction: { period: { start: item.until } } }),
    input: service === null ? [...inputOf(item), ...inputOfAll(item)] : inputOf(item),
    ...(output.length > 0 ? { output } : {}),
  };
  if (task.input?.length === 0) delete task.input;
  const versionId = hash('sha256', canonicalText(task), 'hex').slice(0, 16);
  const profile = [`${SKEIN_DEFINITIONS}skein-worklist-item`];
  return { ...task, meta: { profile, versionId, lastUpdated: `${day}T00:00:00.000Z` } };
}

const typeOf = (code: string) => ({ coding: [{ system: WORKLIST_EVIDENCE, code }] });
const coded = (code: string, valueCode: string): TaskInput => ({ type: typeOf(code), valueCode });

/** How far they agree, by field, how much that is, and what stands in the way. */
function inputOf({ levels, bits, likely, guards }: Item): TaskInput[] {
  return [
    ...FIELDS.flatMap((field) => {
      const level = levels[field];
      return level ? [coded(field, level)] : [];
    }),
    ...(bits === null ? [] : [{ type: typeOf('bits'), valueInteger: bits }]),
    ...(likely === null ? [] : [coded('rules', likely === 'for review' ? 'review' : 'same')]),
    ...guards.filter((guard) => FOLLOWS_FROM_LEVELS.includes(guard)).map((guard) => coded('guard', guard)),
  ];
}

/** What else is known, to whoever may know both sides. */
function inputOfAll({ guards, reasons, systems }: Item): TaskInput[] {
  return [
    ...guards.filter((guard) => !FOLLOWS_FROM_LEVELS.includes(guard)).map((guard) => coded('guard', guard)),
    ...reasons.map((reason) => ({ type: typeOf('reason'), valueString: reason })),
    ...systems.map((system) => ({ type: typeOf('system'), valueString: system })),
  ];
}

function outputOf(effect: Effect): TaskOutput[] {
  if ('refused' in effect) return [{ type: typeOf('refused'), valueString: effect.refused }];
  const counts = {
    'persons-before': effect.personsBefore,
    'persons-after': effect.personsAfter,
    journeys: effect.journeys,
    events: effect.events,
    recipients: effect.recipients,
  };
  return Object.entries(counts).map(([code, n]) => ({ type: typeOf(code), valueUnsignedInt: n }));
}
