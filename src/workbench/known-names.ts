/** Which field of a sender's own format is what, by its name alone: `dob`, `Patient.DateOfBirth`, `Client surname`. */

/** Names in words; a whole name must match, so that `gp name` and `next of kin phone` are nobody's we know. */
const NAMES = {
  nhsNumber: 'nhs number, nhs no, nhs num, nhs',
  personId: 'local id, local identifier, hospital number, hospital no, mrn',
  family: 'surname, family name, last name, lastname, family, name family, name last',
  given:
    'forename, forenames, first name, firstname, first names, given name, given names, given, name given, name first',
  name: 'name, full name, name full, name text',
  birthDate: 'dob, d o b, date of birth, birth date, birthdate, born',
  gender: 'sex, gender',
  deathDate: 'date of death, death date',
  address: 'address, full address, home address',
  line: 'address line 1, address line 2, address line 3, address line, address 1, address 2, address 3, address lines, street, address street',
  city: 'town, city, post town, address town, address city',
  postcode: 'postcode, post code, postal code, address postcode, address post code, address postal code',
  phone:
    'phone, phones, phone number, phone no, telephone, telephone number, telephone no, tel, tel no, mobile, mobile number, mobile no, mobile phone, home phone',
  email: 'email, emails, e mail, email address, e mail address',
  language: 'language, preferred language, first language, main language, spoken language',
  interpreter: 'interpreter, interpreter needed, interpreter required, needs interpreter',
  reference:
    'ref, reference, id, referral id, referral ref, referral reference, referral number, referral no, ubrn, service request id',
  referredOn:
    'referral date, date of referral, date referred, referred on, referred, referral received date, referral request received date',
  service: 'service, service requested, requested service',
  reason:
    'reason, reasons, reason for referral, referral reason, presenting need, presenting needs, need, needs, presenting problem',
  sent: 'sent, sent at, submitted, submitted at, timestamp, message date',
} as const;
export type Meaning = keyof typeof NAMES;
/** Whose it is: the patient's where the name does not say, as of a referral or of the one person a row is about. */
export type Owner = 'patient' | 'child' | 'mother';
export type Known = { meaning: Meaning; owner: Owner };

const MEANINGS = new Map(
  Object.entries(NAMES).flatMap(([meaning, names]) => names.split(', ').map((name) => [name, meaning as Meaning])),
);
const OWNERS: [Owner, RegExp][] = [
  ['patient', /\b(patient|person|client|service user|subject)\b/g],
  ['child', /\b(child|infant|baby)\b/g],
  ['mother', /\b(mother|mum|woman)\b/g],
];
const OF_A_PERSON = new Set(['id', 'ref', 'reference', 'number', 'no', 'identifier']);

/** `PersonBirthDate` as `person birth date`, `NHSNumber` as `nhs number`. */
export const wordsOf = (name: string): string =>
  name
    .replace(/([\p{Ll}\d])(\p{Lu})/gu, '$1 $2')
    .replace(/(\p{Lu})(\p{Lu}\p{Ll})/gu, '$1 $2')
    .toLowerCase()
    .replace(/['’]s\b/g, '')
    .replace(/[^\p{L}\d]+/gu, ' ')
    .trim();

/** Undefined for a name that is in no list, or speaks of two persons: a guess here would be believed. */
export function knownName(field: string): Known | undefined {
  let words = wordsOf(field).replace(/\b(demographics|details|personal|identifiers|telecom)\b/g, ' ');
  const owners = OWNERS.filter(([, pattern]) => words.match(pattern));
  if (owners.length > 1) return undefined;
  for (const [, pattern] of owners) words = words.replace(pattern, ' ');
  words = words.replace(/ +/g, ' ').trim();
  const [owner = 'patient'] = owners[0] ?? [];
  if (owners.length > 0 && OF_A_PERSON.has(words)) return { meaning: 'personId', owner };
  const meaning = MEANINGS.get(words);
  return meaning && { meaning, owner };
}

/** Of a name that may speak of consent or secrecy: until somebody says how, all is restricted. */
export const speaksOfSharing = (field: string): boolean =>
  /\b(consent\w*|shar(e|ed|ing)|agree\w*|confidential\w*|sensitive|restricted|safe|safety)\b/.test(wordsOf(field));

const ABOUT_SERVICE: Meaning[] = ['reference', 'referredOn', 'service', 'reason', 'sent'];
/** Of a referral or a message, not of a person. */
export const isAboutService = (field: string): boolean =>
  ABOUT_SERVICE.some((one) => one === knownName(field)?.meaning);
