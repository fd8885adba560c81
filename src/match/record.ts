/** What the scorer reads of one source record, cleaned of all that says nothing. */
import { isValidNhsNumber } from '../fhir/nhs-number.ts';
import { isPlaceholder, normaliseName } from './names.ts';

/** As a source says it; what is not known is left out or ''. */
export type RawRecord = {
  id: string;
  /** Whoever gave the local identifiers: they are compared within it only. */
  source?: string;
  locals?: string[];
  nhsNumber?: string;
  /** Verified or traced, by somebody whose word on numbers counts. */
  verified?: boolean;
  given?: string[];
  family?: string;
  birthDate?: string;
  sex?: string;
  addressLine?: string;
  postcode?: string;
  phones?: string[];
  /** true: of a multiple birth; false: known to be the only one. */
  multipleBirth?: boolean;
  birthOrder?: number;
  motherNhsNumber?: string;
};

export type MatchRecord = {
  id: string;
  source: string;
  locals: string[];
  number: string | undefined;
  verified: boolean;
  /** Words of the given names, the first first; none where it is a placeholder ("Baby"). */
  given: string[];
  family: string[];
  /** Neither a given nor a family name, as in extracts; not the same as a placeholder. */
  nameless: boolean;
  /** yyyy-mm-dd; none for a default date, a month or a year. */
  birthDate: string | undefined;
  sex: 'male' | 'female' | undefined;
  line: string | undefined;
  postcode: string | undefined;
  phones: string[];
  plurality: 'one' | 'several' | undefined;
  birthOrder: number | undefined;
  motherNumber: string | undefined;
  /** `child`: under 18, and `infant`: under two years, on the day that the records are of. */
  age: 'infant' | 'child' | 'adult' | undefined;
  /**
   * What became of its number (`numbers.ts`). `mothers`: it is that of a mother, on her baby; `tainted`:
   * people who cannot be one have it. Both identify nobody.
   */
  standing: 'counts' | 'tainted' | 'mothers';
};

const YEAR = 365.25 * 86_400_000;

/** `asOf` (yyyy-mm-dd): on which day somebody is a child or an adult. */
export function readRecord(raw: RawRecord, asOf: string): MatchRecord {
  const birthDate = cleanDate(raw.birthDate);
  const given = cleanGiven(raw.given ?? []);
  return {
    id: raw.id,
    source: raw.source ?? '',
    locals: raw.locals ?? [],
    number: cleanNumber(raw.nhsNumber),
    verified: raw.verified === true,
    given,
    family: wordsOf(raw.family ?? '').filter((word) => !isPlaceholder(word)),
    nameless: (raw.given ?? []).join('').trim() === '' && (raw.family ?? '').trim() === '',
    birthDate,
    sex: cleanSex(raw.sex),
    line: cleanLine(raw.addressLine),
    postcode: cleanPostcode(raw.postcode),
    phones: (raw.phones ?? []).flatMap((phone) => cleanPhone(phone) ?? []),
    plurality: pluralityOf(raw),
    birthOrder: raw.birthOrder,
    motherNumber: cleanNumber(raw.motherNhsNumber),
    age: ageOf(birthDate, asOf),
    standing: 'counts',
  };
}

function pluralityOf({ multipleBirth, birthOrder = 1 }: RawRecord): MatchRecord['plurality'] {
  if (multipleBirth !== undefined) return multipleBirth ? 'several' : 'one';
  return birthOrder > 1 ? 'several' : undefined;
}

function ageOf(birthDate: string | undefined, asOf: string): MatchRecord['age'] {
  if (birthDate === undefined) return undefined;
  const years = (Date.parse(asOf) - Date.parse(birthDate)) / YEAR;
  return years < 2 ? 'infant' : years < 18 ? 'child' : 'adult';
}

/** Ten digits that pass Modulus 11 and are not one digit ten times. */
export function cleanNumber(number = ''): string | undefined {
  const digits = number.replace(/[\s-]/g, '');
  return isValidNhsNumber(digits) ? digits : undefined;
}

/** 1 January, 1900-01-01 among them, is what systems write where nobody knows the day. */
export function cleanDate(date = ''): string | undefined {
  const [, year, month, day] = /^(\d{4})-?(\d\d)-?(\d\d)$/.exec(date.trim()) ?? [];
  if (year === undefined || `${month}-${day}` === '01-01') return undefined;
  const text = `${year}-${month}-${day}`;
  return Number.isNaN(Date.parse(text)) ? undefined : text;
}

const wordsOf = (text: string): string[] =>
  normaliseName(text.replace(/[-/]/g, ' ')).split(' ').filter(Boolean);

function cleanGiven(given: string[]): string[] {
  if (isPlaceholder(normaliseName(given.join(' ')))) return [];
  return given
    .filter((name) => !isPlaceholder(normaliseName(name)))
    .flatMap(wordsOf)
    .filter((word) => !isPlaceholder(word));
}

/** Not known and not specified say nothing, neither does any other word. */
function cleanSex(sex = ''): MatchRecord['sex'] {
  const word = sex.trim().toLowerCase();
  if (['male', 'm', '1'].includes(word)) return 'male';
  return ['female', 'f', '2'].includes(word) ? 'female' : undefined;
}

const SHORT: Record<string, string> = {
  street: 'st',
  road: 'rd',
  avenue: 'ave',
  lane: 'ln',
  drive: 'dr',
  close: 'cl',
  court: 'ct',
  place: 'pl',
  crescent: 'cres',
  gardens: 'gdns',
  terrace: 'ter',
  square: 'sq',
  grove: 'gr',
  apartment: 'flat',
  apt: 'flat',
  saint: 'st',
};
const NOWHERE = /^(no fixed (abode|address)|nfa|unknown|not known|homeless|of no fixed abode|na|tbc)$/;

function cleanLine(line = ''): string | undefined {
  const words = normaliseName(line.replace(/[-/,]/g, ' '));
  if (words === '' || NOWHERE.test(words)) return undefined;
  return words
    .split(' ')
    .map((word) => SHORT[word] ?? word)
    .join(' ');
}

/** ZZ99 is where no postcode is known. Any other country's is compared as it stands. */
export function cleanPostcode(postcode = ''): string | undefined {
  const text = postcode.toUpperCase().replace(/[^A-Z0-9]/g, '');
  return text === '' || text.startsWith('ZZ99') ? undefined : text;
}

/** Behind a number: who is asked for there, whom no two records need to write alike. */
const EXTENSION = /\s*(?:ext(?:ension|n)?\.?|x)\s*\d+\s*$/i;

/**
 * As dialled within the United Kingdom, without an extension; the digits of any other number; none where too
 * few, or one digit.
 */
export function cleanPhone(phone: string): string | undefined {
  const digits = phone
    .replace(EXTENSION, '')
    .replace(/\(0\)/g, '')
    .replace(/[^\d+]/g, '');
  const home = digits.replace(/^(\+44|0044)0?/, '0').replace(/^44(?=\d{10}$)/, '0');
  return home.length < 7 || /^\+?0*(\d)\1*$/.test(home) ? undefined : home;
}
