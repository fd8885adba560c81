import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { EVIDENCE, parseEvidence } from '../../src/access/decide/evidence.ts';
import { POLICY } from '../../src/access/decide/policy.ts';

const FILE = readFileSync(new URL('../../policy/evidence.yaml', import.meta.url), 'utf8');

it('has a row for every sector but those whose word never counts', () => {
  const silent = [...POLICY.rows.keys()].filter((sector) => !EVIDENCE.weights.has(sector));
  expect(silent.filter((sector) => !['commissioner', 'public-health'].includes(sector))).toEqual([]);
});

it.each([
  ['national', 'A', 'A', 'establishes', 'everything'],
  ['tracing', 'never', 'D', 'establishes', 'everything'],
  ['maternity', 'A-if-verified', 'B', 'establishes', 'below-A'],
  ['mother-and-baby-unit', 'A-if-verified', 'B', 'establishes', 'below-A'],
  ['family-nurse', 'supports', 'B-own-patient', 'establishes', 'own-patient'],
  ['camhs-5-18', 'supports', 'B-own-patient', 'establishes', 'own-patient'],
  ['drug-and-alcohol', 'never', 'C', 'own-patient', 'worklist'],
  ['family-hub', 'never', 'D', 'joins', 'worklist'],
  ['third-sector', 'never', 'D', 'claim', 'worklist'],
])('%s: gestational %s, parent word %s, number %s, contest %s', (sector, ...words) => {
  const { gestational, parent, number, contest } = EVIDENCE.weights.get(sector) ?? {};
  expect([gestational, parent, number, contest]).toEqual(words);
});

it.each([
  ['a word that is none', 'contest: everything', 'contest: nothing', 'contest: nothing', 'contest'],
  [
    'a sector with two rows',
    '[national]',
    '[national, maternity]',
    'maternity, neonatal',
    'has a row already',
  ],
  ['no figure', 'waitDays: 10', 'waitDays: soon', 'waitDays: soon', 'waitDays'],
])('refuses %s with file and line', (_what, was, is, place, text) => {
  const broken = FILE.replace(was, is);
  const line = broken.split('\n').findIndex((one) => one.includes(place)) + 1;
  expect(line).toBeGreaterThan(0);
  expect(() => parseEvidence(broken, 'evidence.yaml')).toThrow(`evidence.yaml:${line}: `);
  expect(() => parseEvidence(broken, 'evidence.yaml')).toThrow(text);
});

it('refuses what is no YAML', () => {
  expect(() => parseEvidence(`${FILE}\n  - [`, 'evidence.yaml')).toThrow(/^evidence\.yaml:\d+: /);
});
