/** Section *safe contact*: how each person may be reached, before any number or address. */
import type { Extension, Patient } from '@medplum/fhirtypes';
import { SAFE_CONTACT } from '../../fhir/systems.ts';
import { refer, type Section, type Told } from './sections.ts';
import { sayDate } from './words.ts';

export function writeSafeContact({ seen, nameOf }: Told): Section {
  const said = seen.flatMap(({ resource }) => {
    const contact = resource.resourceType === 'Patient' ? instructionOf(resource) : undefined;
    return contact ? [{ person: resource, contact }] : [];
  });
  return {
    code: 'safe-contact',
    title: 'Safe contact: read this before you call or write',
    lines: said.map(({ person, contact }) => `${nameOf(`Patient/${person.id}`)}: ${sayContact(contact)}`),
    refers: said.map(({ person }) => refer(person, nameOf)),
  };
}

const instructionOf = ({ extension }: Patient): Extension | undefined =>
  extension?.find(({ url }) => url === SAFE_CONTACT);

const HOW: Record<string, string> = {
  phone: 'by phone',
  text: 'by text message',
  email: 'by email',
  letter: 'by letter',
  none: 'do not contact directly',
};
const DAYS: Record<string, string> = { weekdays: 'on weekdays', weekends: 'on weekends' };

/** What is not said is not known to be safe. */
function sayContact({ extension = [] }: Extension): string {
  const part = (url: string) => extension.find((one) => one.url === url);
  const [from, to] = ['from', 'to'].map((url) => part(url)?.valueTime?.slice(0, 5));
  const mayBe = (url: string, what: string) => (part(url)?.valueBoolean === true ? what : `no ${what}`);
  const name = part('name')?.valueString;
  const route = part('route')?.valueContactPoint?.value;
  return [
    HOW[part('how')?.valueCode ?? ''] ?? '',
    DAYS[part('days')?.valueCode ?? ''] ?? '',
    from && to ? `${from} to ${to}` : '',
    mayBe('voicemail', 'voicemail'),
    mayBe('letter', 'letters'),
    name ? `ask for ${name}` : '',
    route ? `or through the team that said so, ${route}` : '',
    `said ${sayDate(part('said')?.valueDate)}`,
  ]
    .filter(Boolean)
    .join(', ');
}
