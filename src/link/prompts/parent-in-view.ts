import type { Spell } from '../care/spells.ts';
import { sourceOfSpell } from '../views/family.ts';
import type { Person } from '../who/charts.ts';
import {
  type Asked,
  chartOf,
  DAY,
  infantsIn,
  isAnyHeld,
  openCareOf,
  ownKeyOf,
  type Prompt,
} from './prompt.ts';

/** Of who cares for an infant, and may know of nobody who cares for a parent. */
export function parentsOutOfView(asked: Asked): Prompt[] {
  const { family, rules, sectorOf, blocked } = asked;
  const rule = rules['parent-in-view'];
  if (!rule) return [];
  return infantsIn(family).flatMap((one): Prompt[] => {
    const { infant, until } = one;
    if (blocked.lost.has(infant) || blocked.bereft.has(infant) || isAnyHeld(family, one)) return [];
    const own = openCareOf(family, infant).filter(({ service }) =>
      rule.sectors.includes(sectorOf(service) ?? ''),
    );
    return [...Map.groupBy(own, ({ service }) => service)].flatMap(([service, spells]): Prompt[] => {
      const first = firstOf(spells);
      if (!first || isParentInView(asked, one, service)) return [];
      const chart = chartOf(infant, service).key;
      const from = Date.parse(first.period.start ?? '') + rule.afterDays * DAY;
      const occasion = ownKeyOf(asked, first);
      return [{ code: 'parent-in-view', service, person: infant, chart, occasion, from, until }];
    });
  });
}

const firstOf = (spells: Spell[]): Spell | undefined =>
  spells
    .filter(({ period }) => !Number.isNaN(Date.parse(period.start ?? '')))
    .sort(
      (a, b) => Date.parse(a.period.start ?? '') - Date.parse(b.period.start ?? '') || (a.id < b.id ? -1 : 1),
    )[0];

type Infant = ReturnType<typeof infantsIn>[number];

/** A parent is its own patient, or in open care in this journey that it may know of. */
function isParentInView({ family, sight }: Asked, { journey }: Infant, service: string): boolean {
  return family.persons.some((person) => isParent(person, journey) && (isOwn(person) || isKnown(person)));
  function isOwn(parent: Person): boolean {
    return openCareOf(family, parent).some((spell) => spell.service === service);
  }
  function isKnown(parent: Person): boolean {
    return openCareOf(family, parent).some(
      (spell) =>
        family.homeOf(spell.id) === journey &&
        sight(service).knowsCare(parent.id, journey.id, sourceOfSpell(family, spell)),
    );
  }
}

const isParent = ({ id }: Person, { members }: Infant['journey']): boolean =>
  members.some(({ person, role }) => person === id && role !== 'infant');
