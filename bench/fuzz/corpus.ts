/** What senders really send: the examples of every mapping, by the source that reads them. */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

export type Example = { source: string; extension: string; text: string };

export async function readCorpus(): Promise<Example[]> {
  const files = (await readdir('mappings', { recursive: true })).sort();
  const found = files.flatMap((file) => {
    const [, source, extension] = /^([\w-]+)\/examples\/[^/]+\.in\.(\w+)$/.exec(file) ?? [];
    return source && extension ? [{ file, source, extension }] : [];
  });
  return Promise.all(
    found.map(async ({ file, source, extension }) => {
      return { source, extension, text: await readFile(join('mappings', file), 'utf8') };
    }),
  );
}
