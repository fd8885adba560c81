import type { Extension, Patient } from '@medplum/fhirtypes';
import { composePatient } from '../../fhir/compose-patient.ts';
import type { ChartSource, ResourceRow } from '../../model.ts';
import { decide, type Grants, reaches } from '../decide/decide.ts';
import { isDiscreet } from '../decide/stays-inside.ts';
import { codedOnly, pick } from './coded.ts';

type Known = Exclude<Grants, { everything: true }>;
/** `known`: charts that the reader may know of; `asked`: those of referrals that wait for its answer. */
type Charts = { known: ChartSource[]; asked: ChartSource[] };

/** `instruction`: extensions that come before all others; `details`: how and where to reach the person. */
export type Reached = { instruction: Extension[]; details: Pick<Patient, 'telecom' | 'address'> };

/** What leads to a person's door or ear. */
export const DETAILS = ['telecom', 'address'] as const;
const NOTHING: Reached = { instruction: [], details: {} };

/**
 * Category CON. S: the safe-contact instruction, and the duty number of the team that gave it; F: numbers and
 * addresses as well, where there is an instruction, it lets anybody be in touch, and nobody holds the person:
 * unknown means that nothing is released (sharing rule 9). Who is asked to see the person reads the
 * instruction where its referrer said who is meant (rule 3), and whoever gave it always.
 */
export function projectSafeContact(grants: Known, row: ResourceRow, { known, asked }: Charts): Reached {
  const contact = row.sources && 'charts' in row.sources ? row.sources.contact : undefined;
  if (!contact) return NOTHING;
  const [person = ''] = row.persons;
  const level = decide(grants, 'CON', person);
  const isMeant = asked.some(({ verified }) => verified);
  if (!reaches(level, 'S') && !isMeant && contact.author !== grants.service) return NOTHING;
  const instruction = [withRoute(grants, contact)];
  const isFree = !grants.persons.get(person)?.held && howOf(contact.said) !== 'none';
  return level === 'F' && isFree
    ? { instruction, details: codedOnly(pick(composePatient(known), DETAILS)) }
    : { instruction, details: {} };
}

const howOf = ({ extension = [] }: Extension): string | undefined =>
  extension.find(({ url }) => url === 'how')?.valueCode;

/** The number of a team, never of a person; of a discreet service none. */
function withRoute(grants: Known, { author, said }: { author: string | null; said: Extension }): Extension {
  const duty = author !== null && !isDiscreet(grants, author) ? grants.services.get(author)?.duty : null;
  if (!duty) return said;
  const route: Extension = { url: 'route', valueContactPoint: { system: 'phone', value: duty.phone } };
  return { ...said, extension: [...(said.extension ?? []), route] };
}
