import { describe, expect, test } from 'vitest';
import { formFiles } from '../map/mapping-folder.ts';
import { folder, skein, tempFile } from './skein.ts';

const RULES = `
- { to: name.text, from: name }
- { to: birthDate, from: born, when: sure = true }
- { to: active, value: true }
- { to: deceasedBoolean, from: sure, when: name = nobody }
`;
/** Every other field of the form. */
const ignoredBeside = (rules: string): string =>
  ['code', 'list', 'items', 'count']
    .flatMap((name) => (rules.includes(name) ? [] : `, ${name}: ours`))
    .join('');

type Pair = { in: object; out?: string };
/** A form mapping whose examples' second files say what it makes. */
async function proven(
  rules: string,
  pairs: Pair[],
  source = `ignored: { note: free text stays with its writer${ignoredBeside(rules)} }`,
): Promise<string> {
  const files = formFiles(rules, {});
  const inputs = pairs.map(({ in: body }, index) => [
    `form/examples/case-${index}.in.json`,
    JSON.stringify(body),
  ]);
  const dir = folder({
    ...files,
    'form/source.yaml': `${files['form/source.yaml']}${source}\n`,
    ...Object.fromEntries(inputs),
  });
  await skein('map', 'test', '--update', '--dir', dir);
  return dir;
}

const coverage = async (dir: string, ...args: string[]) => {
  const { code, out, err } = await skein(
    'map',
    'coverage',
    '--mapping',
    'form',
    '--dir',
    dir,
    '--json',
    ...args,
  );
  const [form] = JSON.parse(out).mappings;
  return { code, err, form, whats: form.mutants.missed.map(({ what }: { what: string }) => what) };
};

