import { keyedId } from '../../fhir/ids.ts';
import type { Member } from '../../store/facts.ts';
import { latest } from '../care/spells.ts';
import type { Person } from '../who/charts.ts';
import { type Care, findHomes, SAME_BIRTH } from './homing.ts';
import type { Edge } from './relate.ts';

const MONTH = 30.44 * 86_400_000;
/** Who is spoken of before this age is an infant, whoever the parents are. */
const INFANCY = 24 * MONTH;
/** From their fifth birthday on nobody is told of a child for being somebody's infant (sharing rule 22). */
const INFANT_YEARS = 5;

const DECLARES_LOSS = new Set([
  'maternity',
  'neonatal',
  'foetal-medicine',
  'picu',
  'childrens-ward',
  'mother-and-baby-unit',
  'national',
]);

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
  /** Ids of the care whose home it is: each spell, referral and encounter has one. */
  care: string[];
};

/**
 * One journey per birth (twins share it), and for each person whose care belongs to no birth one of unknown
 * stage. Never a transitive closure: a mother with two births has two journeys. Pure; ids come from the
 * person seen first. `care`: referrals, then spells, then encounters.
 */
export function findJourneys(key: Buffer, persons: Person[], edges: Edge[], care: Care[]): Journey[] {
  const births = groupBirths(persons, edges);
  const homes = findHomes(births, care);
  const homed = Map.groupBy(care, ({ id }) => homes.get(id));
  const alone = Map.groupBy(homed.get(undefined) ?? [], ({ person, apart }) => `${person.id} ${apart ?? ''}`);
  const mothers = new Set(births.flatMap(({ mother }) => mother ?? []));
  for (const mother of mothers) {
    // A mother all of whose care belongs to one birth brings the journey that she was known by before.
    const own = births.filter((birth) => homed.get(birth)?.some(({ person }) => person === mother));
    if (own.length === 1 && !alone.has(`${mother.id} `)) own[0]?.anchors.push(mother);
  }
  return [
    ...births.map((birth) =>
      describeBirth(key, birth, { mothers, care: (homed.get(birth) ?? []).map(({ id }) => id) }),
    ),
    ...[...alone.values()].map((own) => describeAlone(key, own as [Care, ...Care[]])),
  ];
}

function describeAlone(key: Buffer, own: [Care, ...Care[]]): Journey {
  const [{ person, apart }] = own;
  return {
    ...identify(key, [person], { apart }),
    // Of no birth: nobody is there to whom a role would open anything.
    members: [{ person: person.id, role: 'partner' as const, closes: null }],
    stages: [],
    lost: [],
    care: own.map(({ id }) => id),
  };
}

/** `kin`: the bearers of its infants, or their parents where no bearer is known: by whom twins are told. */
type Birth = Record<'infants' | 'kin' | 'parents' | 'anchors', Person[]> & {
  born: number;
  mother: Person | undefined;
};

/** Births: of children in a parent edge, and of patients who were under two when first spoken of. */
function groupBirths(persons: Person[], edges: Edge[]): Birth[] {
  const children = new Set(edges.map(({ child }) => child));
  const infants = persons.filter(
    (person) => birthOf(person) !== null && (children.has(person) || isInfant(person)),
  );
  const births = infants.sort(compareBirths).reduce<Birth[]>((births, infant) => {
    const own = edges.filter(({ child }) => child === infant);
    const bearers = own.filter(({ kinds }) => kinds.includes('gestational'));
    const kin = (bearers.length > 0 ? bearers : own).map(({ parent }) => parent);
    const parents = own.map(({ parent }) => parent);
    const born = birthOf(infant) as number;
    // Twins are of one bearer, or of one parent where none is known. Whoever ties two births together makes
    // them one, so that it does not matter who of three was looked at first.
    const same = births.filter(
      (birth) => Math.abs(birth.born - born) <= SAME_BIRTH && kin.some((one) => birth.kin.includes(one)),
    );
    const all = [...same, { born, infants: [infant], kin, parents, anchors: [infant], mother: undefined }];
    return [...births.filter((birth) => !same.includes(birth)), mergeBirths(all)];
  }, []);
  return births.map((birth) => ({ ...birth, mother: findMother(birth, edges) }));
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
    mother: undefined,
  };
}

