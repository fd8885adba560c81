import type { Patient } from '@medplum/fhirtypes';
import { describe, expect, test } from 'vitest';
import { loadMappings } from '../../src/map/language/load-mappings.ts';
import { runMapping } from '../../src/workbench/run-mapping.ts';
import { mappingFolder, problemsOf } from './mapping-folder.ts';

const SOURCE = `format: hl7v2
segments:
  MSH: { 7: TS When }
  PID: { 3: CX* Identifiers, 7: TS Born }
  MRG: { 1: CX* Former identifiers }
  PV1: { 19: CX* Visit, 44: TS From, 45: TS To }
`;
const files = (statements: string, more: Record<string, string> = {}) => ({
  'two/source.yaml': SOURCE,
  'two/mapping.yaml': `name: two\nversion: 1.0.0\nmode: delta\nsaidAt: [MSH-7]\nstatements:\n${statements}`,
  ...more,
});

/** What a message of these segments becomes: its one record. */
async function mapped(statements: string, segments: string[], more?: Record<string, string>) {
  const mapping = (await loadMappings(mappingFolder(files(statements, more)))).get('two');
  if (!mapping) throw new Error('no mapping');
  const body = ['MSH|^~\\&|A|B|||20260101', ...segments].join('\r');
  const [unit] = runMapping(mapping, Buffer.from(body));
  return unit?.record?.statements ?? unit?.issues;
}

const MERGES = `
  - local: patient
    resource: Patient
    each: PID
    rules:
      - { to: identifier, each: 'PID-3[*]', rules: [{ to: value, from: CX.1 }] }
  - local: merged
    resource: Patient
    each: PID > MRG
    rules:
      - { to: identifier.value, from: MRG-1.1 }
      - { to: birthDate, from: PID-7 }
      - to: link
        rules: [{ to: type, value: replaced-by }, { to: other, ref: patient }]
`;

describe('a group of segments', () => {
  test('gives each segment the one that it follows, for its paths and its references', async () => {
    const segments = ['MRG|stray', 'PID|1||A||||1990', 'MRG|B', 'MRG|C', 'PID|1||D||||1991', 'MRG|E'];
    const link = (other: string) => [{ type: 'replaced-by', other: { reference: other } }];
    expect(await mapped(MERGES, segments)).toMatchObject([
      { local: 'patient', resource: { identifier: [{ value: 'A' }] } },
      { local: 'patient-2', resource: { identifier: [{ value: 'D' }] } },
      { resource: { identifier: [{ value: 'B' }], birthDate: '1990', link: link('#patient') } },
      { resource: { identifier: [{ value: 'C' }], birthDate: '1990', link: link('#patient') } },
      { resource: { identifier: [{ value: 'E' }], birthDate: '1991', link: link('#patient-2') } },
    ]);
  });

  test('reaches into a field of each segment, and into the first repetition alone where no star says all', async () => {
    const rules = (each: string) => `
  - local: patient
    resource: Patient
    rules: [{ to: identifier, each: '${each}', rules: [{ to: value, from: CX.1 }] }]
`;
    const segments = ['PID|1||A~B', 'MRG|C~D', 'MRG|E'];
    const values = async (each: string) => {
      const [one] = (await mapped(rules(each), segments)) ?? [];
      return (one as { resource: Patient }).resource.identifier?.map(({ value }) => value);
    };
    expect(await values('PID-3')).toEqual(['A']);
    expect(await values('MRG > MRG-1[*]')).toEqual(['C', 'D', 'E']);
    expect(await values('MRG > MRG-1')).toEqual(['C', 'E']);
  });

  test('gives a patient what follows its own PID, and what comes before the first PID to all', async () => {
    const rules = `
  - local: patient
    resource: Patient
    each: PID
    rules:
      - { to: identifier, each: 'PID-3[*]', rules: [{ to: value, from: CX.1 }] }
      - { to: name.text, from: MRG-1.1 }
      - { to: birthDate, from: PV1-44 }
`;
    const visit = (from: string) => `PV1|1${'|'.repeat(43)}${from}`;
    const segments = [visit('1990'), 'PID|1||A', 'PID|1||B', 'MRG|b', visit('1991'), 'PID|1||C', 'MRG|c'];
    const found = (await mapped(rules, segments)) as { resource: Patient }[];
    expect(found.map(({ resource }) => [resource.name?.[0]?.text, resource.birthDate])).toEqual([
      [undefined, '1990'],
      ['b', '1990'],
      ['c', '1990'],
    ]);
    const [alone] = (await mapped(rules, ['MRG|a', 'PID|1||A'])) as { resource: Patient }[];
    expect(alone?.resource.name).toEqual([{ text: 'a' }]);
  });

  test('reads a part of the first repetition that has it, and the second of several segments by its number', async () => {
    const rules = `
  - local: patient
    resource: Patient
    rules:
      - { to: name.text, from: PID-3.1 }
      - { to: birthDate, from: 'PID[2]-7' }
`;
    const segments = ['PID|1||^^^X~A~B||||1990', 'PID|1||C||||1991'];
    expect(await mapped(rules, segments)).toMatchObject([
      { resource: { name: [{ text: 'A' }], birthDate: '1991' } },
    ]);
  });

  test('of a segment that the source does not have is an error at load', async () => {
    const [problem] = await problemsOf(files(MERGES.replace('PID > MRG', 'PIF > MRG')));
    expect(problem?.message).toBe('no segment PIF in this source; did you mean "PID"?');
  });
});

