/** A dialect of a shipped mapping, from a stranger's samples to its proof. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { skein, tempFile } from './skein.ts';

const A01 = [
  'MSH|^~\\&|PAS|RXM|SKEIN|NHS|20260901101500||ADT^A01|MSG1|P|2.4',
  'EVN|A01|20260901101500',
  'PID|1||L100^^^LEEDS^MR||EXAMPLE^ROBIN||19900102|F|||1 HIGH ST^^LEEDS^^LS1 1AA',
  'NK1|1|EXAMPLE^KIM|SPO',
  'PV1|1|I|MATERNITY^1^1||||||||||||||||V100',
  'ZPD|1|Y|INTERPRETER',
].join('\r');

type Files = { mapping: string; source?: string; maps?: Record<string, object> };

/** A folder of own mappings that holds the dialect `leeds-adt`, and nothing that ships. */
function dialect({ mapping, source, maps = {} }: Files, examples: string[] = []): string {
  const dir = mkdtempSync(join(tmpdir(), 'skein-dialect-'));
  onTestFinished(() => rmSync(dir, { recursive: true }));
  const put = (name: string, text: string) => {
    mkdirSync(join(dir, 'leeds-adt', name, '..'), { recursive: true });
    writeFileSync(join(dir, 'leeds-adt', name), text);
  };
  put('mapping.yaml', `name: leeds-adt\nversion: 1.2.0\nextends: hl7v2-adt\n${mapping}`);
  if (source !== undefined) put('source.yaml', source);
  for (const [name, map] of Object.entries(maps)) put(`maps/${name}.json`, JSON.stringify(map));
  for (const [index, body] of examples.entries()) put(`examples/case-${index}.in.hl7`, body);
  return dir;
}

const run = async (dir: string, body = A01) => {
  const args = ['--mapping', 'leeds-adt', '--dir', dir, '--json', tempFile('a01.hl7', body)];
  const [unit] = JSON.parse((await skein('map', 'run', ...args)).out);
  const { record, issues } = unit;
  const of = (type: string) =>
    record.statements
      .map(({ resource }: { resource: { resourceType: string } }) => resource)
      .filter(({ resourceType }: { resourceType: string }) => resourceType === type);
  return { record, issues, of, patient: of('Patient')[0] };
};
const ruleOf = ({ record }: Awaited<ReturnType<typeof run>>, element: string): string =>
  record.lineage.find((line: { element: string }) => line.element === element).rule;

const checked = async (dir: string) => (await skein('map', 'check', '--dir', dir)).err.trim();

