import { createHash } from 'node:crypto';
import { Rejected } from '../../errors.ts';
import { canonicalText } from '../../fhir/references.ts';
import { parseJson } from '../../formats/json.ts';
import type { Json } from '../../model.ts';

/** hex SHA-256 of the exact bytes: what "same content" means for HL7 v2, CSV, and anything unreadable. */
export function hashBytes(body: Buffer | string): string {
  return createHash('sha256').update(body).digest('hex');
}

/**
 * The tree of a JSON body, and its hash whatever the order of its properties and its white space. Unreadable:
 * null and bytes.
 */
export function readJson(body: Buffer): { tree: Json; contentHash: string } {
  try {
    const tree = parseJson(body);
    return { tree, contentHash: hashBytes(canonicalText(tree)) };
  } catch (error) {
    if (error instanceof Rejected) return { tree: null, contentHash: hashBytes(body) };
    throw error;
  }
}
