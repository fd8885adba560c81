/** The body of a message at rest: in the clear, or under a key of its own that the store's key encrypts. */
import { hkdfSync, randomBytes } from 'node:crypto';
import type { Context } from '../context.ts';
import type { Message } from '../model.ts';
import { decrypt, encrypt } from '../store/vault.ts';

/** `bodyKey` is null where the body is in the clear. */
export type StoredBody = { body: Buffer; bodyKey: Buffer | null };

const keyOfBodies = (key: Buffer): Buffer => Buffer.from(hkdfSync('sha256', key, '', 'message bodies', 32));

/**
 * Encrypted where ENCRYPT_MESSAGES says so; not what Skein says itself, such as who decided something and
 * why, which is read by SQL.
 */
export function sealBody({ key, config }: Pick<Context, 'key' | 'config'>, message: Message): StoredBody {
  const { body, contentHash, system } = message;
  if (config.ENCRYPT_MESSAGES === 'no' || system.service.ods === 'skein') return { body, bodyKey: null };
  const own = randomBytes(32);
  return {
    body: encrypt(own, body, contentHash),
    bodyKey: encrypt(keyOfBodies(key), own, contentHash),
  };
}

/** Throws where it was changed, or is of another message. */
export function openBody(
  key: Buffer,
  { body, bodyKey, contentHash }: StoredBody & Pick<Message, 'contentHash'>,
) {
  if (bodyKey === null) return body;
  return decrypt(decrypt(keyOfBodies(key), bodyKey, contentHash), body, contentHash);
}