describe('a dialect', () => {
  test('of which nothing is said is its base, and records say which version of it made what', async () => {
    const found = await run(dialect({ mapping: '' }));
    expect(found.record.mapping).toBe('leeds-adt@1.2.0');
    expect(found.of('RelatedPerson')).toHaveLength(1);
    expect(ruleOf(found, 'episode.patient')).toMatch(/^hl7v2-adt@\d+\.\d+\.\d+\/mapping\.yaml:\d+$/);
  });

  test('replaces, adds to and drops rules of a statement by their target, those of its fragment too', async () => {
    const mapping = `statements:
  - local: patient
    drop: [address]
    rules:
      - { to: gender, value: other }
      - { to: active, value: true }
    add:
      - { to: telecom, rules: [{ to: system, value: phone }, { to: value, from: ZPD-3 }] }
`;
    const body = A01.replace('LS1 1AA', 'LS1 1AA||0113');
    const found = await run(dialect({ mapping, source: 'segments: { ZPD: { 3: ST Other } }\n' }), body);
    expect(found.patient).toMatchObject({ gender: 'other', active: true, birthDate: '1990-01-02' });
    expect(found.patient.address).toBeUndefined();
    expect(found.patient.telecom.map(({ value }: { value: string }) => value)).toEqual([
      '0113',
      'INTERPRETER',
    ]);
    expect(ruleOf(found, 'patient.gender')).toBe('leeds-adt/mapping.yaml:8');
    expect(ruleOf(found, 'patient.birthDate')).toMatch(/^fragments\/pid\.yaml:\d+$/);
  });

  test('adds statements, and drops those of its base and its checks', async () => {
    const mapping = `drop: [next-of-kin, PID is missing]
statements:
  - { local: kin, resource: RelatedPerson, each: NK1, rules: [{ to: patient, ref: patient }, { to: name.text, from: NK1-2.1 }] }
`;
    const found = await run(dialect({ mapping }));
    expect(found.of('RelatedPerson')).toEqual([
      { resourceType: 'RelatedPerson', patient: { reference: '#patient' }, name: [{ text: 'EXAMPLE' }] },
    ]);
  });

  test('has the ConceptMaps of its base, and its own before them', async () => {
    const maps = {
      'administrative-sex': {
        resourceType: 'ConceptMap',
        group: [
          {
            target: 'http://hl7.org/fhir/administrative-gender',
            element: [{ code: 'F', target: [{ code: 'unknown', equivalence: 'equivalent' }] }],
          },
        ],
      },
    };
    expect((await run(dialect({ mapping: '', maps }))).patient.gender).toBe('unknown');
  });

  test('has the fragments of its folder before those that ship', async () => {
    const dir = dialect({ mapping: '' });
    mkdirSync(join(dir, 'fragments'));
    const name = 'name: xpn\ntype: HumanName\nrules: [{ to: text, from: XPN.1.1 }]\n';
    writeFileSync(join(dir, 'fragments/xpn.yaml'), name);
    const found = await run(dir);
    expect(found.patient.name).toEqual([{ text: 'EXAMPLE' }]);
    expect(found.patient.identifier[0].value).toBe('L100');
  });

  test('takes messages, fields and ignored fields beside those of its base', async () => {
    const source = 'messages: { ADT: [A60] }\nignored: { ZPD: ours }\n';
    const dir = dialect({ mapping: '', source });
    const { issues } = await run(dir, A01.replaceAll('A01', 'A60'));
    expect(JSON.stringify(issues)).not.toMatch(/A60|ZPD/);
    expect(JSON.stringify((await run(dialect({ mapping: '' }))).issues)).toContain('ZPD');
  });

  test.each([
    [
      'extends: hl7v2-atd',
      'extends: hl7v2-atd',
      'leeds-adt/mapping.yaml:3:10: no mapping "hl7v2-atd"; did you mean "hl7v2-adt"?',
    ],
    [
      '',
      'statements: [{ local: pateint, rules: [{ to: active, value: true }] }]',
      'leeds-adt/mapping.yaml:4:23: hl7v2-adt has no statement "pateint"; did you mean "patient"?; a new one has a resource',
    ],
    [
      '',
      'statements: [{ local: patient, drop: [genter] }]',
      'leeds-adt/mapping.yaml:4:39: patient of hl7v2-adt has no rule to "genter"; did you mean "gender"?',
    ],
    [
      '',
      'drop: [next-of-kim]',
      'leeds-adt/mapping.yaml:4:8: hl7v2-adt has no statement or check "next-of-kim"; did you mean "next-of-kin"?',
    ],
    [
      '',
      'statements: [{ local: patient, rules: [{ to: gender, from: ZPD-9 }] }]',
      'leeds-adt/mapping.yaml:4:60: no segment ZPD in this source',
    ],
    [
      '',
      'statments: []',
      'leeds-adt/mapping.yaml:4:1: unrecognized key "statments"; did you mean "statements"?',
    ],
  ])('names its mistakes by file and line: %s %s', async (other, mapping, problem) => {
    const dir = dialect({ mapping });
    const file = join(dir, 'leeds-adt/mapping.yaml');
    if (other) writeFileSync(file, `name: leeds-adt\nversion: 1.2.0\n${other}\n`);
    expect(await checked(dir)).toContain(problem);
  });

  test('answers for what it makes wrong in its base', async () => {
    const mapping = 'drop: [episode]\n';
    expect(await checked(dialect({ mapping }))).toMatch(
      /^leeds-adt\/mapping\.yaml:3:10: hl7v2-adt@[\d.]+\/mapping\.yaml:\d+: no statement "episode"/m,
    );
  });

  test('is no base itself', async () => {
    const dir = dialect({ mapping: '' });
    mkdirSync(join(dir, 'ward'));
    writeFileSync(join(dir, 'ward/mapping.yaml'), 'name: ward\nversion: 1.0.0\nextends: leeds-adt\n');
    expect(await checked(dir)).toBe(
      'ward/mapping.yaml:3:10: leeds-adt is a dialect itself: extend hl7v2-adt',
    );
  });
});

