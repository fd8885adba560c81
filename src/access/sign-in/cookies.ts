/**
 * Cookies of pages: https://www.rfc-editor.org/rfc/rfc6265bis#section-4.1.3.2. `__Host-`: no other host, and
 * nothing that came without TLS, can have set it.
 */
import { hkdfSync } from 'node:crypto';
import type { FastifyRequest } from 'fastify';
import { EncryptJWT, errors, jwtDecrypt } from 'jose';
import { z } from 'zod';
import type { Begun } from './issuer.ts';
import type { SignIn } from './settings.ts';

type Named = Pick<SignIn, 'isSecure'>;
export type CookieName = 'skein-session' | 'skein-sign-in';

/** On loopback without TLS no browser takes the prefix. */
const nameOf = (name: CookieName, { isSecure }: Named) => (isSecure ? `__Host-${name}` : name);

/** Its value; null where there is none, or two: which of them counts is not ours to choose. */
export function readCookie({ headers }: FastifyRequest, name: CookieName, named: Named): string | null {
  const wanted = `${nameOf(name, named)}=`;
  const values = (headers.cookie ?? '')
    .split(';')
    .map((pair) => pair.trim())
    .filter((pair) => pair.startsWith(wanted));
  return values.length === 1 ? (values[0] as string).slice(wanted.length) : null;
}

/** Lax: a browser sends it along when it comes back from the issuer, and with no form of another site. */
export function writeCookie(name: CookieName, named: Named, value: string | null): string {
  const kept = value === null ? '; Max-Age=0' : '';
  const secure = named.isSecure ? '; Secure' : '';
  return `${nameOf(name, named)}=${value ?? ''}; Path=/; HttpOnly; SameSite=Lax${secure}${kept}`;
}

/** A sign-in that has begun, kept by the browser, not by the store. `to`: where to go then. */
export type UnderWay = Begun & { to: string };
const UnderWay = z.object({
  ...{ state: z.string(), nonce: z.string(), verifier: z.string(), to: z.string() },
  again: z.boolean(),
});
const LONGEST = '10 minutes';

const sealOf = (key: Buffer) => new Uint8Array(hkdfSync('sha256', key, '', 'skein sign-in', 32));

export const sealUnderWay = (key: Buffer, underWay: UnderWay): Promise<string> =>
  new EncryptJWT(underWay)
    .setProtectedHeader({ alg: 'dir', enc: 'A256GCM' })
    .setExpirationTime(LONGEST)
    .encrypt(sealOf(key));

/** Null where it is no such text of ours, or is too old. */
export async function openUnderWay(key: Buffer, sealed: string | null): Promise<UnderWay | null> {
  if (sealed === null) return null;
  try {
    const { payload } = await jwtDecrypt(sealed, sealOf(key));
    return UnderWay.parse(payload);
  } catch (error) {
    if (error instanceof errors.JOSEError) return null;
    throw error;
  }
}
