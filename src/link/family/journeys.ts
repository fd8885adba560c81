import { keyedId } from '../../fhir/ids.ts';
import type { Member } from '../../store/facts.ts';
import type { Care } from '../care/list-care.ts';
import { latest } from '../care/spells.ts';
import type { Person } from '../who/charts.ts';
import { confirmedOf } from './confirmed.ts';
import { BEFORE, findHomes, SAME_BIRTH } from './homing.ts';
import { expectedAt, findPregnancies, listExpected, type Pregnancy } from './pregnancies.ts';
import type { Edge } from './relate.ts';
import { lossOf, nextStageOf, type Stage, stagesOf } from './stages.ts';

const MONTH = 30.44 * 86_400_000;
/** Who is spoken of before this age is an infant, whoever the parents are. */
const INFANCY = 24 * MONTH;
/** From their fifth birthday on nobody is told of a child for being somebody's infant (sharing rule 22). */
const INFANT_YEARS = 5;

/** Who is in a journey, and as what. */
type Place = Omit<Member, 'journey' | 'held' | 'restricted'>;

export type Journey = {
  id: string;
  anchor: string;
  members: Place[];
  stages: Stage[];
  /** Whose they are: first of each infant who died while another lives, last `stages` of all others. */
  each: { infants: string[]; stages: Stage[] }[];
  /** Records of infants, each of which may be that of another infant here. */
  unlinked: string[];
  /** Infants who died: a twin's stage goes on, contacts about the other stop. */
  lost: string[];
  /**
   * Care that says of a pregnancy how many infants are expected, when, or that it ended, the last word last;
   * null of a birth, whose infants have records.
   */
  expected: Care[] | null;
  /** FHIR date on which the pregnancy ended without a living infant. */
  ended: string | null;
  /** Ids of the care whose home it is: each spell, referral and encounter has one. */
  care: string[];
  /** Of care before a pregnancy that is not known yet: author and addressee alone may know of it. */
  sealed: boolean;
  /** When time alone changes its stage next: an ISO instant. */
  turns: string | null;
};

/** `asOf`: the instant at which it is asked, ISO; `mayBe`: may two persons be one infant? */
export type Given = Pick<Around, 'key' | 'care' | 'asOf' | 'mayBe'> & { persons: Person[]; edges: Edge[] };

/**
 * One journey per birth (twins share it) or pregnancy, and for each person whose care belongs to none one of
 * unknown stage. Never a transitive closure: a mother with two births has two journeys. Pure. It is known by
 * the infant or the care in it that was seen first, so that a pregnancy goes on as the journey of its birth.
 * `care`: referrals, then spells, then encounters.
 */
export function findJourneys({ key, persons, edges, care, asOf, mayBe }: Given): Journey[] {
  const known = groupBirths(persons, edges);
  const aboutInfants = new Set(known.flatMap(({ infants }) => infants));
  const ofWomen = care.filter(({ person }) => !aboutInfants.has(person));
  const births = [...known, ...findPregnancies(known, ofWomen).map(expectBirth)];
  const homes = findHomes(births, care);
  const homed = Map.groupBy(care, ({ id }) => homes.get(id));
  const alone = Map.groupBy(
    homed.get(undefined) ?? [],
    ({ person, apart, preconception }) => `${person.id} ${apart ?? (preconception ? 'preconception' : '')}`,
  );
  const mothers = new Set(births.flatMap(({ mother }) => mother ?? []));
  return [
    // What nothing belongs to, since all of it cites care that has another home, is no pregnancy.
    ...births
      .filter((birth) => birth.infants.length > 0 || homed.has(birth))
      .map((birth) => describeBirth(birth, { key, mothers, care: homed.get(birth) ?? [], asOf, mayBe })),
    ...[...alone.values()].map((own) => describeAlone(own as [Care, ...Care[]], { key, asOf })),
  ];
}

/** The journey that each care belongs to, by its id. */
export function homesOf(journeys: Journey[]): (care: string) => Journey | undefined {
  const homes = new Map(journeys.flatMap((journey) => journey.care.map((id) => [id, journey])));
  return (care) => homes.get(care);
}

function describeAlone(own: [Care, ...Care[]], { key, asOf }: Pick<Given, 'key' | 'asOf'>): Journey {
  const [{ person, preconception, apart }] = own;
  const sealed = preconception && apart === null;
  const stages = sealed ? stagesBefore(own) : [];
  return {
    ...identify(key, own.map(anchorOf)),
    // Of no birth: nobody is there to whom a role would open anything.
    members: [{ person: person.id, role: 'partner' as const, closes: null }],
    stages,
    each: sealed ? [{ infants: [], stages }] : [],
    unlinked: [],
    lost: [],
    expected: null,
    ended: null,
    care: own.map(({ id }) => id),
    sealed,
    turns: nextStageOf(stages, asOf),
  };
}