describe('the proof of a dialect', () => {
  const mapping = `statements:
  - local: patient
    rules:
      - { to: maritalStatus.text, from: PID-16, when: PID-16 != X }
`;
  const cover = async (dir: string) => {
    const { code, out, err } = await skein('map', 'coverage', '--dir', dir, '--json');
    return { code, err, parts: JSON.parse(out).mappings };
  };

  test('is asked for what differs alone: rules, mutants and fields', async () => {
    const source = 'segments: { PID: { 16: ST Marital status } }\nignored: { ZPD: ours }\n';
    const bodies = ['M', 'X'].map((code) => A01.replace('LS1 1AA', `LS1 1AA|||||${code}`));
    const dir = dialect({ mapping, source }, bodies);
    expect((await skein('map', 'test', '--update', '--dir', dir)).out).toBe('2 of 2 examples pass\n');
    const { code, err, parts } = await cover(dir);
    expect([code, err]).toEqual([0, '']);
    expect(parts).toHaveLength(1);
    expect([parts[0].name, parts[0].rules.total]).toEqual(['leeds-adt', 1]);
    expect(parts[0].mutants.total).toBeLessThan(8);
    expect(parts[0].fields.map(({ field }: { field: string }) => field)).toEqual(['ZPD-1', 'ZPD-2', 'ZPD-3']);
  });

  test('names by file and line what no example shows', async () => {
    const source = 'segments: { PID: { 16: ST Marital status } }\nignored: { ZPD: ours }\n';
    const { code, parts } = await cover(dialect({ mapping, source }, [A01]));
    expect(code).toBe(1);
    expect(parts[0].rules.missed).toEqual([
      { at: 'leeds-adt/mapping.yaml:7', what: 'patient: maritalStatus.text, from PID-16, when PID-16 != X' },
    ]);
  });
});

describe('map new --extends', () => {
  const begin = async (base: string, name: string, text: string) => {
    const dir = mkdtempSync(join(tmpdir(), 'skein-new-'));
    onTestFinished(() => rmSync(dir, { recursive: true }));
    const args = ['map', 'new', 'sender', tempFile(name, text), '--extends', base, '--dir', dir];
    return { dir, ...(await skein(...args, '--json')) };
  };

  test('drafts a dialect that loads: no rule, and the fields that the base does not know as to-dos', async () => {
    const { dir, out, code } = await begin('hl7v2-adt', 'a01.hl7', A01);
    const { from, todo, files } = JSON.parse(out);
    expect([code, from, files]).toEqual([0, 'hl7v2-adt', ['sender/source.yaml', 'sender/mapping.yaml']]);
    expect(todo.map(({ field }: { field: string }) => field)).toEqual(['ZPD-1', 'ZPD-2', 'ZPD-3']);
    const written = readFileSync(join(dir, 'sender/mapping.yaml'), 'utf8');
    expect(written).toMatch(/^name: sender\nversion: 0\.1\.0\nextends: hl7v2-adt$/m);
    expect(written).not.toContain('statements');
    expect(readFileSync(join(dir, 'sender/source.yaml'), 'utf8')).not.toMatch(/MSH|INTERPRETER/);
    expect((await skein('map', 'check', '--dir', dir)).code).toBe(0);
  });

  test.each([
    ['third-sector-csv', 'r.csv', 'reference,Shoe size,family_name\nR-1,5,Example\n', 'shoe_size'],
    ['third-sector-form', 'f.json', '{"reference":"R-1","pet":{"name":"Rex"}}', 'pet.name'],
  ])('of %s finds what its samples add', async (base, name, text, field) => {
    const { out } = await begin(base, name, text);
    expect(JSON.parse(out).todo.map((one: { field: string }) => one.field)).toEqual([field]);
  });

  test('is used wrongly with a base that is not there, or of another format', async () => {
    expect(await begin('hl7v2-atd', 'a.hl7', A01)).toMatchObject({ code: 2 });
    expect(await begin('third-sector-csv', 'a.hl7', A01)).toMatchObject({
      code: 2,
      err: expect.stringContaining('third-sector-csv reads csv, the samples are hl7v2'),
    });
  });
});
