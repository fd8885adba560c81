/** A page is made from what access gave: its code knows no database, and no row of it. */
import { readdir, readFile } from 'node:fs/promises';
import { join, relative, resolve } from 'node:path';
import { expect, test } from 'vitest';

const SRC = resolve('src');
const PAGES = join(SRC, 'web/pages');

/** What pages may know: readers that project, the wording of reads, and how a request comes in. */
const KNOWN =
  /^(web\/pages\/|read\/|fhir\/|doors\/|(context|model|errors)\.ts$|access\/decide\/decide\.ts$|access\/register\/view-as\.ts$|access\/sign-in\/)/;
/** Templates, pictures and models are pure: only routes, their guard, and the frame around pages, ask anything. */
const ASKS = /(^|\/)(routes|frame|guard|home|views)\.ts$/;

async function readPages(): Promise<{ file: string; text: string; imports: string[] }[]> {
  const files = (await readdir(PAGES, { recursive: true })).filter((file) => file.endsWith('.ts'));
  return Promise.all(
    files.map(async (file) => {
      const text = await readFile(join(PAGES, file), 'utf8');
      const found = [...text.matchAll(/^(?:import|export) .*? from '(\.[^']+)'/gms)];
      const imports = found.map(([, to = '']) => relative(SRC, resolve(PAGES, file, '..', to)));
      return { file, text, imports };
    }),
  );
}

test('pages import no store, no save, no rule of access but the one sentence, and say no SQL', async () => {
  const pages = await readPages();
  expect(pages.length).toBeGreaterThan(20);
  for (const { file, text, imports } of pages) {
    expect(
      imports.filter((to) => !KNOWN.test(to)),
      file,
    ).toEqual([]);
    expect(text, file).not.toMatch(/\.query[(<]|from 'pg'|\bselect .* from\b|ResourceRow|\bSeen\b/);
  }
});

test('what a page shows is a function of what it is given: no clock, no database, no request', async () => {
  const pure = (await readPages()).filter(({ file }) => !ASKS.test(file));
  expect(pure.length).toBeGreaterThan(15);
  for (const { file, text } of pure)
    expect(text, file).not.toMatch(/new Date\(\)|Date\.now\(|\bctx\b|FastifyRequest|process\./);
});

test('no page or template marks anything as safe that was not made here', async () => {
  const folder = join(PAGES, 'templates');
  for (const file of await readdir(folder)) {
    const text = await readFile(join(folder, file), 'utf8');
    expect(text, file).not.toMatch(/\|\s*safe|autoescape|<script|<style|\son\w+=|style=/);
  }
});
