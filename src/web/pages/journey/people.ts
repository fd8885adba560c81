/** The card of each person: who it is, and how to reach them safely before any number. */
import type { Extension, Patient } from '@medplum/fhirtypes';
import { NHS_NUMBER, SAFE_CONTACT } from '../../../fhir/systems.ts';
import { ageOf, capital, dayOf, listOf, longDate } from '../words.ts';
import type { Given } from './given.ts';
import { type Member, ROLE_WORDS } from './members.ts';

/** `rules`: the instruction in lines; `said`: its day. */
export type SafeContact = { rules: string[]; said: string; mayContact: boolean };
export type Card = {
  id: string;
  role: string;
  kind: 'mother' | 'person' | 'partner' | 'infant';
  name: string;
  short: string;
  lines: string[];
  /** Null: no instruction is known; left out for whom there is nothing to reach. */
  contact?: SafeContact | null;
  /** Whom to ask where none is known. */
  ask: string;
  /** Telephone and address: only behind an instruction. */
  details: string[];
  /** Id of an own patient for whom there may be a sheet to take home; else null. */
  sheet: string | null;
};

export const NOBODY = {
  title: 'Not shown',
  text:
    'Nobody is shown here. A partner or other parent is shown once the mother has said so, asked alone, ' +
    'and they have agreed.',
};

export function describePeople(given: Given, members: Member[]): Card[] {
  return members.map((member, place) => cardOf(given, member, place));
}

function cardOf(given: Given, member: Member, place: number): Card {
  const { role, patient, name, short, isNamed, inDoubt } = member;
  const contact = role === 'infant' ? undefined : contactOf(patient);
  const isOwn = isOwnPatient(given, member);
  return {
    id: `p${place + 1}`,
    role: [
      `${capital(ROLE_WORDS[role])}${isOwn ? ', your patient' : ''}`,
      inDoubt ? 'perhaps the same as another infant here' : '',
    ]
      .filter(Boolean)
      .join('; '),
    kind: role === 'other' ? 'partner' : role,
    name: isNamed ? name : `${role === 'infant' ? 'An' : 'The'} ${ROLE_WORDS[role]}`,
    short: isNamed ? short : `the ${ROLE_WORDS[role]}`,
    lines: linesOf(given, member),
    contact,
    ask: isOwn ? 'Ask, and record it.' : role === 'mother' ? 'Ask her team.' : 'Ask their team.',
    details: contact?.mayContact ? detailsOf(patient) : [],
    sheet: isOwn && !member.isAgeless ? (patient?.id ?? null) : null,
  };
}

function linesOf({ today }: Given, { patient, born, isAgeless, isNamed, role }: Member): string[] {
  const age = born === null || isAgeless ? '' : ageOf(born, today);
  const born_ = born === null ? '' : `born ${longDate(born)}`;
  const number = (patient?.identifier ?? []).find(({ system }) => system === NHS_NUMBER)?.value ?? '';
  const who = isNamed
    ? ''
    : `You see that there is ${role === 'infant' ? 'an infant' : `a ${ROLE_WORDS[role]}`}.`;
  return [
    who,
    capital([age ? `${age} old` : '', born_].filter(Boolean).join(', ')),
    sayNumber(number),
  ].filter(Boolean);
}

/** `NHS number 999 000 0018`; '' of none. */
export const sayNumber = (number: string): string =>
  number ? `NHS number ${number.replace(/^(\d{3})(\d{3})(\d{4})$/, '$1 $2 $3')}` : '';

/** Care of this person by the service that looks, which goes on. */
export const isOwnPatient = ({ episodes, service }: Given, { reference }: Member): boolean =>
  service !== null &&
  episodes.some(
    ({ status, patient, managingOrganization }) =>
      ['active', 'onhold', 'waitlist'].includes(status ?? '') &&
      patient?.reference === reference &&
      managingOrganization?.reference === `Organization/${service}`,
  );

const HOW: Record<string, string> = {
  phone: 'Call',
  text: 'Send a text message',
  email: 'Write an email',
  letter: 'Write a letter',
  none: 'Do not contact directly',
};
const DAYS: Record<string, string> = { weekdays: 'On weekdays only', weekends: 'On weekends only' };

/** What is not said is not known to be safe. Null: no instruction is known. */
export function contactOf(patient: Patient | undefined): SafeContact | null {
  const found = patient?.extension?.find(({ url }) => url === SAFE_CONTACT);
  if (!found) return null;
  const part = (url: string): Extension | undefined => found.extension?.find((one) => one.url === url);
  const [from, to] = ['from', 'to'].map((url) => part(url)?.valueTime?.slice(0, 5));
  const never = (['voicemail', 'letter'] as const)
    .filter((url) => part(url)?.valueBoolean !== true)
    .map((url) => (url === 'letter' ? 'letters' : url));
  const name = part('name')?.valueString;
  const route = part('route')?.valueContactPoint?.value;
  const said = dayOf(part('said')?.valueDate);
  const rules = [
    HOW[part('how')?.valueCode ?? ''] ?? '',
    DAYS[part('days')?.valueCode ?? ''] ?? '',
    from && to ? `Between ${from} and ${to}` : '',
    never.length > 0 ? `No ${listOf(never).replace(' and ', ', no ')}` : '',
    name ? `Ask for “${name}”` : '',
    route ? `Or through the team that said so: ${route}` : '',
  ].filter(Boolean);
  const mayContact = part('how')?.valueCode !== 'none';
  return { rules, mayContact, said: said === null ? '' : `Said on ${longDate(said)}` };
}

/** Telephone and address, in lines. */
export function detailsOf(patient: Patient | undefined): string[] {
  const phones = (patient?.telecom ?? []).flatMap(({ value, use }) =>
    value ? [`${value}${use ? ` (${use})` : ''}`] : [],
  );
  const places = (patient?.address ?? []).flatMap(({ line = [], city, postalCode }) => {
    const text = [...line, [city, postalCode].filter(Boolean).join(' ')].filter(Boolean).join(', ');
    return text ? [text] : [];
  });
  return [...phones, ...places];
}
