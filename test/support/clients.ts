/** Clients of SMART Backend Services: their keys, and assertions made by Node alone, also such as no library would make. */
import { createHmac, generateKeyPairSync, type KeyObject, randomUUID, sign } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

export type Alg = 'RS384' | 'ES384' | 'RS512';
export type Pair = { kid: string; alg: Alg; privateKey: KeyObject; jwk: Record<string, unknown> };

export function newPair(kid: string, alg: Alg = 'ES384', bits = 2_048): Pair {
  const { privateKey, publicKey } =
    alg === 'ES384'
      ? generateKeyPairSync('ec', { namedCurve: 'P-384' })
      : generateKeyPairSync('rsa', { modulusLength: bits });
  return { kid, alg, privateKey, jwk: { ...publicKey.export({ format: 'jwk' }), kid, alg, use: 'sig' } };
}

export const setOf = (...pairs: Pair[]) => ({ keys: pairs.map(({ jwk }) => jwk) });

/** Parts that replace those of a good assertion; undefined leaves one out. `as`: how it is signed whatever alg says. */
export type Parts = { header?: object; claims?: object; as?: Alg | 'none' | Buffer };

export const inSeconds = (seconds: number) => Math.floor(Date.now() / 1_000) + seconds;

export function makeAssertion(
  { client, audience, pair }: { client: string; audience: string; pair: Pair },
  { header = {}, claims = {}, as = pair.alg }: Parts = {},
): string {
  const all = { iss: client, sub: client, aud: audience, exp: inSeconds(240), jti: randomUUID(), ...claims };
  const head = { alg: pair.alg, kid: pair.kid, typ: 'JWT', ...header };
  const text = [head, all].map((part) => encode(JSON.stringify(part))).join('.');
  return `${text}.${signText(text, pair.privateKey, as)}`;
}

export const encode = (text: string) => Buffer.from(text).toString('base64url');

function signText(text: string, key: KeyObject, as: Alg | 'none' | Buffer): string {
  if (as === 'none') return '';
  if (as instanceof Buffer) return createHmac('sha384', as).update(text).digest('base64url');
  const hash = as === 'RS512' ? 'sha512' : 'sha384';
  const dsa = as === 'ES384' ? { dsaEncoding: 'ieee-p1363' as const } : {};
  return sign(hash, Buffer.from(text), { key, ...dsa }).toString('base64url');
}

export const JWT_BEARER = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer';

export function formOf(assertion: string, more: Record<string, string> = {}): string {
  const form = { grant_type: 'client_credentials', client_assertion_type: JWT_BEARER, ...more };
  return new URLSearchParams({ ...form, client_assertion: assertion }).toString();
}

export type Served = { status: number; headers: Record<string, string>; body: string };

/** A client's own server: `serve` answers GET of any path, `asked` counts. */
export async function startKeyServer(serve: () => Served) {
  const own = { url: '', asked: 0, serve, close: async () => {} };
  const server = createServer((_request, response) => {
    own.asked++;
    const { status, headers, body } = own.serve();
    response.writeHead(status, headers).end(body);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  own.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/jwks.json`;
  own.close = async () => {
    server.closeAllConnections();
    server.close();
    await once(server, 'close');
  };
  return own;
}

export const keysServed = (pairs: Pair[], headers: Record<string, string> = {}): Served => ({
  status: 200,
  headers: { 'content-type': 'application/json', ...headers },
  body: JSON.stringify(setOf(...pairs)),
});
