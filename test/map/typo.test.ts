import { readdirSync, readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { DEFINITIONS_FILE } from '../../src/fhir/definitions.ts';
import { loadMappings } from '../../src/map/language/load-mappings.ts';
import { MAPPINGS_DIR } from '../../src/map/language/read-mappings.ts';
import { MappingError, type Problem, readText } from '../../src/map/language/yaml-file.ts';
import { type Name, namesOfMapping, namesOfSource } from './names.ts';

const sources = (await loadMappings()).names;
const fragments = readdirSync(new URL('fragments/', MAPPINGS_DIR)).map((file) => `fragments/${file}`);
const files = [...fragments, ...sources.flatMap((name) => [`${name}/mapping.yaml`, `${name}/source.yaml`])];
const text = (file: string) => readFileSync(new URL(file, MAPPINGS_DIR), 'utf8');
const everyWord = new Set(
  [...files.map(text), readFileSync(DEFINITIONS_FILE, 'utf8')].join(' ').match(/[A-Za-z_][\w-]*/g),
);

/** What the load complains of when that file says this instead. */
async function problemsOf(file: string, changed: string): Promise<readonly Problem[]> {
  const { href } = new URL(file, MAPPINGS_DIR);
  try {
    await loadMappings(MAPPINGS_DIR, (url) => (url.href === href ? changed : readText(url)));
    return [];
  } catch (error) {
    if (error instanceof MappingError) return error.problems;
    throw error;
  }
}

/** A letter too many, another, one missing or two in the wrong order: no word that any mapping or resource has. */
const mistyped = ({ name }: Name) =>
  fc
    .tuple(fc.constantFrom('add', 'change', 'drop', 'swap'), fc.nat(name.length - 1))
    .map(([fault, at]) => {
      if (/\d$/.test(name)) return `${name}97`;
      if (fault === 'drop' && name.length > 3) return name.slice(0, at) + name.slice(at + 1);
      if (fault === 'swap' && name.length > 3)
        return (
          name.slice(0, at) +
          name
            .slice(at, at + 2)
            .split('')
            .reverse()
            .join('') +
          name.slice(at + 2)
        );
      if (fault === 'change' && name.length > 1) return `${name.slice(0, at)}q${name.slice(at + 1)}`;
      return `${name}q`;
    })
    .filter((typo) => !everyWord.has(typo) && /^[A-Za-z_\d]/.test(typo));

const typoIn = (file: string) => {
  const names = file.endsWith('source.yaml') ? namesOfSource(text(file)) : namesOfMapping(text(file));
  return fc
    .constantFrom(...names)
    .chain((name) => fc.record({ name: fc.constant(name), typo: mistyped(name) }));
};

describe('a typo in any one name is an error at load, with file, line and column', () => {
  test.each(files)(
    '%s',
    async (file) => {
      const original = text(file);
      await fc.assert(
        fc.asyncProperty(typoIn(file), async ({ name: { offset, name, key }, typo }) => {
          const problems = await problemsOf(
            file,
            original.slice(0, offset) + typo + original.slice(offset + name.length),
          );
          const line = original.slice(0, offset).split('\n').length;
          const told = problems.map(
            (problem) => `${problem.file}:${problem.line}:${problem.column}: ${problem.message}`,
          );
          // A name that a source or a statement no longer has is told where it is used.
          const elsewhere = file.endsWith('source.yaml') || key === 'local';
          const near = problems.some(
            (problem) =>
              problem.column > 0 &&
              (elsewhere || (problem.file === file && problem.line <= line && problem.line >= line - 4)),
          );
          expect(
            near,
            `${typo} instead of ${name} on line ${line}: told ${told.join('\n') || 'nothing'}`,
          ).toBe(true);
        }),
        { numRuns: file.endsWith('mapping.yaml') ? 5 : 2 },
      );
    },
    120_000,
  );
});
