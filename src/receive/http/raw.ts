import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Context } from '../../context.ts';
import { oneOf, queryOf } from '../../doors/query.ts';
import { messageName } from '../../fhir/ids.ts';
import { HL7_TYPE, readHeader } from '../../formats/hl7v2.ts';
import { charsetOf, type Format, formatOf } from '../../formats/media-types.ts';
import type { Answer, Document, Json, Message, Recipient } from '../../model.ts';
import { acknowledge, verdictOf } from '../hl7/ack.ts';
import { splitBatch } from '../hl7/batch.ts';
import { refuseUnregistered } from '../hl7/registered-sender.ts';
import { identifierOf, identifyHl7, senderOf } from '../hl7/sender.ts';
import { sendAcknowledgements, sendEach, takeEach } from '../hl7/take-batch.ts';
import type { Take } from '../intake.ts';
import { hashBytes, readJson } from './content-hash.ts';
import { findDeliveries } from './messages-sql.ts';
import { bodyOf, headerOf, rejected, STATUS, sendStatus, traceOf } from './request.ts';

type Readable = Document['format'];

const TYPES: Record<Readable, string> = {
  hl7v2: HL7_TYPE,
  csv: 'text/csv',
  json: 'application/json',
  fhir: 'application/fhir+json',
  xml: 'application/fhir+xml',
};

/** What reads it when its system was registered without a source. */
export const SOURCES: Record<Readable, string> = {
  hl7v2: 'hl7v2-adt,hl7v2-ref,hl7v2-siu',
  csv: 'third-sector-csv',
  json: 'third-sector-form',
  fhir: 'fhir-r4',
  xml: 'birth-notification',
};

/** Raw messages of registered systems, and what became of them. */
export function registerRaw(app: FastifyInstance, ctx: Context, take: Take): void {
  app.post<{ Params: { system: string } }>('/intake/:system', async (request, reply) => {
    const { system: name } = request.params;
    requireOwnName(request.recipient, name);
    const body = bodyOf(request);
    const format = sniffFormat(request, body);
    const system = await senderOf(ctx, request.recipient, [name]);
    const source = system.source ?? SOURCES[format];
    const contentType = typeOf(request, format);
    const origin = { system, channel: 'intake', contentType, source, ...traceOf(request) } as const;
    const acknowledged = format === 'hl7v2' && !/json/.test(headerOf(request, 'accept') ?? '');
    const batch = format === 'hl7v2' ? splitBatch(body) : null;
    if (batch) {
      const takeOne = (one: Message) => takeRegistered(ctx, one, take);
      const taken = await takeEach(batch, (one) => takeOne({ ...origin, ...one }), ctx.log);
      return acknowledged
        ? sendAcknowledgements(reply, batch, { taken, onHeld: system.onHeld })
        : sendEach(reply, taken);
    }
    const message = { ...origin, body, ...identify(request, format, body) };
    if (format !== 'hl7v2' && prefersAsync(request)) return takeAndTell(ctx, reply, message, take);
    const answer = await takeRegistered(ctx, message, take);
    return acknowledged
      ? sendAcknowledgement(reply, answer, body, system.onHeld)
      : sendResults(reply, answer);
  });

  app.get('/intake/messages', async (request) => {
    const query = queryOf(request);
    const [identifier, system] = [oneOf(query, 'identifier'), oneOf(query, 'system')];
    if (!identifier) throw rejected(400, 'required', 'say which: ?identifier=…');
    const { recipient } = request;
    const owner =
      recipient.kind === 'system'
        ? { systemId: recipient.system.id, system: null }
        : { systemId: null, system: system === undefined ? null : identifierOf(system) };
    const found = await findDeliveries(ctx.db, owner, identifierOf(identifier));
    if (found.length === 0) throw rejected(404, 'not-found', 'no message of yours has this identifier');
    return found.map((one) => ({ ...one, messageId: messageName(ctx.key, one.messageId) }));
  });
}

/** https://www.rfc-editor.org/rfc/rfc7240#section-4.1 */
const prefersAsync = (request: FastifyRequest): boolean =>
  /(^|[,\s])respond-async($|[,;\s])/i.test(headerOf(request, 'prefer') ?? '');

/**
 * Answers as soon as the message is kept, with where to ask how far it is; it is read meanwhile, by another
 * process where this one ends before. What is known already is answered as always.
 */
