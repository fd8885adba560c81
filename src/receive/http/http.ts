import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Context } from '../../context.ts';
import type { Intake, Take } from '../intake.ts';
import { placesOf } from '../senders.ts';
import { registerBars } from './bars.ts';
import { registerRaw } from './raw.ts';
import { headerOf, MAX_BODY_BYTES, OF_BATCH, refusedBody, rejected } from './request.ts';
import { registerTransaction } from './transaction.ts';

/**
 * The ways in over HTTP: `POST /fhir/$process-message`, `POST /fhir`, `POST /intake/{system}`, `GET
 * /intake/messages`.
 */
export function registerIntake<C extends Context>(app: FastifyInstance, ctx: C, intake: Intake<C>): void {
  const take: Take = (message, options) => intake(ctx, message, options);
  const keep = async (_: FastifyRequest, body: Buffer) => body;
  app.register(async (scope) => {
    // Messages are kept exactly as received: no parser but ours sees the bytes.
    scope.removeAllContentTypeParsers();
    scope.addContentTypeParser('*', { parseAs: 'buffer', bodyLimit: MAX_BODY_BYTES }, keep);
    scope.addHook('onRequest', async (request, reply) => {
      const coding = headerOf(request, 'content-encoding') || 'identity';
      if (/^identity$/i.test(coding)) return;
      reply.header('accept-encoding', 'identity');
      throw rejected(415, 'not-supported', 'send the body as it is: no Content-Encoding is read');
    });
    scope.addHook('onRequest', async (request, reply) => holdPlace(ctx, request, reply));
    scope.setErrorHandler(async (error) => {
      throw refusedBody(error);
    });
    registerBars(scope, ctx, take);
    registerTransaction(scope, ctx, take);
    registerRaw(scope, ctx, take);
  });
}

/** Of whoever runs Skein, who is no system. */
const OPERATOR = 0;

/**
 * Takes a place of the sender until it is answered or gone. Throws Rejected(429) where it has none: before
 * the body is read, so that what it sends is held nowhere.
 */
function holdPlace(ctx: Context, { method, headers, recipient }: FastifyRequest, reply: FastifyReply): void {
  if (method !== 'POST' || headers[OF_BATCH.name] === OF_BATCH.value) return;
  const sender = recipient.kind === 'system' ? recipient.system.id : OPERATOR;
  const places = placesOf(ctx);
  if (!places.tryTake(sender)) {
    reply.header('retry-after', '1');
    throw rejected(429, 'throttled', 'so many of your messages are in hand: send this again in a second');
  }
  reply.raw.once('close', () => places.free(sender));
}
