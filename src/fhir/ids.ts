import { hash } from 'node:crypto';

/** A UUID in any case, as senders write them (RFC 9562). */
export const isUuid = (text: string): boolean => /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(text);

/** A keyed hash as a UUID (128 bits of HMAC-SHA256): stable, and meaningless without the store's key. */
export function keyedId(key: Buffer, ...parts: string[]): string {
  const { inner, outer } = padsOf(key);
  const digest = hash('sha256', Buffer.concat([inner, Buffer.from(parts.join('\u0000'))]), 'buffer');
  const hex = hash('sha256', Buffer.concat([outer, digest]), 'hex');
  const middle = `${hex.slice(8, 12)}-4${hex.slice(13, 16)}-8${hex.slice(17, 20)}`;
  return `${hex.slice(0, 8)}-${middle}-${hex.slice(20, 32)}`;
}

/** The public id of a stored message: row ids would tell every sender how much the others send. */
export const messageName = (key: Buffer, rowId: string): string => keyedId(key, 'message-name', rowId);

const pads = new WeakMap<Buffer, { inner: Buffer; outer: Buffer }>();

// Computes HMAC (RFC 2104) by two one-shot hashes and keeps the padded keys: createHmac costs some ten times
// as much.
function padsOf(key: Buffer): { inner: Buffer; outer: Buffer } {
  const known = pads.get(key);
  if (known) return known;
  const block = Buffer.concat([key, Buffer.alloc(64)], 64);
  const made = {
    inner: block.map((byte) => byte ^ 0x36) as Buffer,
    outer: block.map((byte) => byte ^ 0x5c) as Buffer,
  };
  pads.set(key, made);
  return made;
}

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
/** Every id that Skein gives is a lower-case uuid; anything else names nothing. */
export const isId = (text: string): boolean => UUID.test(text);
