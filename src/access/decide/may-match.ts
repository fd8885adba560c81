import type { Recipient } from '../../model.ts';
import type { Grants } from './decide.ts';
import { POLICY } from './policy.ts';

/** Who may ask whether somebody is its own patient (sharing rule 4): statutory health, and the operator. */
export const mayMatch = (recipient: Recipient): boolean =>
  recipient.kind === 'operator' ||
  POLICY.rows.get(recipient.system.service.sector ?? '')?.group === 'statutory-health';

/** Whether the service treats this person now, or did until lately; not who is seen through another. */
export const treats = (grants: Grants, person: string): boolean =>
  grants.everything || ['open', 'recent'].includes(grants.persons.get(person)?.care ?? '');
