import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import type { Change } from '../../src/workbench/prove/measure-impact.ts';
import { formFiles } from '../map/mapping-folder.ts';
import { folder, skein, tempFile } from './skein.ts';

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
    const git = (...args: string[]) =>
      execFileSync('git', ['-c', 'user.name=t', '-c', 'user.email=t@example.org', ...args], {
        cwd: old,
        stdio: 'pipe',
      });
    git('init', '--quiet');
    git('add', '.');
    git('commit', '--quiet', '--message', 'Old');
    const bin = fileURLToPath(new URL('../../bin/skein.js', import.meta.url));
    const run = execFileSync(process.execPath, [bin, 'map', 'impact', 'HEAD:./', now, robin], { cwd: old });
    expect(run.toString()).toMatch(/^1 messages or rows: 1 change/);
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
