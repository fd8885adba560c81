import { isFullName } from '../../match/names.ts';
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
  return confirmed;
}

const isNamed = ({ charts }: Person): boolean =>
  charts.some(({ content }) => isFullName(givenNames(content)));
const isNumbered = ({ charts }: Person): boolean => charts.some(({ ref }) => ref !== null);

/** Another name, birth date or birth order: two of one number that was given to twins by mistake. */
const isApart = (one: Person, other: Person): boolean =>
  one.charts.some(({ content: a }) =>
    other.charts.some(({ content: b }) => !isCompatible(a, b) || isTwinOf(a, b)),
  );
