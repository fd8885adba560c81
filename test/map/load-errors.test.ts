import { describe, expect, test } from 'vitest';
import { changed, formFiles, problemsOf } from './mapping-folder.ts';

const told = async (files: Record<string, string>) =>
  (await problemsOf(files)).map(({ file, line, column, message }) => `${file}:${line}:${column}: ${message}`);

/** Rules start on line 9 of the form mapping, in column 9 (`- ` before it). */
const oneRule = async (rule: string) => (await told(formFiles(`- ${rule}`)))[0];

describe('a mistake in a mapping is an error at load, with file, line and column', () => {
  test.each([
    [
      'an unknown source path',
      '{ to: birthDate, from: borm }',
      'form/mapping.yaml:9:32: no field "borm" in this source; did you mean "born"?',
    ],
    [
      'an unknown path inside a list',
      '{ to: name, each: items, rules: [{ to: text, from: kine }] }',
      'form/mapping.yaml:9:60: no field "kine" in this source; did you mean "kind"?',
    ],
    [
      'an unknown target element',
      '{ to: birthdate, from: born }',
      'form/mapping.yaml:9:15: no element Patient.birthdate; did you mean "birthDate"?',
    ],
    [
      'an unknown nested element',
      '{ to: name.famly, from: name }',
      'form/mapping.yaml:9:15: no element HumanName.famly; did you mean "family"?',
    ],
    [
      'a part of a primitive',
      '{ to: birthDate.year, from: born }',
      'form/mapping.yaml:9:15: Patient.birthDate is a date: it has no parts',
    ],
    [
      'a wrong type',
      '{ to: name, from: name }',
      'form/mapping.yaml:9:27: wrong type: Patient.name is HumanName, the source is text; name a part of it',
    ],
    [
      'a wrong type of code',
      '{ to: maritalStatus, from: code }',
      'form/mapping.yaml:9:36: wrong type: Patient.maritalStatus is CodeableConcept, the source is text; map it, or name a part of it',
    ],
    [
      'a wrong kind of source',
      '{ to: birthDate, from: sure }',
      'form/mapping.yaml:9:32: wrong type: Patient.birthDate is date, the source is boolean',
    ],
    [
      'a wrong constant',
      '{ to: active, value: "yes" }',
      'form/mapping.yaml:9:30: wrong type: Patient.active is boolean',
    ],
    [
      'a constant outside the binding',
      '{ to: gender, value: femail }',
      'form/mapping.yaml:9:30: Patient.gender cannot be "femail"; it is one of female, male, other, unknown; did you mean "female"?',
    ],
    [
      'a list into one value',
      '{ to: maritalStatus, each: list, rules: [{ to: text, from: . }] }',
      'form/mapping.yaml:9:36: cardinality: Patient.maritalStatus holds one value, each needs a list',
    ],
    [
      'each over what does not repeat',
      '{ to: name, each: name, rules: [{ to: text, from: name }] }',
      'form/mapping.yaml:9:27: "name" is not a list',
    ],
    [
      'an unknown ConceptMap',
      '{ to: gender, from: code, map: administrative-sx, unmapped: reject }',
      'form/mapping.yaml:9:29: no ConceptMap "administrative-sx"; did you mean "administrative-sex"?',
    ],
    [
      'a ConceptMap without a policy',
      '{ to: gender, from: code, map: administrative-sex }',
      'form/mapping.yaml:9:29: map needs unmapped: reject, keep-original or fixed',
    ],
    [
      'original codes in a required binding',
      '{ to: gender, from: code, map: administrative-sex, unmapped: keep-original }',
      'form/mapping.yaml:9:29: wrong type: Patient.gender is a code: unmapped cannot be keep-original',
    ],
    [
      'a ConceptMap into the wrong binding',
      '{ to: gender, from: code, map: name-use, unmapped: reject }',
      /Patient\.gender cannot be "official"/,
    ],
    ['an unknown fragment', '{ to: name, use: xpm }', 'form/mapping.yaml:9:26: no fragment "xpm"; did you mean "xpn"?'],
    [
      'a fragment of another type',
      '{ to: name, use: xad }',
      'form/mapping.yaml:9:26: wrong type: fragment xad fills Address, this is HumanName',
    ],
    [
      'an unknown statement',
      '{ to: generalPractitioner, ref: patiend }',
      'form/mapping.yaml:9:41: no statement "patiend"; did you mean "patient"?',
    ],
    ['an unknown hook', '{ to: birthDate, hook: guess }', 'form/mapping.yaml:9:32: no hook "guess"'],
    [
      'two producers',
      '{ to: birthDate, from: born, value: "2020-01-01" }',
      'form/mapping.yaml:9:32: exactly one of from, value, template, ref, expr, hook; found from and value',
    ],
    [
      'no producer',
      '{ to: birthDate, when: born }',
      'form/mapping.yaml:9:9: exactly one of from, value, template, ref, expr, hook; found none',
    ],
    [
      'a condition on nothing',
      '{ to: birthDate, from: born, when: sur = true }',
      'form/mapping.yaml:9:44: no field "sur" in this source; did you mean "sure"?',
    ],
    [
      'a condition that cannot be read',
      '{ to: birthDate, from: born, when: sure is true }',
      /form\/mapping\.yaml:9:44: "sure is true" is not a condition/,
    ],
    [
      'a word the language does not have',
      '{ to: birthDate, form: born }',
      /form\/mapping\.yaml:9:32: .*[Uu]nrecognized key/,
    ],
    [
      'a needed element that is none',
      '{ to: name, each: items, needs: [famly], rules: [{ to: text, from: kind }] }',
      /form\/mapping\.yaml:9:42: no element HumanName\.famly/,
    ],
  ])('%s', async (_, rule, problem) => {
    expect(await oneRule(rule)).toMatch(problem);
  });

  test('a duplicate target, and an alternative that can never be reached', async () => {
    expect(await told(formFiles('- { to: birthDate, from: born }\n- { to: birthDate, from: when }'))).toEqual([
      'form/mapping.yaml:10:15: duplicate target "birthDate": use first for alternatives',
    ]);
    expect(await told(formFiles('- to: active\n  first:\n    - { value: true }\n    - { from: sure }'))).toEqual([
      'form/mapping.yaml:12:13: can never be reached: the alternative before it always has a value',
    ]);
  });

  test('a mandatory element that no rule fills, an unknown resource, a repair that nothing reads', async () => {
    const files = formFiles('- { to: patient, ref: patient }', { statement: '' });
    const text = files['form/mapping.yaml'] as string;
    expect(
      await told({
        ...files,
        'form/mapping.yaml': text.replace('Patient', 'Encounter').replace('patient, ref', 'subject, ref'),
      }),
    ).toEqual([
      'form/mapping.yaml:6:12: cardinality: Encounter.status is mandatory and no rule fills it',
      'form/mapping.yaml:6:12: cardinality: Encounter.class is mandatory and no rule fills it',
    ]);
    expect(await told({ ...files, 'form/mapping.yaml': text.replace('Patient', 'Pateint') })).toEqual([
      'form/mapping.yaml:7:15: no resource type Pateint; did you mean "Patient"?',
    ]);
    const repair = 'dialects: { old: [{ at: code, match: x, with: y }] }\n';
    expect(await told(formFiles('- { to: birthDate, from: born }', { top: repair }))).toEqual([
      'form/mapping.yaml:5:25: no rule reads "code": the repair can never fire',
    ]);
  });

  test('HL7 v2 paths are checked against fields, data types and repetitions', async () => {
    const first = async (from: string, to: string) =>
      (await told(changed('hl7v2-adt', (text) => text.replace(from, to))))[0];
    expect(await first('from: PV1-10,', 'from: PV1-9,')).toMatch(
      /^hl7v2-adt\/mapping\.yaml:\d+:\d+: no field PV1-9 in this source; it has 2, 3,/,
    );
    expect(await first('from: PV1-3.6', 'from: PV1-3.16')).toMatch(/"PV1-3.16": PL has 11 components$/);
    expect(await first('each: NK1', 'each: NK2')).toMatch(/no segment NK2 in this source; did you mean "NK1"\?$/);
    expect(await first("each: 'PV1-19[*]'", "each: 'PV1-10[*]'")).toMatch(/PV1-10 does not repeat$/);
  });

  test('FHIR paths are checked against the StructureDefinitions', async () => {
    const first = async (from: string, to: string) =>
      (await told(changed('bars-referral', (text) => text.replace(from, to))))[0];
    expect(await first('from: [authoredOn', 'from: [authoredon')).toMatch(
      /no element ServiceRequest\.authoredon; did you mean "authoredOn"\?$/,
    );
    expect(await first("'entry[Encounter]'", "'entry[Encouter]'")).toMatch(
      /this source has no Encouter; did you mean "Encounter"\?$/,
    );
    expect(await first('from: serviceProvider, as', 'from: status, as')).toMatch(
      /is a reference, the source is code; use ref$/,
    );
  });

  test('a fault in a shared fragment is told where the fragment is', async () => {
    const fragment = 'name: broken\ntype: Identifier\nrules:\n  - { to: value, from: CX.99 }\n';
    const files = {
      ...changed('hl7v2-adt', (text) => text.replace('use: cx', 'use: broken')),
      'fragments/broken.yaml': fragment,
    };
    expect(await told(files)).toEqual(['fragments/broken.yaml:4:24: "CX.99": CX has 10 components']);
  });

  test('broken YAML and a broken ConceptMap are told with their file', async () => {
    expect((await told(formFiles('- { to: birthDate, from: [born }')))[0]).toMatch(/^form\/mapping\.yaml:9:\d+: /);
    const map = JSON.stringify({
      resourceType: 'ConceptMap',
      group: [{ target: 'x', element: [{ code: 'a', target: [] }] }],
    });
    expect(
      (await told(formFiles('- { to: birthDate, from: born }', { files: { 'form/maps/bad.json': map } })))[0],
    ).toMatch(/bad\.json:1:1: code "a" needs exactly one target/);
  });
});
