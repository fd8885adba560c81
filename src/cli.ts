/**
 * `skein …`: loads the part that is asked for and nothing else, so that the workbench needs no store and
 * starts at once.
 */

/** Runs one command and gives its exit code: 0 done, 1 refused or failed, 2 used wrongly. */
export async function runCli(given: string[]): Promise<number> {
  const args = given[0] === 'help' ? [...given.slice(1), '--help'] : given;
  const [first = ''] = args;
  try {
    if (['map', 'match', 'validate'].includes(first))
      return await (await import('./workbench/index.ts')).runWorkbench(args);
    if (first === 'listen') return await (await import('./listen/listen.ts')).listen(args);
    return await (await import('./admin/administer.ts')).administer(args);
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    process.stderr.write(`skein: ${error.message}\n`);
    return 1;
  }
}
