/** Quarters of a year: figures are told of no other period, since those of two could be subtracted. */
import { rejected } from '../../errors.ts';

/** FHIR dates, both included. `until`: its last day, or today while it runs. */
export type Period = { name: string; from: string; until: string; isOver: boolean };

const QUARTER = /^(\d{4})-Q([1-4])$/;

/** `name`: `2026-Q3`; where none is given, the quarter of today. Throws Rejected(400) for any other. */
export function readPeriod(name: string | undefined, today: string, isOnlyOver: boolean): Period {
  const [, year, quarter] = QUARTER.exec(name ?? quarterBefore(today, isOnlyOver)) ?? [];
  if (year === undefined) throw refuse('a period is a quarter, such as 2026-Q3');
  const first = (Number(quarter) - 1) * 3;
  const day = (month: number, date: number) =>
    new Date(Date.UTC(Number(year), month, date)).toISOString().slice(0, 10);
  const [from, last] = [day(first, 1), day(first + 3, 0)];
  const isOver = last < today;
  if (from > today || (isOnlyOver && !isOver)) throw refuse('that quarter is not over');
  return { name: `${year}-Q${quarter}`, from, until: isOver ? last : today, isOver };
}

/** The one that today is in; where only those that are over are told, the one before it. */
function quarterBefore(today: string, isOnlyOver: boolean): string {
  const date = new Date(`${today.slice(0, 7)}-01T00:00:00Z`);
  if (isOnlyOver) date.setUTCMonth(date.getUTCMonth() - 3);
  return `${date.getUTCFullYear()}-Q${Math.floor(date.getUTCMonth() / 3) + 1}`;
}

const refuse = (text: string) => rejected(400, 'value', text, { expression: 'period' });
