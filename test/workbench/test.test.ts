import { readFileSync, writeFileSync } from 'node:fs';
import { expect, onTestFinished, test } from 'vitest';
import { formFiles } from '../map/mapping-folder.ts';
import { folder, skein } from './skein.ts';

const RULES =
  '- { to: name.text, from: name }\n- { to: birthDate, from: born }\n- { to: telecom, each: items, rules: [{ to: system, value: phone }, { to: value, from: kind }] }';
const INPUT = '{"name":"Robin","born":"2025-01-02","items":[{"kind":"0113"}]}';

/** A mapping with one example, whose second file is changed by hand. */
async function changedExample(change: (text: string) => string): Promise<string> {
  const dir = folder(formFiles(RULES, { files: { 'form/examples/one.in.json': INPUT } }));
  expect((await skein('map', 'test', '--update', '--dir', dir)).code).toBe(0);
  const file = `${dir}/form/examples/one.out.json`;
  writeFileSync(file, change(readFileSync(file, 'utf8')));
  return dir;
}

test('a failing example is told element by element, expected and got', async () => {
  const dir = await changedExample((text) =>
    text.replace('2025-01-02', '2025-02-01').replace('"text": "Robin"', '"family": "Robin"'),
  );
  const { code, out, err } = await skein('map', 'test', '--dir', dir);
  expect([code, out]).toEqual([1, '0 of 1 examples pass\n']);
  expect(err.split('\n')).toEqual([
    'form/one: 3 differences',
    '  patient.name[0].family',
    '    - expected Robin',
    '    + got      nothing',
    '  patient.birthDate',
    '    - expected 2025-02-01',
    '    + got      2025-01-02',
    '  patient.name[0].text',
    '    - expected nothing',
    '    + got      Robin',
    '',
  ]);
});

test('a missing statement is one difference', async () => {
  const dir = await changedExample((text) => text.replace('"local": "patient"', '"local": "mother"'));
  const { err } = await skein('map', 'test', '--dir', dir);
  expect(err).toMatch(/^form\/one: 2 differences\n {2}mother\n.*Patient\n.*nothing\n {2}patient\n/);
});

test('--json has every difference', async () => {
  const dir = await changedExample((text) => text.replace('0113', '0114'));
  const { code, out, err } = await skein('map', 'test', '--json', '--dir', dir);
  expect([code, err, JSON.parse(out)]).toEqual([
    1,
    '',
    [
      {
        ...{ source: 'form', name: 'one', passed: false },
        differences: [{ unit: '', element: 'patient.telecom[0].value', expected: '0114', got: '0113' }],
      },
    ],
  ]);
});

test('another layout of the same second file passes', async () => {
  const dir = await changedExample((text) => JSON.stringify(JSON.parse(text)));
  expect((await skein('map', 'test', '--dir', dir)).code).toBe(0);
});

test('an example without a second file fails and says what writes it', async () => {
  const dir = folder(formFiles(RULES, { files: { 'form/examples/one.in.json': INPUT } }));
  const { code, err } = await skein('map', 'test', '--dir', dir);
  expect([code, err]).toEqual([1, expect.stringContaining('skein map test --update')]);
});

test('colour only on a terminal, and never with NO_COLOR', async () => {
  const dir = await changedExample((text) => text.replace('0113', '0114'));
  const { isTTY } = process.stderr;
  const { NO_COLOR } = process.env;
  onTestFinished(() => {
    Object.assign(process.stderr, { isTTY });
    if (NO_COLOR !== undefined) process.env.NO_COLOR = NO_COLOR;
  });
  const colours = async (terminal: boolean, none: string | undefined) => {
    Object.assign(process.stderr, { isTTY: terminal });
    if (none === undefined) delete process.env.NO_COLOR;
    else process.env.NO_COLOR = none;
    return (await skein('map', 'test', '--dir', dir)).err.includes('\u001B[31m');
  };
  expect([await colours(true, undefined), await colours(true, '1'), await colours(false, undefined)]).toEqual(
    [true, false, false],
  );
});