/** From the first care before a pregnancy for as long as the last of it may lead to one. */
function stagesBefore(own: Care[]): Stage[] {
  const at = own.map(({ start }) => Date.parse(start));
  const dayOf = (time: number) => new Date(time).toISOString().slice(0, 10);
  return [{ code: 'preconception', start: dayOf(Math.min(...at)), end: dayOf(Math.max(...at) + BEFORE) }];
}

/** `kin`: the bearers of its infants, or their parents where no bearer is known: by whom twins are told. */
type Birth = Record<'infants' | 'kin' | 'parents', Person[]> & {
  born: number;
  mother: Person | undefined;
  pregnancy: Pregnancy | null;
};

const expectBirth = (pregnancy: Pregnancy): Birth => {
  const { mother } = pregnancy;
  return { born: expectedAt(pregnancy), infants: [], kin: [mother], parents: [mother], mother, pregnancy };
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
    const fresh = { born, infants: [infant], kin, parents, mother: undefined, pregnancy: null };
    const all = [...same, fresh];
    return [...births.filter((birth) => !same.includes(birth)), mergeBirths(all)];
  }, []);
  return births.map((birth) => ({ ...birth, mother: findMother(birth, edges) }));
}

function mergeBirths(births: Birth[]): Birth {
  const merge = (part: 'infants' | 'kin' | 'parents') => [...new Set(births.flatMap((one) => one[part]))];
  return {
    born: Math.min(...births.map(({ born }) => born)),
    infants: merge('infants'),
    kin: merge('kin'),
    parents: merge('parents'),
    mother: undefined,
    pregnancy: null,
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

/** What a journey is known by: of an infant its first chart, of care the statement of it seen first. */
type Anchor = { seq: number; key: string; chart: string };

function identify(key: Buffer, anchors: Anchor[]): { id: string; anchor: string } {
  const first = anchors.reduce((one, other) => (other.seq < one.seq ? other : one));
  return { id: keyedId(key, 'journey', first.key), anchor: first.chart };
}

const anchorOf = ({ seen, person }: Care): Anchor => ({ ...seen, chart: person.charts[0]?.key ?? '' });
const anchorsOf = ({ infants }: Birth): Anchor[] =>
  infants.flatMap(({ charts: [chart] }) => (chart ? { ...chart, chart: chart.key } : []));

/** `mothers`: of any birth. Who is herself a mother is nobody's infant (sharing rule 22). */
type Around = {
  key: Buffer;
  mothers: Set<Person>;
  care: Care[];
  asOf: string;
  mayBe: (one: Person, other: Person) => boolean;
};

function describeBirth(birth: Birth, { key, mothers, care, asOf, mayBe }: Around): Journey {
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
  const confirmed = confirmedOf(infants, mayBe);
  const known = { ...birth, infants: confirmed };
  const stages = stagesOf(known, asOf);
  return {
    ...identify(key, [...anchorsOf(birth), ...care.map(anchorOf)]),
    members: dedupe(members),
    stages,
    each: stagesOfEach(known, stages, asOf),
    unlinked: infants.flatMap((infant) => (confirmed.includes(infant) ? [] : infant.id)),
    lost: infants.filter((infant) => lossOf(infant) !== null).map(({ id }) => id),
    expected: birth.pregnancy && listExpected(care),
    ended: birth.pregnancy?.ended ? new Date(birth.pregnancy.ended).toISOString().slice(0, 10) : null,
    care: care.map(({ id }) => id),
    sealed: false,
    turns: nextStageOf(stages, asOf),
  };
}

function stagesOfEach({ infants, ...birth }: Birth, stages: Stage[], asOf: string): Journey['each'] {
  const dead = infants.filter((infant) => lossOf(infant) !== null);
  const apart = dead.length < infants.length ? dead : [];
  const others = infants.filter((infant) => !apart.includes(infant));
  return [
    ...apart.map((infant) => ({
      infants: [infant.id],
      stages: stagesOf({ ...birth, infants: [infant] }, asOf),
    })),
    { infants: others.map(({ id }) => id), stages },
  ];
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

function dedupe(members: Place[]): Place[] {
  return members.filter(
    (member, index) => members.findIndex(({ person }) => person === member.person) === index,
  );
}
