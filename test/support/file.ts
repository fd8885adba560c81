import fc from 'fast-check';
import { afterAll, afterEach } from 'vitest';
import { closeDatabases } from './database.ts';

// Runs in every test file: its databases are dropped when all its tests passed, else kept and named.
let failed = false;

afterEach(({ task }) => {
  if (task.result?.state === 'fail') failed = true;
});

afterAll(() => closeDatabases(failed));

// Properties draw the same examples each time, so that a failure is due to what was changed; with RUNS (how many)
// others every time, with SEED those of that seed.
const { RUNS, SEED } = process.env;
if (SEED) fc.configureGlobal({ seed: Number(SEED) });
else if (!RUNS) fc.configureGlobal({ seed: 1 });
