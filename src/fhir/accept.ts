import type { FastifyRequest } from 'fastify';
import { oneOf, queryOf } from '../doors/query.ts';
import { rejected } from '../errors.ts';

export const FHIR_JSON = 'application/fhir+json';

const JSON_TYPES = /^(application\/(fhir\+json|json|json\+fhir|\*)|text\/json|\*\/\*)$/;

/** Refuses (406) a request for anything but JSON; `_format` outranks Accept.
 * https://hl7.org/fhir/R4/http.html#mime-type */
export async function acceptJson(request: FastifyRequest): Promise<void> {
  const format = oneOf(queryOf(request), '_format');
  const wanted =
    format === undefined ? (request.headers.accept ?? '*/*').split(',') : [format.replace(' ', '+')];
  const types = wanted.map((type) => (type.split(';')[0] as string).trim().toLowerCase());
  if (types.some((type) => type === '' || (format !== undefined && type === 'json') || JSON_TYPES.test(type)))
    return;
  const field = format ? '_format' : 'Accept';
  throw rejected(406, 'not-supported', `only ${FHIR_JSON} is served`, { field });
}
