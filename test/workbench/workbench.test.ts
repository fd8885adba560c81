import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { describe, expect, test, vi } from 'vitest';
import { MAPPINGS_DIR } from '../../src/map/language/read-mappings.ts';
import { formFiles } from '../map/mapping-folder.ts';
import { folder, shipped, skein, tempFile } from './skein.ts';

const ADT = shipped('hl7v2-adt/examples/a08-corrects-and-empties.in.hl7');
const file = (text: string) => tempFile('resource.json', text);

describe('the workbench', () => {
  test('map check names the mappings, and that their JSON Schema is current', async () => {
    const { code, out } = await skein('map', 'check', '--json');
    expect([code, JSON.parse(out)]).toEqual([
      0,
      {
        mappings: [
          'bars-referral',
          'birth-notification',
          'fhir-r4',
          'hl7v2-adt',
          'hl7v2-ref',
          'hl7v2-siu',
          'mhsds',
          'mns',
          'msds',
          'third-sector-csv',
          'third-sector-form',
        ],
        schema: 'current',
      },
    ]);
  });

  test('a reader that goes away early, as head does, is no fault', async () => {
    const command = fileURLToPath(new URL('../../bin/skein.js', import.meta.url));
    const child = spawn(process.execPath, [command, 'map', 'schema', '--json'], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    child.stdout.destroy();
    let err = '';
    child.stderr.on('data', (text) => {
      err += text;
    });
    const [code] = await once(child, 'close');
    expect([code, err]).toEqual([0, '']);
  });

  test('a folder without a mapping is no folder that is well', async () => {
    expect(await skein('map', 'check', '--dir', folder({}))).toEqual({
      ...{ code: 1, out: '0 mappings checked: \n', err: 'skein: no folder in it has a mapping.yaml\n' },
    });
  });

  test.each(['check', 'test', 'coverage'])('map %s --json tells mistakes as data, too', async (command) => {
    const dir = folder(formFiles('- { to: birthDate, from: borm }'));
    const { code, out, err } = await skein('map', command, '--json', '--dir', dir);
    expect([code, err]).toEqual([1, expect.stringContaining('did you mean "born"?')]);
    expect(JSON.parse(out).problems).toMatchObject([{ file: 'form/mapping.yaml', line: 9, column: 32 }]);
  });

  test.each([
    ['check', 'hl7v2-adt'],
    ['test', 'hl7v2-adt'],
    ['schema', 'source.schema.json'],
  ])('map %s with a word too many is used wrongly', async (command, extra) => {
    expect(await skein('map', command, extra)).toMatchObject({
      code: 2,
      out: '',
      err: expect.stringContaining(extra),
    });
  });

  test('map test runs every pair', async () => {
    const { code, out } = await skein('map', 'test');
    expect([code, out]).toEqual([0, expect.stringMatching(/^(\d+) of \1 examples pass\n$/)]);
  });

  test('map run writes resources on stdout and issues on stderr', async () => {
    const { code, out, err } = await skein('map', 'run', '--mapping', 'hl7v2-adt', ADT);
    expect(code).toBe(0);
    expect(JSON.parse(out).map(({ resourceType }: { resourceType: string }) => resourceType)).toEqual([
      'Patient',
      'RelatedPerson',
    ]);
    expect(err).toBe('warning code-invalid: NK1[2]-3.1 "12" is not in table relationship-0063\n');
  });

  test('map run exits with 1 where a message is held, and says why', async () => {
    const held = await skein(
      'map',
      'run',
      '--mapping',
      'hl7v2-adt',
      shipped('hl7v2-adt/examples/bad-birth-date.in.hl7'),
    );
    expect(held).toEqual({ code: 1, out: '[]\n', err: 'error value: PID-7 is not a date\n' });
  });

  const explain = (...args: string[]) => skein('map', 'explain', '--mapping', 'hl7v2-adt', ...args);

  test('map explain tells each element with its source and rule, in either direction', async () => {
    const bySource = await explain(ADT, 'PID-5');
    const rows = bySource.out.trim().split('\n');
    expect(rows[0]).toMatch(
      /^patient\.name\[0\]\.use +PID-5\.7 +\(fragments\/xpn\.yaml:\d+\) +L -> official by name-use$/,
    );
    expect(rows.length).toBeGreaterThan(1);
    expect(rows.filter((row) => !/ PID-5(\[2\])?\.\d/.test(row))).toEqual([]);
    const byElement = await explain(ADT, 'Patient.birthDate');
    expect(byElement.out).toMatch(/^patient\.birthDate +PID-7 +\(.*:\d+\)\n$/);
    expect((await explain(ADT, 'PID-50')).code).toBe(1);
  });

  test('map explain knows a field by its place and by what rules call it', async () => {
    const dir = folder(formFiles('- { to: birthDate, from: born }'));
    const form = tempFile('form.json', '{"born": "2025-01-02", "items": [{"kind": "x"}]}');
    const asked = (path: string) => skein('map', 'explain', '--mapping', 'form', '--dir', dir, form, path);
    for (const path of ['born', '/born', 'birthDate'])
      expect((await asked(path)).out).toBe('patient.birthDate  /born  (form/mapping.yaml:9)\n');
    expect(await asked('nowhere')).toEqual({
      code: 1,
      out: '',
      err: 'skein: nothing of it is called nowhere\n',
    });
    const csv = tempFile('rows.csv', 'Ref,Surname,D.O.B\n1,Example,1/2/1990\n');
    const byColumn = await skein('map', 'explain', '--mapping', 'third-sector-csv', csv, 'family_name');
    expect(byColumn.out).toMatch(/^patient\.name\[0\]\.family +row 2, Surname /);
  });

  test('map explain says why nothing came of a message', async () => {
    const { code, err } = await explain(tempFile('garbage.hl7', 'garbage'));
    expect([code, err]).toEqual([1, expect.stringContaining('no HL7 v2 message here')]);
  });

  test('map explain tells a code before and after its ConceptMap, and one that is not in it', async () => {
    const { elements } = JSON.parse((await explain('--json', ADT)).out);
    const translations = Object.fromEntries(
      elements.map(({ element, translation }: { element: string; translation?: object }) => [
        element,
        translation,
      ]),
    );
    expect(translations).toMatchObject({
      'patient.gender': { from: 'F', to: 'female', map: 'administrative-sex', known: true },
      'next-of-kin-2.relationship[0]': { from: '12', to: '12', map: 'relationship-0063', known: false },
    });
  });

  test('map explain finds the codes of an extract in their rows', async () => {
    const file = new URL('mhsds/examples/any-case-and-order.in.json', MAPPINGS_DIR).pathname;
    const { out } = await skein('map', 'explain', '--mapping', 'mhsds', file, 'contact.status');
    expect(out).toMatch(
      /^contact\.status +MHS201CareContact row 1, AttendStatus +\(.*\) +6 -> finished by contact-status\n$/,
    );
  });

  test('map explain names what carries data and was not kept, with the reason', async () => {
    const file = tempFile('row.csv', 'ref,family,relationship,pet\nR1,Example,her mum,Rex\n');
    const { out } = await skein('map', 'explain', '--mapping', 'third-sector-csv', file, 'relationship');
    expect(out).toBe(
      'relationship  not kept: a relative named in words is never a link; it stays in the stored message\n',
    );
    const pet = await skein('map', 'explain', '--mapping', 'third-sector-csv', file, 'pet');
    expect(pet.out).toBe('pet  not kept: no rule reads it\n');
  });

  test('validate answers with an OperationOutcome, and 1 where there is an error', async () => {
    const sound = await skein('validate', file('{"resourceType":"Patient","gender":"female"}'));
    expect([sound.code, JSON.parse(sound.out).issue[0].severity]).toEqual([0, 'information']);
    const wrong = await skein('validate', file('{"resourceType":"Patient","gender":"F"}'));
    expect([wrong.code, JSON.parse(wrong.out).issue]).toMatchObject([
      1,
      [{ severity: 'error', code: 'code-invalid', expression: ['Patient.gender'] }],
    ]);
    expect((await skein('validate', file('not json'))).code).toBe(1);
    expect((await skein('validate', file('[]'))).code).toBe(1);
    expect((await skein('validate', file('{"resourceType":"Patient","id":"a","id":"b"}'))).code).toBe(1);
  });

  test('validate against a profile: one cause a line, no longer than a screen; the rest behind --all', async () => {
    const profile = ['--profile', 'https://skein.example/fhir/StructureDefinition/skein-patient'];
    const telecom = Array.from({ length: 30 }, (_, index) => ({
      value: '1',
      use: `use ${index}`,
      rank: index,
    }));
    const names = Object.fromEntries(Array.from({ length: 30 }, (_, index) => [`unheard${index}`, 'x']));
    const patient = file(JSON.stringify({ resourceType: 'Patient', telecom, ...names }));
    const short = await skein('validate', patient, ...profile);
    const rows = short.out
      .split('\n')
      .reduce((sum, line) => sum + Math.max(1, Math.ceil(line.length / 80)), 0);
    expect(rows).toBeLessThan(26);
    expect(short.out).toContain('Patient.telecom[1].use');
    expect(JSON.parse(short.out).issue.at(-1).diagnostics).toMatch(/^and \d+ more causes: --all$/);
    const all = JSON.parse((await skein('validate', patient, ...profile, '--all')).out).issue as {
      diagnostics: string;
    }[];
    expect(all.length).toBeGreaterThan(30);
    expect(all.map(({ diagnostics }) => diagnostics)).toContain(
      'Patient.birthDate is must-support, and is not there',
    );
  });

  test('validate checks the profiles of FHIR_PACKAGES, and says which claimed one it does not have', async () => {
    const url = 'https://other.example/fhir/named';
    const patient = file(JSON.stringify({ resourceType: 'Patient', meta: { profile: [url] }, active: true }));
    const without = await skein('validate', patient);
    expect([without.code, JSON.parse(without.out).issue[0].diagnostics]).toEqual([
      0,
      expect.stringContaining(`${url} is not loaded`),
    ]);
    const element = [{ id: 'Patient.name', path: 'Patient.name', min: 1 }];
    const base = {
      baseDefinition: 'http://hl7.org/fhir/StructureDefinition/Patient',
      derivation: 'constraint',
    };
    const dir = folder({
      'named.json': JSON.stringify({
        resourceType: 'StructureDefinition',
        url,
        type: 'Patient',
        ...base,
        differential: { element },
      }),
    });
    vi.stubEnv('FHIR_PACKAGES', dir);
    const checked = await skein('validate', patient);
    vi.unstubAllEnvs();
    expect([checked.code, JSON.parse(checked.out).issue[0].expression]).toEqual([1, ['Patient.name']]);
  });

  test.each<[string, Record<string, string> | null]>([
    ['that is not there', null],
    ['that holds nothing', { 'a.json': 'null', 'b.json': '[]', 'c.json': '{"resourceType":"ValueSet"}' }],
    ['that is broken', { 'a.json': '{' }],
  ])('validate with a package %s: exit code 2, as nothing is known of the resource', async (_, files) => {
    const path = files ? folder(files) : '/nowhere/at/all.tgz';
    vi.stubEnv('FHIR_PACKAGES', path);
    const { code, out, err } = await skein('validate', file('{"resourceType":"Patient"}'));
    vi.unstubAllEnvs();
    expect([code, out, err.startsWith(`skein: FHIR package ${path}: `)]).toEqual([2, '', true]);
  });

  test.each([
    [['map', 'fly']],
    [['map', 'run', ADT]],
    [['map', 'run', '--mapping', 'nobody', ADT]],
    [['map', 'run', '--mapping', 'hl7v2-adt']],
    [['map', 'run', '--mapping', 'hl7v2-adt', '--dialect', 'unheard', ADT]],
    [['map', 'test', '--fast']],
    [['validate', '/nowhere/at/all.json']],
    [['validate', ADT, '--profile', 'https://nobody.example']],
  ])('%j is used wrongly: exit code 2, one line that says why', async (args) => {
    const { code, out, err } = await skein(...args);
    expect([code, out, err.startsWith('skein: ')]).toEqual([2, '', true]);
  });

  test('help names every command, with examples', async () => {
    const { code, out } = await skein('map', '--help');
    expect(code).toBe(0);
    for (const name of [
      'map check',
      'map test',
      'map run',
      'map explain',
      'validate FILE',
      'Examples:',
      'Exit codes:',
    ])
      expect(out).toContain(name);
  });

  test('runs from the command line, with no store, and reads standard input', async () => {
    const bin = new URL('../../bin/skein.js', import.meta.url).pathname;
    const child = execFile(process.execPath, [bin, 'validate', '-'], { env: { PATH: process.env.PATH } });
    child.stdin?.end('{"resourceType":"Patient","active":true}');
    const code = await new Promise((resolve) => child.on('close', resolve));
    expect(code).toBe(0);
  });
});
