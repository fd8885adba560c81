/**
 * Who is to stop contacts, and has not been told. What was told is kept with the person it is about, so that
 * it does not matter how somebody comes to be concerned: a death that is heard of, care that begins or is
 * heard of, charts that prove one person, a mother who is found (ADR 12).
 */
import type { Encounter } from '@medplum/fhirtypes';
import { idOf } from '../fhir/references.ts';
import type { Event, Evidence } from '../model.ts';
import type { Involvement, Member, StatementState } from '../store/facts.ts';
import { AWAITED, aboutBaby, contactsOf, meeting, servicesOf } from './caring.ts';
import { type Concerned, type Death, findConcerned, findDeaths, type Known } from './concerned.ts';
import { currentStage, type Parted } from './events.ts';
import {
  isOf,
  isOfOld,
  joined,
  listed,
  nameNow,
  nameOf,
  serviceIn,
  servicesIn,
  statesOf,
  toldOf,
  whoMayBe,
} from './told-of-death.ts';
import type { Person } from './who/charts.ts';

/** `contacts`: those to come that are to stop, by key. */
export type Stops = { states: Map<string, string>; contacts: Set<string>; events: Event[] };
/** `members`: as they were. `parted`: charts that are no longer the person they were taken for. */
type Given = {
  involvements: Involvement[];
  evidence: Evidence;
  members: Member[];
  parted: Parted[];
};

export function findStops(family: Known, given: Given): Stops {
  const deaths = findDeaths(family);
  const lost = new Set(deaths.flatMap(({ person, cause }) => (cause === 'lost' ? person : [])));
  const states: [person: string, state: string][] = [];
  const telling: Event[] = [];
  const takenBack: Event[] = retractions(family, deaths);
  const contacts = new Set<string>();
  const each = deaths.map((death) => ({ death, about: findConcerned(family, death, lost) }));
  const concerned = new Set(each.flatMap(({ death, about }) => [death.person, ...about.stop]));
  for (const { death, about } of each) {
    const { person, cause } = death;
    const of = { ...given, ...about, ...death };
    const stopped = aboutBaby(family, contactsOf(family, about.stop, of), about.mothers);
    for (const { key } of stopped) contacts.add(key);
    const servicesNow = (persons: Person[]) => servicesOf(family, persons, of);
    const now = {
      stop: servicesNow(about.stop),
      loss: servicesNow(about.loss),
      perhaps: about.unsure.flatMap((one) => servicesNow([one]).map((service) => `${service}/${one.id}`)),
    };
    // Of a store from before what was told was kept: it was told by other means.
    const own = isOfOld(family, death) ? { known: true, ...now } : toldOf(family, death, [person]);
    const others = toldOf(family, death, whoMayBe(family, death, deaths));
    const before = joined(family, { own, others, person, carers: servicesNow([person]) });
    // Whether or not anybody is concerned: the operator hears of it.
    const tell = (code: 'contact-stop' | 'loss', to: string[], persons: Person[]) => {
      if (to.length > 0 || !before.known)
        telling.push(eventOf(family, death, { code, to: [...new Set(to)].sort(), persons, stopped }));
    };
    const arrived = cameToBe(family, death, given);
    const anew = [...movedAway(family, death, { about, given }), ...arrived];
    const toTell = (code: 'stop' | 'loss', again: string[]) => [
      ...without(now[code], before[code]),
      ...again.filter((one) => now[code].includes(one)),
    ];
    tell('contact-stop', toTell('stop', anew), about.stop);
    if (cause === 'lost') tell('loss', toTell('loss', arrived), about.loss);
    const bereaved = about.loss.flatMap(({ charts }) => charts.map(({ service }) => service));
    const disproved = before.perhaps.filter((one) => isDisproved(family, one, { concerned, given }));
    // Whoever was told of the loss had the one who died, or its mother, as its own patient.
    const doubted = without(disproved.map(serviceIn), before.loss);
    const notTheirs = [...without(mistaken(family, death, { about, given }), bereaved), ...doubted];
    const wrong = without(notTheirs, now.stop).filter((one) => before.stop.includes(one));
    if (wrong.length > 0)
      takenBack.push(eventOf(family, death, { code: 'loss-retracted', to: wrong, persons: family.persons }));
    // Of this death alone: what was told of another that may be the same is kept with that one.
    const all = [
      [...now.stop, ...without(own.stop, wrong)],
      [...now.loss, ...without(own.loss, wrong)],
      [...now.perhaps, ...without(own.perhaps, disproved)],
    ];
    states.push([person.id, [nameOf(death), ...all.map(listed)].join(' ')]);
  }
  // What is taken back first: of one journey a stop that stands comes after it.
  const byPerson = Map.groupBy(states, ([person]) => person);
  return {
    states: new Map(
      [...byPerson].map(([person, own]) => [
        person,
        own
          .map(([, state]) => state)
          .sort()
          .join(';'),
      ]),
    ),
    contacts,
    events: [...takenBack, ...telling, ...heldBack(family, takenBack, contacts)],
  };
}

