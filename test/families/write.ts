/** The records that sources write of one person, each as complete and as right as that source is. */
import { type Address, addressOf } from './addresses.ts';
import { dateOf } from './days.ts';
import { type DateError, digitWrong, mistyped, rewritten, rewrittenPostcode, wrongDate } from './errors.ts';
import { type Writing, writeName } from './naming.ts';
import { during, type Person } from './people.ts';
import type { Chance } from './random.ts';
import type { FamilyRecord, Labelled } from './record.ts';
import { APPEARANCES, type Appearance, SOURCES, type Source, type SourceName } from './sources.ts';

export type Wrongness = {
  seed: string;
  /** Multiplies every slip. */
  errors: number;
  /** The share of babies' records that carry the mother's number. */
  mothersNumber: number;
  /** A charity's own phone, which its clerks enter where they have none. */
  officePhones: readonly string[];
};
type Draft = Writing & { person: Person; wrong: Wrongness };

const filled = (chance: Chance, share: number, text: string) => (chance.is(share) ? text : '');

function writeNumber({ chance, source, errors, noted, person, wrong }: Draft) {
  if (source.number === 0) return { nhs_number: '', nhs_verified: '' };
  const verified = String(chance.is(source.verified));
  if (person.role === 'infant' && person.mother && chance.is(wrong.mothersNumber)) {
    noted.push('mothers-number');
    return { nhs_number: person.mother.nhs, nhs_verified: verified };
  }
  const number = filled(chance, source.number, person.nhs);
  if (!number) return { nhs_number: '', nhs_verified: '' };
  if (verified === 'false' && person.together.length > 0 && chance.is(0.04 * errors)) {
    noted.push('twins-number');
    return { nhs_number: chance.pick(person.together), nhs_verified: verified };
  }
  if (verified === 'false' && chance.is(0.02 * source.careless * errors)) {
    noted.push('digit-wrong');
    return { nhs_number: digitWrong(chance, number, 3), nhs_verified: verified };
  }
  return { nhs_number: number, nhs_verified: verified };
}

/** Of a hundred slips with dates. */
const DATE_ERRORS: Record<DateError, number> = {
  'day-and-month-swapped': 30,
  'year-wrong': 25,
  'day-wrong': 35,
  'default-date': 10,
};

function writeBirthDate({ chance, source, errors, noted, person }: Draft): string {
  const date = filled(chance, source.birthDate, dateOf(person.born));
  if (!date || !chance.is(0.004 * source.careless * errors)) return date;
  const error = chance.weighed(DATE_ERRORS);
  noted.push(error);
  return wrongDate(chance, date, error);
}

function writeSex({ chance, source, errors, noted, person: { sex } }: Draft): string {
  if (!chance.is(0.0015 * source.careless * errors)) return filled(chance, source.sex, sex);
  noted.push('sex-wrong');
  return sex === 'male' ? 'female' : 'male';
}

/** The address of the day, a former one, or a parent's, a friend's or a mistaken one. */
function placeOf({ chance, source, errors, day, noted, person, wrong }: Draft): Address {
  const now = during(person.addresses, day);
  if (!chance.is(Math.min(0.8, source.elsewhere * (0.8 + 0.2 * errors)))) return now;
  noted.push('elsewhere');
  const former = person.addresses.map(({ what }) => what).filter((place) => place !== now);
  return former.length > 0 && chance.is(0.5) ? chance.pick(former) : addressOf(chance, wrong.seed);
}

function writeAddress(draft: Draft) {
  const { chance, source, errors } = draft;
  if (!chance.is(source.address)) return { address_line: '', postcode: '' };
  const { line, postcode } = placeOf(draft);
  const slip = 0.015 * source.careless * errors;
  const typed = (text: string) => (chance.is(Math.min(slip, 0.5)) ? mistyped(chance, text) : text);
  return {
    address_line: typed(rewritten(chance, line)),
    // A postcode that is mistyped keeps its shape: another digit, not another letter.
    postcode: rewrittenPostcode(
      chance,
      chance.is(Math.min(slip, 0.5))
        ? postcode.replace(/\d(?=\w\w$)/, () => String(chance.int(0, 9)))
        : postcode,
    ),
  };
}

function writePhone({ chance, source, errors, person, wrong }: Draft): string {
  if (!chance.is(source.phone)) return '';
  if (source.number === 0 && chance.is(0.02)) return chance.pick(wrong.officePhones);
  const phone = chance.is(0.006 * source.careless * errors)
    ? digitWrong(chance, person.phone, 5)
    : person.phone;
  return chance.is(0.15) ? `+44${phone.slice(1)}` : phone;
}

function writeBirth({ chance, source, person: { role, multiple, order, mother } }: Draft) {
  const known = role === 'infant' && chance.is(source.birth);
  return {
    multiple_birth: known ? String(multiple) : '',
    birth_order: known && order > 0 ? String(order) : '',
    mother_nhs_number: role === 'infant' && mother ? filled(chance, source.birth * 0.95, mother.nhs) : '',
  };
}

function writeRecord(draft: Draft, source: SourceName): Labelled {
  const { person, noted } = draft;
  const named = draft.source.names ? writeName(draft, person) : { given: '', family: '' };
  const record: FamilyRecord = {
    ...{ record_id: '', person_id: person.id, source },
    ...writeNumber(draft),
    ...named,
    birth_date: writeBirthDate(draft),
    sex: writeSex(draft),
    ...writeAddress(draft),
    phone: writePhone(draft),
    ...writeBirth(draft),
  };
  const { family, role, origin, outcome, neverWith = '' } = person;
  const truth = {
    family_id: family,
    role,
    name_origin: origin,
    birth_outcome: outcome,
    never_with: neverWith,
  };
  return { record, truth: { ...truth, errors: noted } };
}

/** The day of one appearance; none where the person is not known to anybody then. */
function dayOfAppearance(chance: Chance, { from, to }: Appearance, person: Person, birth: number) {
  const first = Math.max(birth + from, person.known.from, person.born);
  const last = Math.min(birth + to, person.known.to);
  return first <= last ? chance.int(first, last) : undefined;
}

/** Twins are in neonatal care three times as often. */
const shareOf = ({ source, share }: Appearance, { multiple }: Person) =>
  source === 'neonatal' && multiple ? share * 3 : share;

export function recordsOf(
  chance: Chance,
  person: Person,
  of: { birth: number; wrong: Wrongness },
): Labelled[] {
  return APPEARANCES[person.role].flatMap((appearance) => {
    if (!chance.is(shareOf(appearance, person))) return [];
    const day = dayOfAppearance(chance, appearance, person, of.birth);
    if (day === undefined) return [];
    const source: Source = SOURCES[appearance.source];
    const draft = { chance, source, day, errors: of.wrong.errors, noted: [], person, wrong: of.wrong };
    return [writeRecord(draft, appearance.source)];
  });
}
