import type { Spell } from '../care/spells.ts';
import type { Person } from '../who/charts.ts';
import { type Asked, chartOf, DAY, endOf, monthsAfter, openCareOf, ownKeyOf, type Prompt } from './prompt.ts';

/** Of the woman's own team, once it knows from her alone that it is safe to ask, until any answer. */
export function partnersToConsider(asked: Asked): Prompt[] {
  const { family, rules, sectorOf, blocked } = asked;
  const rule = rules['partner-offer'];
  if (!rule) return [];
  return family.journeys.flatMap((journey) => {
    const women = family.persons.filter(
      (person) =>
        !blocked.lost.has(person) &&
        journey.members.some((member) => member.role === 'mother' && member.person === person.id),
    );
    return women.flatMap((woman) =>
      openCareOf(family, woman)
        .filter(
          ({ id, service }) =>
            rule.sectors.includes(sectorOf(service) ?? '') && family.homeOf(id) === journey,
        )
        .flatMap((spell) => prompt(asked, { woman, spell, until: lastDay(journey) })),
    );
  });
}

/** Of a journey that a loss ended, two years after it. */
function lastDay(journey: Parameters<typeof endOf>[0]): number | null {
  const stopped = journey.stages.find(({ code }) => code === 'contact-stop');
  return endOf(journey) ?? (stopped ? monthsAfter(Date.parse(stopped.start), 24) : null);
}

type About = { woman: Person; spell: Spell; until: number | null };

function prompt(asked: Asked, { woman, spell, until }: About): Prompt[] {
  const { rules, observed, blocked } = asked;
  const { service } = spell;
  const start = Date.parse(spell.period.start ?? '');
  const own = observed.filter((one) => one.service === service && one.person === woman && one.at >= start);
  const enquiries = own.filter(({ code }) => code === 'safety-enquiry-alone').map(({ at }) => at);
  if (enquiries.length === 0 || own.some(({ code }) => code === 'partner-offer')) return [];
  const quiet = (blocked.bereaved.get(woman) ?? []).map(
    (day) => day + (rules['partner-offer']?.quietDays ?? 0) * DAY,
  );
  return [
    {
      ...{ code: 'partner-offer', service, person: woman, chart: chartOf(woman, service).key },
      ...{ occasion: ownKeyOf(asked, spell), from: Math.max(Math.min(...enquiries), ...quiet), until },
    },
  ];
}
