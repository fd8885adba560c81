/** The day by which anything is reckoned may be that of a trial: it is asked of src/store/clock.ts. */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';

/** Folders that reckon stages, prompts and what may be seen, or show it. */
const RECKON = [
  'access/see',
  'access/project',
  'access/decide',
  'deliver/subscribe',
  'link',
  'read',
  'web/pages',
];
/** Of when something was asked, made or ends, and not of anybody's age. */
const REAL = new Set([
  ...['read/routes.ts', 'read/patient-match.ts', 'web/pages/routes.ts', 'web/pages/home.ts'],
  ...[
    'deliver/subscribe/operations.ts',
    'deliver/subscribe/subscription.ts',
    'deliver/subscribe/test-event.ts',
  ],
  ...['read/search/date.ts', 'web/pages/worklist/routes.ts', 'web/pages/deliveries/routes.ts'],
]);

test('no reader takes its day from the clock of the machine', async () => {
  const taken: string[] = [];
  let looked = 0;
  for (const folder of RECKON)
    for (const file of await readdir(join('src', folder), { recursive: true })) {
      if (!file.endsWith('.ts')) continue;
      looked += 1;
      const name = `${folder}/${file}`;
      const text = await readFile(join('src', name), 'utf8');
      if (/new Date\(\)|Date\.now\(\)/.test(text) && !REAL.has(name)) taken.push(name);
    }
  expect(looked).toBeGreaterThan(100);
  expect(taken).toEqual([]);
});
