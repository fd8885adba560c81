import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';

const run = (...args: string[]) => promisify(execFile)(process.execPath, ['test/families/main.ts', ...args]);

test('the command writes a header and as many lines as were asked for', async () => {
  const { stdout } = await run('--records', '50', '--seed', '4', '--stress', 'twins', '--split', 'train');
  const lines = stdout.trimEnd().split('\n');
  expect(lines).toHaveLength(51);
  expect(lines[1]).toMatch(/^train-4-r1,/);
});

test('the command says what is wrong with an option', async () => {
  await expect(run('--split', 'test')).rejects.toThrow('--split is one of train, dev, sealed');
  await expect(run('--records', 'many')).rejects.toThrow('--records takes a number of 0 or more, not many');
});
