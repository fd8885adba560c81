/** Full names for the people of one family, after the custom of where the family is from. */
import type { Chance } from '../random.ts';
import { ASIA } from './asia.ts';
import { ISLANDS } from './islands.ts';
import type { Origin, Sex } from './origin.ts';
import { WORLD } from './world.ts';

const ORIGINS = { ...ISLANDS, ...WORLD, ...ASIA };
export type OriginName = keyof typeof ORIGINS;
export type Name = { given: string; second: string; family: string };
export type Parents = { mother: Name; father?: Name };

const SHARES = Object.fromEntries(
  Object.entries(ORIGINS).map(([name, { share }]) => [name, share]),
) as Record<OriginName, number>;
export const originNames = Object.keys(ORIGINS) as OriginName[];
export const chooseOrigin = (chance: Chance, evenly: boolean): OriginName =>
  evenly ? chance.pick(originNames) : chance.weighed(SHARES);
const of = (name: OriginName): Origin => ORIGINS[name];

const GIVEN_FLAT = 5;

export const chooseGiven = (chance: Chance, name: OriginName, sex: Sex, young = false): string => {
  const origin = of(name);
  return chance.ranked((young && origin.young?.[sex]) || origin[sex], GIVEN_FLAT);
};

function familyName(chance: Chance, { family, tail, flat }: Origin): string {
  if (tail && chance.is(tail.share)) return chance.pick(tail.begin) + chance.pick(tail.end);
  return chance.ranked(family, flat);
}

/** Kowalski's wife and daughter are Kowalska. */
const inflected = (family: string, sex: Sex) =>
  sex === 'female' ? family.replace(/([sc]k)i$/, '$1a') : family.replace(/([sc]k)a$/, '$1i');

function secondOf(chance: Chance, name: OriginName, sex: Sex, young: boolean): string {
  const { second, custom } = of(name);
  if (second) return chance.is(0.7) ? chance.pick(second[sex]) : '';
  if (custom === 'grandfather') return chooseGiven(chance, name, 'male');
  return chance.is(young ? 0.6 : 0.45) ? chooseGiven(chance, name, sex, young) : '';
}

export function adultName(chance: Chance, name: OriginName, sex: Sex): Name {
  const origin = of(name);
  const given = chooseGiven(chance, name, sex);
  const second = secondOf(chance, name, sex, false);
  if (origin.custom === 'personal' && origin.own && chance.is(origin.own.share))
    return { given, second, family: chance.ranked(origin.own[sex], 1) };
  if (origin.custom === 'double')
    return { given, second, family: `${familyName(chance, origin)} ${familyName(chance, origin)}` };
  if (origin.custom === 'patronymic' && chance.is(0.5))
    return { given, second: '', family: chooseGiven(chance, name, 'male') };
  return { given, second, family: inflected(familyName(chance, origin), sex) };
}

/** What a wife is called after a wedding. Where women keep or bear a name of their own, nothing changes. */
export const marriedName = (name: OriginName, own: Name, husband: Name): Name =>
  ['shared', 'gendered'].includes(of(name).custom)
    ? { ...own, family: inflected(husband.family, 'female') }
    : own;

/** The family name of a child after one parent: the father's when he is given and it is his that it bears. */
export function childFamily(chance: Chance, name: OriginName, sex: Sex, { mother, father }: Parents): string {
  const { custom, own } = of(name);
  const parent = father ?? mother;
  if (custom === 'personal' && own && chance.is(own.share * 0.6)) return chance.ranked(own[sex], 1);
  if (custom === 'patronymic') return father?.given ?? mother.family;
  if (custom === 'grandfather') return father?.second || mother.family;
  if (custom === 'double' && father)
    return `${mother.family.split(' ').at(-1)} ${father.family.split(' ').at(-1)}`;
  return inflected(parent.family, sex);
}

export const childSecond = (chance: Chance, name: OriginName, sex: Sex, father?: Name): string =>
  of(name).custom === 'grandfather' ? (father?.given ?? '') : secondOf(chance, name, sex, true);

const MOHAMMED: readonly OriginName[] = ['pakistani', 'bangladeshi', 'arabic', 'somali', 'turkish'];

/**
 * Given names for children born together, all different or told apart by their second name alone: three in ten pairs
 * sound alike (Jayden and Kayden), and brothers may both be Mohammed first.
 */
export function namesTogether(chance: Chance, name: OriginName, sexes: readonly Sex[]) {
  const names: { given: string; second: string }[] = [];
  const brothers = MOHAMMED.includes(name) && sexes.every((sex) => sex === 'male') && chance.is(0.3);
  for (const sex of sexes) {
    const origin = of(name);
    const all = origin.young?.[sex] ?? origin[sex];
    const free = all.filter((given) =>
      names.every((other) => other.given !== given && other.second !== given),
    );
    const first = names[0]?.given;
    const alike = free.filter(
      (given) => first && (given.slice(-3) === first.slice(-3) || given.slice(0, 2) === first.slice(0, 2)),
    );
    const given = alike.length > 0 && chance.is(0.3) ? chance.pick(alike) : chance.ranked(free, GIVEN_FLAT);
    names.push(
      brothers && given !== 'Mohammed' && given !== 'Mohamed'
        ? { given: 'Mohammed', second: given }
        : { given, second: '' },
    );
  }
  return names;
}
