/**
 * The story of one message: receive -> parse -> map -> validate -> link -> save; publish and deliver then tell whom it concerns.
 * Read this first. An answer is given only after commit, and means that the message is stored.
 */
import { nameServices } from './access/name-services.ts';
import type { Context } from './context.ts';
import { type Db, messageName } from './db.ts';
import { identifyRecord, keysOf } from './link/identify.ts';
import { findImpostors } from './link/impostors.ts';
import { link } from './link/plan.ts';
import { provenanceOf } from './link/provenance.ts';
import type { Mappings } from './map/load-mappings.ts';
import { countMessage } from './metrics.ts';
import type { Answer, Message, MessageStatus, SourceRecord } from './model.ts';
import { notifyCommitted } from './publish/sequencer.ts';
import { untie } from './recompute.ts';
import { answerEarlier, answerRow, type Held, messageKey, withFacts } from './save/load.ts';
import { findStoredRows, save } from './save/save.ts';
import { isSound, type Understood, understand } from './understand.ts';
import type { Profiles } from './validate/profiles.ts';

export type Pipeline = Context & { mappings: Mappings; profiles: Profiles };
type Received = Message & { receivedAt: Date };
/** `replay`: a held message tried again. `messageId`: a row of a file that is stored already. */
type Options = { replay?: boolean; messageId?: string };

/**
 * Takes one message to its end: accepted (stored and linked), held (kept until its mapping or its sender is mended) or rejected
 * (kept, unreadable). Never throws for bad input; what it throws is transient or a bug, and then nothing of it was stored.
 */
export async function intake(ctx: Pipeline, given: Message, options: Options = {}): Promise<Answer> {
  const started = performance.now();
  const message = { receivedAt: new Date(), ...given };
  const units = understand(ctx.mappings.of(message.source), message, ctx.profiles);
  const file = units.length > 1 || units[0]?.position !== '';
  const answer = file
    ? await settleFile(ctx, message, units, options)
    : await settleUnit(ctx, message, units[0] as Understood, options);
  if (answer.status === 'accepted' && !answer.duplicate) announceCommit(ctx);
  const ms = Math.round(performance.now() - started);
  countMessage(message, answer, ms);
  const { messageId, status, duplicate, conflict } = answer;
  ctx.log[conflict ? 'warn' : 'info']({
    ...{ event: 'message', messageId, system: message.system.name, channel: message.channel, source: message.source },
    ...{ status, duplicate, conflict, units: answer.units.length, ms },
  });
  return { ...answer, messageId: messageName(ctx.key, messageId) };
}

/** Wakes the sequencer of this process, or else of another. */
function announceCommit(ctx: Context): void {
  ctx.signals.emit('committed');
  notifyCommitted(ctx);
}

/** link and save one unit: one transaction, under the locks of every family it can touch. */
async function settleUnit(ctx: Pipeline, message: Received, unit: Understood, options: Options): Promise<Answer> {
  const { system, identifier } = message;
  const named = isSound(unit)
    ? await nameServices(ctx, dated(unit.record as SourceRecord, message), system.service)
    : null;
  const found =
    named && identifyRecord(named.record, { key: ctx.key, systemId: system.id, receivedAt: message.receivedAt });
  const keys = [messageKey(ctx.key, system.id, identifier), ...keysOf(found?.record)];
  const sender = { systemId: system.id, service: system.service };
  const placeholders = new Set<string>();
  const answer = await withFacts(ctx.db, keys, { systemId: system.id, identifier }, async (client, held) => {
    const { facts, earlier, tainted } = held;
    for (const number of tainted) placeholders.add(number);
    const known = options.messageId
      ? await answerRow(client, options.messageId, { ...unit, identifier })
      : answerEarlier(earlier, message, options);
    if (known?.conflict) await save(client, ctx.key, { ...NOTHING, message });
    if (known) return known;
    const impostors = found ? findImpostors(facts, found.record) : [];
    const record = impostors.length === 0 ? (found?.record ?? null) : null;
    const plan = record && link(ctx.key, facts, record, sender);
    const provenance = record && plan && provenanceOf(ctx.key, record, message, plan);
    if (plan && provenance) plan.insert.push(provenance);
    const status: MessageStatus = record ? 'accepted' : unit.unreadable ? 'rejected' : 'held';
    const issues = [...unit.issues, ...(named?.issues ?? []), ...(found?.issues ?? []), ...impostors];
    const units = [{ position: unit.position, status, issues }];
    const stored = options.messageId ?? (options.replay ? (earlier?.messageId ?? null) : null);
    const messageId = await save(client, ctx.key, {
      message: stored ? null : message,
      messageId: stored,
      record: record && { record, systemId: system.id },
      plan,
      answer: options.messageId ? null : { message, status, units },
    });
    return { messageId, identifier, status, units, duplicate: false, conflict: false };
  });
  await untie(ctx, [...placeholders]);
  return answer;
}

