/** https://hl7.org/fhir/R4/http.html#transaction */
import type { Bundle, BundleEntry } from '@medplum/fhirtypes';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { Context } from '../../context.ts';
import { acceptJson } from '../../fhir/accept.ts';
import { toOutcome } from '../../fhir/outcome.ts';
import type { Answer, Issue } from '../../model.ts';
import { identifierOf, senderOf } from '../hl7/sender.ts';
import type { Take } from '../intake.ts';
import { readOrganisation } from './bars-headers.ts';
import { answerBatch } from './batch.ts';
import { asBundle } from './bundle.ts';
import { readJson } from './content-hash.ts';
import { bodyOf, headerOf, refuseUnlessAccepted, rejected, requireFhirJson, traceOf } from './request.ts';

/**
 * A transaction, or a batch. A retry repeats the body, or its Idempotency-Key, and gets the stored answer.
 */
export function registerTransaction(app: FastifyInstance, ctx: Context, take: Take): void {
  app.post('/fhir', { onRequest: acceptJson }, async (request, reply) => {
    requireFhirJson(request);
    refusePreconditions(request);
    const body = bodyOf(request);
    const { tree, contentHash } = readJson(body);
    const bundle = asBundle(tree);
    if (bundle?.type === 'batch') {
      reply.type('application/fhir+json; charset=utf-8');
      return answerBatch(app, request, bundle);
    }
    const identifier = identifierOf(headerOf(request, 'idempotency-key') || contentHash);
    const ods = readOrganisation(request);
    const system = await senderOf(ctx, request.recipient, [ods ?? ''], ods);
    const origin = { channel: 'fhir', contentType: 'application/fhir+json', source: 'fhir-r4' } as const;
    const message = { ...origin, system, body, identifier, contentHash, ...traceOf(request) };
    const answer = await take(message);
    refuseUnlessAccepted(answer);
    reply.type('application/fhir+json; charset=utf-8');
    return answerTransaction(answer, bundle);
  });
}

/** One entry per entry sent, without locations: who it was matched to is not the sender's to know. */
function answerTransaction({ messageId, units }: Answer, sent: Bundle | null): Bundle {
  const issues = units.flatMap((unit) => unit.issues);
  const stored: Issue = {
    severity: 'information',
    code: 'informational',
    text: `stored as message ${messageId}`,
  };
  const entry = (sent?.entry ?? []).map(({ request }, index): BundleEntry => {
    const own = issues.filter((issue) => entryOf(issue) === index);
    const isKnown = own.some(({ code, severity }) => code === 'duplicate' && severity === 'information');
    const status = request?.method === 'PUT' || isKnown ? '200' : '201';
    return { response: { status, outcome: toOutcome([stored, ...own]) } };
  });
  return { resourceType: 'Bundle', type: 'transaction-response', entry };
}

/** A Bundle has no version, and its entries say their own conditions: one that is not seen is not kept to. */
function refusePreconditions(request: FastifyRequest): void {
  const name = PRECONDITIONS.find((one) => headerOf(request, one.toLowerCase()) !== undefined);
  if (name)
    throw rejected(400, 'not-supported', `${name} is of one resource: say it in the request of an entry`);
}

const PRECONDITIONS = [
  'If-Match',
  'If-None-Match',
  'If-None-Exist',
  'If-Modified-Since',
  'If-Unmodified-Since',
];

/**
 * The entry an issue is about (`/entry/2/resource/…`, `Bundle.entry[2]…`); what names none is told with the
 * first.
 */
function entryOf({ field = '', expression = '' }: Issue): number {
  const [, pointer, path] =
    /^\/entry\/(\d+)|Bundle\.entry\[(\d+)\]/.exec(field) ?? /()Bundle\.entry\[(\d+)\]/.exec(expression) ?? [];
  return Number(pointer || path || 0);
}
