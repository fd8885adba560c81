import { expect, test } from 'vitest';
import { afterFailure, type Breaker, CLOSED, paceOf, stateOf } from '../../src/trace/breaker.ts';

const START = new Date('2026-11-01T12:00:00Z');
const later = (ms: number) => new Date(START.getTime() + ms);
const failed = (times: number): Breaker =>
  Array.from({ length: times }).reduce<Breaker>((breaker) => afterFailure(breaker, START), CLOSED);

test('it opens after five failures in a row, and lets one question through when its time is over', () => {
  expect(stateOf(failed(4), START)).toBe('closed');
  expect(stateOf(failed(5), START)).toBe('open');
  expect(stateOf(failed(5), later(59_999))).toBe('open');
  expect(stateOf(failed(5), later(60_000))).toBe('half-open');
});

test('a failure of that question opens it again for twice as long, and at most an hour', () => {
  expect(afterFailure(failed(5), later(60_000)).openUntil).toEqual(later(180_000));
  expect(afterFailure(failed(40), START).openUntil).toEqual(later(3_600_000));
});

test('the service may ask for more time, at once, and for an hour at most', () => {
  expect(stateOf(afterFailure(CLOSED, START, 17_000), later(16_999))).toBe('open');
  expect(stateOf(afterFailure(CLOSED, START, 17_000), later(17_000))).toBe('closed');
  expect(afterFailure(CLOSED, START, 86_400_000).openUntil).toEqual(later(3_600_000));
});

test('questions keep to so many in a second, however fast the answers are', async () => {
  let at = START.getTime();
  const slept: number[] = [];
  const clock = {
    now: () => new Date(at),
    sleep: async (ms: number) => {
      slept.push(ms);
      at += ms;
    },
  };
  const pace = paceOf(4, clock);
  await pace();
  await pace();
  at += 100;
  await pace();
  at += 1_000;
  await pace();
  expect(slept).toEqual([250, 150]);
});
