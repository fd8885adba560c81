/** docs/sharing.md says what policy/sharing.yaml does. */
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { describePolicy } from '../../src/access/decide/describe-policy.ts';
import { POLICY_FILE, parsePolicy } from '../../src/access/decide/policy.ts';

const text = readFileSync(POLICY_FILE, 'utf8');
const page = describePolicy(parsePolicy(text, 'policy/sharing.yaml'));

test('the page for people is the policy of this version: write it anew by skein policy show', () => {
  expect(readFileSync(new URL('../../docs/sharing.md', import.meta.url), 'utf8')).toBe(page);
});

test('every sector, every cell and every figure of the policy is on it', () => {
  const words = text
    .replace(/#.*/g, '')
    .split(/[\s,[\]{}']+/)
    .filter((word) => /^([a-z]+(-[a-z0-9]+)+|\d+|[-ESF]\/[-ESF]\/-\/[-ESF]|https?:\S+)$/.test(word));
  const kinds = new Set(parsePolicy(text, '').serviceKinds);
  const missing = words.filter(
    (word) => !kinds.has(word) && !page.includes(word.replaceAll('-', ' ')) && !page.includes(word),
  );
  expect([...new Set(missing)]).toEqual([]);
});

test('a change of any cell changes the page', () => {
  const changed = text.replace('INV: F/E/-/S', 'INV: F/S/-/S');
  expect(describePolicy(parsePolicy(changed, ''))).not.toBe(page);
});
