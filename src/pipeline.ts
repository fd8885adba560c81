/**
 * The story of one message: receive -> parse -> map -> validate -> link -> save; publish and deliver then
 * tell whom it concerns. Read this first. An answer is given only after commit, and means that the message is
 * stored.
 */
import { EVIDENCE } from './access/decide/evidence.ts';
import { nameServices } from './access/register/name-services.ts';
import type { Context } from './context.ts';
import { messageName } from './fhir/ids.ts';
import { identifyRecord, keysOf } from './link/identify.ts';
import type { Mappings } from './map/language/load-mappings.ts';
import type { Answer, Message, SourceRecord } from './model.ts';
import { countMessage } from './observe/metrics.ts';
import { beginSpan, traceIdOf } from './observe/trace.ts';
import { keepFailed } from './pipeline/faults.ts';
import { isUnread, keepFirst, settleFile } from './pipeline/file.ts';
import { settle } from './pipeline/gather.ts';
import { ignore, ruleOf } from './pipeline/ignore.ts';
import { placeMessage } from './pipeline/place.ts';
import type { Job } from './pipeline/settle.ts';
import { isSound, type Understood, understandInTurns } from './pipeline/understand.ts';
import { announceCommit } from './publish/sequencer.ts';
import { messageKey, rowKey } from './save/load.ts';
import type { Profiles } from './validate/profiles.ts';

export type Pipeline = Context & { mappings: Mappings; profiles: Profiles };
export type Received = Message & { receivedAt: Date };
/**
 * `replay`: a held message tried again. `messageId`: a row of a file that is stored already. `kept`: it is
 * kept before it is read, and this is called then.
 */
type Options = { replay?: boolean; messageId?: string; kept?: (answer: Answer) => void };

/**
 * Takes one message to its end: accepted (stored and linked), held (kept until its mapping or its sender is
 * mended), rejected (kept, unreadable), failed (kept, by a fault of ours) or ignored (counted, by the rule of
 * its system). What it throws is transient: then nothing of it was stored.
 */
export async function intake(ctx: Pipeline, given: Message, options: Options = {}): Promise<Answer> {
  const started = performance.now();
  const span = beginSpan('receive', given.trace);
  const message = { receivedAt: new Date(), ...given, ...(span.parent ? { trace: span.parent } : {}) };
  const answer = await take(ctx, message, options).catch((error: unknown) =>
    keepFailed(ctx, message, error, options),
  );
  if (answer.status === 'accepted' && !answer.duplicate) announceCommit(ctx);
  const ms = Math.round(performance.now() - started);
  const { status, duplicate, conflict } = answer;
  const messageId = answer.messageId && messageName(ctx.key, answer.messageId);
  countMessage(message, { ...answer, messageId }, ms);
  const { channel, source } = message;
  span.end({ channel, source, status, duplicate, units: answer.units.length, message: messageId });
  ctx.log[conflict ? 'warn' : 'info']({
    ...{
      event: 'message',
      messageId,
      system: message.system.name,
      channel: message.channel,
      source: message.source,
    },
    ...{ status, duplicate, conflict, units: answer.units.length, ms, trace: traceIdOf(span.parent) },
  });
  return { ...answer, messageId };
}

async function take(ctx: Pipeline, message: Received, options: Options): Promise<Answer> {
  const mappings = ctx.mappings.of(message.source);
  const rule = ruleOf(message, mappings);
  if (rule) return ignore(ctx, message, rule, options);
  if (options.kept) {
    const answer = await keepFirst(ctx, message);
    if (answer.conflict || !isUnread(answer)) return answer;
    options.kept({ ...answer, messageId: messageName(ctx.key, answer.messageId) });
  }
  const units = await understandInTurns(mappings, message, ctx.profiles);
  const file = units.length > 1 || units[0]?.position !== '';
  const prepareRow = (row: Understood, messageId: string) => prepare(ctx, message, row, { messageId });
  return file
    ? settleFile(ctx, message, { rows: units, prepareRow, ...options })
    : settle(ctx, await prepare(ctx, message, units[0] as Understood, options));
}

/** One unit as it is linked and saved: its services named, every identity resolved to keys. */
export async function prepare(
  ctx: Pipeline,
  received: Received,
  unit: Understood,
  options: Options,
): Promise<Job> {
  const { system, team, issues: unplaced } = await placeMessage(ctx, received.system, unit.origin);
  const message = { ...received, system };
  const { identifier, receivedAt } = message;
  const { messageId } = options;
  const lock = messageId
    ? rowKey(ctx.key, messageId, unit.position)
    : messageKey(ctx.key, system.id, identifier);
  const named = isSound(unit)
    ? await nameServices(ctx, dated(unit.record as SourceRecord, message), system.service)
    : null;
  const weight = EVIDENCE.weights.get(system.service.sector ?? '') ?? null;
  const scope = { key: ctx.key, systemId: system.id, receivedAt, weight, team, service: system.service.id };
  const found = named && identifyRecord(named.record, scope);
  const issues = [...unit.issues, ...unplaced, ...(named?.issues ?? []), ...(found?.issues ?? [])];
  const keys = [lock, ...keysOf(found?.record)];
  const { replay } = options;
  const rest = { ...(replay ? { replay } : {}), ...(messageId ? { messageId } : {}) };
  return { message, unit, record: found?.record ?? null, issues, lock, keys, ...rest };
}

/** A sender that does not say when means now: when its message came. */
const dated = (record: SourceRecord, { receivedAt }: Received): SourceRecord =>
  record.saidAt ? record : { ...record, saidAt: receivedAt.toISOString() };
