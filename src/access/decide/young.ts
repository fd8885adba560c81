/**
 * Young people, of whom less is known until they are older, or a clinician has found that they may decide for
 * themselves (docs/adr/0031-young-people.md). Pure; ages go by days in UTC.
 */
import type { Flag } from '@medplum/fhirtypes';
import { findScope, standsAt, THIRD_SECTOR_HELP } from '../../fhir/competence.ts';
import { lastDayOf } from '../../fhir/last-day.ts';
import type { Youth } from '../../model.ts';
import type { Care } from './decide.ts';
import { POLICY } from './policy.ts';

/**
 * `births`: the birth date of each chart that has one. `parent`: in any journey with others,
 * and not as its infant. `rulings`: decisions of
 * competence, and who holds parental responsibility.
 */
export type Aged = { births: string[]; parent: boolean; rulings: Flag[] };

/** Years on that day, the youngest that the date may mean. Who was born on 29 February ages on 1 March. */
export function ageAt(birthDate: string, at: Date): number {
  const [born, today] = [lastDayOf(birthDate), at.toISOString().slice(0, 10)];
  const hadBirthday = today.slice(4) >= born.slice(4);
  return Number(today.slice(0, 4)) - Number(born.slice(0, 4)) - (hadBirthday ? 0 : 1);
}

/**
 * Of charts that disagree each counts, and the strictest holds: none of them can open what another keeps. Who
 * is younger than a person of their own is an infant of a journey, and known as that. Of whom no date is
 * known is no child.
 */
export function youthOf({ births, parent }: Omit<Aged, 'rulings'>, at: Date): Youth | null {
  const { ownFrom, heldUnder, under } = POLICY.young;
  const ages = births.map((birth) => ageAt(birth, at)).filter((age) => parent || age >= ownFrom);
  const youngest = Math.min(...ages);
  if (youngest < heldUnder) return 'held';
  return youngest < under ? 'young' : null;
}

type Asking = { service: string; sector: string | null; care: Care | null; at: Date };

/** Does this service know nothing of them but what it sent itself? */
export function isClosed(aged: Aged, asking: Asking): boolean {
  const { sector, care, at } = asking;
  const youth = youthOf(aged, at);
  if (youth === null) return false;
  const { closedGroups, leads } = POLICY.young;
  if (closedGroups.includes(groupOf(sector))) return !decidesFor(aged.rulings, asking) || youth === 'held';
  return youth === 'held' && (care === null || care === 'past') && !leads.includes(sector ?? '');
}

const groupOf = (sector: string | null): string => POLICY.rows.get(sector ?? '')?.group ?? '';

/** A decision of competence that stands is about this service, or about help of the third sector. */
export const decidesFor = (rulings: Flag[], { service, sector, at }: Omit<Asking, 'care'>): boolean =>
  rulings
    .filter((ruling) => standsAt(ruling, at))
    .map(findScope)
    .some(
      (scope) => scope === service || (scope === THIRD_SECTOR_HELP && groupOf(sector) === 'third-sector'),
    );

const DAY = 24 * 60 * 60 * 1000;

/**
 * Birth dates, as a chart may have them, of those whose age comes to one that decides with a day after `from`
 * and up to `to`: whole, or a month or year that ends on it.
 */
export function birthsTurning(from: Date, to: Date): string[] {
  const { ownFrom, heldUnder, under } = POLICY.young;
  const first = Date.parse(`${from.toISOString().slice(0, 10)}T00:00:00Z`) + DAY;
  const days: string[] = [];
  for (let day = first; day <= to.getTime(); day += DAY) days.push(new Date(day).toISOString().slice(0, 10));
  return days.flatMap((day) => [ownFrom, heldUnder, under].flatMap((age) => bornBefore(day, age)));
}

function bornBefore(day: string, years: number): string[] {
  const year = String(Number(day.slice(0, 4)) - years).padStart(4, '0');
  const born = [`${year}${day.slice(4)}`, ...(day.endsWith('-03-01') ? [`${year}-02-29`] : [])];
  return born.flatMap((whole) =>
    [whole, whole.slice(0, 7), whole.slice(0, 4)].filter((date) => lastDayOf(date) === whole),
  );
}
