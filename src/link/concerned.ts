/** Whose services a death concerns (sharing rules 22 and 24). */
import type { Patient, Resource } from '@medplum/fhirtypes';
import { PREGNANCY_LOSS } from '../fhir/systems.ts';
import { compareGiven } from '../match/names.ts';
import type { Role } from '../model.ts';
import type { StatementState } from '../store/facts.ts';
import { saysLost } from './care/list-care.ts';
import { DECLARES_LOSS } from './care/sectors.ts';
import { instantOf } from './care/spells.ts';
import { birthOf } from './family/journeys.ts';
import { lossOf } from './family/stages.ts';
import type { Family } from './views/family.ts';
import { bornOn, givenNames, type PatientState, type Person, verifiedNumber } from './who/charts.ts';

export type Known = Omit<Family, 'stops' | 'stopped' | 'prompts'>;
/**
 * `lost`: an infant who died; `died`: a mother; `ended`: her pregnancy, without a living infant. `day` of
 * death, or on which it ended: a FHIR date, which may be a year. `heard`: the FHIR date or instant at which
 * those who may declare it, the services `by`, said so; `journey`: the one it belongs to, where it is known.
 */
export type Death = {
  person: Person;
  cause: 'lost' | 'died' | 'ended';
  day: string;
  heard: string;
  by: string[];
  journey: string | null;
};

const CHILDHOOD = 5;
const SAME_LOSS = 42 * 86_400_000;

/** FHIR dates on which one pregnancy is said to have ended: a day may be corrected. */
export const isSameLoss = (one: string, other: string): boolean =>
  Math.abs(Date.parse(one) - Date.parse(other)) < SAME_LOSS;

export function findDeaths(family: Known): Death[] {
  const ended = family.journeys.flatMap(({ id, ended, members }): Death[] => {
    const mother = family.persons.find((one) => one.id === members[0]?.person);
    if (ended === null || !mother) return [];
    const said = family.statements.filter(
      ({ key, content, sector }) =>
        DECLARES_LOSS.has(sector ?? '') &&
        saysLost(content) &&
        family.homeOf(family.spellOf.get(key)?.id ?? key)?.id === id,
    );
    return [{ person: mother, cause: 'ended', day: ended, ...heardFrom(said, ended), journey: id }];
  });
  const died = family.persons.flatMap((person) => {
    const day = lossOf(person);
    const said = person.charts.filter(({ sector }) => DECLARES_LOSS.has(sector ?? ''));
    return (day === null ? null : deathOf(family, person, day, said)) ?? [];
  });
  return [...died, ...ended];
}

const SAID = ['deceasedDateTime', 'deceasedBoolean', `extension|${PREGNANCY_LOSS}`];

/** Who says it, and when that was said first, as far as it is known: a later word repeats it. */
function heardFrom(states: StatementState[], day: string): Pick<Death, 'heard' | 'by'> {
  const said = states.filter(({ content }) => saysLost(content) || saysDead(content));
  const stamps = said.map(
    ({ times, base }) => SAID.flatMap((element) => times?.[element] ?? []).sort()[0] ?? base,
  );
  const [first] = stamps.flatMap((stamp) => instantOf(stamp) || []).sort();
  return { heard: first ?? day, by: said.map(({ service }) => service) };
}
const saysDead = (content: Resource): boolean =>
  (content as Patient).deceasedBoolean === true || (content as Patient).deceasedDateTime !== undefined;

/** Null of whoever neither is, nor may be, a mother, and is no child. `said`: the charts that may say so. */
export function deathOf(family: Known, person: Person, day: string, said: PatientState[] = []): Death | null {
  const isMember = (role: Role, { id } = person) =>
    family.journeys.find(({ members }) =>
      members.some((member) => member.role === role && member.person === id),
    );
  const heard = heardFrom(said, day);
  const journey =
    family.journeys.find(({ lost }) => lost.includes(person.id))?.id ?? isMember('infant')?.id ?? null;
  const isMother = (one: Person) => isMember('mother', one) !== undefined;
  if (isMother(person) || family.persons.some((one) => isMother(one) && mayBeHer(family, person, one)))
    return { person, cause: 'died', day, ...heard, journey: null };
  return isChild(family, person, day) ? { person, cause: 'lost', day, ...heard, journey } : null;
}

/** Under five; of no known age somebody's child, or who may be a child that is known. */
function isChild(family: Known, person: Person, day: string): boolean {
  const year = bornOn(person).slice(0, 4);
  if (year !== '') return Number(day.slice(0, 4)) - Number(year) <= CHILDHOOD;
  const isBorne = [...family.edges, ...family.awaited].some(({ child }) => child === person);
  return isBorne || family.persons.some((other) => other !== person && family.mayBe(person, other));
}

