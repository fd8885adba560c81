/** Of whom no prompt speaks. These follow all facts, whoever may know of them; the cause is never shown. */
import { findConcerned, findDeaths, type Known } from '../concerned.ts';
import type { Doubt } from '../doubts.ts';
import type { Person } from '../who/charts.ts';

/**
 * `lost`: who died, may be one who died, or is said to have; `bereft`: the infants of a mother who died, too;
 * `bereaved`: when a woman lost, or is said to have lost, an infant or a pregnancy (milliseconds).
 */
export type Blocked = {
  lost: ReadonlySet<Person>;
  bereft: ReadonlySet<Person>;
  bereaved: ReadonlyMap<Person, number[]>;
};

export function findBlocked(family: Known, doubts: Doubt[]): Blocked {
  const deaths = findDeaths(family);
  const dead = new Set(deaths.flatMap(({ person, cause }) => (cause === 'lost' ? person : [])));
  const each = deaths.map((death) => ({ death, about: findConcerned(family, death, dead) }));
  const lost = each.flatMap(({ death: { cause, person }, about: { stop, mothers } }) => {
    if (cause === 'lost') return stop.filter((one) => one === person || !mothers.has(one));
    return cause === 'died' ? [person] : [];
  });
  const bereft = each.flatMap(({ death, about }) => (death.cause === 'died' ? about.stop : []));
  const bereaved = new Map<Person, number[]>();
  const losses = [
    ...each.flatMap(({ death, about }) => [...about.mothers].map((mother) => ({ mother, day: death.day }))),
    ...doubts.flatMap(({ death: { person, cause, day } }) =>
      cause === 'ended' ? { mother: person, day } : [],
    ),
  ];
  for (const { mother, day } of losses)
    bereaved.set(mother, [...(bereaved.get(mother) ?? []), Date.parse(day)]);
  const died = doubts.flatMap(({ death: { person, cause } }) => (cause === 'ended' ? [] : person));
  const all = [...lost, ...died];
  return { lost: new Set(all), bereft: new Set(bereft), bereaved };
}
