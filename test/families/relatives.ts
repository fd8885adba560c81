/** Others of the household, who are taken for its mother or infants: siblings, half-siblings, a grandmother. */
import { bornBefore, type Household, type Making, personOf } from './household.ts';
import { adultName, childFamily, childSecond, chooseGiven, type Name } from './names/compose.ts';
import type { Sex } from './names/origin.ts';
import { during, type Person } from './people.ts';

type Family = Household & { infants: Person[] };

/** A child 11 months to 9 years older, of the same parents or of the mother and somebody else. */
function siblingOf(making: Making, household: Family, at: number): Person {
  const { chance, supply } = making;
  const { origin, birth, mother, partner } = household;
  const half = chance.is(partner ? 0.2 : 0.6);
  const sex: Sex = chance.is(0.5) ? 'male' : 'female';
  const taken = household.infants.map(({ names }) => during(names, birth).given);
  const given = chooseGiven(chance, origin, sex, true);
  const his = partner?.sex === 'male' ? during(partner.names, birth) : undefined;
  const father: Name | undefined = half ? adultName(chance, origin, 'male') : his;
  const name: Name = {
    given: taken.includes(given) ? chooseGiven(chance, origin, sex, true) : given,
    second: childSecond(chance, origin, sex, father),
    family: childFamily(chance, origin, sex, {
      mother: during(mother.names, birth),
      ...(father && chance.is(0.6) ? { father } : {}),
    }),
  };
  const born = birth - chance.int(335, 900) - at * chance.int(340, 900);
  return personOf(making, household, `s${at + 1}`, {
    ...{ role: half ? 'half-sibling' : 'sibling', sex, born, mother },
    ...{ nhs: supply.child(), phone: mother.phone, names: [{ day: -1e6, what: name }] },
    known: { from: born, to: birth + 700 },
  });
}

/** The mother's mother, who lives with her, answers the same phone and may be called exactly as she is. */
function grandmotherOf(making: Making, household: Family): Person {
  const { chance, supply } = making;
  const { origin, birth, mother } = household;
  const own = during(mother.names, -1e5);
  const given = chance.is(0.6) ? own.given : chooseGiven(chance, origin, 'female');
  const years = (birth - mother.born) / 365.25 + chance.int(16, 34);
  const born = bornBefore(chance, birth, { years, origin });
  return personOf(making, household, 'g', {
    ...{ role: 'grandmother', sex: 'female', born, nhs: supply.adult() },
    phone: chance.is(0.5) ? mother.phone : supply.phone(),
    names: [{ day: -1e6, what: { ...own, given } }],
  });
}

export function otherRelatives(making: Making, household: Family): Person[] {
  const { chance } = making;
  const young = household.birth - household.mother.born < 18 * 365;
  const older = young ? 0 : { none: 0, one: 1, two: 2 }[chance.weighed({ none: 0.6, one: 0.3, two: 0.1 })];
  const siblings = Array.from({ length: older }, (_, at) => siblingOf(making, household, at));
  return chance.is(young ? 0.3 : 0.02) ? [...siblings, grandmotherOf(making, household)] : siblings;
}
