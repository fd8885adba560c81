import { keyedId } from '../../fhir/ids.ts';
import type { Member } from '../../store/facts.ts';
import { latest } from '../care/spells.ts';
import type { Person } from '../who/charts.ts';
import type { Edge } from './relate.ts';

const MONTH = 30.44 * 86_400_000;
/** Preconception care may begin long before: a spell belongs to a birth from 18 months before it to 24 months after. */
const BEFORE = 18 * MONTH;
const AFTER = 24 * MONTH;
/** Twins: one birth, even over midnight or a delayed interval delivery of some days. */
export const SAME_BIRTH = 7 * 86_400_000;

const DECLARES_LOSS = new Set(['maternity', 'neonatal', 'foetal-medicine', 'picu']);

/** Something that happens to a person at a time: a spell, a referral, an encounter. */
export type Happening = { person: Person; start: string };
export const happeningKey = ({ person, start }: Happening) => `${person.id} ${start}`;
export type Stage = {
  code: 'birth-12m' | '12-24m' | 'after-24m' | 'contact-stop';
  start: string;
  end?: string;
};
export type Journey = {
  id: string;
  anchor: string;
  members: Omit<Member, 'journey'>[];
  stages: Stage[];
  /** Infants who died: a twin's stage goes on, contacts about the other stop. */
  lost: string[];
  /** What happened in it: each thing belongs to one journey. */
  happenings: Happening[];
};

/**
 * One journey per birth (twins share it), and one of unknown stage per person whose care fits no single birth. Never a transitive
 * closure: a mother with two births has two journeys. Pure in its input; ids come from the person seen first.
 */
export function findJourneys(
  key: Buffer,
  persons: Person[],
  edges: Edge[],
  happenings: Happening[],
): Journey[] {
  const births = groupBirths(persons, edges);
  const alone = new Map<Person, Happening[]>();
  for (const happening of happenings) {
    const home = findHome(births, happening);
    if (home) home.happenings.push(happening);
    else alone.set(happening.person, [...(alone.get(happening.person) ?? []), happening]);
  }
  for (const birth of births) {
    // A parent all of whose care belongs here brings the journey it was known by before.
    const adopted = birth.parents.filter(
      (parent) =>
        !alone.has(parent) &&
        births.every((one) => one === birth || !one.happenings.some(({ person }) => person === parent)),
    );
    birth.anchors.push(
      ...adopted.filter((parent) => birth.happenings.some(({ person }) => person === parent)),
    );
  }
  return [
    ...births.map((birth) => describeBirth(key, birth, edges)),
    ...[...alone].map(([person, own]) => ({
      ...identify(key, [person]),
      // Of no birth: nobody is there to whom a role would open anything.
      members: [{ person: person.id, role: 'partner' as const }],
      stages: [],
      lost: [],
      happenings: own,
    })),
  ];
}

/** The one birth that something belongs to: the person's own, in infancy; else the one birth of a child of hers that it fits. */
function findHome(births: Birth[], { person, start }: Happening): Birth | undefined {
  const at = Date.parse(start);
  const own = births.find(({ infants, born }) => infants.includes(person) && at < born + AFTER);
  const fits = births.filter(
    ({ parents, born }) => parents.includes(person) && at >= born - BEFORE && at < born + AFTER,
  );
  return own ?? (fits.length === 1 ? fits[0] : undefined);
}

/** `kin`: the bearers of its infants, or their parents where no bearer is known: by whom twins are told. */
type Birth = Record<'infants' | 'kin' | 'parents' | 'anchors', Person[]> & {
  born: number;
  happenings: Happening[];
};

/** Births: of children in a parent edge, and of patients who were under two when first spoken of. */
function groupBirths(persons: Person[], edges: Edge[]): Birth[] {
  const children = new Set(edges.map(({ child }) => child));
  const infants = persons.filter(
    (person) => birthOf(person) !== null && (children.has(person) || isInfant(person)),
  );
  return infants.sort(compareBirths).reduce<Birth[]>((births, infant) => {
    const own = edges.filter(({ child }) => child === infant);
    const bearers = own.filter(({ kinds }) => kinds.includes('gestational'));
    const kin = (bearers.length > 0 ? bearers : own).map(({ parent }) => parent);
    const parents = own.map(({ parent }) => parent);
    const born = birthOf(infant) as number;
    // Twins are of one bearer, or of one parent where none is known. Whoever ties two births together makes them one, so that it
    // does not matter who of three was looked at first.
    const same = births.filter(
      (birth) => Math.abs(birth.born - born) <= SAME_BIRTH && kin.some((one) => birth.kin.includes(one)),
    );
    const all = [...same, { born, infants: [infant], kin, parents, anchors: [infant], happenings: [] }];
    return [...births.filter((birth) => !same.includes(birth)), mergeBirths(all)];
  }, []);
}

