import type { Reporter, TestCase, TestModule } from 'vitest/node';

/** Says at the end which tests were left out. A missing service with REQUIRE_SERVICES=1 has failed the run before (services.ts). */
export default class SkipReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[]): void {
    const skipped = modules.flatMap((module) => [...module.children.allTests('skipped')]);
    if (skipped.length === 0) return;
    console.log(`\n${skipped.length} tests were left out, for want of a service, a browser or data:`);
    for (const test of skipped) console.log(`  ${nameOf(test)}`);
  }
}

function nameOf(test: TestCase): string {
  const { note } = test.meta() as { note?: string };
  return `${test.module.relativeModuleId} > ${test.fullName}${note ? `: ${note}` : ''}`;
}
