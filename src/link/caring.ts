/** Services that care for whom a death concerns, and their contacts to come. */
import type { Encounter } from '@medplum/fhirtypes';
import { idOf } from '../fhir/references.ts';
import type { Evidence } from '../model.ts';
import type { Involvement, StatementState } from '../store/facts.ts';
import { lastDayOf } from './care/list-care.ts';
import { OF_A_CHILD, OF_HERSELF } from './care/sectors.ts';
import { instantOf } from './care/spells.ts';
import type { Concerned, Death, Known } from './concerned.ts';
import type { Journey } from './family/journeys.ts';
import { OF_PREGNANCY } from './family/stages.ts';
import { bornOn, type Person } from './who/charts.ts';

/** Of care: it goes on, or is to begin. */
export const AWAITED: unknown[] = ['planned', 'waitlist', 'active', 'onhold'];

type Caring = { involvements: Involvement[]; evidence: Evidence };
type Of = Omit<Concerned, 'loss'> & Omit<Death, 'journey'>;

/**
 * Of a mother what began, or was made, before the death counts, and what was made before anybody could have
 * heard of it: `at` is a FHIR date, or the instant at which it was said.
 */
function beforeDeath({ mothers, day, heard, by }: Of) {
  const bereaved = new Set([...mothers].map(({ id }) => id));
  const told = lastDayOf(heard);
  // Said as a year it was before it was heard of.
  const last = day.length < 10 && told < lastDayOf(day) ? told : lastDayOf(day);
  return (person: string, at: string, service: string): boolean => {
    if (!bereaved.has(person) || at.slice(0, 10) <= last) return true;
    return !by.includes(service) && (at.length > 10 ? at < heard : at < told);
  };
}

/** Services with open or awaited care of them, or with a contact that is to come. */
export function servicesOf(family: Known, persons: Person[], of: Caring & Of): string[] {
  const ids = new Set(persons.map(({ id }) => id));
  const isBefore = beforeDeath(of);
  const caring = of.involvements.filter(
    (row) =>
      ids.has(row.person) &&
      row.state !== 'closed' &&
      (isBefore(row.person, row.since ?? '', row.service) || wasExpected(family, row, isBefore)),
  );
  return [...caring, ...contactsOf(family, persons, of)].map(({ service }) => service);
}

/** Care that begins after the death was spoken of before it. */
function wasExpected(
  { spells, statements }: Known,
  { person, service }: Involvement,
  isBefore: ReturnType<typeof beforeDeath>,
): boolean {
  const keys = spells.flatMap((spell) =>
    spell.person.id === person && spell.service === service && AWAITED.includes(spell.status)
      ? spell.keys
      : [],
  );
  return statements.some(
    ({ key, first }) => keys.includes(key) && isBefore(person, instantOf(first), service),
  );
}

/**
 * Is it the journey of whoever died, or of the pregnancy that ended? The pregnancy that was open then is that
 * one, also under a chart that only may be hers: who keeps it does not know yet that it is over.
 */
function isLost({ ended, members, stages }: Journey, { cause, day, stop, ...of }: Of): boolean {
  const until = lastDayOf((cause === 'lost' && bornOn(of.person)) || day);
  const isOpen = stages.some(
    ({ code, start, end = '9' }) => OF_PREGNANCY.has(code) && start <= until && until < end,
  );
  return members.some(({ role, person }) => {
    const isAmong = (persons: Person[]) => persons.some(({ id }) => id === person);
    if (!isAmong(stop) || role === 'partner') return false;
    return role === 'infant' || ended === day || (isOpen && (cause === 'ended' || isAmong(of.unsure)));
  });
}

/**
 * Is a service there for a child of hers of another birth, and neither for her nor for a pregnancy? Whatever
 * it means to see her for is about that child, and of a new pregnancy it learns nothing (sharing rule 22).
 */
function findForOthers(family: Known, own: Journey[], { mothers, involvements }: Caring & Of) {
  const hers = new Set([...mothers].map(({ id }) => id));
  const others = family.journeys.filter(
    (journey) =>
      !own.includes(journey) &&
      journey.members.some(({ role, person }) => role === 'mother' && hers.has(person)),
  );
  const children = new Set(
    others.flatMap(({ members }) => members.flatMap(({ role, person }) => (role === 'infant' ? person : []))),
  );
  const caresFor = (service: string, persons: Set<string>) =>
    involvements.some((row) => row.service === service && row.state !== 'closed' && persons.has(row.person));
  return ({ service, sector }: StatementState): boolean =>
    OF_A_CHILD.has(sector ?? '') && caresFor(service, children) && !caresFor(service, hers);
}

/** Contacts with them that are to come, each of the service that says it. */
export function contactsOf(family: Known, persons: Person[], of: Caring & Of): StatementState[] {
  const ids = new Set(persons.map(({ id }) => id));
  const isBefore = beforeDeath(of);
  const aboutHer = new Set([...of.mothers].map(({ id }) => id));
  // Contacts of another pregnancy or birth of hers go on.
  const own = family.journeys.filter((journey) => isLost(journey, of));
  const isForAnother = findForOthers(family, own, of);
  return family.statements.filter((state) => {
    const { status, period, serviceProvider } = state.content as Encounter;
    if (state.type !== 'Encounter' || status !== 'planned') return false;
    const isOwn = (idOf(serviceProvider?.reference, 'Organization') ?? state.service) === state.service;
    const counts = (of.evidence.weights.get(state.sector ?? '')?.number ?? 'claim') !== 'claim';
    const isToCome = (period?.start ?? '9').slice(0, 10) >= of.day;
    const person = family.personOf(state.chart)?.id ?? '';
    const home = family.homeOf(state.key);
    const isOfOther = home !== undefined && home.stages.length > 0 && !own.includes(home);
    const isElsewhere = aboutHer.has(person) && (isOfOther || isForAnother(state));
    return (
      isOwn &&
      counts &&
      isToCome &&
      !isElsewhere &&
      ids.has(person) &&
      isBefore(person, instantOf(state.first), state.service)
    );
  });
}

/**
 * Services with any contact of theirs with one of them (ids), whatever became of it: who was told to stop may
 * have called it off.
 */
export const meeting = ({ statements, personOf }: Known, persons: string[]): string[] =>
  statements.flatMap(({ type, chart, service }) =>
    type === 'Encounter' && persons.includes(personOf(chart)?.id ?? '') ? service : [],
  );

/** Those of them that are about the pregnancy or the baby, not about the mother herself. */
export const aboutBaby = (
  { personOf }: Pick<Known, 'personOf'>,
  contacts: StatementState[],
  mothers: Set<Person>,
): StatementState[] =>
  contacts.filter(
    ({ sector, chart }) => !OF_HERSELF.has(sector ?? '') || !mothers.has(personOf(chart) as Person),
  );
