/** What the makers of people share: the household that a birth is of, and what is handed out once in a whole set. */
import type { Address } from './addresses.ts';
import { dateOf, dayOf } from './days.ts';
import type { OriginName } from './names/compose.ts';
import type { Person, Since } from './people.ts';
import type { Chance } from './random.ts';

export type Supply = { adult(): string; child(): string; phone(): string };
export type Making = {
  chance: Chance;
  seed: string;
  id: string;
  twins: number;
  evenly: boolean;
  supply: Supply;
};

export type Place = {
  origin: OriginName;
  /** Day of the birth that the family is about. */
  birth: number;
  addresses: Since<Address>[];
};
export type Household = Place & {
  mother: Person;
  partner?: Person;
  /** Mother and father bear one name, or will: the children are given it at birth. */
  married: boolean;
};

type Start = Pick<Person, 'role' | 'sex' | 'born' | 'nhs' | 'names' | 'phone'> & Partial<Person>;

/** Somebody of the household; `mark` tells them apart in it. */
export const personOf = (making: Making, place: Place, mark: string, start: Start): Person => ({
  ...{ id: `${making.id}${mark}`, family: making.id, origin: place.origin, outcome: 'live' },
  ...{ addresses: place.addresses, multiple: false, order: 0, together: [] },
  ...{ known: { from: place.birth - 1500, to: place.birth + 700 } },
  ...start,
});

/** Where many were never told their birthday, and an official wrote 1 January. */
const GUESSED: readonly OriginName[] = ['somali', 'arabic', 'turkish', 'pakistani'];

/** The day of birth of somebody who was of this age on a day. */
export function bornBefore(
  chance: Chance,
  day: number,
  { years, origin }: { years: number; origin: OriginName },
) {
  const born = day - Math.round(years * 365.25) - chance.int(0, 364);
  const guessed = GUESSED.includes(origin) && chance.is(0.08);
  return guessed ? dayOf(`${dateOf(born).slice(0, 4)}-01-01`) : born;
}
