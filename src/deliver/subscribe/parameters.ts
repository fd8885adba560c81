/** Parameters of an operation: in the URL, or in a body of type Parameters. As strict as a search. */
import type { FastifyRequest } from 'fastify';
import { z } from 'zod';
import { lesser } from '../../access/decide/decide.ts';
import { PAYLOADS, type Payload } from '../../access/decide/policy.ts';
import { givenTwice, queryOf } from '../../doors/query.ts';
import { Rejected } from '../../errors.ts';

/** Of every operation: how the answer is written. */
const OF_ANSWER = ['_format', '_pretty'];
/** The one value that a parameter has here is a text or a number. */
const Parameter = z
  .strictObject({
    name: z.string(),
    ...Object.fromEntries(
      [
        'valueString',
        'valueCode',
        'valueId',
        'valueUri',
        'valueInteger',
        'valueUnsignedInt',
        'valuePositiveInt',
      ].map((name) => [name, z.union([z.string(), z.number()]).optional()]),
    ),
  })
  .refine((one) => Object.keys(one).length === 2);
const Parameters = z.strictObject({
  resourceType: z.literal('Parameters'),
  id: z.string().optional(),
  parameter: z.array(z.unknown()).default([]),
});
type Given = Record<string, string[] | undefined>;

/**
 * Query parameters and a Parameters body alike; each may be repeated or hold several values. Throws
 * Rejected(400) for one that is none of `names`, unless the caller would have it left out (`Prefer:
 * handling=lenient`), and for a body that holds more than names and values.
 */
export function parametersOf(request: FastifyRequest, names: string[]): Given {
  const lenient = /\bhandling\s*=\s*lenient\b/.test(String(request.headers.prefer ?? ''));
  const given: Record<string, string[]> = Object.create(null);
  for (const [name, value] of [...queryOf(request), ...inBody(request)]) {
    if (names.includes(name)) given[name] = [...(given[name] ?? []), ...value.split(',')];
    else if (!lenient && !OF_ANSWER.includes(name))
      throw refuse('not-supported', name, `the parameters here are ${[...names, ...OF_ANSWER].join(', ')}`);
  }
  return given;
}

function inBody({ body }: FastifyRequest): [string, string][] {
  if (body === undefined || body === null) return [];
  const read = Parameters.safeParse(body);
  if (!read.success) throw refuse('structure', 'parameter', 'send Parameters');
  return read.data.parameter.map((one, index) => {
    const parameter = Parameter.safeParse(one);
    const text = 'a parameter has a name and one value, a text or a number';
    if (!parameter.success) throw refuse('structure', `parameter[${index}]`, text);
    const { name, ...values } = parameter.data;
    return [name, String(Object.values(values)[0])];
  });
}

/** Of a parameter that has one value. */
export function singleOf(given: Given, name: string): string | undefined {
  const values = given[name] ?? [];
  if (values.length > 1) throw givenTwice(name);
  return values[0];
}

/** Ids, each with or without its type; what is no id of ours is of no subscription. */
export function uuidsOf(ids: string[]): string[] {
  return ids
    .map((id) => id.replace(/^Subscription\//, ''))
    .filter((id) => /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(id));
}

export function numberOf(given: Given, name: string): number | null {
  const text = singleOf(given, name);
  if (text === undefined) return null;
  if (/^\d{1,15}$/.test(text)) return Number(text);
  throw refuse('value', name, `${name} must be an event number`);
}

/** Only narrows what the subscription was granted. */
export function contentOf(given: Given, granted: Payload): Payload {
  const text = singleOf(given, 'content');
  if (text === undefined) return granted;
  const asked = PAYLOADS.find((one) => one === text);
  if (asked) return lesser(asked, granted);
  throw refuse('value', 'content', `content must be one of ${PAYLOADS.join(', ')}`);
}

export function refuse(code: string, field: string, text: string): Rejected {
  return new Rejected(400, [{ severity: 'error', code, field, text }]);
}