const without = (services: string[], known: string[]): string[] =>
  [...new Set(services)].filter((one) => !known.includes(one)).sort();

/**
 * Services whose chart has become a person of its own, who may still be the one who died: what they were told
 * was of an id that is not their patient's any more.
 */
function movedAway(
  family: Known,
  { person }: Death,
  { about, given: { parted } }: { about: Concerned; given: Given },
): string[] {
  const others = new Set(about.stop.flatMap(({ id }) => (id === person.id ? [] : id)));
  return parted.flatMap(({ from, chart }) =>
    nameNow(family, from) === person.id && others.has(family.personOf(chart.key)?.id ?? '')
      ? chart.service
      : [],
  );
}

/** Services whose chart was taken for somebody else's, and is of the one who died: told under another id. */
function cameToBe(family: Known, { person }: Death, { parted }: Given): string[] {
  return parted.flatMap(({ from, chart }) =>
    from !== person.id && family.personOf(chart.key) === person ? chart.service : [],
  );
}

/**
 * Services whose patient it turns out not to have been: whose chart was taken for the one who died, or whose
 * patient for the mother.
 */
function mistaken(
  family: Known,
  { person }: Death,
  { about, given: { members, parted, involvements } }: { about: Concerned; given: Given },
): string[] {
  const concerned = new Set(about.stop.map(({ id }) => id));
  const charts = parted.filter(
    ({ from, chart }) =>
      statesOf(family, person.id).length > 0 &&
      nameNow(family, from) === person.id &&
      !concerned.has(family.personOf(chart.key)?.id ?? ''),
  );
  const journeys = members.flatMap((one) =>
    one.role === 'infant' && nameNow(family, one.person) === person.id ? one.journey : [],
  );
  const mothers = members.flatMap((one) =>
    one.role === 'mother' && journeys.includes(one.journey) && !concerned.has(nameNow(family, one.person))
      ? nameNow(family, one.person)
      : [],
  );
  const theirs = involvements.filter((row) => row.state !== 'closed' && mothers.includes(row.person));
  return [
    ...charts.map(({ chart }) => chart.service),
    ...theirs.map(({ service }) => service),
    ...meeting(family, mothers),
  ];
}

/** It cares for them still, or has contacts and no care, and no death concerns them. */
function isDisproved(
  family: Known,
  perhaps: string,
  { concerned, given: { involvements } }: { concerned: Set<Person>; given: Given },
): boolean {
  const [service, id = ''] = perhaps.split('/');
  const person = nameNow(family, id);
  const isCaring = involvements.some(
    (row) => row.service === service && row.person === person && row.state !== 'closed',
  );
  const isTheirs = isCaring || meeting(family, [person]).includes(service ?? '');
  return isTheirs && ![...concerned].some((one) => one.id === person);
}

/**
 * Contacts to come with those of whom a loss is taken back, which were told to nobody while it stood. What is
 * planned stays as its own service has it; a retraction resumes nothing.
 */
