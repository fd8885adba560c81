import type { Recipient } from '../../model.ts';
import { type Grants, isStatutory } from './decide.ts';

/** Who may ask whether somebody is its own patient (sharing rule 4): statutory health, and the operator. */
export const mayMatch = (recipient: Recipient): boolean =>
  recipient.kind === 'operator' || isStatutory(recipient.system.service.sector);

/** Whether the service treats this person now, or did until lately; not who is seen through another. */
export const treats = (grants: Grants, person: string): boolean =>
  grants.everything || ['open', 'recent'].includes(grants.persons.get(person)?.care ?? '');
