import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';

const { TEST_REPORT } = process.env;
const report: [string, Record<string, unknown>][] = TEST_REPORT
  ? [['json', { outputFile: TEST_REPORT }]]
  : [];

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    globalSetup: ['test/support/services.ts'],
    setupFiles: ['test/support/file.ts'],
    reporters: ['default', './test/support/skip-reporter.ts', ...report],
    pool: 'forks',
    // Files wait for the store half of their time: two of them share even two cores.
    maxWorkers: Math.max(2, availableParallelism() - 1),
    // A test that asserts nothing, as one that loops over an empty list, fails.
    // What is waited for may come late where two files share two cores.
    expect: { requireAssertions: true, poll: { timeout: 10_000 } },
    testTimeout: 90_000,
    hookTimeout: 60_000,
  },
});
