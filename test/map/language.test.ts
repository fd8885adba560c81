import { describe, expect, test } from 'vitest';
import { mapUnit } from '../../src/map/map-unit.ts';
import type { Json } from '../../src/model.ts';
import { formMapping } from './mapping-folder.ts';

type More = NonNullable<Parameters<typeof formMapping>[1]> & { dialect?: string };

/** What one form becomes under the given rules for a Patient. */
async function mapped(rules: string, tree: Json, { dialect, ...more }: More = {}) {
  const { record, issues } = mapUnit(
    await formMapping(rules, more),
    { position: '', tree },
    { dialect: dialect ?? null },
  );
  return { patient: record?.statements[0]?.resource, issues, record };
}

const patientOf = async (rules: string, tree: Json, more?: More) => (await mapped(rules, tree, more)).patient;

describe('a rule', () => {
  test('takes the first of several paths that carries data, and its default when none does', async () => {
    const rules =
      '- { to: name.text, from: [name, code] }\n- to: gender\n  first: [{ from: code, when: sure, map: administrative-sex, unmapped: reject }, { value: unknown }]';
    expect(await patientOf(rules, { name: '', code: 'c' })).toEqual({
      resourceType: 'Patient',
      name: [{ text: 'c' }],
      gender: 'unknown',
    });
    expect(await patientOf(rules, { name: 'n', code: 'F', sure: true })).toMatchObject({
      name: [{ text: 'n' }],
      gender: 'female',
    });
  });

  test('of constants alone makes no element and no resource', async () => {
    const rules =
      '- to: telecom\n  rules: [{ to: system, value: phone }, { to: value, from: code }]\n- { to: active, from: sure }';
    expect(await patientOf(rules, { sure: true })).toEqual({ resourceType: 'Patient', active: true });
    expect(await mapped(rules, { name: 'x' })).toMatchObject({
      record: null,
      issues: [{ code: 'required' }],
    });
  });

  test('repeats over a list, and drops entries without what they need', async () => {
    const rules =
      '- to: identifier\n  each: items\n  needs: [value]\n  rules: [{ to: system, value: "urn:x" }, { to: value, from: kind }, { to: use, value: usual, when: size }]';
    expect(
      await patientOf(rules, { items: [{ kind: 'a', size: 1 }, { size: 2 }, { kind: 'b' }] }),
    ).toMatchObject({
      identifier: [
        { system: 'urn:x', value: 'a', use: 'usual' },
        { system: 'urn:x', value: 'b' },
      ],
    });
  });

  test('reads the item of a list that a member chooses, and says which it was', async () => {
    const rules =
      '- { to: name.text, from: "items[kind=a.b].size" }\n- { to: active, value: true, when: "items[kind=x].size" }';
    const items = [
      { kind: 'c', size: 1 },
      { kind: 'a.b', size: 2 },
    ];
    const { patient, record } = await mapped(rules, { items });
    expect(patient).toEqual({ resourceType: 'Patient', name: [{ text: '2' }] });
    expect(record?.lineage.map(({ source }) => source)).toEqual(['/items/1/size']);
    expect(await patientOf(rules, { items: { kind: 'x', size: 3 } })).toBeUndefined();
  });

  test('splits one text into several values, and joins several into one', async () => {
    expect(
      await patientOf(
        "- { to: name.given, from: name, split: ' ' }\n- { to: name.text, template: '{name} ({code})' }",
        { name: 'a b', code: 'c' },
      ),
    ).toMatchObject({
      name: [{ given: ['a', 'b'], text: 'a b (c)' }],
    });
    expect(
      await patientOf("- { to: name.given, from: name }\n- { to: name.text, template: '{name} ({code})' }", {
        name: 'a',
      }),
    ).toEqual({ resourceType: 'Patient', name: [{ given: ['a'] }] });
  });

  test.each([
    ['code', 'x'],
    ['not code', undefined],
    ['code = x', 'x'],
    ['code != x', undefined],
    ['code in (w, x)', 'x'],
    ['code not in (w, x)', undefined],
    ['code longer 1', undefined],
    ['code = y or sure = true', 'x'],
    ['code = y or sure = true and name', undefined],
    ['code known administrative-sex', undefined],
    ['not code known administrative-sex', 'x'],
    ["fhirpath: code = 'x'", 'x'],
    ["fhirpath: code = 'y'", undefined],
  ])('with the condition "%s" gives %s', async (when, text) => {
    const rules = `- { to: active, from: sure }\n- { to: name.text, from: code, when: "${when}" }`;
    expect(await patientOf(rules, { code: 'x', sure: true })).toEqual({
      resourceType: 'Patient',
      active: true,
      ...(text ? { name: [{ text }] } : {}),
    });
  });

  test('reads yes and no as people write them, and says so where it is neither', async () => {
    const active = async (sure: Json) => await patientOf('- { to: active, from: sure }', { name: 'x', sure });
    expect(await active('Yes')).toEqual({ resourceType: 'Patient', active: true });
    expect(await active('no')).toEqual({ resourceType: 'Patient', active: false });
    expect(await active(true)).toEqual({ resourceType: 'Patient', active: true });
    const { issues } = await mapped('- { to: active, from: sure }', { sure: 'perhaps' });
    expect(issues[0]).toMatchObject({ severity: 'error', code: 'value', field: '/sure' });
  });

  test('asks the condition of a rule before any of its alternatives', async () => {
    const rules = '- to: name.text\n  when: sure = true\n  first: [{ from: code }, { value: nobody }]';
    expect(await patientOf(rules, { code: 'x', sure: true })).toMatchObject({ name: [{ text: 'x' }] });
    expect(
      await patientOf(`${rules}\n- { to: birthDate, from: born }`, { code: 'x', born: '2025-01-02' }),
    ).toEqual({
      ...{ resourceType: 'Patient', birthDate: '2025-01-02' },
    });
  });

  test('reads dates as people write them, keeps partial ones, never shifts a birth date', async () => {
    const born = async (text: string) =>
      await patientOf('- { to: birthDate, from: born }\n- { to: deceasedDateTime, from: when }', {
        born: text,
        when: text,
      });
    expect(await born('24/12/1990')).toMatchObject({
      birthDate: '1990-12-24',
      deceasedDateTime: '1990-12-24',
    });
    expect(await born('1990-12')).toMatchObject({ birthDate: '1990-12' });
    expect(await born('2025-06-11T00:30:00')).toMatchObject({
      birthDate: '2025-06-11',
      deceasedDateTime: '2025-06-11T00:30:00+01:00',
    });
    expect(await born('2025-06-11T23:30:00-05:00')).toMatchObject({
      birthDate: '2025-06-11',
      deceasedDateTime: '2025-06-11T23:30:00-05:00',
    });
    expect(await born('1990-02-30')).toBeUndefined();
  });

  test('names the field and not its content where a value cannot be read', async () => {
    const { issues } = await mapped(
      '- { to: birthDate, from: born }\n- { to: multipleBirthInteger, from: code, severity: warning }',
      { born: 'May', code: 'two' },
    );
    expect(issues).toEqual([
      {
        severity: 'error',
        code: 'value',
        field: '/born',
        expression: 'Patient.birthDate',
        text: '/born is not a date',
      },
      {
        severity: 'warning',
        code: 'value',
        field: '/code',
        expression: 'Patient.multipleBirthInteger',
        text: '/code is not a whole number',
      },
    ]);
  });

  test('that is required is an error where the source has nothing', async () => {
    const { issues } = await mapped(
      '- { to: birthDate, from: born, required: true }\n- { to: active, from: sure }',
      {
        sure: true,
      },
    );
    expect(issues).toEqual([
      {
        severity: 'error',
        code: 'required',
        field: '/born',
        expression: 'Patient.birthDate',
        text: '/born is missing',
      },
    ]);
  });

  test('may ask FHIRPath or a named hook, as a last resort', async () => {
    const files = {
      'form/hooks.ts': 'export const loud = (node: { name?: string }) => node.name?.toUpperCase();\n',
    };
    const rules =
      '- { to: name.text, expr: "items.where(size > 1).kind.first()" }\n- { to: name.family, hook: loud }';
    expect(
      await patientOf(
        rules,
        {
          name: 'n',
          items: [
            { kind: 'a', size: 1 },
            { kind: 'b', size: 2 },
          ],
        },
        { files },
      ),
    ).toMatchObject({ name: [{ text: 'b', family: 'N' }] });
  });
});

