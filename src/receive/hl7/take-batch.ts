/**
 * Each message of an HL7 v2 batch over HTTP, taken by itself: one that cannot be taken costs the others
 * nothing.
 */
import type { FastifyReply } from 'fastify';
import type { Logger } from 'pino';
import { isTransient } from '../../errors.ts';
import { HL7_TYPE, readHeader } from '../../formats/hl7v2.ts';
import type { Answer, Message } from '../../model.ts';
import { STATUS } from '../http/request.ts';
import { acknowledge, NOT_STORED, type Verdict, verdictOf } from './ack.ts';
import { acknowledgeBatch, type Batch } from './batch.ts';
import { identifyHl7 } from './sender.ts';

type Named = Pick<Message, 'body' | 'identifier' | 'contentHash'>;
/** `answer` is null where nothing was stored, by no fault of the message's. */
export type Taken = { message: Named; answer: Answer | null };

/** In order. A message without MSH-10 is known by its content: a key of the whole batch cannot name each. */
export async function takeEach(
  { messages }: Batch,
  take: (message: Named) => Promise<Answer>,
  log: Logger,
): Promise<Taken[]> {
  const taken: Taken[] = [];
  for (const body of messages) {
    const { contentHash, identifier = contentHash } = identifyHl7(body, readHeader(body));
    const message = { body, identifier, contentHash };
    const answer = await take(message).catch((error: unknown) => {
      log[isTransient(error) ? 'warn' : 'error']({ event: 'batch.not-stored', err: error });
      return null;
    });
    taken.push({ message, answer });
  }
  return taken;
}

/** A batch of acknowledgements; where all were held the status says what their sender wants to hear of it. */
export function sendAcknowledgements(
  reply: FastifyReply,
  batch: Batch,
  { taken, onHeld }: { taken: Taken[]; onHeld: string },
): FastifyReply {
  const verdicts = taken.map(({ answer }) => (answer ? verdictOf(answer, onHeld) : NOT_STORED));
  const acks = taken.flatMap(({ message }, place) =>
    acknowledge(readHeader(message.body), verdicts[place] as Verdict),
  );
  const quiet = verdicts.every(({ application }) => application === 'AA');
  return statusOf(reply, taken, quiet ? 200 : 422)
    .type(HL7_TYPE)
    .send(acknowledgeBatch(batch, acks));
}

/** A result for each message, as it would be answered alone. */
export function sendEach(reply: FastifyReply, taken: Taken[]): FastifyReply {
  const messages = taken.map(({ message: { identifier }, answer }, index) => ({
    ...{ position: `message ${index + 1}`, identifier },
    ...(answer
      ? resultOf(answer)
      : { status: 'not-stored', rows: [{ position: '', issues: NOT_STORED.issues }] }),
  }));
  return statusOf(reply, taken, 422).send({ messages });
}

function resultOf(answer: Answer): object {
  const { messageId, status, units, conflict } = answer;
  if (!conflict) return { ...(messageId && { message: messageId }), status, rows: units };
  return { status: 'conflict', rows: [{ position: '', issues: verdictOf(answer, 'AE').issues }] };
}

/**
 * 503 where one is to be sent again (with the batch: what was stored is answered as before); else a success
 * if one was taken.
 */
function statusOf(reply: FastifyReply, taken: Taken[], held: number): FastifyReply {
  if (taken.some(({ answer }) => !answer)) return reply.code(503).header('retry-after', '1');
  const kept = taken.flatMap(({ answer }) => (answer && !answer.conflict ? answer.status : []));
  if (kept.includes('accepted') || kept.includes('ignored')) return reply.code(200);
  if (kept.includes('failed') && held !== 200) return reply.code(500);
  if (kept.includes('held') || kept.includes('failed')) return reply.code(held);
  const refused = taken.flatMap(({ answer }) => answer?.units ?? []);
  return reply.code(kept.length > 0 ? STATUS.rejected(refused) : 409);
}
