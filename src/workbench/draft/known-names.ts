/**
 * Recognises a field of a sender's own format by its name: `dob`, `Patient.DateOfBirth`, `Client surname`.
 */
import { readFileSync } from 'node:fs';
import { parse } from 'yaml';
import { MappingFile, SourceFile } from '../../map/language/mapping-file.ts';
import { normaliseHeader } from '../../map/sources/tree.ts';

const read = (file: string) => readFileSync(new URL(`known/${file}.yaml`, import.meta.url), 'utf8');

/** Reads a model mapping, whose rules name meanings (`birth date`) in place of paths. */
export const readModel = (name: string): MappingFile =>
  MappingFile.parse(parse(read('mapping').replaceAll('/NAME-', `/${name}-`)));

/**
 * `type` is what the field must hold; `owner` is whose field it is: the patient where the name does not say.
 */
export type Known = { meaning: string; type: string; owner: string };

const source = SourceFile.parse(parse(read('source')));
const MEANINGS = new Map(
  Object.entries(source.format === 'csv' ? source.columns : {}).flatMap(([meaning, { type, aliases }]) =>
    [meaning, ...aliases].map((name) => [normaliseHeader(name), { meaning, type }] as const),
  ),
);
const OWNERS: [owner: string, RegExp][] = [
  ['patient', /\b(patient|person|client|service user|subject)\b/g],
  ['child', /\b(child|infant|baby)\b/g],
  ['mother', /\b(mother|mum|woman)\b/g],
];
const OF_A_PERSON = /^(id|ref|reference|number|no|identifier)$/;
/** Meanings that belong to a referral or a message rather than to a person. */
const ABOUT_SERVICE = ['reference', 'referred_on', 'service', 'reason', 'sent'];
export const isAboutService = (known: Pick<Known, 'meaning'> | undefined): boolean =>
  known !== undefined && ABOUT_SERVICE.includes(known.meaning);

/** `PersonBirthDate` as `person birth date`, `NHSNumber` as `nhs number`. */
export const wordsOf = (name: string): string =>
  name
    .replace(/([\p{Ll}\d])(\p{Lu})/gu, '$1 $2')
    .replace(/(\p{Lu})(\p{Lu}\p{Ll})/gu, '$1 $2')
    .toLowerCase()
    .replace(/['’]s\b/g, '')
    .replace(/[^\p{L}\d]+/gu, ' ')
    .trim();

/** Undefined for a name in no list or of two persons: a wrong guess would be believed. */
export function knownName(field: string): Known | undefined {
  let words = wordsOf(field).replace(/\b(demographics|details|personal|identifiers|telecom)\b/g, ' ');
  const owners = OWNERS.filter(([, pattern]) => words.match(pattern));
  if (owners.length > 1) return undefined;
  for (const [, pattern] of owners) words = words.replace(pattern, ' ');
  words = words.replace(/ +/g, ' ').trim();
  const [owner = 'patient'] = owners[0] ?? [];
  if (owners.length > 0 && OF_A_PERSON.test(words)) words = 'person id';
  const ofReferral = MEANINGS.get(normaliseHeader(words.replace(/^referral /, '')));
  const known = MEANINGS.get(normaliseHeader(words)) ?? (isAboutService(ofReferral) ? ofReferral : undefined);
  return known && { ...known, owner };
}

/** True for a field whose name mentions consent or secrecy. Until a person decides what it means, everything
 * is labelled restricted. */
export const speaksOfSharing = (field: string): boolean =>
  CONSENT.test(wordsOf(field)) || SECRECY.test(wordsOf(field));

const CONSENT = /consent|shar(e|ing)|agree|permi(t|ssion)|disclos|\bopt(s|ed)? ?(in|out)\b/;
const SECRECY = /confidential|sensitiv|restrict|safe|priva(cy|te)|secre(t\b|cy)|withh[eo]ld/;
