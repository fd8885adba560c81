/** Figures: what is drawn is what is in the table, and what happened is what is drawn. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { drawColumns } from '../../../src/web/pages/figures/chart.ts';
import { type Told, tellFamily, wordsOf } from './family.ts';

let told: Told;
beforeAll(async () => {
  told = await tellFamily();
});
afterAll(() => told.stop());

test('messages, deliveries and stages of what was told are drawn, with the same in tables', async () => {
  const { body, statusCode } = await told.app.inject('/pages/figures');
  expect(statusCode).toBe(200);
  const words = wordsOf(body);
  expect(words).toMatch(/7 messages in 24 hours, 0 of them held, failed or rejected/);
  expect(words).toMatch(/95 of 100 were answered: [\d.]+ s at most/);
  expect(words).toMatch(/Stage Birth to 12 months Journeys 2/);
  expect(words).toContain('of fewer nothing is told');
  expect(body.match(/<rect [^>]*fill="#005eb8"/g)?.length).toBeGreaterThan(1);
  expect(body).not.toMatch(/Tamsin|Penrose|Kit|999\d{7}/);
});

test('to a service it is not there', async () => {
  const { statusCode } = await told.app.inject(`/pages/figures?as=${told.serviceOf('northlight')}`);
  expect(statusCode).toBe(404);
});

test('bars stand on one line, as high as their numbers, the parts of one on each other', () => {
  const columns = [
    { label: 'a', parts: [1, 1] },
    { label: 'b', parts: [4, 0] },
    { label: 'c', parts: [0, 0] },
  ];
  const say = String;
  const chart = drawColumns({ id: 'x', title: 'X', says: 's', names: ['p', 'q'], columns, say, first: 'f' });
  const [low, upper, high] = chart.bars;
  expect(chart.bars).toHaveLength(3);
  expect([low?.height, upper?.height, high?.height]).toEqual([32.5, 32.5, 130]);
  expect((low?.y ?? 0) + (low?.height ?? 0)).toBe(150);
  expect((upper?.y ?? 0) + (upper?.height ?? 0)).toBe(low?.y);
  expect(chart.rows).toEqual([
    ['a', '1', '1'],
    ['b', '4', '0'],
    ['c', '0', '0'],
  ]);
});
