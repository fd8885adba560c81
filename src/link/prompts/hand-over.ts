import { birthOf } from '../family/journeys.ts';
import type { Person } from '../who/charts.ts';
import { type Asked, chartOf, infantsIn, monthsAfter, openCareOf, type Prompt } from './prompt.ts';

/** A month of life at which somebody thinks of who comes next, until the following, or the journey ends. */
type Moment = { months: number; from: number; until: number };
type Infant = ReturnType<typeof infantsIn>[number];

/** Of who cares for an infant, else for the mother, before the journey closes. */
export function handOvers(asked: Asked): Prompt[] {
  const rule = asked.rules['hand-over'];
  if (!rule) return [];
  return infantsIn(asked.family).flatMap((one) => {
    const born = birthOf(one.infant);
    if (born === null || asked.blocked.lost.has(one.infant)) return [];
    const months = [...rule.months].sort((a, b) => a - b);
    const moments = months.map((month, place) => ({
      months: month,
      from: monthsAfter(born, month),
      until: monthsAfter(born, months[place + 1] ?? 24),
    }));
    return moments.flatMap((moment) => ownersOf(asked, one).map((owner) => prompt(owner, one, moment)));
  });
}

/** A service, and the patient of its own by whom the infant is its affair. */
type Owner = { service: string; person: Person };

function ownersOf({ family, rules, sectorOf, sight, blocked }: Asked, { infant, journey }: Infant): Owner[] {
  const { sectors = [], ofMother = [] } = rules['hand-over'] ?? {};
  const caring = (person: Person, among: string[]) => [
    ...new Set(
      openCareOf(family, person)
        .map(({ service }) => service)
        .filter((service) => among.includes(sectorOf(service) ?? '')),
    ),
  ];
  const own = caring(infant, sectors);
  const mothers = family.persons.filter(
    (person) =>
      !blocked.lost.has(person) &&
      journey.members.some((member) => member.role === 'mother' && member.person === person.id),
  );
  const others = mothers.flatMap((person) =>
    caring(person, ofMother)
      .filter((service) => !own.includes(service) && sight(service).knowsDates(infant.id, journey.id))
      .map((service) => ({ service, person })),
  );
  return [...own.map((service) => ({ service, person: infant })), ...others];
}

function prompt({ service, person }: Owner, { infant, journey }: Infant, moment: Moment): Prompt {
  const { months, from, until } = moment;
  // Of a mother's several children each is a hand-over of its own; of twins it is one.
  const born = new Date(monthsAfter(from, -months)).toISOString().slice(0, 7);
  const isOwn = person === infant;
  return {
    ...{ code: 'hand-over', service, person, from, until },
    chart: chartOf(person, service).key,
    occasion: isOwn ? String(months) : `${months}@${born}`,
    ...(isOwn ? {} : { focus: `Group/${journey.id}` }),
  };
}
