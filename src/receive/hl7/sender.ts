import { findSystem, registerUnknown } from '../../access/register/systems.ts';
import type { Context } from '../../context.ts';
import type { Header } from '../../formats/hl7v2.ts';
import type { Recipient, System } from '../../model.ts';
import { hashBytes } from '../http/content-hash.ts';
import { trimmed } from './batch.ts';

/** What a sender may call itself: longer names would not fit the index that finds them. */
const LONGEST_NAME = 100;
const LONGEST_IDENTIFIER = 255;

/**
 * The system a message comes from. A caller that is a system is that system, whatever the message says. The
 * operator speaks for others: the first of the names that is registered, else the first one, which registers
 * itself with no sector, else `loopback`.
 */
export async function senderOf(
  ctx: Context,
  recipient: Recipient,
  names: string[],
  ods?: string,
): Promise<System> {
  if (recipient.kind === 'system') return recipient.system;
  const given = names.map((name) => plain(name).slice(0, LONGEST_NAME)).filter((name) => name !== '');
  for (const name of given) {
    const known = await findSystem(ctx.db, name);
    if (known) return known;
  }
  return registerUnknown(ctx.db, ctx.key, given[0] ?? 'loopback', ods);
}

/** The sender's own id as it is stored; one too long for the index that finds it is known by its hash. */
export function identifierOf(id: string): string {
  return id.length > LONGEST_IDENTIFIER ? hashBytes(id) : plain(id);
}

/** PostgreSQL keeps no NUL, and people who search type no other control character. */
function plain(text: string): string {
  return text.replace(/\p{Cc}/gu, '').trim();
}

/**
 * MSH-10 and the content of one message. White space and framing around it say nothing: alone and in a batch
 * it is the same one.
 */
export function identifyHl7(
  body: Buffer,
  header: Header | null,
): { identifier: string | undefined; contentHash: string } {
  const contentHash = hashBytes(trimmed(body));
  return { identifier: identifierOf(header?.get(10) ?? '') || undefined, contentHash };
}
