/**
 * Who is to stop contacts, and has not been told. What was told is kept with the person it is about, so that
 * it does not matter how somebody comes to be concerned: a death that is heard of, care that begins or is
 * heard of, charts that prove one person, a mother who is found (sharing rules 22 and 24).
 */
import type { Encounter } from '@medplum/fhirtypes';
import { idOf } from '../fhir/references.ts';
import type { Event, Evidence } from '../model.ts';
import type { Involvement } from '../store/facts.ts';
import { currentStage, infantsOf } from './events.ts';
import { birthOf, lossOf } from './family/journeys.ts';
import type { Family } from './views/family.ts';
import { givenNames, type Person, verifiedNumber } from './who/charts.ts';
import { compareGiven } from './who/names.ts';

/** `lost`: an infant who died; `died`: a mother. `day` of death. */
type Death = { person: Person; cause: 'lost' | 'died'; day: string };
/** Services told to stop contacts, and those told of the loss as well. `known`: it was heard of before. */
type Told = { known: boolean; stop: string[]; loss: string[] };
export type Stops = { states: Map<string, string>; events: Event[] };
type Given = { involvements: Involvement[]; evidence: Evidence };

export function findStops(family: Omit<Family, 'stops'>, given: Given): Stops {
  const deaths = family.persons.flatMap((person) => deathOf(family, person) ?? []);
  const lost = new Set(deaths.flatMap(({ person, cause }) => (cause === 'lost' ? person : [])));
  const stops: Stops = { states: new Map(), events: [] };
  for (const death of deaths) {
    const { person, cause, day } = death;
    const about = concerned(family, death, lost);
    const before = toldOf(family, person.id, cause);
    const now = {
      stop: servicesOf(family, about.stop, { ...given, ...about, day }),
      loss: servicesOf(family, about.loss, { ...given, ...about, day }),
    };
    // Whether or not anybody is concerned: the operator hears of it.
    const isNew = !before.known;
    const tell = (code: 'contact-stop' | 'loss', to: string[], persons: Person[]) => {
      if (to.length > 0 || isNew) stops.events.push(eventOf(family, death, { code, to, persons }));
    };
    tell('contact-stop', without(now.stop, before.stop), about.stop);
    if (cause === 'lost') tell('loss', without(now.loss, before.loss), about.loss);
    const all = { stop: [...now.stop, ...before.stop], loss: [...now.loss, ...before.loss] };
    stops.states.set(person.id, [cause, ...[all.stop, all.loss].map(listed)].join(' '));
  }
  stops.events.push(...retractions(family, lost));
  return stops;
}

const listed = (services: string[]): string => [...new Set(services)].sort().join(',') || '-';
const without = (services: string[], known: string[]): string[] =>
  [...new Set(services)].filter((one) => !known.includes(one)).sort();

const YEAR = 365.25 * 86_400_000;
const CHILDHOOD = 5 * YEAR;

/** A mother, a child under five, or somebody of no known age: who was stillborn often has no birth date. */
function deathOf({ journeys }: Omit<Family, 'stops'>, person: Person): Death | undefined {
  const day = lossOf(person);
  if (day === null) return undefined;
  const isMother = journeys.some(({ members }) =>
    members.some((member) => member.role === 'mother' && member.person === person.id),
  );
  if (isMother) return { person, cause: 'died', day };
  const born = birthOf(person);
  const isChild = born === null || Date.parse(day) - born < CHILDHOOD;
  return isChild ? { person, cause: 'lost', day } : undefined;
}

/** What its services were told, under whatever ids it had. */
function toldOf(family: Omit<Family, 'stops'>, person: string, cause: Death['cause']): Told {
  const states = family.stored.flatMap(({ type, id, state }) =>
    type === 'Patient' && state?.startsWith(`${cause} `) && nameNow(family, id) === person ? [state] : [],
  );
  const read = states.map((state) => state.split(' ').slice(1).map(servicesIn));
  return {
    known: read.length > 0,
    stop: read.flatMap(([stop = []]) => stop),
    loss: read.flatMap(([, loss = []]) => loss),
  };
}

const servicesIn = (list: string): string[] => (list === '-' ? [] : list.split(','));
const nameNow = ({ personOf }: Pick<Family, 'personOf'>, person: string) => personOf(person)?.id ?? person;

/**
 * Whose services are told of a death (`loss`), and whose are told to stop and to verify as well (`stop`). Of
 * `mothers` care counts that began before it.
 */
type Concerned = { stop: Person[]; loss: Person[]; mothers: Set<Person> };

function concerned(family: Omit<Family, 'stops'>, { person, cause }: Death, lost: Set<Person>): Concerned {
  if (cause === 'died') {
    const infants = new Set(infantsOf(family.journeys, person.id));
    const stop = [person, ...family.persons.filter(({ id }) => infants.has(id))];
    return { stop, loss: [], mothers: new Set() };
  }
  const mothers = mothersOf(family, person);
  const perhaps = family.persons.filter(
    (other) => !lost.has(other) && (family.mayBe(person, other) || mayBeByMother(family, person, other)),
  );
  const all = new Set([...mothers, ...perhaps.flatMap((other) => mothersOf(family, other))]);
  return { stop: [...new Set([person, ...perhaps, ...all])], loss: [person, ...mothers], mothers: all };
}

