/** The playground: a mapping tried on a text, with where each element came from; and what it costs at most. */
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { MAPPINGS_DIR } from '../../../src/map/language/folders.ts';
import { type MappingBench, openMappingBench } from '../../../src/run/mapping-bench.ts';
import { adt } from '../../support/messages.ts';
import { nhsNumber } from '../../support/records.ts';
import { type Told, tellFamily, wordsOf } from './family.ts';

const MESSAGE = adt(
  { nhs: nhsNumber(961), given: 'Lowenna', family: 'Rosewarne', born: '1995-05-05', local: 'M9' },
  { visit: 'V-1', id: 'A-1' },
);
const DRAFT = readFileSync(new URL('hl7v2-adt/mapping.yaml', MAPPINGS_DIR), 'utf8');

let told: Told;
beforeAll(async () => {
  told = await tellFamily();
});
afterAll(() => told.stop());

async function send(fields: Record<string, string>, as = '') {
  const { statusCode, body, headers } = await told.app.inject({
    method: 'POST',
    url: `/pages/playground${as ? `?as=${told.serviceOf(as)}` : ''}`,
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    payload: new URLSearchParams({ mapping: 'hl7v2-adt', act: 'run', ...fields }).toString(),
  });
  return { status: statusCode, body, words: wordsOf(body), headers };
}

test('begins with a mapping that ships, and an example of it', async () => {
  const { body } = await told.app.inject('/pages/playground?mapping=third-sector-csv');
  expect(wordsOf(body)).toMatch(/as third-sector-csv reads it/);
  expect(body).toContain('statements:');
  expect((await told.app.inject('/pages/playground?mapping=nothing')).statusCode).toBe(404);
  expect((await told.app.inject('/pages/playground?mapping=../policy')).statusCode).toBe(404);
});

test('says what a text becomes, each element with its field and its rule, and what is not kept', async () => {
  const { status, words, body } = await send({ text: MESSAGE });
  expect(status).toBe(200);
  expect(words).toContain('It would be accepted');
  expect(words).toMatch(/patient\.name\[0\]\.family Rosewarne from PID-5\.1\.1, fragments\/xpn\.yaml:\d+/);
  expect(words).toMatch(/PID-5\.1\.1 Rosewarne/);
  const lit = /<li id="(l-\d+)" class="\1"><a href="#\1" class="app-mono app-long">PID-5\.1\.1</.exec(
    body,
  )?.[1];
  expect(body).toMatch(new RegExp(`<li class="${lit}"><a href="#${lit}"[^>]*>patient.name\\[0\\].family<`));
  expect(words).toMatch(/\d+ fields with data: \d+ read, \d+ left out on purpose, \d+ read by no rule/);
});

test('tries a draft, names what is wrong with one by file and line, and gives it back as a file', async () => {
  const changed = DRAFT.replace('mode: delta', 'mode: snapshot');
  expect(changed).not.toBe(DRAFT);
  expect((await send({ text: MESSAGE, draft: changed })).status).toBe(200);
  const broken = await send({ text: MESSAGE, draft: DRAFT.replace('to: status', 'to: stauts') });
  expect(broken.words).toMatch(/hl7v2-adt\/mapping\.yaml:\d+:\d+: .*stauts/);
  const file = await send({ draft: changed, act: 'download' });
  expect(file.headers['content-disposition']).toContain('mapping.yaml');
  expect(file.body).toBe(changed);
  expect(readFileSync(new URL('hl7v2-adt/mapping.yaml', MAPPINGS_DIR), 'utf8')).toBe(DRAFT);
});

test('what a text holds is text, and nothing of it is kept', async () => {
  const script = MESSAGE.replace('Rosewarne', '<script>alert(1)</script>');
  const { body } = await send({ text: script });
  expect(body).not.toContain('<script');
  expect(body).toContain('&lt;script&gt;alert(1)');
  const { rows } = await told.database.pool.query(
    "select count(*)::int as n from message where position('Rosewarne' in encode(body, 'escape')) > 0",
  );
  expect(rows).toEqual([{ n: 0 }]);
});

test('what is no message of the kind is said, not thrown', async () => {
  for (const text of ['', 'nonsense', '{"a":', 'MSH|'.repeat(2_000)]) {
    const { status, words } = await send({ text });
    expect(status).toBe(200);
    expect(words).toMatch(/It would be held/);
  }
});

describe('what a draft costs is ended', () => {
  const open = (limits: { deadlineMs: number; memoryMb: number }): MappingBench =>
    openMappingBench([MAPPINGS_DIR], limits);
  const asked = { name: 'hl7v2-adt', dialect: null, text: MESSAGE, draft: null };

  test('in time, and the next is tried in a thread of its own', async () => {
    const bench = open({ deadlineMs: 1, memoryMb: 256 });
    expect((await bench.run(asked)).wrong).toEqual([expect.stringContaining('costs too much')]);
    await bench.close();
    const other = open({ deadlineMs: 30_000, memoryMb: 256 });
    expect((await other.run(asked)).isSound).toBe(true);
    expect((await other.run(asked)).isSound).toBe(true);
    await other.close();
  });

  test('in memory', async () => {
    const bench = open({ deadlineMs: 30_000, memoryMb: 8 });
    expect((await bench.run(asked)).wrong).toEqual([expect.stringContaining('more than 8 MB')]);
    await bench.close();
  });

  test('and so many wait, no more', async () => {
    const bench = open({ deadlineMs: 30_000, memoryMb: 256 });
    const all = await Promise.allSettled(Array.from({ length: 12 }, () => bench.run(asked)));
    expect(all.filter(({ status }) => status === 'rejected')).toHaveLength(4);
    await bench.close();
  });
});
