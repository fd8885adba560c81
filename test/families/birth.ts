/** The infants of one birth: alone, twins or triplets, alive or not, renamed or adopted. */
import { addressOf } from './addresses.ts';
import { type Household, type Making, personOf } from './household.ts';
import {
  adultName,
  childFamily,
  childSecond,
  chooseGiven,
  type Name,
  namesTogether,
} from './names/compose.ts';
import type { Sex } from './names/origin.ts';
import { during, type Outcome, type Person, type Since } from './people.ts';
import type { Chance } from './random.ts';

/** From births in England: still 0.4 %, died within 28 days 0.3 %; several times more among twins. */
function outcomeOf(chance: Chance, multiple: boolean, evenly: boolean): Outcome {
  const more = (multiple ? 4 : 1) * (evenly ? 40 : 1);
  if (chance.is(0.004 * more)) return 'stillbirth';
  return chance.is(0.003 * more) ? 'neonatal-death' : 'live';
}

/** One birth in 70 of several is of three. Two thirds of twins are of one sex. */
function sexesOf(chance: Chance, twins: number): Sex[] {
  const sexOf = (): Sex => (chance.is(0.512) ? 'male' : 'female');
  const first = sexOf();
  if (!chance.is(twins)) return [first];
  const second = chance.is(0.33) ? first : sexOf();
  return chance.is(0.015) ? [first, second, sexOf()] : [first, second];
}

type Called = { given: string; second: string };
/** The days on which all who were born together get their father's name, and one of them another given name. */
type Renaming = { father?: number; given?: number };

/** Of unmarried parents' children half are given the father's name at six weeks; 1.2 % get another given name. */
function renamingOf(chance: Chance, { birth, partner, married }: Household): Renaming {
  const father =
    partner?.sex === 'male' && !married && chance.is(0.5) ? birth + chance.int(30, 50) : undefined;
  const given = chance.is(0.012) ? (father ?? birth + chance.int(14, 200)) : undefined;
  return { ...(father ? { father } : {}), ...(given ? { given } : {}) };
}

/** Every name that a child has, the one at birth first: its mother's family name unless the parents share one. */
function namesOf(making: Making, household: Household, child: Called & { sex: Sex; renaming: Renaming }) {
  const { chance } = making;
  const { origin, mother, partner, birth, married } = household;
  const { sex, given, renaming } = child;
  const hers = during(mother.names, birth);
  const his = partner?.sex === 'male' ? during(partner.names, birth) : undefined;
  const familyAfter = (father?: Name) =>
    childFamily(chance, origin, sex, { mother: hers, ...(father ? { father } : {}) });

  let name: Name = {
    given,
    second: child.second || childSecond(chance, origin, sex, his),
    family: familyAfter(married ? his : undefined),
  };
  const names: Since<Name>[] = [{ day: -1e6, what: name }];
  for (const day of new Set([renaming.father, renaming.given])) {
    if (day === undefined) continue;
    if (day === renaming.father) name = { ...name, family: familyAfter(his) };
    if (day === renaming.given) name = { ...name, given: chooseGiven(chance, origin, sex, true) };
    names.push({ day, what: name });
  }
  return names;
}

/** A new number, name and address; only the birthday and now and then the given name are the same. */
function adoptedFrom(making: Making, { birth, origin }: Household, child: Person): Person {
  const { chance, supply, seed } = making;
  const day = birth + chance.int(120, 450);
  const parent = adultName(chance, origin, 'male');
  const { given } = during(child.names, day);
  const kept = chance.is(0.5) ? given : chooseGiven(chance, origin, child.sex, true);
  const id = `${child.id}a`;
  child.known = { from: child.known.from, to: day };
  child.neverWith = id;
  return {
    ...child,
    ...{ id, role: 'adopted', nhs: supply.child(), neverWith: child.id, together: [] },
    ...{ multiple: false, order: 0, phone: supply.phone(), mother: undefined },
    names: [{ day: -1e6, what: { given: kept, second: '', family: parent.family } }],
    addresses: [{ day: -1e6, what: addressOf(chance, seed) }],
    known: { from: day, to: birth + 700 },
  };
}

/** What they are to be called; a son alone may have his father's name in full. */
function calledAtBirth(chance: Chance, sexes: Sex[], { origin, partner, birth }: Household): Called[] {
  const father = partner?.sex === 'male' ? during(partner.names, birth) : undefined;
  if (father && sexes.length === 1 && sexes[0] === 'male' && chance.is(0.03)) return [father];
  return namesTogether(chance, origin, sexes);
}

export function bornTogether(making: Making, household: Household): Person[] {
  const { chance, supply } = making;
  const { birth, mother } = household;
  const sexes = sexesOf(chance, making.twins);
  const multiple = sexes.length > 1;
  const renaming = renamingOf(chance, household);

  const infants = calledAtBirth(chance, sexes, household).map(({ given, second }, at) => {
    const sex = sexes[at] as Sex;
    const outcome = outcomeOf(chance, multiple, making.evenly);
    const alive = { live: 700, 'neonatal-death': chance.int(0, 27), stillbirth: 0 }[outcome];
    const { given: day, ...family } = renaming;
    return personOf(making, household, `i${at + 1}`, {
      ...{ role: 'infant', sex, outcome, multiple, order: multiple ? at + 1 : 0, mother },
      ...{ born: birth, phone: mother.phone, nhs: outcome === 'stillbirth' ? '' : supply.child() },
      names: namesOf(making, household, { given, second, sex, renaming: at === 0 ? renaming : family }),
      known: { from: birth, to: birth + alive },
    });
  });
  for (const one of infants)
    one.together = infants.filter((other) => other !== one && other.nhs).map(({ nhs }) => nhs);
  const [first] = infants;
  return first && !multiple && first.outcome === 'live' && chance.is(0.002)
    ? [first, adoptedFrom(making, household, first)]
    : infants;
}
