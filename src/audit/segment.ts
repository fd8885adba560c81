/** What a segment of the audit is made of: the same for whoever seals it and whoever checks it. */
import { createHash, createHmac } from 'node:crypto';

/** One row as it is hashed: every column, as text, in one order. */
export type SealedRow = { id: string; text: string };
export type Segment = {
  n: string;
  after: string;
  last: string;
  /** Of the rows, in their order: 32 bytes each in `digests`. */
  ids: string[];
  digests: Buffer;
  firstAt: Date;
  lastAt: Date;
  hash: Buffer;
  signature: Buffer;
};

/** Before the first one: no id is less than the least bigint. */
export const START = { n: '0', last: '-9223372036854775808', hash: Buffer.alloc(32) };

// A time in microseconds: a Date would lose three digits, and no setting of a session changes it.
const microseconds = '(extract(epoch from at) * 1000000)::bigint::text';
const columns = `id::text, ${microseconds}, kind, outcome, system_id::text, service::text,
  name, interaction, type, ids::text, persons::text, target::text, request, policy`;
/**
 * Selects SealedRow and `at` from `audit`. JSON, so that no two rows have one text. A row without a person,
 * and one without a basis, have the text that they had before there were those columns.
 */
export const ROW = `id::text as id, at, case when basis is not null or digest is not null
  then json_build_array(${columns}, human::text, basis, digest)
  when human is null then json_build_array(${columns}) else json_build_array(${columns}, human::text) end::text as text`;

export const digestOf = ({ text }: SealedRow): Buffer => createHash('sha256').update(text).digest();

/** Of a segment that follows one with the hash `before`: whatever is changed in either gives another. */
export function hashOf(before: Buffer, segment: Omit<Segment, 'hash' | 'signature'>): Buffer {
  const { n, after, last, ids, digests, firstAt, lastAt } = segment;
  const head = JSON.stringify([n, after, last, firstAt.toISOString(), lastAt.toISOString(), ids]);
  return createHash('sha256').update(before).update(head).update(digests).digest();
}

/** With a key of its own, made of the store's. */
export function signatureOf(storeKey: Buffer, hash: Buffer): Buffer {
  const key = createHmac('sha256', storeKey).update('skein audit segment').digest();
  return createHmac('sha256', key).update(hash).digest();
}
