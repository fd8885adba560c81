import { randomUUID } from 'node:crypto';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Rejected } from '../../errors.ts';
import { formatOf } from '../../formats/media-types.ts';
import type { Answer, Issue } from '../../model.ts';
import { traceparentOf } from '../../observe/trace.ts';

/** Larger than any message seen, small enough to hold many at once. MLLP has the same limit. */
export const MAX_BODY_BYTES = 5 * 1024 * 1024;

/** Marks a request that a batch makes, which is in the place of its batch. Known to this process alone. */
export const OF_BATCH = { name: 'x-skein-of-batch', value: randomUUID() };

/** The raw body; empty where none was sent. */
export function bodyOf(request: FastifyRequest): Buffer {
  return Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0);
}

export function headerOf(request: FastifyRequest, name: string): string | undefined {
  const value = request.headers[name];
  return Array.isArray(value) ? value[0] : value;
}

/** The trace that its sender began, for a message. */
export function traceOf(request: FastifyRequest): { trace?: string } {
  const trace = traceparentOf(headerOf(request, 'traceparent'));
  return trace ? { trace } : {};
}

export function requireFhirJson(request: FastifyRequest): void {
  const format = formatOf(headerOf(request, 'content-type') ?? '');
  if (format === 'fhir' || format === 'json') return;
  const xml = format === 'xml' ? '; NHS birth notifications in XML go to /intake/{system}' : '';
  throw rejected(415, 'not-supported', `send application/fhir+json${xml}`);
}

/** What Fastify says of a body it does not take, as ours; anything else as it is. */
export function refusedBody(error: unknown): unknown {
  const { statusCode } = error as { statusCode?: number };
  if (error instanceof Rejected || !statusCode || statusCode >= 500) return error;
  if (statusCode === 413)
    return rejected(413, 'too-long', `the body is larger than ${MAX_BODY_BYTES} bytes`, error);
  if (statusCode === 415) return rejected(415, 'not-supported', 'the Content-Type cannot be read', error);
  return rejected(statusCode, 'structure', 'the request cannot be read', error);
}

export function rejected(status: number, code: string, text: string, cause?: unknown): Rejected {
  return new Rejected(status, [{ severity: 'error', code, text }], { cause });
}

/** Nothing but an accepted message is a success: conflict 409, else as STATUS says. */
export function refuseUnlessAccepted({ status, conflict, messageId, units }: Answer): void {
  if (conflict) throw rejected(409, 'conflict', 'this id was used before for other content');
  if (status === 'accepted') return;
  const kept: Issue = {
    severity: 'information',
    code: 'informational',
    text: `kept as message ${messageId}, not processed`,
  };
  throw new Rejected(STATUS[status](units), [...units.flatMap(({ issues }) => issues), kept]);
}

/** Of a fault of ours: 503 where somebody here has to load something, 500 where we have to mend something. */
const faultStatus = (units: Answer['units']) =>
  units.some(({ issues }) => issues.some(({ code }) => code === 'exception')) ? 500 : 503;

/** 403 of one that its system may not write, which is not kept. */
const refusalStatus = (units: Answer['units']) =>
  units.every(({ issues }) => issues.some(({ code }) => code === 'forbidden')) ? 403 : 400;

/** Kept here and not taken yet: a retry sooner than this finds nothing else. */
const LOAD_SECONDS = '60';

export function sendStatus(reply: FastifyReply, status: number): FastifyReply {
  return status === 503 ? reply.code(503).header('retry-after', LOAD_SECONDS) : reply.code(status);
}

/** The HTTP status of what became of a message. */
export const STATUS: Record<Answer['status'], (units: Answer['units']) => number> = {
  accepted: () => 200,
  held: () => 422,
  rejected: refusalStatus,
  failed: faultStatus,
  ignored: () => 200,
};