describe('a code outside its ConceptMap', () => {
  const marital = (unmapped: string) =>
    `- { to: maritalStatus, from: code, map: relationship-0063, unmapped: ${unmapped} }\n- { to: active, from: sure }`;
  const form = { code: 'zz', sure: true };

  test('is refused, kept or replaced, as its policy says', async () => {
    expect(await mapped(marital('reject'), form)).toMatchObject({
      record: null,
      issues: [
        { severity: 'error', code: 'code-invalid', text: '/code "zz" is not in table relationship-0063' },
      ],
    });
    expect(await mapped(marital('keep-original'), form)).toMatchObject({
      patient: { maritalStatus: { text: 'zz' } },
      issues: [{ severity: 'warning' }],
    });
    expect(await mapped(marital('{ fixed: U }'), form)).toMatchObject({
      patient: { maritalStatus: { coding: [{ code: 'U' }] } },
      issues: [
        { severity: 'warning', text: '/code "zz" is not in table relationship-0063: it is taken as U' },
      ],
    });
  });

  test('is found whatever its case', async () => {
    expect(await patientOf(marital('reject'), { code: 'mth' })).toMatchObject({
      maritalStatus: { coding: [{ code: 'MTH' }] },
    });
  });
});

describe('a dialect', () => {
  const top =
    "dialects: { old: [{ at: code, match: '^0+', with: '' }], default: [{ at: code, match: 'x$', with: '' }] }\n";

  test('repairs what its sender is known to write, and leaves other senders alone', async () => {
    const rules = '- { to: name.text, from: code }';
    expect(await patientOf(rules, { code: '007x' }, { top })).toMatchObject({ name: [{ text: '007' }] });
    expect(await patientOf(rules, { code: '007x' }, { top, dialect: 'old' })).toMatchObject({
      name: [{ text: '7' }],
    });
  });
});

