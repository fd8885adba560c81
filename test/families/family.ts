/** One invented family: parents, the infants of one birth, and those of the household who are mistaken for them. */
import { type Address, addressOf } from './addresses.ts';
import { bornTogether } from './birth.ts';
import { dayOf } from './days.ts';
import { bornBefore, type Household, type Making, personOf } from './household.ts';
import { adultName, chooseOrigin, marriedName, type Name } from './names/compose.ts';
import type { Person, Since } from './people.ts';
import type { Chance } from './random.ts';
import { otherRelatives } from './relatives.ts';

const FIRST_BIRTH = dayOf('2023-01-01');
const LAST_BIRTH = dayOf('2025-12-31');
function ageOfMother(chance: Chance): number {
  if (chance.is(0.03)) return chance.int(14, 18);
  return Math.round(18 + (chance.next() + chance.next() + chance.next()) * 9.3);
}

/** A family moves house never, once or twice in the years that sources write of it. */
function movesOf({ chance, seed }: Making, birth: number): Since<Address>[] {
  const moves = chance.weighed({ none: 0.42, once: 0.4, twice: 0.18 });
  const days = { none: [], once: [chance.int(-400, 500)], twice: [chance.int(-500, 0), chance.int(1, 600)] }[
    moves
  ];
  return [-9000, ...days].map((day) => ({ day: birth + day, what: addressOf(chance, seed) }));
}

function parentsOf(making: Making): Household {
  const { chance, supply, evenly } = making;
  const origin = chooseOrigin(chance, evenly);
  const birth = chance.int(FIRST_BIRTH, LAST_BIRTH);
  const addresses = movesOf(making, birth);
  const place = { origin, birth, addresses };
  const years = ageOfMother(chance);
  const own = adultName(chance, origin, 'female');
  const mother = personOf(making, place, 'm', {
    ...{ role: 'mother', sex: 'female', nhs: supply.adult(), phone: supply.phone() },
    born: bornBefore(chance, birth, { years, origin }),
    names: [{ day: -1e6, what: own }],
  });
  if (chance.is(0.15)) return { origin, birth, addresses, mother, married: false };

  const sex = chance.is(0.015) ? 'female' : 'male';
  // A partner's family is from elsewhere in one of six families.
  const name: Name = adultName(chance, chance.is(0.17) ? chooseOrigin(chance, evenly) : origin, sex);
  const shared = chance.is(0.06);
  const partner = personOf(making, place, 'p', {
    ...{ role: 'partner', sex, nhs: supply.adult(), phone: shared ? mother.phone : supply.phone() },
    born: bornBefore(chance, birth, { years: Math.max(15, years + chance.int(-3, 7)), origin }),
    names: [{ day: -1e6, what: name }],
  });
  const married = sex === 'male' && chance.is(years < 19 ? 0.05 : 0.5);
  if (married) {
    const wedding = birth - chance.int(-500, 3000);
    const wife = marriedName(origin, own, name);
    const doubled = { ...wife, family: `${own.family}-${name.family}` };
    mother.names.push({ day: wedding, what: chance.is(0.08) && wife !== own ? doubled : wife });
  }
  return { origin, birth, addresses, mother, partner, married };
}

/** Everybody of one family, the parents first. */
export function familyOf(making: Making): Person[] {
  const household = parentsOf(making);
  const { mother, partner } = household;
  const infants = bornTogether(making, household);
  const outcome = infants[0]?.outcome ?? 'live';
  const parents = partner ? [mother, partner] : [mother];
  for (const parent of parents) parent.outcome = outcome;
  return [...parents, ...infants, ...otherRelatives(making, { ...household, infants })];
}