/**
 * `loss`: whose services are told of it; `stop`: whose are told to stop and to verify as well, of whom
 * `unsure` only may be concerned. Of `mothers` care counts that began before it.
 */
export type Concerned = Record<'stop' | 'loss' | 'unsure', Person[]> & { mothers: Set<Person> };

export function findConcerned(family: Known, { person, cause }: Death, lost: Set<Person>): Concerned {
  if (cause === 'ended') {
    // Nothing tells a miscarriage from a termination: of either nobody hears more than to stop.
    const unsure = whoMayBeHer(family, person);
    return { stop: [person, ...unsure], loss: [], unsure, mothers: new Set([person, ...unsure]) };
  }
  if (cause === 'died') {
    const infants = infantsOf(family, person);
    const perhaps = whoMayBeHer(family, person).flatMap((one) => [one, ...infantsOf(family, one)]);
    const unsure = perhaps.filter((one) => !infants.includes(one));
    return { stop: [person, ...infants, ...unsure], loss: [], unsure, mothers: new Set() };
  }
  const mothers = mothersOf(family, person);
  const perhaps = family.persons.filter(
    (other) => !lost.has(other) && (family.mayBe(person, other) || mayBeByMother(family, person, other)),
  );
  const known = [...mothers, ...perhaps.flatMap((other) => mothersOf(family, other))];
  const all = new Set(known.flatMap((mother) => [mother, ...whoMayBeHer(family, mother)]));
  const stop = [...new Set([person, ...perhaps, ...all])];
  const loss = [person, ...mothers];
  return { stop, loss, unsure: stop.filter((one) => !loss.includes(one)), mothers: all };
}

const whoMayBeHer = (family: Known, mother: Person): Person[] =>
  family.persons.filter((other) => mayBeHer(family, mother, other));

/** Whom what is said makes likely, or would make one person with her if nobody disputed the number. */
const mayBeHer = ({ mayBeMother }: Known, mother: Person, other: Person): boolean =>
  other !== mother &&
  (mayBeMother(mother, other) || mother.charts.some((a) => other.charts.some((b) => isAlike(a, b))));

const isAlike = (a: PatientState, b: PatientState): boolean =>
  a.ref !== null &&
  b.ref !== null &&
  verifiedNumber(a) === verifiedNumber(b) &&
  a.content.birthDate !== undefined &&
  a.content.birthDate === b.content.birthDate &&
  compareGiven(givenNames(a.content), givenNames(b.content)) === 'agree';

/** Of whom she is the mother now: who is grown, or a mother, is nobody's infant. */
function infantsOf({ journeys, persons, asOf }: Known, mother: Person): Person[] {
  const hers = journeys.filter(({ members }) =>
    members.some(({ person, role }) => person === mother.id && role === 'mother'),
  );
  const infants = hers.flatMap(({ members }) =>
    members.filter(({ role, closes }) => role === 'infant' && (closes === null || closes > asOf)),
  );
  return persons.filter(({ id }) => infants.some(({ person }) => person === id));
}

/** Whoever gave birth, or is called the mother: also by a word that waits, or where two are called so. */
function mothersOf({ edges, awaited }: Known, child: Person): Person[] {
  const known = edges.filter(
    (edge) => edge.child === child && (edge.mother || edge.kinds.includes('gestational')),
  );
  return [...known, ...awaited.filter((edge) => edge.child === child)].map(({ parent }) => parent);
}

/**
 * A baby of the same mother, born the same day, whom nothing tells apart, and of whom no twin is known: whose
 * own sender has two charts says that they are two.
 */
function mayBeByMother(family: Known, one: Person, other: Person): boolean {
  const mothers = mothersOf(family, one);
  if (one === other || !mothersOf(family, other).some((mother) => mothers.includes(mother))) return false;
  if (birthOf(one) !== birthOf(other)) return false;
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

/** Two deaths that may be one: what was told of the one is told of the other. */
export function maybeOne(family: Known, { person: one, cause }: Death, other: Death): boolean {
  if (cause !== other.cause) return false;
  if (one === other.person) return true;
  if (cause !== 'lost') return mayBeHer(family, one, other.person);
  return (
    family.mayBe(one, other.person) ||
    family.mayBe(other.person, one) ||
    mayBeByMother(family, one, other.person)
  );
}