describe('value: null', () => {
  const visit = (rules: string) => `
  - local: visit
    resource: Encounter
    when: PV1
    rules:
      - { to: status, value: in-progress }
      - { to: class.code, value: IMP }
      - { to: identifier, each: 'PV1-19[*]', rules: [{ to: value, from: CX.1 }] }
      - { to: period.start, from: PV1-44 }
${rules}`;

  test('empties one end of a period, and leaves the other as it was', async () => {
    const [one] = (await mapped(visit('      - { to: period.end, value: null }'), ['PV1|1'])) ?? [];
    expect(one).toMatchObject({ nulls: ['period.end'] });
  });

  test('empties one extension, and leaves the others as they were', async () => {
    const rules = (value: string) => `
      - { to: extension, rules: [{ to: url, value: 'urn:a' }, { to: valueDateTime, first: [{ from: PV1-44 }, ${value}] }] }
      - { to: extension, rules: [{ to: url, value: 'urn:b' }, { to: valueDateTime, from: PV1-45 }] }`;
    const pv1 = (from: string) => `PV1|1${'|'.repeat(43)}${from}|20260102`;
    const told = async (from: string) =>
      ((await mapped(visit(rules('{ value: null }')), [pv1(from)])) ?? [])[0];
    const b = { url: 'urn:b', valueDateTime: '2026-01-02' };
    expect(await told('')).toMatchObject({ resource: { extension: [b] }, nulls: ['extension|urn:a'] });
    const a = { url: 'urn:a', valueDateTime: '2026-01-01' };
    expect(await told('20260101')).toMatchObject({ resource: { extension: [a, b] } });
    expect(await told('20260101')).not.toHaveProperty('nulls');
    expect(await told('""')).toMatchObject({ nulls: expect.arrayContaining(['extension|urn:a']) });
  });

  test('gives way to what the message says', async () => {
    const rules = '      - { to: period.end, first: [{ from: PV1-45 }, { value: null }] }';
    const pv1 = `PV1|1${'|'.repeat(44)}20260102`;
    const [one] = (await mapped(visit(rules), [pv1])) ?? [];
    expect(one).toMatchObject({ resource: { period: { end: '2026-01-02' } } });
    expect(one).not.toHaveProperty('nulls');
  });
});

describe('a fragment of a whole resource', () => {
  const fragment = `name: person
type: Patient
rules:
  - { to: birthDate, from: PID-7 }
`;
  const using = (type: string) => `
  - { local: patient, resource: ${type}, use: person }
`;

  test('fills a statement, and names its own rules in the lineage', async () => {
    const folder = { 'fragments/person.yaml': fragment };
    expect(await mapped(using('Patient'), ['PID|1||A||||1990'], folder)).toMatchObject([
      { resource: { resourceType: 'Patient', birthDate: '1990' } },
    ]);
  });

  test('of another type is an error at load', async () => {
    const problems = await problemsOf(files(using('RelatedPerson'), { 'fragments/person.yaml': fragment }));
    expect(problems.map(({ message }) => message)).toContain(
      'wrong type: fragment person fills Patient, this is RelatedPerson',
    );
  });
});
