/** Continuing a search: the position and the search itself, sealed, so that a link tells nothing and cannot be bent. */
import { createCipheriv, createDecipheriv, hash, randomBytes } from 'node:crypto';
import type { Recipient } from '../../model.ts';
import { refuse } from './query.ts';

/** `after` is the sort key of the last resource of the page, `query` the search it belongs to. */
export type Cursor = { query: string; after: (string | null)[] };

const ALGORITHM = 'aes-256-gcm';
const IV = 12;
const TAG = 16;

const sealKey = (key: Buffer) => hash('sha256', Buffer.concat([key, Buffer.from('cursor')]), 'buffer');

const whoOf = (recipient: Recipient, type: string) =>
  Buffer.from(`${recipient.kind === 'system' ? recipient.system.id : recipient.kind} ${type}`);

/** Only the same recipient, searching the same type, can open it. Search values, which may be NHS numbers, stay out of URLs. */
export function sealCursor(key: Buffer, recipient: Recipient, type: string, cursor: Cursor): string {
  const iv = randomBytes(IV);
  const cipher = createCipheriv(ALGORITHM, sealKey(key), iv, { authTagLength: TAG }).setAAD(
    whoOf(recipient, type),
  );
  const sealed = Buffer.concat([cipher.update(JSON.stringify(cursor), 'utf8'), cipher.final()]);
  return Buffer.concat([iv, cipher.getAuthTag(), sealed]).toString('base64url');
}

/** Throws Rejected(400) for a cursor of another recipient, type, store, or of nobody's making. */
export function openCursor(key: Buffer, recipient: Recipient, type: string, text: string): Cursor {
  const bytes = Buffer.from(text, 'base64url');
  try {
    const decipher = createDecipheriv(ALGORITHM, sealKey(key), bytes.subarray(0, IV), { authTagLength: TAG });
    decipher.setAAD(whoOf(recipient, type)).setAuthTag(bytes.subarray(IV, IV + TAG));
    const opened = Buffer.concat([decipher.update(bytes.subarray(IV + TAG)), decipher.final()]);
    return JSON.parse(opened.toString('utf8')) as Cursor;
  } catch (cause) {
    throw Object.assign(
      refuse('_cursor', 'this page link is not valid here: start the search again', 'value'),
      {
        cause,
      },
    );
  }
}
