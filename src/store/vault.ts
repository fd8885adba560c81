/** Secrets at rest: AES-256-GCM under a key from the environment, and the id of that key beside each. */
import { createCipheriv, createDecipheriv, hash, randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { Config } from '../config.ts';

// With spaces: no header of a subscription, which a client writes, can look like it.
const SEALED = /^sealed ([0-9a-f]{8}) ([\w+/=]+)$/;
const CIPHER = 'aes-256-gcm';
const KEY_BYTES = 32;
const IV_BYTES = 12;
const TAG_BYTES = 16;

/**
 * `newest`: id of the key that seals; null: there is none, and secrets are kept in the clear. `place` is what
 * a secret is for: a sealed text that is moved to another place is not opened there.
 */
export type Vault = {
  newest: string | null;
  knows: (keyId: string) => boolean;
  seal: (text: string, place: string) => string;
  open: (text: string, place: string) => string;
};

/** Id of the key that a text is sealed with; null where it is in the clear. */
export const keyIdOf = (text: string): string | null => SEALED.exec(text)?.[1] ?? null;

/**
 * Keys of SECRET_KEY, else of SECRET_KEY_FILE: the first seals, all open. Throws an Error whose one line
 * names the setting, and never repeats a key.
 */
export function openVault({ SECRET_KEY, SECRET_KEY_FILE }: Partial<Config>): Vault {
  const [setting, text] = SECRET_KEY
    ? ['SECRET_KEY', SECRET_KEY]
    : ['SECRET_KEY_FILE', SECRET_KEY_FILE ? readKeyFile(SECRET_KEY_FILE) : ''];
  return vaultOf(text.split(/[\s,]+/).filter(Boolean), setting);
}

function readKeyFile(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    throw new Error(`SECRET_KEY_FILE: the file cannot be read (${code})`, { cause });
  }
}

function vaultOf(texts: string[], setting: string): Vault {
  const keys = new Map(
    texts.map((text) => {
      const key = Buffer.from(text, 'base64');
      if (key.length !== KEY_BYTES || !/^[\w+/-]{43}=?$/.test(text))
        throw new Error(`${setting}: a key is ${KEY_BYTES} bytes in base64 (openssl rand -base64 32)`);
      return [hash('sha256', Buffer.concat([Buffer.from('skein key id'), key]), 'hex').slice(0, 8), key];
    }),
  );
  const [newest = null] = keys.keys();
  const keyOf = (id: string) => {
    const key = keys.get(id);
    if (key) return key;
    throw new Error(unknownKey(id));
  };
  return {
    newest,
    knows: (id) => keys.has(id),
    seal: (text, place) => {
      if (newest === null) return text;
      return `sealed ${newest} ${encrypt(keyOf(newest), Buffer.from(text), place).toString('base64')}`;
    },
    open: (text, place) => {
      const [, id, sealed] = SEALED.exec(text) ?? [];
      if (id === undefined || sealed === undefined) return text;
      return decrypt(keyOf(id), Buffer.from(sealed, 'base64'), place).toString();
    },
  };
}

/** Secrets as they are: of a store without a key. */
export const NO_VAULT: Vault = vaultOf([], 'SECRET_KEY');

export const unknownKey = (id: string): string =>
  `SECRET_KEY: the secrets of this store are sealed by the key ${id}, which is not among those given`;

/** Initialisation vector, tag, then what was encrypted. */
export function encrypt(key: Buffer, plain: Buffer, place: string): Buffer {
  const iv = randomBytes(IV_BYTES);
  const cipher = createCipheriv(CIPHER, key, iv).setAAD(Buffer.from(place));
  const sealed = Buffer.concat([cipher.update(plain), cipher.final()]);
  return Buffer.concat([iv, cipher.getAuthTag(), sealed]);
}

/** Throws where it was changed, or was made with another key or for another place. */
export function decrypt(key: Buffer, sealed: Buffer, place: string): Buffer {
  const start = IV_BYTES + TAG_BYTES;
  const decipher = createDecipheriv(CIPHER, key, sealed.subarray(0, IV_BYTES))
    .setAAD(Buffer.from(place))
    .setAuthTag(sealed.subarray(IV_BYTES, start));
  return Buffer.concat([decipher.update(sealed.subarray(start)), decipher.final()]);
}
