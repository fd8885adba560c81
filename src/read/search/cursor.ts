/**
 * Continuing a search: the position and the search itself, sealed, so that a link tells nothing and cannot be
 * bent.
 */
import { createCipheriv, createDecipheriv, hash, randomBytes } from 'node:crypto';
import type { Bundle } from '@medplum/fhirtypes';
import type { Recipient } from '../../model.ts';
import type { Place } from './candidates.ts';
import { refuse } from './conditions.ts';

/**
 * How far pages have come. In a walk: `place` of the last row; `rest`: of those that the walk by a value
 * leaves over; `hidden`: it left rows out whose value at that place the recipient does not see; `shown`:
 * rows that came at this key and may come at it again. In memory: the sort keys of the last resource.
 */
export type Position =
  | { by: 'walk'; place: Place | null; rest: 0 | 1; hidden: 0 | 1; shown?: { key: string; rows: string[] } }
  | { by: 'memory'; keys: (string | null)[] };

/** `query`: the search that is continued. */
export type Cursor = { query: string; after: Position };

const ALGORITHM = 'aes-256-gcm';
const IV = 12;
const TAG = 16;
const ROUND = 512;

const sealKey = (key: Buffer) => hash('sha256', Buffer.concat([key, Buffer.from('cursor')]), 'buffer');

const whoOf = (recipient: Recipient, type: string) =>
  Buffer.from(`${recipient.kind === 'system' ? recipient.system.id : recipient.kind} ${type}`);

/**
 * Only the same recipient, searching the same type, can open it. Search values, which may be NHS numbers,
 * stay out of URLs.
 */
export function sealCursor(key: Buffer, recipient: Recipient, type: string, cursor: Cursor): string {
  const iv = randomBytes(IV);
  const cipher = createCipheriv(ALGORITHM, sealKey(key), iv, { authTagLength: TAG }).setAAD(
    whoOf(recipient, type),
  );
  const text = JSON.stringify(cursor);
  // Of a round length: that of a value which is not shown would tell of it.
  const padded = text.padEnd(Math.ceil(text.length / ROUND) * ROUND);
  const sealed = Buffer.concat([cipher.update(padded, 'utf8'), cipher.final()]);
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

/** What a client may say beside a page link: how the page is to come, and what the link says already. */
const BESIDE = ['_cursor', '_format', '_pretty'];

/**
 * The search that a page link continues, on pages as large as its client now says. Anything else that it adds
 * would make it another search.
 */
export function continued({ query }: Pick<Cursor, 'query'>, pairs: [string, string][]): [string, string][] {
  const sealed = [...new URLSearchParams(query)];
  const added = pairs.filter(
    ([name, value]) =>
      !BESIDE.includes(name) && !sealed.some(([known, said]) => known === name && said === value),
  );
  const counts = added.filter(([name]) => name === '_count');
  if (added.length > counts.length)
    throw refuse('_cursor', 'a page link goes on with its own search: add nothing to it but _count');
  return counts.length > 0 ? [...sealed.filter(([name]) => name !== '_count'), ...counts] : sealed;
}

/** That of the next page of a searchset; null where this is the last. */
export function cursorIn({ link = [] }: Bundle): string | null {
  const url = link.find(({ relation }) => relation === 'next')?.url ?? '';
  return new URLSearchParams(url.split('?')[1]).get('_cursor');
}
