/**
 * What every answer to a caller of the Booking and Referral Standard has: its own two ids, and the version of
 * BaRS Core that both know. Minor versions are compatible:
 * https://simplifier.net/guide/nhsbookingandreferralstandard
 */
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { Rejected } from '../errors.ts';

/** The newest minor version of 1 that is known here. */
const NEWEST = 6;
const IDS = ['x-request-id', 'x-correlation-id'];
const JSON_TYPE = /^(\*\/\*|application\/(\*|json|fhir\+json))$/;

/** Gives both ids back with every answer of a scope, whatever it is. */
export function mirrorIds(scope: FastifyInstance): void {
  scope.addHook('onSend', async (request, reply) => {
    for (const name of IDS) {
      const value = request.headers[name];
      if (typeof value === 'string') reply.header(name, value);
    }
  });
}

/**
 * Of a scope that others than BaRS callers ask, too: who sends a correlation id is answered by the standard.
 */
export function serveBars(scope: FastifyInstance): void {
  mirrorIds(scope);
  scope.addHook('onRequest', async (request) => {
    if (isCaller(request)) versionFor(request);
  });
  scope.addHook('onSend', async (request, reply) => {
    const type = String(reply.getHeader('content-type') ?? '');
    if (isCaller(request) && reply.statusCode < 300 && type.startsWith('application/fhir+json'))
      reply.type(`${type}; version=${versionFor(request)}`);
  });
}

const isCaller = ({ headers }: FastifyRequest) => headers['x-correlation-id'] !== undefined;

/**
 * The version to answer in: the newest that both know of those that `Accept` names (`application/fhir+json;
 * version=1.4.0`), else of the one that the content is in, else of our own. Throws Rejected(406) where every
 * type or version asked for is another, and Rejected(415) where the content is in another.
 */
export function versionFor({ headers }: FastifyRequest): string {
  const sent = readRange(headers['content-type'] ?? '').version;
  if (sent && sent.major !== 1) throw refuse(415, 'not-supported', 'REC_BAD_REQUEST', 'Content-Type');
  const ranges = (headers.accept || '*/*').split(',').map(readRange);
  const fits = ranges.filter(
    ({ type, version }) => JSON_TYPE.test(type) && (!version || version.major === 1),
  );
  if (fits.length === 0) throw refuse(406, 'processing', 'REC_NOT_ACCEPTABLE', 'Accept');
  const asked = fits.flatMap(({ version }) => version?.minor ?? []);
  const wanted = asked.length > 0 ? Math.max(...asked) : (sent?.minor ?? NEWEST);
  return `1.${Math.min(wanted, NEWEST)}.0`;
}

function readRange(range: string): { type: string; version: { major: number; minor: number } | undefined } {
  const [type = '', ...parameters] = range.split(';').map((part) => part.trim().toLowerCase());
  const said = parameters.find((parameter) => parameter.startsWith('version='));
  if (said === undefined) return { type, version: undefined };
  const [, major, minor = '0'] = /^version="?(\d{1,3})(?:\.(\d{1,3}))?(?:[.-][\w.-]*)?"?$/.exec(said) ?? [];
  return { type, version: { major: Number(major ?? Number.NaN), minor: Number(minor) } };
}

function refuse(status: number, code: string, bars: string, field: string): Rejected {
  const text = `only application/fhir+json; version=1.${NEWEST}.0 and older versions of 1 are served`;
  return new Rejected(status, [{ severity: 'error', code, field, text }], { bars });
}
