/** The lanes of a family, and the numbers of what is in them: picture and table are both made from these. */

import type { Given } from './given.ts';
import { findItems, type Item } from './items.ts';
import { type Member, ROLE_WORDS } from './members.ts';
import type { Names } from './names.ts';
import { NOBODY } from './people.ts';
import { findReferrals } from './referrals.ts';

/** `sentence`: what a lane says that holds nothing. */
export type Lane = {
  kind: 'mother' | 'person' | 'partner' | 'infant' | 'referral';
  name: string;
  role: string;
  items: Item[];
  sentence: string;
};

/**
 * Mother, partner or other parent, each infant, referrals. The lane of a partner is there in every family,
 * and says the same wherever nobody is shown in it.
 */
export function layOutLanes(given: Given, names: Names, members: Member[]): Lane[] {
  const lanesOf = (role: Member['role']) =>
    members.filter((one) => one.role === role).map((one) => laneOf(given, names, one));
  const partner: Lane = {
    ...{ kind: 'partner', name: 'Partner or other parent', role: '', items: [], sentence: NOBODY.text },
  };
  const others = lanesOf('other');
  const referrals: Lane = {
    ...{ kind: 'referral', name: 'Referrals', role: '', items: findReferrals(given, names) },
    sentence: 'No referral is shown.',
  };
  const lanes = [
    ...lanesOf('mother'),
    ...lanesOf('person'),
    ...(others.length > 0 ? others : [partner]),
    ...lanesOf('infant'),
    referrals,
  ];
  let n = 0;
  return lanes.map((lane) => ({ ...lane, items: lane.items.map((item) => ({ ...item, n: ++n })) }));
}

function laneOf(given: Given, names: Names, member: Member): Lane {
  const { role, short, isNamed } = member;
  return {
    kind: role === 'other' ? 'partner' : role,
    name: short,
    role: isNamed ? ROLE_WORDS[role] : '',
    items: findItems(given, names, member),
    sentence: 'No care is shown.',
  };
}
