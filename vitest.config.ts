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
    testTimeout: 90_000,
    hookTimeout: 60_000,
  },
});
