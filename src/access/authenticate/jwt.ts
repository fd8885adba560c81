/**
 * A signed JWT taken apart: https://www.rfc-editor.org/rfc/rfc7519#section-7.2. Nothing of it is proved here.
 */
import { z } from 'zod';
import { Rejected } from '../../errors.ts';
import { parseJson } from '../../formats/json.ts';

const MOST_CHARACTERS = 8_192;

const Header = z.object({
  alg: z.string(),
  kid: z.string().optional(),
  typ: z.string().optional(),
  jku: z.string().optional(),
  crit: z.unknown().optional(),
});
export type Header = z.infer<typeof Header>;
export type Parts<Claims> = { header: Header; claims: Claims };

/** What a token says of itself; null where it is none, or its claims are not of this shape. */
export function readJwt<Claims>(text: string, shape: z.ZodType<Claims>): Parts<Claims> | null {
  const [header = '', claims = '', signature = '', ...more] = text.split('.');
  const parts = [header, claims, signature];
  if (text.length > MOST_CHARACTERS || more.length > 0 || !parts.every(isExact)) return null;
  const head = Header.safeParse(readObject(header));
  const body = shape.safeParse(readObject(claims));
  return head.success && body.success ? { header: head.data, claims: body.data } : null;
}

/** Written as base64url writes it: a signature in other letters is another text that means the same. */
const isExact = (part: string) =>
  part !== '' && Buffer.from(part, 'base64url').toString('base64url') === part;

function readObject(part: string): unknown {
  try {
    return parseJson(Buffer.from(part, 'base64url'));
  } catch (error) {
    if (error instanceof Rejected) return undefined;
    throw error;
  }
}
