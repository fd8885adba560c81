import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { Change } from '../../src/workbench/prove/measure-impact.ts';
import { formFiles } from '../map/mapping-folder.ts';
import { folder, shipped, skein, tempFile } from './skein.ts';

/** Two versions of one mapping, and messages. */
const corpus = () => ({
  old: folder(
    formFiles('- { to: name.text, from: name }\n- { to: birthDate, from: born, severity: warning }'),
  ),
  now: folder(
    formFiles(
      '- { to: name.family, from: name }\n- { to: birthDate, from: born }\n- { to: gender, from: code, map: administrative-sex, unmapped: reject }',
    ),
  ),
  robin: tempFile('robin.json', '{"name":"Robin","born":"2025-01-02","code":"F"}'),
  kim: tempFile('kim.json', '{"name":"Kim","born":"soon"}'),
  nobody: tempFile('nobody.json', '{"pet":"Rex"}'),
});

function commit(cwd: string): void {
  const git = (...args: string[]) =>
    execFileSync('git', ['-c', 'user.name=t', '-c', 'user.email=t@example.org', ...args], {
      cwd,
      stdio: 'pipe',
    });
  git('init', '--quiet');
  git('add', '.');
  git('commit', '--quiet', '--message', 'Old');
}

const runIn = (cwd: string, ...args: string[]) =>
  spawnSync(process.execPath, [resolve('bin/skein.js'), ...args], { cwd });

async function impact(...args: string[]): Promise<{ code: number; out: string; changes: Change[] }> {
  const { code, out } = await skein('map', 'impact', ...args, '--json');
  return { code, out, changes: JSON.parse(out).changes };
}

describe('map impact', () => {
  test('counts what is added, removed and changed by resource and element, with where to look', async () => {
    const { old, now, robin } = corpus();
    const { code, changes } = await impact(old, now, robin, robin);
    expect([code, changes.map(({ examples: _, ...change }) => change)]).toEqual([
      0,
      [
        { resource: 'Patient', element: 'gender', kind: 'added', count: 2 },
        { resource: 'Patient', element: 'name.family', kind: 'added', count: 2 },
        { resource: 'Patient', element: 'name.text', kind: 'removed', count: 2 },
      ],
    ]);
    expect(changes[0]?.examples[0]).toEqual({
      file: 'robin.json',
      unit: '',
      source: '/code',
      after: 'female',
    });
    expect(changes[1]?.examples[0]).toEqual({ file: 'robin.json', unit: '', source: '/name' });
  });

  test('shows values that are no codes only when asked', async () => {
    const { old, now, robin } = corpus();
    expect((await skein('map', 'impact', old, now, robin)).out).not.toContain('Robin');
    expect((await skein('map', 'impact', old, now, robin, '--show-values')).out).toContain(
      'nothing -> Robin',
    );
  });

  test('names the messages that would be newly held and why, and exits with 1', async () => {
    const { old, now, kim } = corpus();
    const { code, changes } = await impact(old, now, kim);
    expect([code, changes]).toEqual([
      1,
      [
        {
          ...{ resource: 'message', element: '/born is not a date', kind: 'newly held', count: 1 },
          examples: [{ file: 'kim.json', unit: '', source: '/born' }],
        },
      ],
    ]);
    expect((await impact(now, old, kim)).changes[0]?.kind).toBe('no longer held');
  });

  test('names the samples that no mapping accepts', async () => {
    const { old, now, robin, nobody } = corpus();
    const { out } = await skein('map', 'impact', old, now, robin, nobody);
    expect(out).toMatch(
      /^1 messages or rows: 1 change, 0 stay the same\n1 that no mapping accepts: nobody\.json\n/,
    );
  });

  test('finds no change between a version and itself', async () => {
    const { old, robin, kim } = corpus();
    expect(await impact(old, old, robin, kim)).toMatchObject({ code: 0, changes: [] });
  });

  test('takes a revision of the repository it runs in', async () => {
    const { old, now, robin } = corpus();
    commit(old);
    const run = runIn(old, 'map', 'impact', 'HEAD:./', now, robin);
    expect(run.stdout.toString()).toMatch(/^1 messages or rows: 1 change/);
  });

  test('takes the shipped mappings of any revision, with the hooks of then', async () => {
    const sample = shipped('hl7v2-siu/examples/every-contact-mode.in.hl7');
    const product = folder({});
    for (const part of ['src', 'mappings']) cpSync(part, join(product, part), { recursive: true });
    commit(product);
    const run = runIn(product, 'map', 'impact', 'HEAD:mappings', shipped(''), sample);
    expect([run.status, run.stderr.toString()]).toEqual([0, '']);
    expect(run.stdout.toString()).toMatch(/ messages or rows: 0 change, /);
  });

  test('follows a hook out of its repository, and tells which old mapping cannot be read any more', async () => {
    const { now, robin } = corpus();
    const old = folder({
      ...formFiles('- { to: name.text, hook: nameOf }'),
      'form/hooks.ts': `import { v2DateTime } from '${relative(join(now, 'form'), resolve('src/fhir/v2-date.ts'))}';
export const nameOf = ({ name }: { name: string }) => (v2DateTime('2026', 'UTC') ? name : undefined);
`,
      'gone/mapping.yaml': 'name: gone\nversion: 1.0.0\n',
      'gone/source.yaml': 'format: json\nfields: { name: text }\n',
    });
    commit(old);
    const run = runIn(old, 'map', 'impact', 'HEAD:./', now, robin);
    expect(run.stderr.toString()).toMatch(
      /^skein: gone of HEAD:\.\/ cannot be read now: gone\/mapping\.yaml:1:1: mode: .*; it is left out\n$/,
    );
    expect(run.stdout.toString()).toMatch(/^1 messages or rows: 1 change/);
    expect(run.status).toBe(0);
  });

  test('is used wrongly without samples, and with a version or a mapping that is not there', async () => {
    const { old, now, robin } = corpus();
    const codes = [
      await skein('map', 'impact', old, now),
      await skein('map', 'impact', old, '/nowhere/at/all', robin),
      await skein('map', 'impact', 'no-such-revision:mappings', now, robin),
      await skein('map', 'impact', old, now, robin, '--mapping', 'nobody'),
    ].map(({ code }) => code);
    expect(codes).toEqual([2, 2, 2, 2]);
  });
});