function mergeBirths(births: Birth[]): Birth {
  const merge = (part: 'infants' | 'kin' | 'parents' | 'anchors') => [
    ...new Set(births.flatMap((one) => one[part])),
  ];
  return {
    born: Math.min(...births.map(({ born }) => born)),
    infants: merge('infants'),
    kin: merge('kin'),
    parents: merge('parents'),
    anchors: merge('anchors'),
    happenings: [],
  };
}

const compareBirths = (a: Person, b: Person) =>
  (birthOf(a) ?? 0) - (birthOf(b) ?? 0) || (a.id < b.id ? -1 : 1);

/** Birth date agreed by the person's charts (the newest that has one), as a time; null without a full date. */
export function birthOf(person: Person): number | null {
  const dated = person.charts.filter(({ content }) => (content.birthDate ?? '').length >= 10);
  const [newest] = dated.sort((a, b) => (latest(a) < latest(b) ? 1 : -1));
  return newest ? Date.parse(`${newest.content.birthDate?.slice(0, 10)}T00:00:00Z`) : null;
}

function isInfant(person: Person): boolean {
  const spoken = person.charts.map(({ first }) => Date.parse(first.slice(0, 24)));
  return Math.min(...spoken) < (birthOf(person) ?? 0) + AFTER;
}

/** The journey is known by whoever in it was seen first; somebody's own birth is another journey than their care as an adult. */
function identify(key: Buffer, anchors: Person[], infants: Person[] = []): { id: string; anchor: string } {
  const first = anchors.reduce((one, other) => (seqOf(other) < seqOf(one) ? other : one));
  const anchor = first.charts[0]?.key ?? '';
  return { id: keyedId(key, infants.includes(first) ? 'birth' : 'journey', anchor), anchor };
}

const seqOf = ({ charts: [first] }: Person) => first?.seq ?? 0;

function describeBirth(key: Buffer, birth: Birth, edges: Edge[]): Journey {
  const mother = findMother(birth, edges);
  const members = [
    ...birth.infants.map((infant) => ({ person: infant.id, role: 'infant' as const })),
    ...birth.parents.map((parent) => ({
      person: parent.id,
      role: parent === mother ? ('mother' as const) : ('partner' as const),
    })),
  ];
  return {
    ...identify(key, birth.anchors, birth.infants),
    members: dedupe(members),
    stages: stagesOf(birth),
    lost: birth.infants.filter((infant) => lossOf(infant) !== null).map(({ id }) => id),
    happenings: birth.happenings,
  };
}

/**
 * The birth parent's column: the one who gave birth, else the one a sender calls mother. Any other parent has the partner's, of whom
 * nothing is told: being the only one known so far is no evidence, and would let the order of arrival decide.
 */
function findMother(birth: Birth, edges: Edge[]): Person | undefined {
  const own = edges.filter(({ child }) => birth.infants.includes(child));
  const bearers = own.filter(({ kinds }) => kinds.includes('gestational'));
  const called = bearers.length > 0 ? bearers : own.filter(({ mother }) => mother);
  const [one, ...others] = new Set(called.map(({ parent }) => parent));
  return others.length === 0 ? one : undefined;
}

function dedupe(members: Omit<Member, 'journey'>[]): Omit<Member, 'journey'>[] {
  return members.filter(
    (member, index) => members.findIndex(({ person }) => person === member.person) === index,
  );
}

/** Stages with their periods: facts, not the clock, so nothing here changes by itself. A loss of every infant stops the clock. */
function stagesOf({ born, infants }: Birth): Stage[] {
  const day = (months: number) => {
    const date = new Date(born);
    date.setUTCMonth(date.getUTCMonth() + months);
    return date.toISOString().slice(0, 10);
  };
  const losses = infants.map(lossOf);
  const lost = losses.every((loss) => loss !== null) ? (losses.sort().at(-1) as string) : null;
  const stages: Stage[] = [
    { code: 'birth-12m', start: day(0), end: day(12) },
    { code: '12-24m', start: day(12), end: day(24) },
    { code: 'after-24m', start: day(24) },
  ];
  if (lost === null) return stages;
  const lived = stages.filter(({ start }) => start < lost);
  const last = lived.pop();
  return [...lived, ...(last ? [{ ...last, end: lost }] : []), { code: 'contact-stop', start: lost }];
}

/** Date of an infant's death, where a service that may declare it says so. */
function lossOf(infant: Person): string | null {
  const said = infant.charts.filter(
    ({ content, sector }) =>
      DECLARES_LOSS.has(sector ?? '') && (content.deceasedBoolean === true || content.deceasedDateTime),
  );
  const [first] = said.sort((a, b) => (a.key < b.key ? -1 : 1));
  return first ? (first.content.deceasedDateTime ?? latest(first)).slice(0, 10) : null;
}
