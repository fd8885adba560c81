/** An issuer of tokens of people, and what it issues: made by Node alone, also such as no library would make. */
import { constants, createHmac, generateKeyPairSync, type KeyObject, randomUUID, sign } from 'node:crypto';
import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { encode, inSeconds } from './clients.ts';

export const ISSUER = 'https://identity.test/realms/care';
export const AUDIENCE = 'skein-test';

export type HumanAlg = 'RS256' | 'RS384' | 'RS512' | 'PS256' | 'ES256' | 'ES384';
export type HumanPair = { kid: string; alg: string; privateKey: KeyObject; jwk: Record<string, unknown> };

export function newHumanPair(kid: string, alg: HumanAlg = 'ES256'): HumanPair {
  const { privateKey, publicKey } = alg.startsWith('ES')
    ? generateKeyPairSync('ec', { namedCurve: alg === 'ES256' ? 'P-256' : 'P-384' })
    : generateKeyPairSync('rsa', { modulusLength: 2_048 });
  return { kid, alg, privateKey, jwk: { ...publicKey.export({ format: 'jwk' }), kid, alg, use: 'sig' } };
}

/** Who it is of: subject, ODS code and role code of the role selected. */
export type Who = { sub: string; organisation: string; role: string; name?: string };
/** Parts that replace those of a good token; undefined leaves one out. `as`: how it is signed whatever alg says. */
export type HumanParts = { header?: object; claims?: object; as?: string | Buffer };

export function humanToken(
  pair: HumanPair,
  who: Who,
  { header = {}, claims = {}, as }: HumanParts = {},
): string {
  const role = { person_roleid: '555', org_code: who.organisation, role_code: `S0010:G0020:${who.role}` };
  const own = {
    sub: who.sub,
    name: who.name ?? 'Sample Person',
    selected_roleid: '555',
    nhsid_nrbac_roles: [role],
  };
  const times = { iat: inSeconds(-5), exp: inSeconds(600), jti: randomUUID() };
  const all = { iss: ISSUER, aud: AUDIENCE, ...own, ...times, ...claims };
  const head = { alg: pair.alg, kid: pair.kid, typ: 'JWT', ...header };
  const text = [head, all].map((part) => encode(JSON.stringify(part))).join('.');
  return `${text}.${signText(text, pair.privateKey, as ?? pair.alg)}`;
}

export function signText(text: string, key: KeyObject, as: string | Buffer): string {
  if (as === 'none') return '';
  if (typeof as !== 'string') return createHmac('sha256', as).update(text).digest('base64url');
  const pss = { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: 32 };
  const how = as.startsWith('ES') ? { dsaEncoding: 'ieee-p1363' as const } : as.startsWith('PS') ? pss : {};
  return sign(`sha${as.slice(2)}`, Buffer.from(text), { key, ...how }).toString('base64url');
}

/** One line of the file that says who may do what. */
export type MayDo = { organisation: string; role: string; team: string; may: string[] };

/** The settings of an installation that asks these people who they are. */
export async function askingPeople(pairs: HumanPair[], roles: MayDo[]): Promise<Record<string, string>> {
  const folder = await mkdtemp(join(tmpdir(), 'skein-test-'));
  const [keys, file] = [join(folder, 'jwks.json'), join(folder, 'roles.yaml')];
  await writeFile(keys, JSON.stringify({ keys: pairs.map(({ jwk }) => jwk) }));
  await writeFile(file, JSON.stringify({ roles }));
  return { HUMAN_ISSUER: ISSUER, HUMAN_AUDIENCE: AUDIENCE, HUMAN_JWKS: keys, HUMAN_ROLES: file };
}
