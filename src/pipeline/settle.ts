/**
 * link and save: of a group of messages in one transaction, or of one by itself. What forms groups is
 * `gather.ts`.
 */
import type { Context } from '../context.ts';
import { answerReferral, findNoParty } from '../link/care/answered.ts';
import { moveStays } from '../link/care/moved.ts';
import type { identifyRecord } from '../link/identify.ts';
import { findOutdated } from '../link/outdated.ts';
import { link } from '../link/plan.ts';
import { findUndeclared } from '../link/undeclared.ts';
import { provenanceOf } from '../link/views/provenance.ts';
import { findImpostors } from '../link/who/impostors.ts';
import { leaveKnown } from '../link/who/known.ts';
import { findUnmerged } from '../link/who/merged.ts';
import { findUnsaid } from '../link/who/unsaid.ts';
import { findVetoed } from '../link/who/vetoed.ts';
import type { Answer, Issue, Message, MessageStatus } from '../model.ts';
import { beginSpan, isTracing, type Traced } from '../observe/trace.ts';
import {
  type Asked,
  answerEarlier,
  answerStored,
  type Held,
  type Lent,
  loadGroupStatement,
  readGroup,
  withFacts,
} from '../save/load.ts';
import { findStoredRows, NOTHING, type Saving, save, saveStatement } from '../save/save.ts';
import { readThenWrite } from '../store/pool.ts';
import { rulesOf, untie } from './recompute.ts';
import type { Understood } from './understand.ts';

/** One message, or a row of a file, ready to be linked and saved. */
export type Job = {
  message: Message;
  unit: Understood;
  /** Its record with every identity resolved to keys; null where it is held or rejected. */
  record: ReturnType<typeof identifyRecord>['record'] | null;
  issues: Issue[];
  /** Key of its message id, or of the row: no two of one group have the same. */
  lock: string;
  /** All that must be locked first, `lock` among it. */
  keys: string[];
  /** A held message tried again. */
  replay?: boolean;
  /** Of a row: the file that it is of, which is stored. */
  messageId?: string;
};

/**
 * `met`: its family was also spoken of by a message before it. `left`: another transaction holds part of its
 * family.
 */
export type Outcome = { answer: Answer } | { error: unknown } | { met: string[] } | { left: true };
/** `saving` is null where nothing is to be written. */
type Decision = { answer: Answer; saving: Saving | null; span?: Traced };

/**
 * Settles several messages in one transaction of two round trips. Nothing is waited for: whoever cannot be
 * settled now is `left` or `met`. A message whose linking throws costs only itself; where the save fails
 * nothing is stored, and this throws.
 */
export async function settleGroup(
  ctx: Context,
  jobs: Job[],
  hold: (keys: string[]) => void,
): Promise<Outcome[]> {
  let decided: (Decision | Exclude<Outcome, { answer: Answer }>)[] = [];
  const rows = await readThenWrite<{ id: string }>(ctx.db, loadGroupStatement(jobs.map(askOf)), (read) => {
    const lent = readGroup(read);
    hold(lent.flatMap(({ keys }) => keys));
    decided = decideAll(ctx, jobs, lent);
    const savings = decided.flatMap((one) => ('answer' in one ? (one.saving ?? []) : []));
    return savings.length > 0 ? saveStatement(ctx, savings) : null;
  });
  const ids = rows.map(({ id }) => id);
  return decided.map((one) => {
    if (!('answer' in one)) return one;
    const { answer, saving, span } = one;
    span?.end();
    return { answer: saving ? named(answer, ids.shift()) : answer };
  });
}

function askOf({ message, unit, keys, messageId }: Job): Asked {
  const row = messageId === undefined ? null : { messageId, position: unit.position };
  return { wanted: keys, systemId: message.system.id, identifier: message.identifier, row };
}

/**
 * One after the other, in memory. Two that met through what is stored are not decided on the same facts: the
 * first is first.
 */
function decideAll(ctx: Context, jobs: Job[], lent: Lent[]) {
  const taken = new Set<string>();
  return jobs.map((job, place): Decision | Exclude<Outcome, { answer: Answer }> => {
    const { keys, held, stored } = lent[place] as Lent;
    const met = keys.some((one) => taken.has(one));
    for (const one of keys) taken.add(one);
    if (met) return { met: keys };
    if (!held) return { left: true };
    try {
      return decide(ctx, job, { ...held, stored });
    } catch (error) {
      return { error };
    }
  });
}

