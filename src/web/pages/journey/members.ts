/** Who the people of a journey are to one another, as far as the reader is told. */
import type { Group, Patient, RelatedPerson } from '@medplum/fhirtypes';
import { STAGE_OF } from '../../../fhir/systems.ts';
import { capital, dayOf } from '../words.ts';
import type { Given } from './given.ts';

/** `person`: of whom nothing says what they are to anybody here. */
export type MemberRole = 'mother' | 'person' | 'other' | 'infant';
/** `name` in full, `short` as a lane is called. `inDoubt`: perhaps the same as another infant here. */
export type Member = {
  reference: string;
  role: MemberRole;
  name: string;
  short: string;
  /** In no part of the name: then the person is spoken of by what they are. */
  isNamed: boolean;
  born: number | null;
  /** No age is told of who died, nor of an infant of whom contacts are stopped. */
  isAgeless: boolean;
  inDoubt: boolean;
  patient: Patient | undefined;
};

export const ROLE_WORDS: Record<MemberRole, string> = {
  mother: 'mother',
  person: 'person',
  other: 'other parent',
  infant: 'infant',
};
/** The stage in which nobody is in touch without asking first. */
export const STOPPED = 'contact-stop';
const ORDER: MemberRole[] = ['mother', 'person', 'other', 'infant'];
/** A journey with one of these is that of whoever is, or was, pregnant. */
const OF_A_BIRTH = ['pregnancy', 'outcome-unknown', 'birth-12m', '12-24m', 'after-24m'];
/** A child is nobody's infant after five years (sharing rule 22). */
export const INFANT_DAYS = 5 * 366;

/** Mother first, then other parents, then infants in the order of birth. */
export function findMembers(given: Given): Member[] {
  const roles = rolesIn(given);
  const members = (given.group.member ?? []).flatMap(({ entity, inactive }): Member[] => {
    const reference = entity?.reference;
    if (!reference) return [];
    const patient = given.patients.find(({ id }) => `Patient/${id}` === reference);
    const role = roles.get(reference) ?? 'other';
    const [name] = patient?.name ?? [];
    const short = name?.given?.[0] ?? name?.family;
    return [
      {
        ...{ reference, role, patient, inDoubt: inactive === true },
        name: [name?.given?.[0], name?.family].filter(Boolean).join(' ') || capital(ROLE_WORDS[role]),
        short: short ?? capital(ROLE_WORDS[role]),
        isNamed: short !== undefined,
        born: dayOf(patient?.birthDate),
        isAgeless: isDead(patient) || (role === 'infant' && isStopped(given, reference)),
      },
    ];
  });
  return members.sort(
    (a, b) =>
      ORDER.indexOf(a.role) - ORDER.indexOf(b.role) ||
      (a.born ?? Number.POSITIVE_INFINITY) - (b.born ?? Number.POSITIVE_INFINITY) ||
      (a.reference < b.reference ? -1 : 1),
  );
}

export const isDead = (patient: Patient | undefined): boolean =>
  patient?.deceasedBoolean === true || patient?.deceasedDateTime !== undefined;

/** Whose the stop is is told to few: where it is not said it may be any infant's. */
export function isStopped({ group, today }: Pick<Given, 'group' | 'today'>, infant: string): boolean {
  return (group.characteristic ?? []).some((stage) => {
    const [from, to] = [dayOf(stage.period?.start) ?? today, dayOf(stage.period?.end)];
    const isNow = from <= today && (to === null || today < to);
    const whose = infantsOf(stage);
    const isTheirs = whose.length === 0 || whose.includes(infant);
    return isNow && isTheirs && stage.valueCodeableConcept?.coding?.[0]?.code === STOPPED;
  });
}

/** By what is said of the relations, else by the stage that is a person's, else by age. */
function rolesIn(given: Given): Map<string, MemberRole> {
  const { group, patients, relations, today } = given;
  const inGroup = (group.member ?? []).flatMap(({ entity }) => entity?.reference ?? []);
  const infants = new Set(infantsIn(group));
  const mothers = new Set<string>();
  for (const relation of relations) {
    const who = patients.find(({ link = [] }) =>
      link.some(({ other }) => other.reference === `RelatedPerson/${relation.id}`),
    );
    const child = relation.patient?.reference ?? '';
    if (who && isMother(relation) && inGroup.includes(child)) {
      mothers.add(`Patient/${who.id}`);
      infants.add(child);
    }
  }
  for (const { id, birthDate } of patients) {
    const born = dayOf(birthDate);
    if (born !== null && today - born < INFANT_DAYS) infants.add(`Patient/${id}`);
  }
  const rest = inGroup.filter((one) => !infants.has(one) && !mothers.has(one));
  // Of a pregnancy, or a child whose relations are not told, the one adult there is is whose journey it is.
  const isOfABirth = (group.characteristic ?? []).some(({ valueCodeableConcept }) =>
    OF_A_BIRTH.includes(valueCodeableConcept?.coding?.[0]?.code ?? ''),
  );
  const isAlone = mothers.size === 0 && rest.length === 1;
  if (isAlone && isOfABirth) mothers.add(rest[0] as string);
  const roleOf = (one: string): MemberRole =>
    mothers.has(one) ? 'mother' : infants.has(one) ? 'infant' : isAlone ? 'person' : 'other';
  return new Map(inGroup.map((one) => [one, roleOf(one)]));
}

const isMother = ({ relationship = [] }: RelatedPerson): boolean =>
  relationship.some(({ coding = [] }) => coding.some(({ code }) => code === 'GESTM' || code === 'MTH'));

const infantsIn = ({ characteristic = [] }: Group): string[] => characteristic.flatMap(infantsOf);

const infantsOf = ({ extension = [] }: NonNullable<Group['characteristic']>[number]): string[] =>
  extension.flatMap(({ url, valueReference }) =>
    url === STAGE_OF && valueReference?.reference ? [valueReference.reference] : [],
  );
