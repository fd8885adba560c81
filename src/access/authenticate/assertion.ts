/**
 * Whether a signed JWT proves that a client is who it says: https://www.rfc-editor.org/rfc/rfc7523#section-3,
 * https://hl7.org/fhir/smart-app-launch/STU2.2/client-confidential-asymmetric.html#signature-verification
 */
import { compactVerify, errors, importJWK } from 'jose';
import { z } from 'zod';
import { Rejected } from '../../errors.ts';
import { parseJson } from '../../formats/json.ts';
import type { Db } from '../../store/pool.ts';
import { type Client, findClient } from '../register/clients.ts';
import { ALGORITHMS, type Key } from '../register/key-set.ts';
import type { KeySets } from './key-sets.ts';
import type { Used } from './tokens.ts';

/** `audience`: the URL of the token endpoint. `now`: milliseconds. */
export type Checking = { db: Db; keySets: KeySets; audience: string; now: number };

/** `code` is for the log; `words` are for the operator alone, since they repeat what the assertion says. */
export type Fault = { code: string; words: string };
/** A client that has proved who it is; `used` must still be taken once. */
export type Proof = { client: Client; used: Used };

const LONGEST_SECONDS = 300;
const MOST_CHARACTERS = 8_192;
type Algorithm = (typeof ALGORITHMS)[number];

const Header = z.object({
  alg: z.string(),
  kid: z.string().optional(),
  typ: z.string().optional(),
  jku: z.string().optional(),
  crit: z.unknown().optional(),
});
const name = z.string().min(1).max(256);
const seconds = z.number().finite();
const Claims = z.object({
  iss: name,
  sub: z.string().optional(),
  aud: z.union([z.string(), z.array(z.string())]).optional(),
  exp: seconds.optional(),
  nbf: seconds.optional(),
  jti: name.optional(),
});
type Header = z.infer<typeof Header>;
type Claims = z.infer<typeof Claims>;

/**
 * Gives one fault after the other, and at its end the proof, or null where there was any fault. Who only
 * decides stops at the first; who explains goes on.
 */
export async function* examine(
  checking: Checking,
  text: string,
): AsyncGenerator<Fault, Proof | null, undefined> {
  const { header, claims } = readParts(text) ?? {};
  if (!header || !claims) {
    yield fault(
      'malformed',
      'it is no signed JWT: three parts of base64url, the first two JSON objects with alg and iss',
    );
    return null;
  }
  const all = faultsOf(checking, text, { header, claims });
  let [faults, next] = [0, await all.next()];
  for (; !next.done; faults++, next = await all.next()) yield next.value;
  const client = next.value;
  const { iss, jti, exp } = claims;
  if (faults > 0 || !client || jti === undefined || exp === undefined) return null;
  return { client, used: { clientId: iss, jti, expires: exp } };
}

type Parts = { header: Header; claims: Claims };

/** Gives at its end the client by whose keys it was checked. */
async function* faultsOf(
  checking: Checking,
  text: string,
  parts: Parts,
): AsyncGenerator<Fault, Client | null, undefined> {
  yield* headerFaults(parts.header);
  yield* claimFaults(parts.claims, checking);
  const client = await findClient(checking.db, parts.claims.iss);
  const wrong = clientFault(client);
  if (wrong) yield wrong;
  if (client && (client.jwks || client.jwksUrl)) yield* keyFaults(checking, text, { ...parts, client });
  return client;
}

const fault = (code: string, words: string): Fault => ({ code, words });

/** What an assertion says of itself, nothing of it proved; null where it is none. */
export function readParts(text: string): Parts | null {
  const [header = '', claims = '', signature = '', ...more] = text.split('.');
  const parts = [header, claims, signature];
  if (text.length > MOST_CHARACTERS || more.length > 0 || !parts.every(isExact)) return null;
  const read = [Header.safeParse(readObject(header)).data, Claims.safeParse(readObject(claims)).data];
  const [head, body] = read as [Header | undefined, Claims | undefined];
  return head && body ? { header: head, claims: body } : null;
}

/** Written as base64url writes it: a signature in other letters is another text that means the same. */
const isExact = (part: string) =>
  part !== '' && Buffer.from(part, 'base64url').toString('base64url') === part;