/** Whoever gave birth, or is called the mother: also by a word that waits, or where two are called so. */
function mothersOf({ edges, awaited }: Pick<Family, 'edges' | 'awaited'>, child: Person): Person[] {
  const known = edges.filter(
    (edge) => edge.child === child && (edge.mother || edge.kinds.includes('gestational')),
  );
  return [...known, ...awaited.filter((edge) => edge.child === child)].map(({ parent }) => parent);
}

/**
 * A baby of the same mother, born the same day, whom nothing tells apart, and of whom no twin is known: whose
 * own sender has two charts says that they are two.
 */
function mayBeByMother(family: Omit<Family, 'stops'>, one: Person, other: Person): boolean {
  const mothers = mothersOf(family, one);
  if (one === other || !mothersOf(family, other).some((mother) => mothers.includes(mother))) return false;
  const born = birthOf(one);
  if (born === null || birthOf(other) !== born) return false;
  const charts = [...one.charts, ...other.charts];
  const isOneSenders = one.charts.some((a) => other.charts.some((b) => a.systemId === b.systemId));
  const numbers = new Set(charts.flatMap((chart) => verifiedNumber(chart) ?? []));
  const isMultiple = charts.some(
    ({ content }) => content.multipleBirthInteger ?? content.multipleBirthBoolean,
  );
  const given = [one, other].map((person) => person.charts.flatMap(({ content }) => givenNames(content)));
  const names = compareGiven(given[0] ?? [], given[1] ?? []);
  return !isOneSenders && numbers.size < 2 && !isMultiple && names !== 'conflict';
}

/**
 * Services with open or awaited care of them, or with a contact that is to come. Care of the mother that
 * began after the death is told of nothing that was before it.
 */
function servicesOf(
  family: Omit<Family, 'stops'>,
  persons: Person[],
  { involvements, evidence, mothers, day }: Given & Pick<Concerned, 'mothers'> & { day: string },
): string[] {
  const ids = new Set(persons.map(({ id }) => id));
  const bereaved = new Set([...mothers].map(({ id }) => id));
  const caring = involvements.filter(
    ({ person, state, since }) =>
      ids.has(person) && state !== 'closed' && (!bereaved.has(person) || (since ?? '').slice(0, 10) <= day),
  );
  const contacts = family.statements.filter((state) => {
    const { status, period, serviceProvider } = state.content as Encounter;
    const isOwn = (idOf(serviceProvider?.reference, 'Organization') ?? state.service) === state.service;
    const counts = (evidence.weights.get(state.sector ?? '')?.number ?? 'claim') !== 'claim';
    const isToCome = status === 'planned' && (period?.start ?? '9').slice(0, 10) >= day;
    return (
      state.type === 'Encounter' &&
      isToCome &&
      isOwn &&
      counts &&
      ids.has(family.personOf(state.chart)?.id ?? '')
    );
  });
  return [...caring, ...contacts].map(({ service }) => service);
}

type Telling = { code: 'contact-stop' | 'loss' | 'loss-retracted'; to: string[]; persons: Person[] };

function eventOf(family: Omit<Family, 'stops'>, { person }: Death, { code, to, persons }: Telling): Event {
  const journey = family.journeys.find(({ lost }) => lost.includes(person.id))?.id ?? null;
  return {
    ...{ code, to, journey, services: [], category: code === 'contact-stop' ? 'INV' : 'CLN' },
    persons: [...new Set([person, ...persons])].map(({ id }) => id),
    focus: journey ? { type: 'Group', id: journey } : { type: 'Patient', id: person.id },
    stage: currentStage(family, journey),
  };
}

/** To whoever was told of a death of somebody who is not dead, or was not meant. */
function retractions(family: Omit<Family, 'stops'>, lost: Set<Person>): Event[] {
  const alive = new Map<Person, string[]>();
  for (const { type, id, state } of family.stored) {
    const person = type === 'Patient' && state?.startsWith('lost ') ? family.personOf(id) : undefined;
    if (!person || lost.has(person)) continue;
    alive.set(person, [...(alive.get(person) ?? []), ...toldOf(family, person.id, 'lost').stop]);
  }
  return [...alive].flatMap(([person, told]) => {
    const to = without(told, []);
    const about = concerned(family, { person, cause: 'lost', day: '' }, lost);
    const journey = family.journeys.find(({ members }) => members.some((one) => one.person === person.id));
    const event = eventOf(
      family,
      { person, cause: 'lost', day: '' },
      { code: 'loss-retracted', to, persons: about.stop },
    );
    const focus = journey ? { type: 'Group', id: journey.id } : event.focus;
    return [{ ...event, journey: journey?.id ?? null, focus }];
  });
}
