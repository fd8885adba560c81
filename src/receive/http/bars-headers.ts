import type { FastifyRequest } from 'fastify';
import { Rejected } from '../../errors.ts';
import { parseJson } from '../../formats/json.ts';
import { ODS_CODE } from './bundle.ts';
import { headerOf } from './request.ts';

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

const TARGET = 'nhsd-target-identifier';
/** Each is base64 of JSON, as the target is; the end-user organisation one holds a FHIR Organization. */
const ENCODED = ['nhsd-end-user-organisation', 'nhsd-requesting-software', 'nhsd-requesting-practitioner'];

/**
 * Both ids, which a retry repeats: together they are the message's own id. Throws Rejected(400) without them.
 */
export function readIds(request: FastifyRequest): { requestId: string; identifier: string } {
  const [requestId, correlationId] = ['X-Request-Id', 'X-Correlation-Id'].map((name) => {
    const value = headerOf(request, name.toLowerCase());
    if (value === undefined || value === '')
      throw refuse(400, 'required', name, 'this header is needed: a UUID');
    if (!UUID.test(value)) throw refuse(400, 'value', name, 'not a UUID');
    return value.toLowerCase();
  }) as [string, string];
  return { requestId, identifier: `${requestId}|${correlationId}` };
}

/**
 * The ODS code of the end-user organisation, if one is said. Throws Rejected(400) where an NHSD header is not
 * base64 of JSON, or the target no `{value, system}`.
 */
export function readOrganisation(request: FastifyRequest): string | undefined {
  const target = decode(TARGET, headerOf(request, TARGET)) as
    | { value?: unknown; system?: unknown }
    | undefined;
  const isText = (value: unknown) => typeof value === 'string' && value.trim() !== '';
  if (target && !(isText(target.value) && isText(target.system)))
    throw refuse(400, 'value', TARGET, 'needs a value and a system, both text');
  const [organisation] = ENCODED.map((name) => decode(name, headerOf(request, name)));
  const { identifier } = (organisation ?? {}) as { identifier?: { system?: string; value?: string }[] };
  const found = Array.isArray(identifier)
    ? identifier.find((item) => item?.system === ODS_CODE)?.value
    : undefined;
  return typeof found === 'string' ? found : undefined;
}

function decode(name: string, value: string | undefined): object | undefined {
  if (value === undefined) return undefined;
  if (!/^[A-Za-z0-9+/_-]+={0,2}$/.test(value)) throw refuse(400, 'invalid', name, 'not base64');
  try {
    const decoded = parseJson(Buffer.from(value, 'base64'));
    if (typeof decoded === 'object' && decoded !== null) return decoded;
  } catch (error) {
    if (!(error instanceof Rejected)) throw error;
  }
  throw refuse(400, 'invalid', name, 'not base64 of a JSON object');
}

function refuse(status: number, code: string, field: string, text: string): Rejected {
  return new Rejected(status, [{ severity: 'error', code, field, text }]);
}