function readObject(part: string): unknown {
  try {
    return parseJson(Buffer.from(part, 'base64url'));
  } catch (error) {
    if (error instanceof Rejected) return undefined;
    throw error;
  }
}

function* headerFaults({ alg, kid, typ, crit }: Header): Generator<Fault> {
  if (!isAlgorithm(alg)) yield fault('alg', `alg is "${alg}": it must be one of ${ALGORITHMS.join(', ')}`);
  if (kid === undefined) yield fault('kid-missing', 'the header names no kid');
  if (typ !== undefined && typ.toUpperCase() !== 'JWT') yield fault('typ', `typ is "${typ}": it must be JWT`);
  if (crit !== undefined) yield fault('crit', 'the header has crit: nothing that must be understood is');
}

const isAlgorithm = (alg: string): alg is Algorithm => (ALGORITHMS as readonly string[]).includes(alg);

function* claimFaults({ iss, sub, aud, exp, nbf, jti }: Claims, checking: Checking): Generator<Fault> {
  const { audience } = checking;
  const now = checking.now / 1_000;
  const by = (time: number) => `${Math.abs(Math.round(time - now))} seconds`;
  if (sub !== iss) yield fault('sub', `sub is "${sub ?? ''}" and iss "${iss}": both are the client id`);
  if ([aud].flat().length !== 1 || [aud].flat()[0] !== audience)
    yield fault('aud', `aud is "${[aud].flat().join(' ')}": it must be exactly "${audience}" (PUBLIC_URL)`);
  if (exp === undefined) yield fault('exp-missing', 'there is no exp, in seconds since 1970');
  else if (exp <= now) yield fault('exp-past', `exp was ${by(exp)} ago by the clock here`);
  else if (exp > now + LONGEST_SECONDS)
    yield fault('exp-far', `exp is in ${by(exp)} by the clock here: at most ${LONGEST_SECONDS} are taken`);
  if (nbf !== undefined && nbf > now) yield fault('nbf', `nbf is in ${by(nbf)} by the clock here`);
  if (jti === undefined) yield fault('jti-missing', 'there is no jti');
}

function clientFault(client: Client | null): Fault | null {
  if (!client) return fault('client-unknown', 'no system of this name is registered: skein system list');
  const { system, jwks, jwksUrl } = client;
  if (system.disabled)
    return fault('client-disabled', `${system.name} is disabled: skein system disable --undo`);
  if (!jwks && !jwksUrl)
    return fault('client-keyless', `${system.name} has no keys: skein system set --jwks or --jwks-url`);
  return null;
}

type Signed = Parts & { client: Client };

async function* keyFaults(checking: Checking, text: string, signed: Signed): AsyncGenerator<Fault> {
  const { header, client } = signed;
  const { alg, kid, jku, crit } = header;
  if (jku !== undefined && jku !== client.jwksUrl) {
    yield fault('jku', `jku is "${jku}", and "${client.jwksUrl ?? 'no URL'}" is registered`);
    return;
  }
  if (kid === undefined || crit !== undefined || !isAlgorithm(alg)) return;
  const { keys, problem } = await checking.keySets.find(client, kid);
  const [key, ...more] = keys.filter((one) => fits(one, alg));
  if (problem !== undefined)
    yield fault('keys-unread', `no keys can be had at ${client.jwksUrl}: ${problem}`);
  else if (keys.length === 0) yield fault('kid-unknown', `no key of the client has the kid "${kid}"`);
  else if (!key || more.length > 0)
    yield fault('key-alg', `not exactly one key of the kid "${kid}" is for ${alg}`);
  else if (!(await isSigned(text, key, alg)))
    yield fault('signature', `it was not signed by the private half of the key "${kid}"`);
}

const fits = ({ kty, alg }: Key, asked: Algorithm): boolean =>
  (kty === 'EC') === (asked === 'ES384') && (alg === undefined || alg === asked);

async function isSigned(text: string, key: Key, alg: Algorithm): Promise<boolean> {
  try {
    await compactVerify(text, await importJWK(key, alg), { algorithms: [alg] });
    return true;
  } catch (error) {
    // A point that is not on the curve is a DOMException: a key that is none signs nothing.
    if (error instanceof errors.JOSEError || error instanceof DOMException) return false;
    throw error;
  }
}