function heldBack(family: Known, takenBack: Event[], contacts: Set<string>): Event[] {
  const persons = new Set(takenBack.flatMap((event) => event.persons));
  return family.statements.flatMap(({ key, type, chart, content, service }): Event[] => {
    const { status, period, serviceProvider } = content as Encounter;
    if (type !== 'Encounter' || status !== 'planned' || contacts.has(key)) return [];
    const person = family.personOf(chart);
    const home = family.homeOf(key)?.id ?? null;
    const stage = currentStage(family, home);
    const isToCome = (period?.start ?? '9').slice(0, 10) >= family.asOf.slice(0, 10);
    if (!person || !persons.has(person.id) || !isToCome || stage === 'contact-stop') return [];
    const services = [idOf(serviceProvider?.reference, 'Organization') ?? service];
    const focus = { type, id: key };
    const what = { code: 'encounter' as const, category: 'ENC' as const, late: true as const };
    return [{ ...what, journey: home, persons: [person.id], services, focus, stage }];
  });
}

type Telling = {
  code: 'contact-stop' | 'loss' | 'loss-retracted';
  to: string[];
  persons: Person[];
  stopped?: StatementState[];
};

function eventOf(family: Known, death: Death, { code, to, persons, stopped = [] }: Telling): Event {
  const { person, cause, journey } = death;
  return {
    ...{ code, to, journey, services: [], category: code === 'contact-stop' ? 'INV' : 'CLN' },
    persons: [...new Set([person, ...persons])].map(({ id }) => id),
    focus: journey ? { type: 'Group', id: journey } : { type: 'Patient', id: person.id },
    // Of a mother's death she herself is what is told of.
    ...(code === 'contact-stop' && cause !== 'died'
      ? { own: ownOf(family, { to, persons: [...new Set([person, ...persons])], stopped, journey }) }
      : {}),
    stage: currentStage(family, journey),
  };
}

type OfTold = { to: string[]; persons: Person[]; stopped: StatementState[]; journey: string | null };

/**
 * Of those who are told: their contacts that are to stop, then their care that goes on, of the one who died
 * before that of anybody else.
 */
function ownOf(family: Known, { to, persons, stopped, journey }: OfTold): NonNullable<Event['own']> {
  const contacts = stopped.flatMap(({ key, service, chart, content }) => {
    const place = persons.indexOf(family.personOf(chart) as Person);
    const start = (content as Encounter).period?.start ?? '';
    return to.includes(service) ? [{ service, type: 'Encounter' as const, id: key, place, start }] : [];
  });
  const spells = family.spells.flatMap(({ id, service, status, person, period: { start = '' } }) => {
    const home = family.homeOf(id);
    const isHere = person === persons[0] || !home || home.stages.length === 0 || home.id === journey;
    const place = persons.length + persons.indexOf(person);
    return to.includes(service) && AWAITED.includes(status) && persons.includes(person) && isHere
      ? [{ service, type: 'EpisodeOfCare' as const, id, place, start }]
      : [];
  });
  return [...contacts, ...spells]
    .sort((a, b) => a.place - b.place || (a.start + a.id < b.start + b.id ? -1 : 1))
    .map(({ service, type, id }) => ({ service, type, id }));
}

/** To whoever was told of a death of somebody who is not dead, or of a loss that was none. */
function retractions(family: Known, deaths: Death[]): Event[] {
  return family.persons.flatMap((person) => {
    const dead = deaths.filter((death) => death.person === person);
    const wrong = statesOf(family, person.id).filter((state) => {
      if (state.startsWith('ended@')) return !dead.some((death) => isOf(state, death));
      return /^(lost|died) /.test(state) && dead.every(({ cause }) => cause === 'ended');
    });
    return wrong.length > 0 ? [retract(family, person, wrong)] : [];
  });
}

function retract(family: Known, person: Person, [state = '', ...more]: string[]): Event {
  const told = [state, ...more].flatMap((one) => servicesIn(one.split(' ')[1] ?? '-'));
  const [name = ''] = state.split(/[@ ]/);
  const death: Death = { person, cause: name as Death['cause'], day: '', heard: '', by: [], journey: null };
  const { stop } = findConcerned(family, death, new Set());
  const journey = family.journeys.find(({ members }) => members.some((one) => one.person === person.id));
  const event = eventOf(family, death, { code: 'loss-retracted', to: without(told, []), persons: stop });
  const focus = journey ? { type: 'Group', id: journey.id } : event.focus;
  return { ...event, journey: journey?.id ?? null, focus };
}