describe('a unit', () => {
  test('that could not be read is held with its own error', async () => {
    const error = { severity: 'error' as const, code: 'structure', text: 'row 3 has 2 columns' };
    expect(
      mapUnit(
        await formMapping('- { to: active, from: sure }'),
        { position: 'row 3', tree: null, error },
        { dialect: null },
      ),
    ).toEqual({ record: null, issues: [error] });
  });

  test.each([null, 1, 'text', [], [1], {}, { items: 3, list: {}, name: { deep: [] } }])(
    'of unexpected shape (%j) is held and never throws',
    async (tree) => {
      const rules =
        '- { to: name, each: items, rules: [{ to: text, from: kind }] }\n- { to: name.given, from: list }\n- { to: name.text, from: name }';
      expect((await mapped(rules, tree as Json)).record).toBeNull();
    },
  );

  test('says when it was said, in its zone; nothing where it does not say, and before all else where that cannot be read', async () => {
    const rules = '- { to: active, from: sure }';
    expect((await mapped(rules, { sure: true, when: '2025-01-02' })).record?.saidAt).toBe(
      '2025-01-02T00:00:00+00:00',
    );
    expect((await mapped(rules, { sure: true })).record?.saidAt).toBe('');
    expect(await mapped(rules, { sure: true, when: 'then' })).toMatchObject({
      record: { saidAt: '1970-01-01T00:00:00Z' },
      issues: [{ severity: 'warning', field: '/when' }],
    });
    expect((await mapped(rules, { sure: true, when: '20250102, noon' })).record?.saidAt).toBe(
      '2025-01-02T00:00:00+00:00',
    );
    expect(await mapped(rules, { sure: true, when: '2025-10-26 01:30' })).toMatchObject({
      record: { saidAt: '2025-10-26T01:30:00+00:00' },
      issues: [{ severity: 'warning', field: '/when' }],
    });
  });
});
