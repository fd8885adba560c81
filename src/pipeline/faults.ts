/** What is wrong with us is no fault of a message's: it is kept, and taken once we are mended. */
import type { Context } from '../context.ts';
import { isExhausted, isTransient } from '../errors.ts';
import { messageName } from '../fhir/ids.ts';
import type { Answer, Issue, Message, MessageStatus } from '../model.ts';
import { answerEarlier } from '../save/load.ts';
import { NOTHING, save } from '../save/save.ts';
import { noteRefusal } from '../store/state.ts';
import { withMessage } from './with-message.ts';

type Fault = { status: MessageStatus; issue: Issue };

/** Null where the fault passes: nothing is kept then, and the sender sends again. */
export function faultOf(error: unknown): Fault | null {
  if (isExhausted(error)) return { status: 'held', issue: TOO_LARGE };
  return isTransient(error) ? null : { status: 'failed', issue: BUG };
}

const BUG: Issue = {
  severity: 'error',
  code: 'exception',
  text: 'an error of ours, nothing is wrong with the message: it is kept, and taken when that is mended',
};
const TOO_LARGE: Issue = {
  severity: 'error',
  code: 'too-costly',
  text: 'more than the store can take at once (locks, memory or the size of a statement): send it in parts',
};

/**
 * Keeps a message that met a fault of ours, under its own id. Throws the fault where it passes, and where not
 * even the bytes can be kept.
 */
export async function keepFailed(
  ctx: Context,
  message: Message,
  error: unknown,
  options: { replay?: boolean },
): Promise<Answer> {
  noteRefusal(ctx.db, error);
  const fault = faultOf(error);
  if (!fault) throw error;
  const answer = await keep(ctx, message, fault, options).catch((failure: unknown) => {
    ctx.log.error({ event: 'message.not-kept', system: message.system.name, err: failure });
    throw isTransient(failure) ? failure : error;
  });
  logFault(ctx, { messageId: answer.messageId, message, error });
  return answer;
}

export function logFault(
  { log, key }: Context,
  { messageId, message, error }: { messageId: string; message: Message; error: unknown },
): void {
  const { system, channel, source } = message;
  const name = messageName(key, messageId);
  log.error({ event: 'message.failed', messageId: name, system: system.name, channel, source, err: error });
}

function keep(
  ctx: Context,
  message: Message,
  { status, issue }: Fault,
  options: { replay?: boolean },
): Promise<Answer> {
  return withMessage(ctx, message, async (client, earlier) => {
    const known = answerEarlier(earlier, message, options);
    if (known) return known;
    const units = [{ position: '', status, issues: [issue] }];
    const same = earlier?.contentHash === message.contentHash;
    const kept = same ? { messageId: earlier.messageId } : { message };
    const answer = { message, status, units };
    const messageId = await save(client, ctx, { ...NOTHING, ...kept, answer });
    const { identifier } = message;
    return { messageId, identifier, status, units, duplicate: false, conflict: false };
  });
}
