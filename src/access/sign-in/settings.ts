/** What people sign in by (docs/adr/0040-sign-in.md): settings, with what their files hold. */
import { createPrivateKey } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { type Config, publicUrl } from '../../config.ts';
import { type Line, readRolesFile } from '../human/roles-file.ts';

export type SignIn = {
  issuer: string;
  clientId: string;
  /** PEM, PKCS 8. */
  key: string;
  keyId: string;
  /** RS512 is what the NHS asks of signed JWTs. */
  algorithm: 'RS512' | 'ES256';
  scope: string;
  /** The base URL of the installation. */
  base: string;
  /** False on loopback without TLS, where a browser keeps no Secure cookie. */
  isSecure: boolean;
  lines: Line[];
};

/** Null where people do not sign in. Throws an Error that names the setting which is wrong. */
export function readSignIn(config: Config): SignIn | null {
  const { SIGN_IN_CLIENT_ID: clientId, SIGN_IN_KEY_FILE: file, SIGN_IN_KEY_ID: keyId } = config;
  const { HUMAN_ISSUER: issuer, HUMAN_ROLES: roles, SIGN_IN_SCOPE: scope } = config;
  if (!clientId || !file || !keyId || !issuer || !roles) return null;
  const base = publicUrl(config);
  const isSecure = base.startsWith('https:');
  return { issuer, clientId, ...readKey(file), keyId, scope, base, isSecure, lines: readRolesFile(roles) };
}

function readKey(file: string): Pick<SignIn, 'key' | 'algorithm'> {
  try {
    const found = createPrivateKey(readFileSync(file));
    const key = String(found.export({ type: 'pkcs8', format: 'pem' }));
    if (found.asymmetricKeyType === 'rsa') return { key, algorithm: 'RS512' };
    if (found.asymmetricKeyDetails?.namedCurve === 'prime256v1') return { key, algorithm: 'ES256' };
  } catch (cause) {
    throw new Error('SIGN_IN_KEY_FILE: no private key can be read there', { cause });
  }
  throw new Error('SIGN_IN_KEY_FILE: the key is neither RSA nor of the curve P-256');
}