const compareBirths = (a: Person, b: Person) =>
  (birthOf(a) ?? 0) - (birthOf(b) ?? 0) || (a.id < b.id ? -1 : 1);

/**
 * Birth date agreed by the person's charts (the newest that has one), as a time; null without a full date.
 */
export function birthOf(person: Person): number | null {
  const dated = person.charts.filter(({ content }) => (content.birthDate ?? '').length >= 10);
  const [newest] = dated.sort((a, b) => (latest(a) < latest(b) ? 1 : -1));
  return newest ? Date.parse(`${newest.content.birthDate?.slice(0, 10)}T00:00:00Z`) : null;
}

function isInfant(person: Person): boolean {
  const spoken = person.charts.map(({ first }) => Date.parse(first.slice(0, 24)));
  return Math.min(...spoken) < (birthOf(person) ?? 0) + INFANCY;
}

/**
 * The journey is known by whoever in it was seen first. Somebody's own birth is another journey than their
 * care as an adult, and care that only author and addressee may know of (`apart`) is in one of its own.
 */
function identify(
  key: Buffer,
  anchors: Person[],
  { infants = [], apart = null }: { infants?: Person[]; apart?: string | null },
): { id: string; anchor: string } {
  const first = anchors.reduce((one, other) => (seqOf(other) < seqOf(one) ? other : one));
  const anchor = first.charts[0]?.key ?? '';
  const kind = infants.includes(first) ? 'birth' : 'journey';
  return { id: keyedId(key, kind, anchor, ...(apart ? [apart] : [])), anchor };
}

const seqOf = ({ charts: [first] }: Person) => first?.seq ?? 0;

/** `mothers`: of any birth. Who is herself a mother is nobody's infant (sharing rule 22). */
type Around = { mothers: Set<Person>; care: string[] };

function describeBirth(key: Buffer, birth: Birth, { mothers, care }: Around): Journey {
  const { infants, parents, mother } = birth;
  const members = [
    ...infants.map((infant) => ({
      person: infant.id,
      role: 'infant' as const,
      closes: mothers.has(infant) ? NEVER_OPEN : yearsAfter(birthOf(infant) ?? birth.born, INFANT_YEARS),
    })),
    ...parents.map((parent) => ({
      person: parent.id,
      role: parent === mother ? ('mother' as const) : ('partner' as const),
      closes: null,
    })),
  ];
  return {
    ...identify(key, birth.anchors, { infants }),
    members: dedupe(members),
    stages: stagesOf(birth),
    lost: infants.filter((infant) => lossOf(infant) !== null).map(({ id }) => id),
    care,
  };
}

const NEVER_OPEN = new Date(0).toISOString();

function yearsAfter(born: number, years: number): string {
  const date = new Date(born);
  date.setUTCFullYear(date.getUTCFullYear() + years);
  return date.toISOString();
}

/**
 * The birth parent's column: the one who gave birth, else the one a sender calls mother. Any other parent has
 * the partner's, of whom nothing is told: being the only one known so far is no evidence, and would let the
 * order of arrival decide.
 */
function findMother(birth: Pick<Birth, 'infants'>, edges: Edge[]): Person | undefined {
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

/**
 * Stages with their periods: facts, not the clock, so nothing here changes by itself. A loss of every infant
 * stops the clock.
 */
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

/** Date of a death, where a service that may declare it says so. */
export function lossOf(infant: Person): string | null {
  const said = infant.charts.filter(
    ({ content, sector }) =>
      DECLARES_LOSS.has(sector ?? '') && (content.deceasedBoolean === true || content.deceasedDateTime),
  );
  const [first] = said.sort((a, b) => (a.key < b.key ? -1 : 1));
  return first ? (first.content.deceasedDateTime ?? latest(first)).slice(0, 10) : null;
}