describe('map coverage', () => {
  test('names a rule that no example makes fire, by file and line, and exits with 1', async () => {
    const dir = await proven(RULES, [{ in: { name: 'Robin', born: '2025-01-02', sure: true } }]);
    const { code, form, err } = await coverage(dir);
    expect(form.rules.missed).toEqual([
      { at: 'form/mapping.yaml:12', what: 'patient: deceasedBoolean, from sure, when name = nobody' },
    ]);
    expect([code, err]).toEqual([1, expect.stringContaining('form: 1 rules fire in no example')]);
  });

  test('tells rules on one line apart', async () => {
    const dir = await proven(
      '- { to: name, rules: [{ to: text, from: name }, { to: family, from: code }] }',
      [{ in: { name: 'Robin' } }],
    );
    const { form } = await coverage(dir);
    expect(form.rules.missed).toEqual([{ at: 'form/mapping.yaml:9', what: 'patient: family, from code' }]);
  });

  test('names the faults that no example notices', async () => {
    const dir = await proven(RULES, [{ in: { name: 'Robin', born: '2025-01-02', sure: true } }]);
    const { whats } = await coverage(dir);
    expect(whats).toContain('birthDate: when "sure = true" dropped');
    expect(whats).toContain('birthDate: severity warning instead of error');
    expect(whats).not.toContain('active: false instead of true');
    expect(whats).not.toContain('the rule of birthDate dropped');
  });

  test('is content, with 0, where every rule is proven and every field accounted for', async () => {
    const dir = await proven(
      '- { to: name.text, from: name }\n- { to: birthDate, from: born }',
      [
        { in: { name: 'Robin', born: '2025-01-02', when: '2025-01-03T10:00', note: 'hm' } },
        { in: { name: 'Robin', born: 'soon', sure: true } },
      ],
      `ignored: { note: free text stays with its writer${ignoredBeside('')}, sure: ours }`,
    );
    const { code, form } = await coverage(dir);
    expect([code, form.rules.missed, form.mutants.missed]).toEqual([0, [], []]);
  });

  test('lists fields that no rule reads with how often they carry data, those ignored apart with the reason', async () => {
    const dir = await proven('- { to: name.text, from: name }', [
      { in: { name: 'Robin', born: '2025-01-02', note: 'hm', pet: 'Rex' } },
    ]);
    const samples = [
      tempFile('a.json', '{"name":"Robin","pet":"Rex"}'),
      tempFile('b.json', '{"name":"Kim"}'),
    ];
    const { code, form, err } = await coverage(dir, ...samples);
    const find = (name: string) => form.fields.find(({ field }: { field: string }) => field === name);
    expect(find('name')).toEqual({ field: 'name', state: 'read', examples: 1, samples: 2 });
    expect(find('pet')).toEqual({ field: 'pet', state: 'unread', examples: 1, samples: 1 });
    expect(find('born')).toEqual({ field: 'born', state: 'unread', examples: 1, samples: 0 });
    expect(find('note')).toMatchObject({
      state: 'ignored',
      reason: 'free text stays with its writer',
      examples: 1,
    });
    expect([code, err]).toEqual([1, expect.stringContaining('form: 3 fields are neither read nor ignored')]);
  });

  test.each([
    ['an expression', `- { to: name.text, expr: "items.where(kind = 'name').size" }`],
    ['a path', '- { to: name.text, from: "items[kind=name].size" }'],
    ['a condition', '- { to: name, each: items, when: kind = name, rules: [{ to: text, from: size }] }'],
    [
      'the conditions of each rule',
      '- { to: name, each: items, rules: [{ to: text, from: size, when: "kind in (name, alias)" }, { to: use, value: usual }] }',
    ],
  ])('accounts for a form of keys and values by key, read by %s', async (_, rules) => {
    const dir = await proven(
      rules,
      [
        {
          in: {
            items: [
              { kind: 'name', size: 1 },
              { kind: 'pet', size: 2 },
              { kind: 'hat', size: 3 },
            ],
          },
        },
      ],
      `ignored: { "items[kind=hat]": not ours${ignoredBeside(rules)} }`,
    );
    const { form } = await coverage(dir);
    const items = form.fields.filter(({ field }: { field: string }) => field.startsWith('items'));
    expect(items.map(({ field, state }: { field: string; state: string }) => `${field} ${state}`)).toEqual([
      'items.kind read',
      'items[kind=hat].size ignored',
      'items[kind=name].size read',
      'items[kind=pet].size unread',
    ]);
  });

  test('takes every answer for read where a rule asks for no key', async () => {
    const rules =
      '- { to: name, each: items, rules: [{ to: text, from: size }, { to: use, value: old, when: kind = old }] }';
    const dir = await proven(rules, [{ in: { items: [{ kind: 'old', size: 1 }] } }]);
    const { form } = await coverage(dir);
    expect(form.fields.filter(({ field }: { field: string }) => field.startsWith('items'))).toMatchObject([
      { field: 'items.kind', state: 'read' },
      { field: 'items.size', state: 'read' },
    ]);
  });

  test('puts no fault in that can make no difference', async () => {
    const rules = `
- { to: name.text, from: name }
- { to: gender, from: code, map: administrative-sex, unmapped: reject, when: code known administrative-sex }
- { to: communication, needs: [language], rules: [{ to: language.text, from: count }] }
- { to: address.text, from: name, when: name }`;
    const dir = await proven(rules, [{ in: { name: 'Robin' } }]);
    const { whats } = await coverage(dir);
    expect(whats.join('\n')).not.toMatch(/gender: (unmapped|severity)|needs|text: when "name" dropped/);
    expect(whats).toContain('gender: when "code known administrative-sex" dropped');
  });

  test('knows what conditions let through, and which of their parts say nothing', async () => {
    const rules = `
- { to: name.text, from: name, when: name or name and code }
- to: contact
  each: items
  when: kind in (F, M)
  rules: [{ to: name.text, from: size, when: kind != X }, { to: gender, from: kind, map: administrative-sex, unmapped: reject }]
- { to: gender, from: code, map: administrative-sex, unmapped: reject, when: 'code in (F, M) and sure' }
- { to: maritalStatus, from: code, map: administrative-sex, unmapped: reject, when: 'code in (F, M) or sure' }`;
    const dir = await proven(rules, [{ in: { name: 'Robin' } }]);
    const { whats } = await coverage(dir);
    const told = whats.join('\n');
    expect(told).not.toMatch(/gender: (unmapped|severity)|"kind != X" dropped|when "name" instead/);
    expect(told).toContain('maritalStatus: unmapped');
    expect(told).toContain('gender: when "code in (F) and sure" instead of');
  });

  test('breaks shared ConceptMaps entry by entry, and names the entry that no example of any mapping uses', async () => {
    const rules = '- { to: gender, from: code, map: administrative-sex, unmapped: reject }';
    const dir = await proven(rules, [{ in: { code: 'F' } }]);
    const { out } = await skein('map', 'coverage', '--dir', dir, '--json');
    const shared = JSON.parse(out).mappings.find(({ name }: { name: string }) => name === 'shared');
    const missed: string[] = shared.mutants.missed.map(
      ({ at, what }: { at: string; what: string }) => `${at} ${what}`,
    );
    const sex = missed.filter((one) => one.startsWith('concept-maps/administrative-sex.json:'));
    expect(sex.some((one) => one.includes('"M" to'))).toBe(true);
    expect(sex.some((one) => one.includes('"F" to'))).toBe(false);
  });

  test('says it for people too, with the time it took', async () => {
    const dir = await proven(RULES, [{ in: { name: 'Robin', born: '2025-01-02', sure: true } }]);
    const { out } = await skein('map', 'coverage', '--mapping', 'form', '--dir', dir);
    expect(out).toMatch(
      /^form\n {2}rules {4}80 % of 5 fire\n {4}form\/mapping\.yaml:12 {2}patient: deceasedBoolean/,
    );
    expect(out).toMatch(/ unread; [\d.]+ s\n$/);
  });

  test('is used wrongly with samples of no mapping', async () => {
    expect((await skein('map', 'coverage', '/tmp/sample.hl7')).code).toBe(2);
  });
});
