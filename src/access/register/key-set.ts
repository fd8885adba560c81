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

/** What tokens of people are signed with (docs/adr/0026-human-identity.md). */
export const HUMAN_ALGORITHMS = ['RS256', 'RS384', 'RS512', 'PS256', 'ES256', 'ES384'] as const;
const CURVES: Record<string, string> = { ES256: 'P-256', ES384: 'P-384' };
/** Of an algorithm; undefined where its keys are RSA. */
export const curveOf = (alg: string): string | undefined => CURVES[alg];

const MOST_KEYS = 20;
/** Members that only a private or a shared key has. */
const SECRET = ['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k'];
const number = z.string().regex(/^[\w-]+$/);
const bitsOf = (text: string) => Buffer.from(text, 'base64url').length * 8;

/** Of keys by which a token can be checked that is signed with one of these; other members are not kept. */
function shapeOf(algorithms: readonly string[]) {
  const common = {
    kid: z.string().min(1).max(256),
    alg: z.enum(algorithms as string[]).optional(),
    use: z.literal('sig').optional(),
  };
  const crv = z.enum(curvesOf(algorithms));
  return z.discriminatedUnion('kty', [
    z.object({
      ...{ kty: z.literal('RSA'), e: number, ...common },
      n: number.refine((n) => bitsOf(n) >= 2_048 && bitsOf(n) <= 8_192, 'a key of 2048 to 8192 bits'),
    }),
    z.object({ kty: z.literal('EC'), crv, x: number, y: number, ...common }),
  ]);
}

const curvesOf = (algorithms: readonly string[]) => algorithms.flatMap((alg) => CURVES[alg] ?? []);

/** A public key. */
export type Key = z.infer<ReturnType<typeof shapeOf>>;
export type KeySet = { keys: Key[] };

const Keys = z.object({ keys: z.array(z.record(z.string(), z.unknown())).min(1).max(MOST_KEYS) });

/**
 * Reads a set that is to be registered: every key of it must be good. Throws Rejected 422, 400 where it is no
 * JSON.
 */
export async function readKeySet(text: Buffer, algorithms: readonly string[] = ALGORITHMS): Promise<KeySet> {
  const shape = shapeOf(algorithms);
  const keys: Key[] = [];
  for (const [index, given] of membersOf(text).entries()) {
    if (isSecret(given))
      throw wrong(index, 'is a private key: make another pair, and register its public half');
    const { data, error } = shape.safeParse(given);
    if (!data) throw wrong(index, describe(error, curvesOf(algorithms)));
    await importJWK(data, data.kty !== 'EC' ? 'RS384' : data.crv === 'P-256' ? 'ES256' : 'ES384').catch(
      (cause: unknown) => {
        throw wrong(index, 'is no key', cause);
      },
    );
    if (keys.some(({ kid }) => kid === data.kid)) throw wrong(index, `has the kid of another: ${data.kid}`);
    keys.push(data);
  }
  return { keys };
}

/**
 * The keys of a set that somebody else keeps: those that cannot check an assertion are left out. Throws
 * Rejected as `readKeySet` where it is no set at all.
 */
export function readOthersKeySet(text: Buffer, algorithms: readonly string[] = ALGORITHMS): KeySet {
  const shape = shapeOf(algorithms);
  const keys = membersOf(text).flatMap((given) =>
    isSecret(given) ? [] : (shape.safeParse(given).data ?? []),
  );
  return { keys };
}

function membersOf(text: Buffer): Record<string, unknown>[] {
  const { data } = Keys.safeParse(parseJson(text));
  if (!data) throw rejected(422, 'value', `a JWK Set is an object with "keys": 1 to ${MOST_KEYS} of them`);
  return data.keys;
}

const isSecret = (given: object) => SECRET.some((name) => name in given);

function describe({ issues: [issue] }: z.ZodError, curves: string[]): string {
  const place = issue?.path.join('.') || 'kty';
  return `has no ${place} that is understood: ${issue?.message}; RSA of 2048 bits or more, or EC of ${curves.join(' or ')}, with kid`;
}

const wrong = (index: number, text: string, cause?: unknown) =>
  rejected(422, 'value', `key ${index + 1} of the set ${text}`, { cause });
