import type { Event } from '../model.ts';
import type { Involvement } from '../store/facts.ts';
import { currentStage, infantsOf, readState } from './events.ts';
import { type Journey, lossOf } from './family/journeys.ts';
import type { Family } from './views/family.ts';
import { stopOf } from './views/views.ts';

/** Why contacts stop. `told`: persons, by the ids they had, whose services know already. */
type Stop = {
  concerns: (row: Involvement) => boolean;
  events: { event: Omit<Event, 'to'>; told: Set<string> }[];
};

/**
 * What was told already, told again to those services alone that come to be concerned later: whose care of
 * the infant begins, or is heard of, after the loss; whose chart is found to be, or perhaps to be, that
 * infant; whose care of the mother had begun before it. Care of her that begins after it is told of no loss.
 * `before`: all care as it was; `changed`: what is new or another.
 */
export function stopLatecomers(family: Family, before: Involvement[], changed: Involvement[]): Event[] {
  const stops = stopsOf(family);
  if (stops.length === 0) return [];
  return changed.flatMap((row): Event[] => {
    if (row.state === 'closed') return [];
    const own = before.filter(({ service, state }) => service === row.service && state !== 'closed');
    const had = own.flatMap(({ person }) => (nameNow(family, person) === row.person ? person : []));
    return stops
      .filter(({ concerns }) => concerns(row))
      .flatMap(({ events }) => events.filter(({ told }) => !had.some((person) => told.has(person))))
      .map(({ event }) => ({ ...event, to: [row.service] }));
  });
}

const nameNow = ({ personOf }: Family, person: string): string => personOf(person)?.id ?? person;

function stopsOf(family: Family): Stop[] {
  const groups = family.stored.filter(({ type, state }) => type === 'Group' && lostIn(state).length > 0);
  const lost = new Set(groups.flatMap(({ state }) => lostIn(state)));
  const mourned = new Set(groups.flatMap(({ persons }) => persons));
  const stopped = new Set(family.stored.flatMap(({ id, state }) => (state === 'verify' ? id : [])));
  const isKnownLost = (infant: string) => [...lost].some((one) => nameNow(family, one) === infant);
  const ofInfants = family.journeys.flatMap((journey) =>
    journey.lost.filter(isKnownLost).map((infant) => {
      const { about, concerns } = lossIn(family, journey, infant);
      return {
        concerns,
        events: [
          { event: { ...about, code: 'contact-stop' as const }, told: mourned.union(stopped) },
          { event: { ...about, code: 'loss' as const, category: 'CLN' as const }, told: mourned },
        ],
      };
    }),
  );
  return [...ofInfants, ...ofPersons(family)];
}

const lostIn = (state: string | null): string[] => readState(state)[1];

function lossIn(family: Family, { id, members }: Journey, infant: string) {
  const mothers = members.flatMap(({ role, person }) => (role === 'mother' ? person : []));
  const person = family.persons.find((one) => one.id === infant);
  const day = (person && lossOf(person)) ?? '';
  const about = {
    ...{ journey: id, persons: [infant, ...mothers], category: 'INV' as const, services: [] },
    ...{ focus: { type: 'Group', id }, stage: currentStage(family, id) },
  };
  const concerns = (row: Involvement) =>
    row.person === infant ||
    (mothers.includes(row.person) && row.journey === id && (row.since ?? '').slice(0, 10) <= day);
  return { about, concerns };
}

/** A mother who died, for whoever cares for her or her infants; and who may be an infant who died. */
function ofPersons(family: Family): Stop[] {
  return family.persons.flatMap((person): Stop[] => {
    const state = stopOf(family, person);
    const names = family.stored.filter(
      (one) => one.type === 'Patient' && one.state === state && nameNow(family, one.id) === person.id,
    );
    if (state === null || names.length === 0) return [];
    const infants = state === 'died' ? infantsOf(family.journeys, person.id) : [];
    const persons = [person.id, ...infants];
    const focus = { type: 'Patient', id: person.id };
    const event = { code: 'contact-stop' as const, journey: null, persons, category: 'INV' as const };
    const told = new Set([...names.map(({ id }) => id), ...infants]);
    return [
      {
        concerns: (row) => persons.includes(row.person),
        events: [{ event: { ...event, services: [], focus, stage: null }, told }],
      },
    ];
  });
}
