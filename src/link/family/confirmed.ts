import { isFullName } from '../../match/names.ts';
import { AT_BIRTH, pluralityOf } from '../who/births.ts';
import { givenNames, isCompatible, isTwinOf, leastKey, type Person } from '../who/charts.ts';
import { lossOf } from './stages.ts';

/** May two persons be one infant? */
type MayBe = (one: Person, other: Person) => boolean;

/**
 * Of those who may be one infant, and were not joined, one counts as an infant of this birth: one who died
 * before who is not known to have, since contacts stop for all of them; then whoever is known best, so that a
 * nameless record takes nobody's place. The same, whoever was seen first.
 */
export function confirmedOf(infants: Person[], mayBe: MayBe): Person[] {
  const ranked = [...infants].sort(
    (a, b) =>
      Number(lossOf(a) === null) - Number(lossOf(b) === null) ||
      Number(isNamed(b)) - Number(isNamed(a)) ||
      Number(isNumbered(b)) - Number(isNumbered(a)) ||
      b.charts.length - a.charts.length ||
      (leastKey(a) < leastKey(b) ? -1 : 1),
  );
  const confirmed: Person[] = [];
  for (const infant of ranked)
    if (!confirmed.some((one) => (mayBe(one, infant) || mayBe(infant, one)) && !isApart(one, infant)))
      confirmed.push(infant);
  const born = howMany(infants);
  const told = confirmed.filter(isToldApart);
  if (born === null || told.length < born) return confirmed;
  return confirmed.filter((infant) => isToldApart(infant) || !told.some((one) => isOneOf(infant, one)));
}

/** Of how many infants the birth was, by those who were there: null where they do not say. */
function howMany(infants: Person[]): number | null {
  const charts = infants.flatMap((infant) => infant.charts.filter(({ sector }) => AT_BIRTH.has(sector)));
  const said = charts.flatMap((chart) => pluralityOf(chart) ?? []);
  const orders = said.map((one) => (typeof one === 'number' ? one : one ? 2 : 1));
  return orders.length > 0 ? Math.max(...orders) : null;
}

/** Something says which of the infants of a birth it is. */
const isToldApart = (infant: Person): boolean =>
  isNumbered(infant) || infant.charts.some(({ content }) => content.multipleBirthInteger !== undefined);

/**
 * Once as many as were born are told apart, a record that says nothing of that is of one of them. Not where
 * its own sender has a record of each of them, too; and of one who died it is never said, since contacts
 * stop.
 */
const isOneOf = (record: Person, known: Person): boolean =>
  lossOf(record) === null &&
  !record.charts.some(({ systemId }) => known.charts.some((one) => one.systemId === systemId));

const isNamed = ({ charts }: Person): boolean =>
  charts.some(({ content }) => isFullName(givenNames(content)));
const isNumbered = ({ charts }: Person): boolean => charts.some(({ ref }) => ref !== null);

/** Another name, birth date or birth order: two of one number that was given to twins by mistake. */
const isApart = (one: Person, other: Person): boolean =>
  one.charts.some(({ content: a }) =>
    other.charts.some(({ content: b }) => !isCompatible(a, b) || isTwinOf(a, b)),
  );