/** A sender that does not say when means now: when its message came. */
const dated = (record: SourceRecord, { receivedAt }: Received): SourceRecord =>
  record.saidAt ? record : { ...record, saidAt: receivedAt.toISOString() };

const NOTHING = { message: null, messageId: null, record: null, plan: null, answer: null };

/** Files being read by this process, by store and id. */
const underway = new WeakMap<Context['db'], Map<string, { contentHash: string; reading: Promise<Answer> }>>();

/**
 * A file sent again while it is being read (by a client that would not wait) is answered by that reading; other content under its id
 * waits for it, and is then a correction or refused, as of any message.
 */
async function settleFile(ctx: Pipeline, message: Received, rows: Understood[], options: Options): Promise<Answer> {
  const files = underway.get(ctx.db) ?? new Map();
  underway.set(ctx.db, files);
  const lock = messageKey(ctx.key, message.system.id, message.identifier);
  for (let other = files.get(lock); other; other = files.get(lock)) {
    if (other.contentHash === message.contentHash) return other.reading;
    await Promise.allSettled([other.reading]);
  }
  const reading = readFile(ctx, message, rows, options).finally(() => files.delete(lock));
  files.set(lock, { contentHash: message.contentHash, reading });
  return reading;
}

/** Kept first, then a transaction per row, so that a bad row costs nobody else and a retry goes on where it stopped. */
async function readFile(ctx: Pipeline, message: Received, rows: Understood[], options: Options): Promise<Answer> {
  const begun = await withMessage(ctx, message, async (client, earlier) => {
    const known = answerEarlier(earlier, message, options);
    if (known && !known.conflict) return known;
    const same = earlier?.contentHash === message.contentHash;
    const answer = { message, status: 'held' as const, units: [] };
    const kept = same ? { messageId: earlier.messageId } : { message };
    const messageId = await save(client, ctx.key, { ...NOTHING, ...kept, answer: known ? null : answer });
    return known ?? messageId;
  });
  return typeof begun === 'string' ? settleRows(ctx, message, rows, begun) : begun;
}

/** What its id came to so far, under the lock of the id. */
function withMessage<T>(
  ctx: Pipeline,
  { system, identifier }: Message,
  work: (client: Db, earlier: Held['earlier']) => Promise<T>,
): Promise<T> {
  const sender = { systemId: system.id, identifier };
  const lock = messageKey(ctx.key, system.id, identifier);
  return withFacts(ctx.db, [lock], sender, (client, { earlier }) => work(client, earlier));
}

async function settleRows(ctx: Pipeline, message: Received, rows: Understood[], messageId: string): Promise<Answer> {
  const done = await findStoredRows(ctx.db, messageId);
  const units: Answer['units'] = [];
  for (const row of rows) {
    const { position, issues } = row;
    if (done.has(position)) units.push({ position, status: 'accepted', issues });
    else units.push(...(await settleUnit(ctx, message, row, { messageId })).units);
  }
  const status: MessageStatus = units.some((unit) => unit.status === 'accepted') ? 'accepted' : 'held';
  await withMessage(ctx, message, async (client, earlier) => {
    // A correction that another process took meanwhile stands.
    if (earlier?.messageId !== messageId) return;
    await save(client, ctx.key, { ...NOTHING, messageId, answer: { message, status, units } });
  });
  return { messageId, identifier: message.identifier, status, units, duplicate: false, conflict: false };
}
