/** Keyed hashes by which statements find one another: none is a readable identifier. */
import type { Identifier, Patient, Reference } from '@medplum/fhirtypes';
import { keyedId } from '../../fhir/ids.ts';
import { isValidNhsNumber } from '../../fhir/nhs-number.ts';
import { idOf } from '../../fhir/references.ts';
import { NHS_NUMBER, RESOURCE_ID } from '../../fhir/systems.ts';
import { cleanDate, cleanPhone, cleanPostcode } from '../../match/record.ts';
import type { Weight } from '../../model.ts';
import type { Team } from './team.ts';

/** `weight`: what the sender's word counts for; null where it counts for nothing. `service`: its service. */
export type Scope = {
  key: Buffer;
  systemId: number;
  receivedAt: Date;
  weight: Weight | null;
  team?: Team | null;
  service?: string;
};

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** The sender's own patient of this identifier ("system|value"). */
export const ownKey = (identifier: string, { key, systemId }: Scope): string =>
  keyedId(key, 'Patient', String(systemId), identifier);

export const numberKey = (number: string, key: Buffer): string =>
  keyedId(key, 'nhs-number', number.replace(/\s/g, ''));

/**
 * The number as those say it who may join a person by it and never establish one: a key of its own, so that
 * however many of them give one number, it stays good for the rest.
 */
export const joiningKey = (number: string, key: Buffer): string =>
  keyedId(key, 'nhs-number-joining', number.replace(/\s/g, ''));

/** Whole years, and some to spare: an infant's journey ends after two. */
const INFANT_YEARS = 3;
/** Ages in whole years at which somebody may be pregnant, or the mother of an infant. */
const BEARING_YEARS = { from: 10, to: 60 };

/** Whose death, or whose pregnancy that ended, may stop contacts; kept apart, since no infant is a mother. */
function mayConcern({ birthDate = '', gender }: Patient, receivedAt: Date): 'infant' | 'mother' | null {
  const age = receivedAt.getUTCFullYear() - Number(birthDate.slice(0, 4));
  if (birthDate.length < 10) return null;
  if (age <= INFANT_YEARS) return 'infant';
  return gender !== 'male' && age >= BEARING_YEARS.from && age <= BEARING_YEARS.to ? 'mother' : null;
}

/**
 * Charts of infants, and of whoever may be a mother, are found by birth date together with number, verified
 * or not, postcode or phone as well: for may-be-one.ts alone.
 */
function likenessKeysOf(patient: Patient, { key, weight, receivedAt }: Scope): string[] {
  const { birthDate = '', identifier, address, telecom } = patient;
  const number = identifier?.find(({ system }) => system === NHS_NUMBER)?.value ?? '';
  const kind = mayConcern(patient, receivedAt);
  // A claim and no more reaches nobody.
  if (!kind || !weight || weight.number === 'claim') return [];
  const places = (address ?? []).flatMap(({ postalCode }) => cleanPostcode(postalCode) ?? []);
  const phones = (telecom ?? []).flatMap(({ value }) => cleanPhone(value ?? '') ?? []);
  return [
    ...(isValidNhsNumber(number)
      ? [keyedId(key, `nhs-number-of-${kind}`, number.replace(/\s/g, ''), birthDate)]
      : []),
    // One birth date in one place, or under one phone: few share it, and the scorer looks at those. On a day
    // that systems write where they know none there may be many adults.
    ...(kind === 'infant' || cleanDate(birthDate) ? [...places, ...phones] : []).map((where) =>
      keyedId(key, kind, birthDate.slice(0, 10), where),
    ),
  ];
}

export function referralKey(identifier: Identifier | undefined, { key, weight }: Scope): string | null {
  return weight && identifier?.value
    ? keyedId(key, 'referral', identifier.system ?? '', identifier.value)
    : null;
}

/**
 * Key under which a sender claims a verified number, by what its word counts for; null where it is a claim
 * and no more.
 */
export function claimKey(number: string, { key, weight }: Pick<Scope, 'key' | 'weight'>): string | null {
  if (weight?.number === 'joins') return joiningKey(number, key);
  return establishes(weight) ? numberKey(number, key) : null;
}

export const establishes = (weight: Weight | null): boolean =>
  weight?.number === 'establishes' || weight?.number === 'own-patient';

/**
 * What a reference to somebody who is no Patient of its message says of them, and the key of the sender's
 * patient it means.
 */
export type Meant = { key: string; content: Patient; aliases: string[] };

/**
 * Whom a literal or logical reference means: the sender's own patient of that id or identifier, whatever it
 * looks like. Undefined where it says nothing of the kind.
 */
export function meantBy(reference: Reference | undefined, scope: Scope): Meant | undefined {
  const id = idOf(reference?.reference, 'Patient');
  if (id) {
    // Perhaps an id that Skein gave: link decides whether this sender may mean it so.
    const aliases = scope.weight && UUID.test(id) ? [id] : [];
    return { key: literalKey(id, scope), content: { resourceType: 'Patient', id }, aliases };
  }
  const [, asked] = /^Patient\?identifier=([^&]+)$/.exec(reference?.reference ?? '') ?? [];
  const [, from = '', code] = /^([^|]*)\|(.+)$/.exec(asked ?? '') ?? [];
  const { system = '', value: said } =
    code === undefined ? (reference?.identifier ?? {}) : { system: from, value: code };
  const isNumber = system === NHS_NUMBER;
  const value = isNumber ? said?.replace(/\s/g, '') : said;
  if (!value || (isNumber && !isValidNhsNumber(value))) return undefined;
  const identifier = [{ ...(system ? { system } : {}), value }];
  return {
    key: ownKey(`${system}|${value}`, scope),
    content: { resourceType: 'Patient', identifier },
    aliases: isNumber && establishes(scope.weight) ? [numberKey(value, scope.key)] : [],
  };
}

export const literalKey = (id: string, scope: Scope): string => ownKey(`${RESOURCE_ID}|Patient/${id}`, scope);

/**
 * Further keys by which a chart is found: by the sender's own references, where its key and its number do not
 * give them already; and by whom it may be one with.
 */
export function aliasesOf(
  chart: { key: string; ref: string | null; content: Patient },
  scope: Scope,
): string[] {
  const { key, ref, content } = chart;
  const found = (content.identifier ?? []).flatMap(({ system = '', value }) => {
    if (!value) return [];
    if (system !== NHS_NUMBER) return [ownKey(`${system}|${value}`, scope)];
    const own = ownKey(`${system}|${value.replace(/\s/g, '')}`, scope);
    const number = numberKey(value, scope.key);
    if (ref === number) return [];
    return ref !== null && ref === joiningKey(value, scope.key) ? [number, own] : [own];
  });
  const literal = content.id === undefined ? [] : [literalKey(content.id, scope)];
  return [...new Set([...found, ...literal, ...likenessKeysOf(content, scope)])].filter(
    (alias) => alias !== key,
  );
}
