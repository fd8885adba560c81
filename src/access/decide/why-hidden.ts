/** Why a service may not know something of somebody, in words for whoever runs Skein: told to nobody else. */
import type { Category } from '../../model.ts';
import { decide, type Grant, type Grants } from './decide.ts';
import { POLICY } from './policy.ts';

/** The rule that decides it today, the first person's that hides it; null where none of these does. */
export function whyHidden(
  grants: Grants,
  category: Category,
  persons: string[],
  journeys?: string[],
): string | null {
  if (grants.everything) return null;
  const cell = POLICY.rows.get(grants.sector ?? '')?.cells[category];
  if (!cell) return `its service has ${grants.sector === null ? 'no sector' : 'no row in the policy'}`;
  const hidden = persons.find((person) => decide(grants, category, person, journeys) === '-');
  if (hidden === undefined) return null;
  const grant: Partial<Grant> = grants.persons.get(hidden) ?? {};
  const { care = null, roles = [] } = grant;
  const of = `of ${hidden}`;
  if (grant.refused?.includes(category)) return `the person refused that it knows ${category} ${of}`;
  if (care === 'open' || care === 'recent')
    return `${category} ${of} is ${cell.own} for own patients${cell.agreement ? ', and needs an agreement' : ''}`;
  const known = roles.filter(({ journey }) => !journeys || journeys.includes(journey));
  if (known.length > 0)
    return `${category} ${of}, ${known.map(({ role }) => role).join(' and ')} in the journey, is - for its sector`;
  if (grant.held) return `${hidden} is held, restricted or placed: known to own services alone`;
  if (care === 'pending') return `its referral ${of} waits for an answer, which opens nothing else`;
  if (care === 'past') return `its care ${of} ended over ${POLICY.closedCareDays} days ago`;
  return `it has no care ${of}, nor of another member of that journey`;
}
