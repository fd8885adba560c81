/**
 * Booking and Referral Standard, `POST /$process-message`:
 * https://digital.nhs.uk/developer/api-catalogue/booking-and-referral-fhir
 */
import { randomUUID } from 'node:crypto';
import type { Bundle, MessageHeader } from '@medplum/fhirtypes';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Context } from '../../context.ts';
import { mirrorIds, versionFor } from '../../doors/bars.ts';
import { isTransient, Rejected } from '../../errors.ts';
import { toOutcome } from '../../fhir/outcome.ts';
import type { Answer, Issue } from '../../model.ts';
import { senderOf } from '../hl7/sender.ts';
import type { Take } from '../intake.ts';
import { readIds, readOrganisation } from './bars-headers.ts';
import { asBundle, focusOf, headerOfBundle, senderNames } from './bundle.ts';
import { readJson } from './content-hash.ts';
import { bodyOf, refusedBody, refuseUnlessAccepted, rejected, requireFhirJson, traceOf } from './request.ts';

/** Every response of this route mirrors both ids; every error has a BaRS code, whoever raised it. */
export function registerBars(app: FastifyInstance, ctx: Context, take: Take): void {
  const part = async (scope: FastifyInstance) => {
    mirrorIds(scope);
    scope.setErrorHandler(async (error, request, reply) => {
      throw withBarsCode(error, request, reply);
    });
    scope.setNotFoundHandler((request, reply) => {
      if (request.method === 'POST') throw rejected(404, 'not-found', 'there is nothing here');
      reply.header('allow', 'POST');
      throw rejected(405, 'not-supported', 'only POST is served here');
    });
    scope.post('', async (request, reply) => {
      const { requestId, identifier } = readIds(request);
      const version = versionFor(request);
      requireFhirJson(request);
      const organisation = readOrganisation(request);
      const body = bodyOf(request);
      const { tree, contentHash } = readJson(body);
      const bundle = asBundle(tree);
      const { ods, endpoint } = senderNames(bundle);
      const name = organisation ?? ods ?? endpoint ?? '';
      const system = await senderOf(ctx, request.recipient, [name], organisation ?? ods);
      const origin = {
        channel: 'bars',
        contentType: 'application/fhir+json',
        source: 'bars-referral',
        ...traceOf(request),
      } as const;
      const answer = await take({ ...origin, system, body, identifier, contentHash });
      const { duplicate, status } = answer;
      if (duplicate && status === 'accepted')
        throw rejected(409, 'duplicate', 'this message has been processed already');
      refuseUnlessAccepted(answer);
      reply.type(`application/fhir+json; charset=utf-8; version=${version}`);
      return answerBundle(ctx, answer, bundle, requestId);
    });
  };
  app.register(part, { prefix: '/fhir/$process-message' });
}

/**
 * https://hl7.org/fhir/R4/messaging.html#response. It names the message and how much of it was stored, and
 * gives the referral back as it was sent, with the id by which it can be read, changed and answered; never
 * whom it is about.
 */
function answerBundle(ctx: Context, answer: Answer, sent: Bundle | null, requestId: string): Bundle {
  const { messageId, units, referral } = answer;
  const { PUBLIC_URL, HOST, PORT } = ctx.config;
  const base = PUBLIC_URL ?? `http://${HOST}:${PORT}`;
  const request = headerOfBundle(sent);
  const asked = referral === undefined ? undefined : focusOf(sent);
  const given = asked && {
    fullUrl: `${base}/fhir/ServiceRequest/${referral}`,
    resource: { ...asked, id: referral },
  };
  const text = `stored as message ${messageId}, ${units.length} source record${units.length === 1 ? '' : 's'}`;
  const stored: Issue = { severity: 'information', code: 'informational', text };
  const outcome = `urn:uuid:${randomUUID()}`;
  const header: MessageHeader = {
    resourceType: 'MessageHeader',
    id: randomUUID(),
    ...(request?.eventCoding ? { eventCoding: request.eventCoding } : { eventUri: request?.eventUri }),
    ...(request?.source?.endpoint ? { destination: [{ endpoint: request.source.endpoint }] } : {}),
    source: { name: 'Skein', endpoint: `${base}/fhir/$process-message` },
    ...(given ? { focus: [{ reference: given.fullUrl }] } : {}),
    response: {
      // BaRS correlates by the Bundle.
      identifier: sent?.id ?? request?.id ?? requestId,
      code: 'ok',
      details: { reference: outcome },
    },
  };
  return {
    resourceType: 'Bundle',
    id: randomUUID(),
    identifier: { system: 'https://skein.example/Id/message', value: messageId },
    type: 'message',
    timestamp: new Date().toISOString(),
    entry: [
      { fullUrl: `urn:uuid:${header.id}`, resource: header },
      ...(given ? [given] : []),
      { fullUrl: outcome, resource: toOutcome([stored, ...units.flatMap(({ issues }) => issues)]) },
    ],
  };
}

/** 413 and 415 have no code of their own. */
const CODES: Record<number, string> = {
  400: 'REC_BAD_REQUEST',
  401: 'REC_UNAUTHORIZED',
  403: 'REC_FORBIDDEN',
  404: 'REC_NOT_FOUND',
  405: 'REC_METHOD_NOT_ALLOWED',
  406: 'REC_NOT_ACCEPTABLE',
  408: 'REC_TIMEOUT',
  409: 'REC_CONFLICT',
  413: 'REC_BAD_REQUEST',
  415: 'REC_BAD_REQUEST',
  422: 'REC_UNPROCESSABLE_ENTITY',
  500: 'REC_SERVER_ERROR',
  503: 'REC_SERVICE_UNAVAILABLE',
};

function withBarsCode(error: unknown, request: FastifyRequest, reply: FastifyReply): Rejected {
  const cause = refusedBody(error);
  if (cause instanceof Rejected) {
    return new Rejected(cause.status, cause.issues, {
      cause,
      bars: CODES[cause.status] ?? 'REC_BAD_REQUEST',
    });
  }
  const transient = isTransient(cause);
  request.log[transient ? 'warn' : 'error']({
    event: transient ? 'http.unavailable' : 'http.bug',
    err: cause,
  });
  if (transient) reply.header('retry-after', '1');
  const issue: Issue = transient
    ? { severity: 'error', code: 'transient', text: 'not now: nothing was stored, send it again' }
    : { severity: 'error', code: 'exception', text: 'an error of ours: it has been logged' };
  const bars = transient ? 'REC_SERVICE_UNAVAILABLE' : 'REC_SERVER_ERROR';
  return new Rejected(transient ? 503 : 500, [issue], { cause, bars });
}
