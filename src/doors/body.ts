/** The one way to a JSON body: read by the guarded parser, for every route that takes a tree. */
import type { FastifyInstance } from 'fastify';
import { parseJson } from '../formats/json.ts';

/** FHIR is JSON: https://hl7.org/fhir/R4/http.html#mime-type */
const JSON_TYPES = ['application/fhir+json', 'application/json'];

/**
 * Puts our parser in place of the server's: the same limits (depth, repeated and reserved names, NUL) hold
 * for a Subscription as for a message. Ways in that keep the exact bytes have parsers of their own, and call
 * `parseJson` later. Anything else is 415.
 */
export function readJsonBodies(app: FastifyInstance): void {
  app.removeAllContentTypeParsers();
  app.addContentTypeParser(JSON_TYPES, { parseAs: 'buffer' }, async (_request: unknown, body: Buffer) =>
    parseJson(body),
  );
}
