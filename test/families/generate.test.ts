/** The generator of family records keeps what it promises; figures are of 30,000 records, and their bounds are wide. */
import { describe, expect, test } from 'vitest';
import { isValidNhsNumber } from '../../src/fhir/nhs-number.ts';
import { generate, type Rates, STRESS } from './generate.ts';
import { COLUMNS, csvHeader, csvLine, type FamilyRecord, type Labelled } from './record.ts';
import { SOURCES, type SourceName } from './sources.ts';

const ORDINARY_SET = [...generate({ records: 30_000, seed: 1 })];
const of = (options: Rates, records = 12_000) => [...generate({ records, seed: 2, ...options })];
const by = (key: (labelled: Labelled) => string, set = ORDINARY_SET) => Map.groupBy(set, key);
const PERSONS = by(({ record }) => record.person_id);
const FAMILIES = by(({ truth }) => truth.family_id);

const share = (set: Labelled[], holds: (labelled: Labelled) => boolean) =>
  set.filter(holds).length / set.length;
const has = (error: string) => (labelled: Labelled) => labelled.truth.errors.includes(error);
const isBaby = ({ truth }: Labelled) => truth.role === 'infant';
const plain = (text: string) => text.replaceAll(' ', '').toUpperCase();
const first = (set: Labelled[] | undefined) => (set as Labelled[])[0] as Labelled;

/** Every two records of one person. */
function* pairs(set = ORDINARY_SET): Generator<[FamilyRecord, FamilyRecord]> {
  for (const records of by(({ record }) => record.person_id, set).values())
    for (const [at, { record }] of records.entries())
      for (const other of records.slice(at + 1)) yield [record, other.record];
}

describe('what is generated', () => {
  test('is the same for the same options, and other for another seed', () => {
    const lines = (seed: number) => [...generate({ records: 500, seed })].map((one) => csvLine(one, true));
    expect(lines(7)).toEqual(lines(7));
    expect(lines(7)).not.toEqual(lines(8));
  });

  test('is as many records as were asked for, each with an id of its own', () => {
    expect(new Set(ORDINARY_SET.map(({ record }) => record.record_id)).size).toBe(30_000);
    expect([...generate({ records: 7, seed: 1 })]).toHaveLength(7);
    expect([...generate({ records: 0, seed: 1 })]).toHaveLength(0);
  });

  test('has no person in two of the sets to train, to develop and to seal', () => {
    const persons = (split: 'train' | 'dev' | 'sealed') =>
      [...generate({ records: 5_000, seed: 3, split })].flatMap(
        ({ record: { given, family, birth_date: born, ...rest } }) =>
          given && born ? [`${given} ${family} ${born} ${rest.postcode}`, rest.person_id] : [],
      );
    const [train, dev, sealed] = [persons('train'), persons('dev'), persons('sealed')].map(
      (set) => new Set(set),
    );
    expect(train?.isDisjointFrom(dev as Set<string>)).toBe(true);
    expect(train?.isDisjointFrom(sealed as Set<string>)).toBe(true);
    expect(dev?.isDisjointFrom(sealed as Set<string>)).toBe(true);
  });
});