/** By itself, waiting for whoever holds part of its family. */
export async function settleAlone(ctx: Context, job: Job): Promise<Answer> {
  const { message, unit, messageId } = job;
  const sender = { systemId: message.system.id, identifier: message.identifier };
  const placeholders = new Set<string>();
  let saved: Traced | undefined;
  const answer = await withFacts(ctx.db, job.keys, sender, async (client, held) => {
    for (const number of held.tainted) placeholders.add(number);
    const stored =
      messageId !== undefined && (await findStoredRows(client, messageId, unit.position)).size > 0;
    const { answer, saving, span } = decide(ctx, job, { ...held, stored });
    saved = span;
    return saving ? named(answer, await save(client, ctx, saving)) : answer;
  });
  saved?.end();
  await untie(ctx, [...placeholders]);
  return answer;
}

/** A conflict is answered with the message that stands, not with the one refused. */
const named = (answer: Answer, id = ''): Answer => (answer.conflict ? answer : { ...answer, messageId: id });

/** link, and the span of what follows it: the save goes on until the commit, and events continue it. */
function decide(ctx: Context, job: Job, held: Omit<Held, 'tainted'> & { stored: boolean }): Decision {
  const { trace } = job.message;
  const linking = beginSpan('link', trace);
  const decision = decideOne(ctx, job, held);
  linking.end();
  if (!isTracing() || !decision.saving) return decision;
  const span = beginSpan('save', trace);
  const { plan } = decision.saving;
  if (plan) plan.events = plan.events.map((event) => ({ ...event, trace: span.parent }));
  return { ...decision, span };
}

/** Pure but for what link is given. */
function decideOne(ctx: Context, job: Job, held: Omit<Held, 'tainted'> & { stored: boolean }): Decision {
  const { message, unit, messageId, replay = false } = job;
  const { facts, earlier, stored } = held;
  const { identifier, system } = message;
  if (messageId !== undefined && stored)
    return { answer: answerStored(messageId, { ...unit, identifier }), saving: null };
  const known = messageId === undefined ? answerEarlier(earlier, message, { replay }) : null;
  if (known) return { answer: known, saving: known.conflict ? { ...NOTHING, message } : null };
  const moved = job.record && moveStays(facts, job.record, system.id);
  const asked = moved && leaveKnown(facts, moved.record, system.id);
  const impostors = asked ? [...asked.refused, ...findImpostors(facts, asked.record)] : [];
  const tried = asked && impostors.length === 0 ? asked.record : null;
  const sender = { systemId: system.id, service: system.service };
  const planned = tried && link(rulesOf(ctx), facts, tried, sender);
  const vetoed = tried && planned ? findVetoed(facts, planned, tried, system.id) : [];
  const isHeld = vetoed.some(({ severity }) => severity === 'error');
  const [record, plan] = isHeld ? [null, null] : [tried, planned];
  const provenance = record && plan && provenanceOf(ctx.key, record, message, plan);
  if (plan && provenance) plan.insert.push(provenance);
  const status: MessageStatus = record ? 'accepted' : (unit.fault ?? 'held');
  const answered = record && plan ? answerReferral({ facts, plan }, record, system.id) : null;
  const speaker = { systemId: system.id, service: system.service.id };
  const issues = [
    ...[...job.issues, ...(moved?.issues ?? []), ...(asked?.left ?? []), ...impostors, ...vetoed],
    ...(record && plan
      ? [
          ...findUnsaid(facts, record, system.id),
          ...findUnmerged(facts, record, system.id),
          ...findOutdated(facts, plan, record, system.id),
          ...findNoParty({ facts, plan }, record, speaker),
          ...findUndeclared(record, system.service.sector),
        ]
      : []),
    ...(answered?.issues ?? []),
  ];
  const units = [{ position: unit.position, status, issues }];
  // What was tried before and not settled is kept already: a replay, or sent again after a fault of ours.
  const again = earlier?.contentHash === message.contentHash ? earlier.messageId : null;
  const kept = messageId ?? again;
  return {
    answer: {
      ...{ messageId: '', identifier, status, units, duplicate: false, conflict: false },
      ...(answered?.referral ? { referral: answered.referral } : {}),
    },
    saving: {
      message: kept ? null : message,
      messageId: kept,
      record: record && { record, systemId: system.id },
      plan,
      answer: messageId === undefined ? { message, status, units } : null,
    },
  };
}

/**
 * What became of a message whose commit nobody heard of: under the lock of its id, which its transaction held
 * to its end. Null where it was not stored.
 */
export function lookUp(ctx: Context, { message, unit, lock, messageId }: Job): Promise<Answer | null> {
  const { system, identifier } = message;
  return withFacts(ctx.db, [lock], { systemId: system.id, identifier }, async (client, { earlier }) => {
    if (messageId === undefined) {
      const answer = answerEarlier(earlier, message, {});
      return answer?.duplicate ? { ...answer, duplicate: false } : null;
    }
    const stored = await findStoredRows(client, messageId, unit.position);
    return stored.size > 0 ? { ...answerStored(messageId, { ...unit, identifier }), duplicate: false } : null;
  });
}
