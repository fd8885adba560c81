/**
 * Whether a token proves who a person is: an access token of OpenID Connect in the shape of NHS CIS2
 * (docs/adr/0026-human-identity.md), https://www.rfc-editor.org/rfc/rfc9068#section-4
 */
import { z } from 'zod';
import type { Human } from '../../model.ts';
import { readJwt } from '../authenticate/jwt.ts';
import type { KeyOwner, KeySets } from '../authenticate/key-sets.ts';
import { type Fault, fault, headerFaults, keyFaults } from '../authenticate/signature.ts';
import { HUMAN_ALGORITHMS } from '../register/key-set.ts';

/** Who vouches for people: `system.name` is its `iss`. */
export type Issuer = KeyOwner & { audience: string };
/** `now`: milliseconds. */
export type Checking = { issuer: Issuer; keySets: KeySets; now: number };
/** Who it is of, and in which role; what that may do is another question. */
export type Known = Omit<Human, 'may'>;

/** From `iat` to `exp`. */
const LONGEST_SECONDS = 900;
/** Clocks may differ by so much. */
const SKEW_SECONDS = 30;
const TAKEN = {
  algorithms: HUMAN_ALGORITHMS,
  types: ['JWT', 'AT+JWT', 'APPLICATION/AT+JWT'],
  whose: 'the issuer',
};

const text = z.string().max(256);
const seconds = z.number().finite();
/**
 * https://digital.nhs.uk/services/care-identity-service : the roles that a person has, one of them selected.
 */
const Role = z.object({ person_roleid: text, org_code: text, role_code: text });
const Claims = z.object({
  iss: text.optional(),
  sub: text.optional(),
  aud: z.union([text, z.array(text)]).optional(),
  exp: seconds.optional(),
  iat: seconds.optional(),
  nbf: seconds.optional(),
  name: text.optional(),
  selected_roleid: text.optional(),
  nhsid_nrbac_roles: z.array(Role).max(100).optional(),
});
type Claims = z.infer<typeof Claims>;

/**
 * Gives one fault after the other, and at its end who it is, or null where there was any fault. Who only
 * decides stops at the first; who explains goes on.
 */
export async function* examineHuman(
  { issuer, keySets, now }: Checking,
  token: string,
): AsyncGenerator<Fault, Known | null, undefined> {
  const parts = readJwt(token, Claims);
  if (!parts) {
    yield fault(
      'malformed',
      'it is no signed JWT: three parts of base64url, the first two JSON objects, their claims of the usual types',
    );
    return null;
  }
  const { header, claims } = parts;
  const faults = [
    ...headerFaults(header, TAKEN),
    ...issuerFaults(claims, issuer),
    ...timeFaults(claims, now / 1_000),
    ...personFaults(claims),
  ];
  yield* faults;
  const signed = { text: token, header, owner: issuer };
  let wrong = faults.length;
  for await (const one of keyFaults(keySets, signed, TAKEN)) {
    wrong++;
    yield one;
  }
  return wrong > 0 ? null : knownBy(claims);
}

function* issuerFaults({ iss, aud }: Claims, { system, audience }: Issuer): Generator<Fault> {
  if (iss !== system.name) yield fault('iss', `iss is "${iss ?? ''}", and HUMAN_ISSUER "${system.name}"`);
  if ([aud].flat().length !== 1 || [aud].flat()[0] !== audience)
    yield fault('aud', `aud is "${[aud].flat().join(' ')}", and HUMAN_AUDIENCE "${audience}"`);
}

function* timeFaults({ exp, iat, nbf }: Claims, now: number): Generator<Fault> {
  const by = (time: number) => `${Math.abs(Math.round(time - now))} seconds`;
  if (exp === undefined) yield fault('exp-missing', 'there is no exp, in seconds since 1970');
  else if (exp <= now - SKEW_SECONDS) yield fault('exp-past', `exp was ${by(exp)} ago by the clock here`);
  if (iat === undefined) yield fault('iat-missing', 'there is no iat, in seconds since 1970');
  else if (iat > now + SKEW_SECONDS) yield fault('iat', `iat is in ${by(iat)} by the clock here`);
  if (exp !== undefined && iat !== undefined && exp - iat > LONGEST_SECONDS)
    yield fault('exp-far', `it is for ${exp - iat} seconds: at most ${LONGEST_SECONDS} are taken`);
  if (nbf !== undefined && nbf > now + SKEW_SECONDS)
    yield fault('nbf', `nbf is in ${by(nbf)} by the clock here`);
}

function* personFaults(claims: Claims): Generator<Fault> {
  if (!claims.sub) yield fault('sub-missing', 'there is no sub');
  if (!selectedOf(claims)) yield fault('role-missing', 'selected_roleid names none of its nhsid_nrbac_roles');
}

const selectedOf = ({ selected_roleid, nhsid_nrbac_roles = [] }: Claims) =>
  nhsid_nrbac_roles.find(({ person_roleid }) => person_roleid === selected_roleid);

/**
 * Who it is of by claims that were proved already, such as those of an ID token with what the issuer adds on
 * request. Null where they are not of this shape, or name no role.
 */
export function personOf(claims: unknown): Known | null {
  const { data } = Claims.safeParse(claims);
  return data ? knownBy(data) : null;
}

/** `role_code` is `S0010:G0020:R8000`: staff group, sub-group, role. */
function knownBy(claims: Claims): Known | null {
  const { iss: issuer, sub: subject, name = null } = claims;
  const role = selectedOf(claims);
  if (!issuer || !subject || !role) return null;
  const code = role.role_code.split(':').at(-1) ?? '';
  return { issuer, subject, name, role: code, organisation: role.org_code.toUpperCase() };
}
