/**
 * The story of one message: receive -> parse -> map -> validate -> link -> save; publish and deliver then tell whom it concerns.
 * Read this first. An answer is given only after commit, and means that the message is stored.
 */
import { EVIDENCE } from './access/decide/evidence.ts';
import { nameServices } from './access/register/name-services.ts';
import type { Context } from './context.ts';
import { messageName } from './fhir/ids.ts';
import { identifyRecord, keysOf } from './link/identify.ts';
import { link } from './link/plan.ts';
import { provenanceOf } from './link/views/provenance.ts';
import { findImpostors } from './link/who/impostors.ts';
import { findUnsaid } from './link/who/unsaid.ts';
import type { Mappings } from './map/language/load-mappings.ts';
import type { Answer, Message, MessageStatus, SourceRecord } from './model.ts';
import { countMessage } from './observe/metrics.ts';
import { settleFile } from './pipeline/file.ts';
import { rulesOf, untie } from './pipeline/recompute.ts';
import { isSound, type Understood, understand } from './pipeline/understand.ts';
import { notifyCommitted } from './publish/sequencer.ts';
import { answerEarlier, answerRow, messageKey, withFacts } from './save/load.ts';
import { saveDue } from './save/maintenance-sql.ts';
import { NOTHING, save } from './save/save.ts';
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
  const settleRow = (row: Understood, messageId: string) => settleUnit(ctx, message, row, { messageId });
  const answer = file
    ? await settleFile(ctx, message, { rows: units, settleRow, ...options })
    : await settleUnit(ctx, message, units[0] as Understood, options);
  if (answer.status === 'accepted' && !answer.duplicate) announceCommit(ctx);
  const ms = Math.round(performance.now() - started);
  countMessage(message, answer, ms);
  const { messageId, status, duplicate, conflict } = answer;
  ctx.log[conflict ? 'warn' : 'info']({
    ...{
      event: 'message',
      messageId,
      system: message.system.name,
      channel: message.channel,
      source: message.source,
    },
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
async function settleUnit(
  ctx: Pipeline,
  message: Received,
  unit: Understood,
  options: Options,
): Promise<Answer> {
  const { system, identifier } = message;
  const named = isSound(unit)
    ? await nameServices(ctx, dated(unit.record as SourceRecord, message), system.service)
    : null;
  const found =
    named &&
    identifyRecord(named.record, {
      ...{ key: ctx.key, systemId: system.id, receivedAt: message.receivedAt },
      weight: EVIDENCE.weights.get(system.service.sector ?? '') ?? null,
    });
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
    const plan = record && link(rulesOf(ctx), facts, record, sender);
    const provenance = record && plan && provenanceOf(ctx.key, record, message, plan);
    if (plan && provenance) plan.insert.push(provenance);
    const status: MessageStatus = record ? 'accepted' : unit.unreadable ? 'rejected' : 'held';
    const unsaid = record ? findUnsaid(facts, record, system.id) : [];
    const issues = [
      ...unit.issues,
      ...(named?.issues ?? []),
      ...(found?.issues ?? []),
      ...unsaid,
      ...impostors,
    ];
    const units = [{ position: unit.position, status, issues }];
    const stored = options.messageId ?? (options.replay ? (earlier?.messageId ?? null) : null);
    const messageId = await save(client, ctx.key, {
      message: stored ? null : message,
      messageId: stored,
      record: record && { record, systemId: system.id },
      plan,
      answer: options.messageId ? null : { message, status, units },
    });
    if (plan) await saveDue(client, plan.due);
    return { messageId, identifier, status, units, duplicate: false, conflict: false };
  });
  await untie(ctx, [...placeholders]);
  return answer;
}

/** A sender that does not say when means now: when its message came. */
const dated = (record: SourceRecord, { receivedAt }: Received): SourceRecord =>
  record.saidAt ? record : { ...record, saidAt: receivedAt.toISOString() };
