import type { Person } from '../who/charts.ts';

const DAY = 86_400_000;
const MONTH = 30.44 * DAY;
/** What comes this long before a birth may be care for it: preconception care begins early. */
const BEFORE = 18 * MONTH;
/**
 * A mother's care after a birth is care after that birth for 24 months, which is as long as a journey lasts.
 */
const AFTER = 24 * MONTH;
/** Midwives and neonatal units discharge within weeks: what they do later is about another pregnancy. */
const AFTER_MATERNITY = 42 * DAY;
/** Due dates within six weeks are one pregnancy, and none lasts longer than this. */
const PREGNANCY = 44 * 7 * DAY;

const MATERNITY = new Set(['maternity', 'neonatal', 'foetal-medicine']);
/** Whose contact with a woman shows that a pregnancy is known. */
const ANTENATAL = new Set(['maternity', 'foetal-medicine']);

/** Twins: one birth, even over midnight or a delayed interval delivery of some days. */
export const SAME_BIRTH = 7 * 86_400_000;

/** A spell, a referral or an encounter of one person. */
export type Care = {
  id: string;
  person: Person;
  /** FHIR date or dateTime at which it began. */
  start: string;
  /** Sector of the service that gives it, where that is known. */
  sector: string | null;
  /** The care that it cites (its referral, its spell), whose home is its own. */
  cites: string[];
  /** Set where only author and addressee may know of it: the service whose journey apart it belongs to. */
  apart: string | null;
};

/** A birth to which care can belong: the mother's before and after it, and the infants' own. */
export type Birth = { born: number; infants: Person[]; mother: Person | undefined };

/**
 * The one birth that each piece of care belongs to, by its id; missing where it belongs to none. The first
 * that answers: an infant's own birth; the care it cites; the pregnancy open at its start; the latest birth
 * before its start; a birth to come. A partner's care belongs to no birth: no partner edge is confirmed by
 * machine. Give referrals before spells before encounters, so that what is cited has its home. Pure.
 */
export function findHomes<B extends Birth>(births: B[], care: Care[]): Map<string, B> {
  const homes = new Map<string, B>();
  const pregnancies = births.map((birth) => ({ birth, from: bookedAt(birth, care) }));
  // A citation counts for the same person only: whoever knows an id could else join somebody's journey by it.
  const persons = new Map(care.map(({ id, person }) => [id, person]));
  for (const one of care) {
    if (one.apart !== null) continue;
    const own = one.cites.filter((id) => persons.get(id) === one.person);
    const cited = own.flatMap((id) => homes.get(id) ?? [])[0];
    const home = ownBirth(births, one) ?? cited ?? findBirth(pregnancies, one);
    if (home) homes.set(one.id, home);
  }
  return homes;
}

function ownBirth<B extends Birth>(births: B[], { person, start }: Care): B | undefined {
  return births.find(({ infants, born }) => infants.includes(person) && Date.parse(start) < born + AFTER);
}

type Pregnancy<B extends Birth> = { birth: B; from: number };

function findBirth<B extends Birth>(pregnancies: Pregnancy<B>[], one: Care): B | undefined {
  const at = Date.parse(one.start);
  const hers = pregnancies
    .filter(({ birth }) => birth.mother === one.person)
    .sort((a, b) => a.birth.born - b.birth.born);
  const after = MATERNITY.has(one.sector ?? '') ? AFTER_MATERNITY : AFTER;
  const open = hers.find(({ birth, from }) => from <= at && at < birth.born);
  const past = hers.findLast(({ birth }) => birth.born <= at && at < birth.born + after);
  const next = hers.find(({ birth }) => at < birth.born && birth.born - BEFORE <= at);
  return (open ?? past ?? next)?.birth;
}

/**
 * When the pregnancy came to be known: the first antenatal contact before its birth; never its conception.
 */
function bookedAt({ born, mother }: Birth, care: Care[]): number {
  const contacts = care.filter(
    ({ person, sector, apart }) => person === mother && apart === null && ANTENATAL.has(sector ?? ''),
  );
  const times = contacts
    .map(({ start }) => Date.parse(start))
    .filter((at) => born - PREGNANCY <= at && at < born);
  return Math.min(...times);
}
