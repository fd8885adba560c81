import { afterAll, afterEach } from 'vitest';
import { closeDatabases } from './database.ts';

// Runs in every test file: its databases are dropped when all its tests passed, else kept and named.
let failed = false;

afterEach(({ task }) => {
  if (task.result?.state === 'fail') failed = true;
});

afterAll(() => closeDatabases(failed));
