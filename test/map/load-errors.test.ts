import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { MAPPINGS_DIR } from '../../src/map/language/read-mappings.ts';
import { changed, formFiles, problemsOf } from './mapping-folder.ts';

const told = async (files: Record<string, string>) =>
  (await problemsOf(files)).map(({ file, line, column, message }) => `${file}:${line}:${column}: ${message}`);

/** Rules start on line 9 of the form mapping, in column 9 (`- ` before it). */
const oneRule = async (rule: string) => (await told(formFiles(`- ${rule}`)))[0];

const HOOKS = readFileSync(new URL('birth-notification/hooks.ts', MAPPINGS_DIR), 'utf8');

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
      'a look that is none',
      '{ to: birthDate, from: born, when: name is nhs-numbr }',
      'form/mapping.yaml:9:44: nothing is known to look like "nhs-numbr"; did you mean "nhs-number"?',
    ],
    [
      'a match without a group',
      "{ to: name.text, from: name, match: '^x' }",
      'form/mapping.yaml:9:32: match needs a group: what is in it is taken',
    ],
    [
      'a match of no text',
      "{ to: birthDate, from: born, match: '(x)' }",
      'form/mapping.yaml:9:32: match needs text',
    ],
    [
      'a match of a constant',
      "{ to: name.text, value: name, match: '(x)' }",
      'form/mapping.yaml:9:33: match goes with from',
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
    [
      'an unknown fragment',
      '{ to: name, use: xpm }',
      'form/mapping.yaml:9:26: no fragment "xpm"; did you mean "xpn"?',
    ],
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
      '{ to: birthDate, from: born, when: sure equals true }',
      /form\/mapping\.yaml:9:44: "sure equals true" is not a condition/,
    ],
    [
      'a word the language does not have',
      '{ to: birthDate, form: born }',
      'form/mapping.yaml:9:26: unrecognized key "form"; did you mean "from"?',
    ],
    [
      'a needed element that is none',
      '{ to: name, each: items, needs: [famly], rules: [{ to: text, from: kind }] }',
      /form\/mapping\.yaml:9:42: no element HumanName\.famly/,
    ],
    [
      'a condition that nothing fulfils',
      '{ to: birthDate, from: born, when: code = a and code = b }',
      'form/mapping.yaml:9:44: can never be true: "code = a" and "code = b"',
    ],
    [
      'a condition that takes back what it asks',
      '{ to: birthDate, from: born, when: sure or code and code in (a) and not code }',
      'form/mapping.yaml:9:44: can never be true: "code" and "code in (a)" and "not code"',
    ],
    [
      'a condition on a code that its map never has, and one that it has',
      '{ to: birthDate, from: born, when: "code known name-use and code in (L, Lx) and code != L" }',
      'form/mapping.yaml:9:44: can never be true: "code known name-use" and "code in (L, Lx)" and "code != L"',
    ],
    [
      'a value that a closed list does not have',
      '{ to: birthDate, from: born, when: sure = ture }',
      /form\/mapping\.yaml:9:44: "ture" can never be at sure, which is one of .*; did you mean "true"\?/,
    ],
    [
      'yes or no asked of text, which writes it in many ways',
      '{ to: birthDate, from: born, when: code = true }',
      'form/mapping.yaml:9:44: code is text, where a yes is "true" only if it is written so: in source.yaml make it boolean',
    ],
    [
      'a value asked of what has only parts',
      '{ to: birthDate, from: born, when: items = x }',
      'form/mapping.yaml:9:44: items has parts and no value of its own: ask about one of them',
    ],
    [
      'an item chosen by what it does not have',
      '{ to: name.text, from: "items[kund=a].size" }',
      'form/mapping.yaml:9:32: no field "kund" in "items[kund=a].size"; did you mean "kind"?',
    ],
    [
      'an item chosen from what is no list',
      '{ to: name.text, from: "code[kind=a]" }',
      'form/mapping.yaml:9:32: "code[kind=a]" chooses from what is no list',
    ],
    [
      'a code that the map would refuse',
      '{ to: gender, from: code, map: administrative-sex, unmapped: reject, when: "code in (F, Mx)" }',
      'form/mapping.yaml:9:29: "Mx" is not in ConceptMap administrative-sex; did you mean "M"?',
    ],
    [
      'a word that is no and',
      '{ to: birthDate, from: born, when: code = a adn sure }',
      'form/mapping.yaml:9:44: "a adn sure" is more than one word: in (a adn sure) takes several',
    ],
    [
      'a list that is none',
      '{ to: birthDate, from: born, when: "code in (a, b) ro code in (c)" }',
      'form/mapping.yaml:9:44: "(a, b) ro code in (c)" is not a list like (a, b)',
    ],
    [
      'a length that is no number',
      '{ to: birthDate, from: born, when: code longer eight }',
      'form/mapping.yaml:9:44: "eight" is not a number of characters',
    ],
    [
      'an expression that cannot be read',
      '{ to: birthDate, expr: "born.(" }',
      /form\/mapping\.yaml:9:32: "born\.\(" is not FHIRPath/,
    ],
    [
      'an expression that names what the source does not have',
      '{ to: birthDate, expr: "items.where(knd = 1)" }',
      'form/mapping.yaml:9:32: "items.where(knd = 1)" is not FHIRPath: no "knd"; did you mean "kind"?',
    ],
    [
      'an expression of an unknown function',
      '{ to: birthDate, expr: "items.were(kind = 1)" }',
      'form/mapping.yaml:9:32: "items.were(kind = 1)" is not FHIRPath: no "were"; did you mean "where"?',
    ],
    [
      'an expression with a word that is no operator, where the parser stops',
      '{ to: birthDate, from: born, when: "fhirpath: sure = true adn code" }',
      'form/mapping.yaml:9:44: "sure = true adn code" is not FHIRPath: "adn" after "true"; did you mean "and"?',
    ],
    [
      'an unknown policy',
      '{ to: gender, from: code, map: administrative-sex, unmapped: rejct }',
      /form\/mapping\.yaml:9:70: .*"reject"\|"keep-original"/,
    ],
    [
      'a map beside alternatives, which have their own',
      '{ to: gender, map: administrative-sex, first: [{ value: male }] }',
      'form/mapping.yaml:9:28: map does not go with first: each alternative has its own',
    ],
    [
      'a date that is none',
      '{ to: birthDate, value: yesterday }',
      'form/mapping.yaml:9:33: wrong type: Patient.birthDate is date',
    ],
    [
      'a list of the sender into one value',
      '{ to: maritalStatus.text, from: list }',
      'form/mapping.yaml:9:41: cardinality: Patient.maritalStatus.text holds one value, the source a list',
    ],
    [
      'a field that is elsewhere in the form',
      '{ to: name, each: items, rules: [{ to: text, from: name }] }',
      'form/mapping.yaml:9:60: no field "name" in this source; there is "/name"',
    ],
    [
      'a reference to a resource of a wrong type',
      '{ to: managingOrganization, ref: patient }',
      'form/mapping.yaml:9:42: wrong type: Patient.managingOrganization refers to Organization, not Patient',
    ],
    [
      'a known word where it does not belong',
      '{ to: birthDate, from: born, local: x }',
      'form/mapping.yaml:9:38: key "local" does not go here',
    ],
    [
      'a word that is none of a list',
      '{ to: birthDate, from: born, as: compcat }',
      /form\/mapping\.yaml:9:42: .*"compact".*; did you mean "compact"\?$/,
    ],
    [
      'an alias without an anchor',
      '{ to: name, rules: *nmae }',
      'form/mapping.yaml:9:28: no anchor "&nmae" before it',
    ],
  ])('%s', async (_, rule, problem) => {
    expect(await oneRule(rule)).toMatch(problem);
  });

  test('a duplicate target, and an alternative that can never be reached', async () => {
    expect(await told(formFiles('- { to: birthDate, from: born }\n- { to: birthDate, from: when }'))).toEqual(
      ['form/mapping.yaml:10:15: duplicate target "birthDate": use first for alternatives'],
    );
    expect(
      await told(formFiles('- to: active\n  first:\n    - { value: true }\n    - { from: sure }')),
    ).toEqual([
      'form/mapping.yaml:12:13: can never be reached: the alternative before it always has a value',
    ]);
    const twice =
      '- to: gender\n  first:\n    - { value: male, when: sure }\n    - { value: other, when: sure }';
    expect(await told(formFiles(twice))).toEqual([
      'form/mapping.yaml:12:13: can never be reached: the alternative before it always has a value',
    ]);
  });

  test('what is missing, empty or cannot be loaded is told by its file', async () => {
    const files = formFiles('- { to: birthDate, hook: dateOf }');
    const { 'form/source.yaml': _, ...without } = files;
    expect(await told(without)).toEqual(['form/source.yaml:1:1: is missing: what the source holds']);
    expect(await told({ ...files, 'form/mapping.yaml': '' })).toEqual([
      'form/mapping.yaml:1:1: the file is empty',
    ]);
    const hooks = async (text: string) => (await told({ ...files, 'form/hooks.ts': text }))[0];
    expect(await hooks('export const dateOf = (')).toMatch(/^form\/hooks\.ts:1:1: cannot be loaded: /);
    expect(await hooks("export const dateOf = '2020';")).toBe('form/mapping.yaml:9:32: no hook "dateOf"');
  });

  test('a mandatory element that no rule fills, an unknown resource, a repair that nothing reads', async () => {
    const files = formFiles('- { to: patient, ref: patient }', { statement: '' });
    const text = files['form/mapping.yaml'] as string;
    expect(
      await told({
        ...files,
        'form/mapping.yaml': text.replace('Patient', 'Encounter').replace('patient, ref', 'partOf, ref'),
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

  test('what stands at the top: a zone, a pattern, the kind of an issue, two statements of one name', async () => {
    const first = async (top: string) =>
      (await told(formFiles('- { to: birthDate, from: born }', { top })))[0];
    expect(await first('zone: Europe/Londn\n')).toBe('form/mapping.yaml:5:7: zone: no such time zone');
    expect(await first('dialects: { old: [{ at: born, match: "(", with: y }] }\n')).toBe(
      'form/mapping.yaml:5:38: dialects.old.0.match: not a regular expression',
    );
    expect(await first('checks: [{ when: not born, code: requird, text: x }]\n')).toMatch(
      /^form\/mapping\.yaml:5:34: checks\.0\.code: .*"required"/,
    );
    const files = formFiles('- { to: birthDate, from: born }');
    const text = `${files['form/mapping.yaml']}  - { local: patient, resource: Patient, rules: [{ to: birthDate, from: born }] }\n`;
    expect(await told({ ...files, 'form/mapping.yaml': text })).toEqual([
      'form/mapping.yaml:10:14: duplicate statement "patient"',
    ]);
  });

  test.each([
    ['hl7v2-siu', 'PID-5', 'birthDate', 'string'],
    ['hl7v2-siu', 'PID-11', 'gender', 'string'],
    ['hl7v2-siu', 'PID-5.2', 'multipleBirthInteger', 'string'],
    ['fhir-r4', 'Patient.name.family', 'birthDate', 'string'],
    ['fhir-r4', 'Patient.name.family', 'gender', 'string'],
    ['fhir-r4', 'Patient.gender', 'birthDate', 'code'],
    ['fhir-r4', 'Patient.implicitRules', 'active', 'uri'],
  ])('%s: %s cannot become Patient.%s', async (source, from, to, type) => {
    const extra = `statements:\n  - local: extra\n    resource: Patient\n    rules: [{ to: ${to}, from: ${from} }]\n`;
    const problems = await told(changed(source, (text) => text.replace('statements:\n', extra)));
    expect(problems.filter((problem) => problem.includes('wrong type'))).toEqual([
      expect.stringMatching(
        new RegExp(`/mapping\\.yaml:\\d+:\\d+: wrong type: Patient\\.${to} is \\w+, the source is ${type}$`),
      ),
    ]);
  });

  test.each([
    ['hl7v2-siu', 'PID-7', 'PID-7'],
    ['hl7v2-siu', 'SCH', 'SCH'],
    ['fhir-r4', 'Patient.name', 'Patient.name'],
    ['third-sector-form', 'consent', 'consent'],
  ])('%s: %s, which is read, among what is ignored', async (source, name, read) => {
    const files = changed(source, (text) => text);
    const text = files[`${source}/source.yaml`] as string;
    const ignored = text.includes('ignored:\n')
      ? text.replace('ignored:\n', `ignored:\n  ${name}: nobody asks for it\n`)
      : `${text}ignored:\n  ${name}: nobody asks for it\n`;
    const hooks =
      source === 'hl7v2-siu'
        ? { [`${source}/hooks.ts`]: 'export const appointmentEnd = () => undefined;' }
        : {};
    const problems = await told({ ...files, ...hooks, [`${source}/source.yaml`]: ignored });
    expect(problems).toEqual([expect.stringContaining(`is ignored, and a rule reads ${read}`)]);
    expect(problems[0]).toMatch(new RegExp(`^${source}/source\\.yaml:\\d+:\\d+: `));
  });

  test('an entry of a FHIR list chosen by what it has not', async () => {
    const NUMBER = 'identifier[system=https://fhir.nhs.uk/Id/nhs-number].value';
    const first = async (path: string) => {
      const files = changed('birth-notification', (text) => text.replace(NUMBER, path));
      return (await told({ ...files, 'birth-notification/hooks.ts': HOOKS }))[0];
    };
    expect(await first(NUMBER)).toBe(undefined);
    expect(await first('identifier[sytem=x].value')).toMatch(
      /:21:11: no element Identifier\.sytem; did you mean "system"\?$/,
    );
    expect(await first('identifier[use=offical].value')).toMatch(
      /"offical" is no code of Identifier\.use; did you mean "official"\?$/,
    );
    expect(await first('maritalStatus[text=x]')).toMatch(/Patient\.maritalStatus is no list to choose from$/);
    expect(await first('identifier[system=x.value')).toMatch(/no element Patient\.identifier\[system=x/);
  });

  test('a source.yaml: types, data types, headers of two columns, places that are none', async () => {
    const first = async (source: string, from: string, to: string) => {
      const files = changed(source, (text) => text);
      const text = files[`${source}/source.yaml`] as string;
      return (await told({ ...files, [`${source}/source.yaml`]: text.replace(from, to) }))[0];
    };
    expect(await first('third-sector-form', 'submittedAt: time', 'submittedAt: tiem')).toMatch(
      /^third-sector-form\/source\.yaml:6:16: fields\.submittedAt: .*"time"/,
    );
    expect(await first('third-sector-csv', '[dob, birth date]', '[dob, first name]')).toBe(
      'third-sector-csv/source.yaml:11:47: "first name" already names a column',
    );
    expect(await first('hl7v2-adt', 'TS Date/time of message', 'TX5 Date/time of message')).toBe(
      'hl7v2-adt/source.yaml:9:8: no data type "TX5"; did you mean "TX"?',
    );
    expect(await first('hl7v2-adt', 'TS Date/time of message', 'TS')).toBe(
      'hl7v2-adt/source.yaml:9:8: "TS" is no type and name like "TS Date of birth"',
    );
    expect(await first('hl7v2-adt', '[A01, A02', '[A1, A02')).toMatch(/"A1" is no trigger event like A01$/);
    expect(await first('hl7v2-adt', 'PID-18:', 'PID_18:')).toMatch(/"PID_18" is no place like PID-18/);
    expect(await first('birth-notification', 'elements:', 'elements:\n  Patient.active: boolean')).toMatch(
      /R4 has Patient\.active: leave it out$/,
    );
    const ignored =
      /^fhir-r4\/source\.yaml:\d+:\d+: no (resource type Locatin|element Coding\.systm); did you mean/;
    expect(await first('fhir-r4', 'Location:', 'Locatin:')).toMatch(ignored);
    expect(await first('fhir-r4', 'coding.system', 'coding.systm')).toMatch(ignored);
    expect(await first('fhir-r4', 'Practitioner, ', 'Practitionr, ')).toBe(
      'fhir-r4/source.yaml:4:112: no resource type Practitionr; did you mean "Practitioner"?',
    );
  });

  test.each([
    ['Patient.deceasedBoolean = yes', '"yes" can never be at Patient.deceasedBoolean, which is yes or no'],
    ['Patient.birthDate = unknown', '"unknown" can never be at Patient.birthDate, which is a date'],
    ['Patient.name = Ann', 'Patient.name has parts and no value of its own: ask about one of them'],
    ['Patient.deceasedBoolean = true and Patient.birthDate != 2026-01-01', undefined],
  ])('a condition that the FHIR type can never fulfil: %s', async (when, message) => {
    const problems = await problemsOf({
      'sender/source.yaml': 'format: fhir\nresources: [Patient]\n',
      'sender/mapping.yaml': `name: sender
version: 1.0.0
mode: snapshot
saidAt: []
statements:
  - { local: patient, resource: Patient, when: '${when}', rules: [{ to: birthDate, from: Patient.birthDate }] }
`,
    });
    expect(problems.map((one) => one.message)).toEqual(message === undefined ? [] : [message]);
  });

  test('a misspelt resource type is told at its statement, not where fragments refer to it', async () => {
    const files = changed('hl7v2-adt', (text) => text.replace('resource: Patient\n', 'resource: Patientq\n'));
    expect((await told(files))[0]).toMatch(
      /^hl7v2-adt\/mapping\.yaml:\d+:\d+: no resource type Patientq; did you mean "Patient"\?$/,
    );
  });

  test('HL7 v2 paths are checked against fields, data types and repetitions', async () => {
    const first = async (from: string, to: string) =>
      (await told(changed('hl7v2-adt', (text) => text.replace(from, to))))[0];
    expect(await first('from: PV1-10,', 'from: PV1-9,')).toMatch(
      /^hl7v2-adt\/mapping\.yaml:\d+:\d+: no field PV1-9 in this source; it has 2, 3,/,
    );
    expect(await first('from: PV1-3.6', 'from: PV1-3.16')).toMatch(/"PV1-3.16": PL has 11 components$/);
    expect(await first('each: NK1', 'each: NK2')).toMatch(
      /no segment NK2 in this source; did you mean "NK1"\?$/,
    );
    expect(await first('when: MSH-9.2 = A13', 'when: MSH-9.2 = A41')).toMatch(
      /"A41" can never be at MSH-9\.2, which is one of A01, .*, A55; did you mean "A01"\?$/,
    );
    expect(await first("each: 'PV1-19[*]'", "each: 'PV1-10[*]'")).toMatch(/PV1-10 does not repeat$/);
  });

  test('FHIR paths are checked against the StructureDefinitions', async () => {
    const first = async (from: string, to: string) =>
      (await told(changed('bars-referral', (text) => text.replace(from, to))))[0];
    expect(await first('from: authoredOn', 'from: authoredon')).toMatch(
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

  test('a fragment of a wrong name or type, and one that cannot be read, are told once', async () => {
    const fragment = async (text: string) =>
      told({ ...formFiles('- { to: name, use: mine }'), 'fragments/mine.yaml': text });
    const rules = 'rules:\n  - { to: text, from: name }\n';
    expect(await fragment(`name: mien\ntype: HumanName\n${rules}`)).toEqual([
      'fragments/mine.yaml:1:7: name "mien" is not the file\'s, "mine"',
    ]);
    expect(await fragment(`name: mine\ntype: HumanNam\n${rules}`)).toEqual([
      'fragments/mine.yaml:2:7: no FHIR type HumanNam; did you mean "HumanName"?',
    ]);
    expect(await fragment(`name: mine\ntype: HumanName\nrles: []\n${rules}`)).toEqual([
      'fragments/mine.yaml:3:1: unrecognized key "rles"; did you mean "rules"?',
    ]);
  });

  test('broken YAML and a broken ConceptMap are told with their file', async () => {
    expect((await told(formFiles('- { to: birthDate, from: [born }')))[0]).toMatch(
      /^form\/mapping\.yaml:9:\d+: /,
    );
    const map = JSON.stringify({
      resourceType: 'ConceptMap',
      group: [{ target: 'x', element: [{ code: 'a', target: [] }] }],
    });
    expect(
      (await told(formFiles('- { to: birthDate, from: born }', { files: { 'form/maps/bad.json': map } })))[0],
    ).toMatch(/^form\/maps\/bad\.json:1:64: code "a" needs exactly one target/);
  });
});
