/** The one way to a JSON body, read by the guarded parser, and to that of a form; and past any body. */
import type { FastifyInstance, FastifyRequest } from 'fastify';
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

export const FORM_TYPE = 'application/x-www-form-urlencoded';

/** Of any other type nothing is read: 415. `most`: bytes. */
export function readFormBodies(app: FastifyInstance, most: number): void {
  app.removeAllContentTypeParsers();
  app.addContentTypeParser(FORM_TYPE, { parseAs: 'string', bodyLimit: most }, (_request, body, done) =>
    done(null, body),
  );
}

/** A form as it came, for `readPairs`; '' where there is none. */
export const formOf = ({ body }: Pick<FastifyRequest, 'body'>): string =>
  typeof body === 'string' ? body : '';

/** Whatever comes is taken, and nothing of it is read: for what needs no body, and must not fail for one. */
export function ignoreBodies(app: FastifyInstance, most: number): void {
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', { parseAs: 'buffer', bodyLimit: most }, (_request, _body, done) =>
    done(null, undefined),
  );
}
