/** Why a service may not know something of somebody, in words for whoever runs Skein: told to nobody else. */
import type { Category } from '../../model.ts';
import { decide, type Grant, type Grants } from './decide.ts';
import { POLICY } from './policy.ts';

/**
 * The rules by which something is not told. What is recorded of a decision is the name of its rule, so that
 * no record of it holds an id of a person.
 */
export const RULES = {
  'no-sector': 'its service has no sector',
  'no-row': 'its service has no row in the policy',
  refused: 'the person refused that it knows',
  'own-cell': 'the policy hides it of own patients',
  'role-cell': 'the policy hides it of that member of a journey',
  held: 'somebody is held, restricted or placed',
  'pending-referral': 'its referral waits for an answer',
  'past-care': 'its care ended too long ago',
  'no-care': 'it has no care of somebody concerned',
  'others-only': 'it is for other services',
  unreadable: 'it may not read what it is about',
  gone: 'superseded: what it is about is no more',
  'no-party': 'it is for those whose own patient it is about, or who are party to it',
  'told-before': 'it was told of it before',
  'nothing-new': 'nothing that it may see is different',
  'identity-changed': 'the identity of whom it is about was changed',
  'to-stop': 'it is a planned contact that is to stop',
  'filter-unseen': 'its filter holds by something that it may not know',
  'prompt-ceiling': 'its owner was told of as many prompts as a day allows',
} as const;
export type Rule = keyof typeof RULES;
/** `words` may name ids: they are shown, and not kept. */
export type Reason = { rule: Rule; words: string };

export const because = (rule: Rule, words: string = RULES[rule]): Reason => ({ rule, words });

/** The rule that decides it today, the first person's that hides it; null where none of these does. */
export function whyHidden(
  grants: Grants,
  category: Category,
  persons: string[],
  journeys?: string[],
): Reason | null {
  if (grants.everything) return null;
  const cell = POLICY.rows.get(grants.sector ?? '')?.cells[category];
  if (!cell) return because(grants.sector === null ? 'no-sector' : 'no-row');
  const hidden = persons.find((person) => decide(grants, category, person, journeys) === '-');
  if (hidden === undefined) return null;
  const grant: Partial<Grant> = grants.persons.get(hidden) ?? {};
  const { care = null, roles = [] } = grant;
  const of = `of ${hidden}`;
  if (grant.refused?.includes(category))
    return because('refused', `the person refused that it knows ${category} ${of}`);
  if (care === 'open' || care === 'recent') {
    const agreement = cell.agreement ? ', and needs an agreement' : '';
    return because('own-cell', `${category} ${of} is ${cell.own} for own patients${agreement}`);
  }
  const known = roles.filter(({ journey }) => !journeys || journeys.includes(journey));
  if (known.length > 0) {
    const names = known.map(({ role }) => role).join(' and ');
    return because('role-cell', `${category} ${of}, ${names} in the journey, is - for its sector`);
  }
  if (grant.held)
    return because('held', `${hidden} is held, restricted or placed: known to own services alone`);
  if (care === 'pending')
    return because('pending-referral', `its referral ${of} waits for an answer, which opens nothing else`);
  if (care === 'past')
    return because('past-care', `its care ${of} ended over ${POLICY.closedCareDays} days ago`);
  return because('no-care', `it has no care ${of}, nor of another member of that journey`);
}
