import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { isScalar, parseDocument, visit } from 'yaml';
import { loadMappings } from '../../src/map/load-mappings.ts';
import { changed, problemsOf } from './mapping-folder.ts';

/** Keys whose text is, or begins with, a name that must exist: in the source, in FHIR, or beside the mapping. */
const NAMES = new Set([
  'from',
  'to',
  'each',
  'when',
  'field',
  'ref',
  'map',
  'use',
  'needs',
  'copy',
  'join',
  'saidAt',
  'resource',
  'at',
  'identity',
]);

/** Start and text of every such scalar of a mapping. */
function names(text: string): { offset: number; length: number; name: string }[] {
  const found: ReturnType<typeof names> = [];
  visit(parseDocument(text), {
    Scalar(_, node, path) {
      const key = [...path].reverse().find((step) => 'key' in step) as
        | { key: { value?: string }; value: unknown }
        | undefined;
      if (!isScalar(node) || typeof node.value !== 'string' || !node.range || key?.key === node) return;
      if (!NAMES.has(String(key?.key.value)) || node.value === '.' || node.value.includes('{')) return;
      const quote = text[node.range[0]] === "'" ? 1 : 0;
      const [name = ''] = /^(not )?[^\s[(]+/.exec(node.value) ?? [];
      found.push({ offset: node.range[0] + quote, length: name.length, name });
    },
  });
  return found;
}

/** A name that no source and no resource has: its last letter or number changed. */
const rename = (name: string) => (/\d$/.test(name) ? `${name}97` : `${name}q`);

const sources = (await loadMappings()).names;

describe('a typo anywhere in a mapping', () => {
  test.each(sources)(
    '%s: renaming any one path is an error at that file and line',
    async (source) => {
      const original = changed(source, (text) => text)[`${source}/mapping.yaml`] as string;
      const all = names(original);
      expect(all.length).toBeGreaterThan(40);
      await fc.assert(
        fc.asyncProperty(fc.constantFrom(...all), async ({ offset, length, name }) => {
          const text = original.slice(0, offset) + rename(name) + original.slice(offset + length);
          const problems = await problemsOf(changed(source, () => text));
          const line = original.slice(0, offset).split('\n').length;
          const told = problems
            .filter((problem) => problem.file === `${source}/mapping.yaml`)
            .map((problem) => problem.line);
          expect(
            told.some((at) => at <= line && at >= line - 4),
            `${name} on line ${line}: told of ${told.join(', ') || 'nothing'}`,
          ).toBe(true);
        }),
        { numRuns: 60 },
      );
    },
    120_000,
  );
});
