/** The section of docs/mapping.md on dialects, followed to the letter by somebody with samples. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { testDatabase } from '../support/database.ts';
import { runProgram } from '../support/process.ts';

const page = readFileSync(new URL('../../docs/mapping.md', import.meta.url), 'utf8');
const [, section = ''] = /^## A dialect of a shipped mapping$([\s\S]*?)^## /m.exec(page) ?? [];
const blocks = (kind: string) =>
  [...section.matchAll(new RegExp(`\`\`\`${kind}\n([\\s\\S]*?)\`\`\``, 'g'))].map(([, text = '']) => text);

const message = (sex: string, interpreter: string) =>
  [
    'MSH|^~\\&|PAS|RR8|SKEIN|NHS|20260901101500||ADT^A01|MSG1|P|2.4',
    'EVN|A01|20260901101500',
    `PID|1||L100^^^LEEDS^MR||EXAMPLE^ROBIN||19900102|${sex}`,
    'NK1|1|EXAMPLE^KIM|SPO',
    'PV1|1|I|MATERNITY^1^1||||||||||||||||V100',
    `ZPD|1|${interpreter}`,
  ].join('\r');

test('every command of it does what the page says', async () => {
  const { url } = await testDatabase();
  const folder = mkdtempSync(join(tmpdir(), 'skein-docs-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const put = (name: string, text: string) => {
    mkdirSync(join(folder, name, '..'), { recursive: true });
    writeFileSync(join(folder, name), text);
  };
  put('samples/1.hl7', message('F', 'Y'));
  put('samples/2.hl7', message('X', 'N'));
  const env = { DATABASE_URL: url, MAPPINGS_DIR: 'our-mappings' };
  const runAll = async (script: string) => {
    const outputs: string[] = [];
    for (const line of script.split('\n').filter((one) => one.startsWith('npx skein '))) {
      const words = line.replace('npx skein ', '').replace('samples/*.hl7', 'samples/1.hl7 samples/2.hl7');
      const program = runProgram([resolve('bin/skein.js'), ...words.split(' ')], env, folder);
      expect([line, await program.exit(), program.output()]).toEqual([line, 0, expect.anything()]);
      outputs.push(program.output());
    }
    return outputs;
  };
  const [begin = '', prove = '', register = ''] = blocks('sh');
  mkdirSync(join(folder, 'our-mappings'));
  const [drafted] = await runAll(begin);
  expect(drafted).toMatch(/leeds-adt\/mapping\.yaml written[\s\S]*^ZPD-2 /m);
  const [mapping = '', source = ''] = blocks('yaml');
  put('our-mappings/leeds-adt/mapping.yaml', mapping);
  put('our-mappings/leeds-adt/source.yaml', source);
  put('our-mappings/leeds-adt/examples/interpreter.in.hl7', message('F', 'Y'));
  put('our-mappings/leeds-adt/examples/no-interpreter.in.hl7', message('X', 'N'));
  const [checked, tested, covered] = await runAll(prove);
  expect(checked).toContain('leeds-adt');
  expect(tested).toBe('2 of 2 examples pass\n');
  const [, rules] = /here (\d+) rules/.exec(section) ?? [];
  expect(covered).toContain(`rules    100 % of ${rules} fire`);
  const [added, reloaded] = await runAll(register);
  expect(added).toContain('source leeds-adt,hl7v2-siu');
  expect(reloaded).toContain('checked');
  const run = ['map', 'explain', '--mapping', 'leeds-adt', 'samples/1.hl7'];
  const explained = runProgram([resolve('bin/skein.js'), ...run], env, folder);
  await explained.exit();
  const [own = ''] = /(?<=`)leeds-adt\/mapping\.yaml:\d+(?=`)/.exec(section) ?? [];
  expect(explained.output()).toContain(`(${own})`);
  // Of the base the form: its version and lines are another with each change of it.
  const ofBase = /hl7v2-adt@\d+\.\d+\.\d+\/mapping\.yaml:\d+/;
  expect(section).toMatch(ofBase);
  expect(explained.output()).toMatch(ofBase);
});
