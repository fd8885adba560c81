import type { Care } from '../care/list-care.ts';
import { MATERNITY } from '../care/sectors.ts';
import type { Person } from '../who/charts.ts';
import {
  AFTER_MATERNITY,
  endOf,
  isAbout,
  isOfBirth,
  isSameDue,
  type Pregnancy,
  timeOf,
} from './pregnancies.ts';

const MONTH = 30.44 * 86_400_000;
/** What comes this long before a birth may be care for it: preconception care begins early. */
export const BEFORE = 18 * MONTH;
/**
 * A mother's care after a birth is care after that birth for 24 months, which is as long as a journey lasts.
 */
const AFTER = 24 * MONTH;
/** Twins: one birth, even over midnight or a delayed interval delivery of some days. */
export const SAME_BIRTH = 7 * 86_400_000;

/**
 * A birth to which care can belong: the mother's before and after it, and the infants' own. With `pregnancy`
 * it is still to come, or has not been heard of.
 */
export type Birth = {
  born: number;
  infants: Person[];
  mother: Person | undefined;
  pregnancy: Pregnancy | null;
};

/**
 * The one birth that each piece of care belongs to, by its id; missing where it belongs to none. The first
 * that answers: an infant's own birth; the care it cites; the due date it gives; the pregnancy open at its
 * start; the latest birth before its start; a birth to come. A partner's care belongs to no birth: no partner
 * edge is confirmed by machine. Give referrals before spells before encounters, so that what is cited has
 * its home. Pure.
 */
export function findHomes<B extends Birth>(births: B[], care: Care[]): Map<string, B> {
  const homes = new Map<string, B>();
  const terms = births.map((birth) => ({ birth, ...termOf(birth, births, care) }));
  // A citation counts for the same person only: whoever knows an id could else join somebody's journey by it.
  const persons = new Map(care.map(({ id, person }) => [id, person]));
  for (const one of care) {
    if (one.apart !== null) continue;
    const own = one.cites.filter((id) => persons.get(id) === one.person);
    const cited = own.flatMap((id) => homes.get(id) ?? [])[0];
    const home = ownBirth(births, one) ?? cited ?? findBirth(terms, one);
    if (home) homes.set(one.id, home);
  }
  return homes;
}

function ownBirth<B extends Birth>(births: B[], { person, start }: Care): B | undefined {
  return births.find(({ infants, born }) => infants.includes(person) && Date.parse(start) < born + AFTER);
}

/** From when on it is known that she is pregnant, and until when she may be. */
type Term<B extends Birth> = { birth: B; from: number; until: number };

function findBirth<B extends Birth>(terms: Term<B>[], one: Care): B | undefined {
  const at = timeOf(one.start);
  const hers = terms
    .filter(({ birth }) => birth.mother === one.person)
    .sort((a, b) => a.birth.born - b.birth.born);
  const after = MATERNITY.has(one.sector ?? '') ? AFTER_MATERNITY : AFTER;
  const due = one.due === null ? undefined : hers.find(({ birth }) => isDueFor(birth, timeOf(one.due ?? '')));
  const open = hers.find(({ from, until }) => from <= at && at < until);
  // Of a pregnancy to come nobody of an earlier child is told.
  const past = one.preconception
    ? undefined
    : hers.findLast(({ birth }) => birth.born <= at && at < birth.born + after);
  const next = hers.find(({ birth }) => at < birth.born && birth.born - BEFORE <= at);
  return (due ?? open ?? past ?? next)?.birth;
}

const isDueFor = ({ born, pregnancy }: Birth, due: number): boolean =>
  pregnancy ? isSameDue(pregnancy, due) : isOfBirth(due, born);

/**
 * A pregnancy comes to be known by the first antenatal contact before its birth; never by its conception.
 */
function termOf({ born, mother, pregnancy }: Birth, births: Birth[], care: Care[]) {
  if (pregnancy) return { from: pregnancy.from, until: endOf(pregnancy) };
  const others = births.filter((other) => other.mother === mother && other.born < born);
  const contacts = care.filter((one) => {
    if (one.person !== mother || !one.antenatal || one.apart !== null || !isAbout(one, born)) return false;
    return one.due !== null || !others.some((other) => !other.pregnancy && isAbout(one, other.born));
  });
  return { from: Math.min(...contacts.map(({ start }) => timeOf(start))), until: born };
}