describe('numbers', () => {
  test('that are verified are valid, of the test range, and the person’s own unless the mother’s was taken', () => {
    const own = new Map<string, Set<string>>();
    for (const { record, truth } of ORDINARY_SET) {
      if (record.nhs_verified !== 'true' || truth.errors.includes('mothers-number')) continue;
      expect(record.nhs_number).toMatch(/^999/);
      expect(isValidNhsNumber(record.nhs_number)).toBe(true);
      own.set(record.nhs_number, (own.get(record.nhs_number) ?? new Set()).add(record.person_id));
    }
    expect(own.size).toBeGreaterThan(5_000);
    expect([...own.values()].filter((persons) => persons.size > 1)).toEqual([]);
  });

  test('of mothers are on as many babies’ records as asked for, and are the mother’s', () => {
    const babies = (set: Labelled[]) => set.filter(isBaby);
    const [ordinary, stress] = [babies(ORDINARY_SET), babies(of(STRESS.mothersNumber))];
    expect(share(ordinary, has('mothers-number'))).toBeGreaterThan(0.0005);
    expect(share(ordinary, has('mothers-number'))).toBeLessThan(0.004);
    expect(share(stress, has('mothers-number'))).toBeGreaterThan(0.007);
    expect(share(stress, has('mothers-number'))).toBeLessThan(0.017);
    const mothers = new Set(
      ORDINARY_SET.filter(({ truth }) => truth.role === 'mother').map(({ record }) => record.nhs_number),
    );
    const taken = ordinary.filter(has('mothers-number')).map(({ record }) => record.nhs_number);
    expect(taken.filter((number) => mothers.has(number)).length).toBeGreaterThan(taken.length * 0.8);
  });

  test('never leave the test range, however wrong they are', () => {
    const wrong = ORDINARY_SET.filter(has('digit-wrong'));
    expect(wrong.length).toBeGreaterThan(20);
    for (const { record } of wrong) expect(record.nhs_number).toMatch(/^999\d{7}$/);
    expect(share(wrong, ({ record }) => isValidNhsNumber(record.nhs_number))).toBeLessThan(0.3);
    expect(share(wrong, ({ record }) => record.nhs_verified === 'true')).toBe(0);
  });

  test('of phones are of ranges that nobody answers', () => {
    const phones = ORDINARY_SET.flatMap(({ record }) => record.phone || []);
    expect(phones.filter((phone) => !/^(0|\+44)(77009\d{5}|1632\d{6})$/.test(phone))).toEqual([]);
  });
});

describe('shares', () => {
  /** Births of which an infant has a record, and those of two or more. */
  const twinBirths = (set: Labelled[]) => {
    const births = [...by(({ truth }) => truth.family_id, set.filter(isBaby)).values()];
    return (
      births.filter((babies) => babies.some(({ record }) => record.birth_order !== '')).length / births.length
    );
  };

  test('of twins are as asked for', () => {
    expect(twinBirths(ORDINARY_SET)).toBeGreaterThan(0.009);
    expect(twinBirths(ORDINARY_SET)).toBeLessThan(0.026);
    const stress = twinBirths(of(STRESS.twins));
    expect(stress).toBeGreaterThan(0.2);
    expect(stress).toBeLessThan(0.31);
  });

  test('of slips rise with their multiple', () => {
    const slips = (set: Labelled[]) =>
      ['given-mistyped', 'family-mistyped', 'day-wrong', 'year-wrong', 'digit-wrong', 'sex-wrong']
        .map((error) => share(set, has(error)))
        .reduce((sum, one) => sum + one);
    const times = slips(of(STRESS.errors)) / slips(ORDINARY_SET);
    expect(times).toBeGreaterThan(2.2);
    expect(times).toBeLessThan(3.8);
  });

  test('of two postcodes of one person that differ are near a half, as in hospitals', () => {
    const both = [...pairs()].filter(([one, other]) => one.postcode && other.postcode);
    const differ = both.filter(([one, other]) => plain(one.postcode) !== plain(other.postcode));
    expect(differ.length / both.length).toBeGreaterThan(0.43);
    expect(differ.length / both.length).toBeLessThan(0.57);
  });

  test('of each origin of names and each outcome of birth are more than none', () => {
    const origins = by(({ truth }) => truth.name_origin);
    expect(origins.size).toBe(21);
    for (const records of origins.values()) expect(records.length).toBeGreaterThan(100);
    expect([...by(({ truth }) => truth.birth_outcome).keys()].sort()).toEqual([
      'live',
      'neonatal-death',
      'stillbirth',
    ]);
  });
});

