/** How every FHIR read speaks HTTP: https://hl7.org/fhir/R4/http.html */
import type { Resource } from '@medplum/fhirtypes';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { type Config, publicUrl } from '../config.ts';
import { Rejected } from '../errors.ts';
import { FHIR_JSON } from '../fhir/accept.ts';
import { etagOf } from '../fhir/bundle.ts';

/**
 * The base URL in links and in `fullUrl`. From configuration, never from the Host header, which is the
 * caller's to choose.
 */
export function fhirBase(config: Config): string {
  return `${publicUrl(config)}/fhir`;
}

/**
 * One answer for what does not exist, what the recipient may not see, and what is no id at all: telling them
 * apart would tell.
 */
export function notFound(): Rejected {
  return new Rejected(404, [
    { severity: 'error', code: 'not-found', text: 'no such resource is known here' },
  ]);
}

export function sendFhir(reply: FastifyReply, resource: Resource): FastifyReply {
  return reply
    .type(`${FHIR_JSON}; charset=utf-8`)
    .header('cache-control', 'private, no-cache')
    .send(resource);
}

/** Sends one version with ETag and Last-Modified, or 304 to a reader that has it. */
export function sendVersion(request: FastifyRequest, reply: FastifyReply, resource: Resource): FastifyReply {
  const { versionId = '', lastUpdated } = resource.meta ?? {};
  const etag = etagOf(versionId);
  reply.header('etag', etag);
  if (lastUpdated) reply.header('last-modified', new Date(lastUpdated).toUTCString());
  const held = (request.headers['if-none-match'] ?? '')
    .split(',')
    .map((tag) => tag.trim().replace(/^W\//, ''));
  request.given = resource;
  if (held.includes('*') || held.includes(etag.slice(2))) return reply.code(304).send();
  return sendFhir(reply, resource);
}
