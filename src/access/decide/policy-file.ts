import { readFileSync } from 'node:fs';
import { isNode, LineCounter, parseDocument } from 'yaml';
import type { z } from 'zod';

/**
 * Reads a YAML file of `policy/` as its schema says. Throws one Error naming file and line of everything
 * wrong with it.
 */
export function readPolicyFile<T>(schema: z.ZodType<T>, text: string, file: string): T {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, strict: true });
  const unreadable = document.errors.map(
    (error) => `${file}:${error.linePos?.[0].line ?? 1}: ${error.message}`,
  );
  if (unreadable.length > 0) throw new Error(unreadable.join('\n'));
  const lineOf = (path: PropertyKey[]): number => {
    const node = path.length === 0 ? document.contents : document.getIn(path as (string | number)[], true);
    if (isNode(node) && node.range) return lines.linePos(node.range[0]).line;
    return path.length === 0 ? 1 : lineOf(path.slice(0, -1));
  };
  const parsed = schema.safeParse(document.toJS());
  if (parsed.success) return parsed.data;
  const wrong = parsed.error.issues.map(
    ({ path, message }) => `${file}:${lineOf(path)}: ${path.join('.')}: ${message}`,
  );
  throw new Error(wrong.join('\n'));
}

/** The texts of both files of a policy. */
export type Texts = { sharing: string; evidence: string };

export const readFiles = (sharing: URL, evidence: URL): Texts => ({
  sharing: readFileSync(sharing, 'utf8'),
  evidence: readFileSync(evidence, 'utf8'),
});