describe('sources', () => {
  const bySource = by(({ record }) => record.source);
  const filled = (source: SourceName, column: keyof FamilyRecord) =>
    share(bySource.get(source) ?? [], ({ record }) => record[column] !== '');

  test('are all there', () => expect([...bySource.keys()].sort()).toEqual(Object.keys(SOURCES).sort()));

  test('that are extracts have no names, addresses or phones', () => {
    for (const source of ['msds', 'mhsds'] as const) {
      for (const column of ['given', 'family', 'address_line', 'postcode', 'phone'] as const)
        expect(filled(source, column)).toBe(0);
      expect(filled(source, 'nhs_number')).toBeGreaterThan(0.85);
    }
  });

  test('of the third sector have no numbers, phones often, and half the postcodes right', () => {
    expect(filled('third-sector', 'nhs_number')).toBe(0);
    expect(filled('third-sector', 'phone')).toBeGreaterThan(0.7);
    const right = share(
      bySource.get('third-sector') ?? [],
      (one) => one.record.postcode !== '' && !has('elsewhere')(one),
    );
    expect(right).toBeGreaterThan(0.42);
    expect(right).toBeLessThan(0.6);
  });

  test('that fill in forms verify no number', () => {
    expect(share(bySource.get('csv-form') ?? [], ({ record }) => record.nhs_verified === 'true')).toBe(0);
  });
});

describe('families hold those who are mistaken for one another', () => {
  const roles = (records: Labelled[]) => by(({ truth }) => truth.role, records);
  const count = (holds: (of: Map<string, Labelled[]>) => boolean) =>
    [...FAMILIES.values()].filter((records) => holds(roles(records))).length;
  const names = (set: Labelled[] | undefined) =>
    new Set((set ?? []).map(({ record }) => `${record.given} ${record.family}`));
  const sharesName = (one: Labelled[] | undefined, other: Labelled[] | undefined) =>
    [...names(one)].some((name) => name.length > 3 && names(other).has(name));

  test('a grandmother of the mother’s name, a son of his father’s', () => {
    expect(count((role) => sharesName(role.get('mother'), role.get('grandmother')))).toBeGreaterThan(5);
    expect(count((role) => sharesName(role.get('partner'), role.get('infant')))).toBeGreaterThan(5);
  });

  test('siblings, half-siblings, and mothers under 18', () => {
    expect(count((role) => role.has('sibling'))).toBeGreaterThan(100);
    expect(count((role) => role.has('half-sibling'))).toBeGreaterThan(50);
    const young = count((role) => {
      const [mother, baby] = [role.get('mother'), role.get('infant')].map(
        (set) => set?.[0]?.record.birth_date ?? '',
      );
      return Boolean(mother && baby) && Number(baby?.slice(0, 4)) - Number(mother?.slice(0, 4)) < 18;
    });
    expect(young).toBeGreaterThan(10);
  });

  test('a child before and after adoption: two persons, each naming the other, with no number in common', () => {
    const adopted = [...PERSONS.values()].filter((records) => first(records).truth.role === 'adopted');
    expect(adopted.length).toBeGreaterThan(0);
    for (const after of adopted) {
      const { record, truth } = first(after);
      const before = PERSONS.get(truth.never_with) ?? [];
      if (before.length > 0) expect(first(before).truth.never_with).toBe(record.person_id);
      const numbers = new Set(before.map(({ record: { nhs_number } }) => nhs_number).filter(Boolean));
      expect(after.filter(({ record: { nhs_number } }) => numbers.has(nhs_number))).toEqual([]);
    }
  });

  test('babies without a name at first, and children who were renamed', () => {
    expect(share(ORDINARY_SET.filter(isBaby), has('placeholder'))).toBeGreaterThan(0.1);
    const renamed = [...PERSONS.values()].filter(
      (records) =>
        isBaby(first(records)) &&
        new Set(
          records
            .filter(({ record }) => record.source === 'gp' || record.source === 'birth-notification')
            .map(({ record }) => record.family),
        ).size > 1,
    );
    expect(renamed.length).toBeGreaterThan(100);
  });
});

test('a line of CSV has the standard columns, and the truth after them where asked for', () => {
  expect(csvHeader(false).split(',')).toEqual(COLUMNS);
  expect(csvHeader(true)).toMatch(/^record_id,person_id,.*,mother_nhs_number,family_id,role,name_origin/);
  const flat = ORDINARY_SET.find(({ record }) => record.address_line.includes(',')) as Labelled;
  expect(csvLine(flat, false)).toContain(`"${flat.record.address_line}"`);
});