async function takeAndTell(
  { log }: Context,
  reply: FastifyReply,
  message: Message,
  take: Take,
): Promise<object> {
  const kept = Promise.withResolvers<Answer>();
  const taken = take(message, { kept: kept.resolve });
  const first = await Promise.race([kept.promise, taken]);
  if (first.conflict || first.status !== 'held' || first.units.length > 0) return sendResults(reply, first);
  taken.catch((error: unknown) => log.error({ event: 'file', messageId: first.messageId, err: error }));
  const { messageId, identifier } = first;
  const url = `/intake/messages?${new URLSearchParams({ identifier })}`;
  reply.code(202).header('content-location', url).header('preference-applied', 'respond-async');
  return { message: messageId, identifier, status: 'in-progress', url };
}

/** Nobody sends in another system's name but the operator. */
function requireOwnName(recipient: Recipient, name: string): void {
  if (recipient.kind === 'system' && recipient.system.name !== name) {
    throw rejected(403, 'forbidden', 'the path must name the system that sends');
  }
}

/** Takes a message that its system may write. */
const takeRegistered = async (ctx: Context, message: Message, take: Take): Promise<Answer> =>
  refuseUnregistered(ctx, message) ?? take(message);

/** How it is kept: only of XML does the transport's charset say anything (RFC 7303). */
function typeOf(request: FastifyRequest, format: Readable): string {
  const charset = format === 'xml' ? charsetOf(headerOf(request, 'content-type') ?? '') : undefined;
  return charset ? `${TYPES[format]}; charset=${charset}` : TYPES[format];
}

/** By Content-Type, and by content where that says nothing: an HL7 v2 message begins MSH. */
function sniffFormat(request: FastifyRequest, body: Buffer): Readable {
  const format: Format | undefined = formatOf(headerOf(request, 'content-type') ?? '');
  if (format) return format;
  if (readHeader(body)) return 'hl7v2';
  throw rejected(415, 'not-supported', `send ${Object.values(TYPES).join(', ')}`);
}

/** A national signal is known by the id of its Bundle: sent twice it has one effect. */
function signalId(tree: Json): string | undefined {
  const { resourceType, type, id } = (tree ?? {}) as Record<string, Json>;
  return resourceType === 'Bundle' && type === 'history' && typeof id === 'string' ? id : undefined;
}

/** MSH-10 for HL7 v2, else the Idempotency-Key, else the id of a signal, else what the body says. */
function identify(
  request: FastifyRequest,
  format: Readable,
  body: Buffer,
): Pick<Message, 'identifier' | 'contentHash'> {
  const key = headerOf(request, 'idempotency-key');
  if (format === 'hl7v2') {
    const { contentHash, identifier } = identifyHl7(body, readHeader(body));
    return { identifier: identifier ?? identifierOf(key || contentHash), contentHash };
  }
  if (format !== 'json' && format !== 'fhir') {
    const contentHash = hashBytes(body);
    return { identifier: identifierOf(key || contentHash), contentHash };
  }
  const { tree, contentHash } = readJson(body);
  return { identifier: identifierOf(key || signalId(tree) || contentHash), contentHash };
}

/** Rows that were stored make a file a success: each other row says what is wrong with it. */
function sendResults(reply: FastifyReply, answer: Answer): object {
  const { messageId, identifier, status, units, conflict } = answer;
  if (conflict) throw rejected(409, 'conflict', 'this id was used before for other content');
  sendStatus(reply, STATUS[status](units));
  return { ...(messageId && { message: messageId }), identifier, status, rows: units };
}

/**
 * One HTTP response carries one acknowledgement: the application's, or where only an accept one was asked
 * for, that.
 */
function sendAcknowledgement(
  reply: FastifyReply,
  answer: Answer,
  body: Buffer,
  onHeld: string,
): FastifyReply {
  const verdict = verdictOf(answer, onHeld);
  const [ack] = acknowledge(readHeader(body), verdict).reverse();
  return sendStatus(reply, answer.conflict ? 409 : statusOf(answer, verdict.application))
    .type(HL7_TYPE)
    .send(ack ?? Buffer.alloc(0));
}

/** As the acknowledgement says; of AE more exactly. */
function statusOf({ status, units }: Answer, code: 'AA' | 'AE' | 'AR'): number {
  if (code !== 'AE') return code === 'AA' ? 200 : STATUS.rejected(units);
  return status === 'failed' ? STATUS.failed(units) : 422;
}
