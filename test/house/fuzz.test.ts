/** A short fuzz run over real processes: `npm run fuzz` is the long one. */
import { expect, inject, test } from 'vitest';
import { fuzz } from '../../bench/fuzz/run.ts';

const SECONDS = Number(process.env.FUZZ_SECONDS ?? 15);

test('whatever is nearly right, in every format and at every door, is answered and ends nothing', async () => {
  const { postgresUrl: url } = inject('services');
  const server = { url, stop: async () => undefined };
  const { requests, kinds, failures, broken } = await fuzz(server, { seed: 7, seconds: SECONDS });
  expect(failures).toEqual([]);
  expect(broken).toEqual([]);
  expect(Object.keys(kinds)).toHaveLength(10);
  expect(requests).toBeGreaterThan(50);
}, 180_000);
