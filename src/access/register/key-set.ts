/**
 * The public keys of a client, as a JWK Set: https://www.rfc-editor.org/rfc/rfc7517, and what SMART asks of
 * each: https://hl7.org/fhir/smart-app-launch/STU2.2/client-confidential-asymmetric.html
 */
import { importJWK } from 'jose';
import { z } from 'zod';
import { rejected } from '../../errors.ts';
import { parseJson } from '../../formats/json.ts';

/** RS512 is what the NHS asks of signed JWTs; the other two are SMART's. */
export const ALGORITHMS = ['RS384', 'ES384', 'RS512'] as const;

const MOST_KEYS = 20;
/** Members that only a private or a shared key has. */
const SECRET = ['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k'];
const number = z.string().regex(/^[\w-]+$/);
const bitsOf = (text: string) => Buffer.from(text, 'base64url').length * 8;

const common = {
  kid: z.string().min(1).max(256),
  alg: z.enum(ALGORITHMS).optional(),
  use: z.literal('sig').optional(),
};
const Rsa = z.object({
  ...{ kty: z.literal('RSA'), e: number, ...common },
  n: number.refine((n) => bitsOf(n) >= 2_048 && bitsOf(n) <= 8_192, 'a key of 2048 to 8192 bits'),
});
const Elliptic = z.object({ kty: z.literal('EC'), crv: z.literal('P-384'), x: number, y: number, ...common });
const Key = z.discriminatedUnion('kty', [Rsa, Elliptic]);
/** A public key by which an assertion can be checked; other members are not kept. */
export type Key = z.infer<typeof Key>;
export type KeySet = { keys: Key[] };

const Keys = z.object({ keys: z.array(z.record(z.string(), z.unknown())).min(1).max(MOST_KEYS) });

/**
 * Reads a set that is to be registered: every key of it must be good. Throws Rejected 422, 400 where it is no
 * JSON.
 */
export async function readKeySet(text: Buffer): Promise<KeySet> {
  const keys: Key[] = [];
  for (const [index, given] of membersOf(text).entries()) {
    if (isSecret(given))
      throw wrong(index, 'is a private key: make another pair, and register its public half');
    const { data, error } = Key.safeParse(given);
    if (!data) throw wrong(index, describe(error));
    await importJWK(data, data.kty === 'EC' ? 'ES384' : 'RS384').catch((cause: unknown) => {
      throw wrong(index, 'is no key', cause);
    });
    if (keys.some(({ kid }) => kid === data.kid)) throw wrong(index, `has the kid of another: ${data.kid}`);
    keys.push(data);
  }
  return { keys };
}

/**
 * The keys of a set that somebody else keeps: those that cannot check an assertion are left out. Throws
 * Rejected as `readKeySet` where it is no set at all.
 */
export function readOthersKeySet(text: Buffer): KeySet {
  const keys = membersOf(text).flatMap((given) => (isSecret(given) ? [] : (Key.safeParse(given).data ?? [])));
  return { keys };
}

function membersOf(text: Buffer): Record<string, unknown>[] {
  const { data } = Keys.safeParse(parseJson(text));
  if (!data) throw rejected(422, 'value', `a JWK Set is an object with "keys": 1 to ${MOST_KEYS} of them`);
  return data.keys;
}

const isSecret = (given: object) => SECRET.some((name) => name in given);

function describe({ issues: [issue] }: z.ZodError): string {
  const place = issue?.path.join('.') || 'kty';
  return `has no ${place} that is understood: ${issue?.message}; RSA of 2048 bits or more, or EC of P-384, with kid`;
}

const wrong = (index: number, text: string, cause?: unknown) =>
  rejected(422, 'value', `key ${index + 1} of the set ${text}`, { cause });
