/**
 * Whether a signed JWT proves that a client is who it says: https://www.rfc-editor.org/rfc/rfc7523#section-3,
 * https://hl7.org/fhir/smart-app-launch/STU2.2/client-confidential-asymmetric.html#signature-verification
 */
import { z } from 'zod';
import type { Db } from '../../store/pool.ts';
import { type Client, findClient } from '../register/clients.ts';
import { ALGORITHMS } from '../register/key-set.ts';
import { type Parts as JwtParts, readJwt } from './jwt.ts';
import type { KeySets } from './key-sets.ts';
import { type Fault, fault, headerFaults, keyFaults } from './signature.ts';
import type { Used } from './tokens.ts';

/** `audience`: the URL of the token endpoint. `now`: milliseconds. */
export type Checking = { db: Db; keySets: KeySets; audience: string; now: number };

/** A client that has proved who it is; `used` must still be taken once. */
export type Proof = { client: Client; used: Used };

const LONGEST_SECONDS = 300;
const TAKEN = { algorithms: ALGORITHMS, types: ['JWT'], whose: 'the client' };

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

type Parts = JwtParts<Claims>;

/** Gives at its end the client by whose keys it was checked. */
async function* faultsOf(
  checking: Checking,
  text: string,
  parts: Parts,
): AsyncGenerator<Fault, Client | null, undefined> {
  yield* headerFaults(parts.header, TAKEN);
  yield* claimFaults(parts.claims, checking);
  const client = await findClient(checking.db, parts.claims.iss);
  const wrong = clientFault(client);
  if (wrong) yield wrong;
  const signed = client && { text, header: parts.header, owner: client };
  if (signed && (client.jwks || client.jwksUrl)) yield* keyFaults(checking.keySets, signed, TAKEN);
  return client;
}

/** What an assertion says of itself, nothing of it proved; null where it is none. */
export const readParts = (text: string): Parts | null => readJwt(text, Claims);

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
