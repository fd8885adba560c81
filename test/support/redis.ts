import { inject } from 'vitest';

/**
 * URL of a Redis for tests, or null when there is none: use it as `describe.skipIf(!testRedis())` so that what was
 * left out is listed by name at the end of the run. The server is shared: use `redisPrefix()` for every key, and give
 * a file that runs FLUSHALL or FLUSHDB a database index of its own.
 */
export function testRedis(index = 0): string | null {
  const { redisUrl } = inject('services');
  return redisUrl && new URL(`/${index}`, redisUrl).href;
}

/** Key prefix of this run: two runs on one server never meet. */
export function redisPrefix(): string {
  return inject('services').prefix;
}
