/**
 * Bank holidays of England, on which nobody is expected to work: by the rules of
 * https://www.gov.uk/bank-holidays , which hold for years that nobody has published yet.
 */

const DAY = 86_400_000;
const at = (year: number, month: number, day: number): number => Date.UTC(year, month - 1, day);
const textOf = (time: number): string => new Date(time).toISOString().slice(0, 10);
/** 0: Sunday. */
const weekday = (time: number): number => new Date(time).getUTCDay();

/** Days that were proclaimed once, and those that were moved for them. */
const PROCLAIMED = ['2020-05-08', '2022-06-02', '2022-06-03', '2022-09-19', '2023-05-08'];
const MOVED = ['2020-05-04', '2022-05-30'];

/** All of a year, as yyyy-mm-dd, in order. */
export function bankHolidaysOf(year: number): string[] {
  const easter = easterOf(year);
  const newYear = at(year, 1, 1);
  const [christmas, boxing] = [at(year, 12, 25), at(year, 12, 26)];
  const rules = [
    newYear + ({ 6: 2, 0: 1 }[weekday(newYear)] ?? 0) * DAY,
    easter - 2 * DAY,
    easter + DAY,
    firstMonday(at(year, 5, 1)),
    firstMonday(at(year, 5, 25)),
    firstMonday(at(year, 8, 25)),
    // In place of one on Saturday or Sunday the next days that are neither, of both the same number of days on.
    christmas + ({ 6: 2, 0: 2 }[weekday(christmas)] ?? 0) * DAY,
    boxing + ({ 6: 2, 0: 2 }[weekday(boxing)] ?? 0) * DAY,
  ].map(textOf);
  const own = PROCLAIMED.filter((day) => day.startsWith(`${year}-`));
  return [...rules.filter((day) => !MOVED.includes(day)), ...own].sort();
}

/** The first Monday on a day, or after it. */
const firstMonday = (time: number): number => time + ((8 - weekday(time)) % 7) * DAY;

/** Easter Sunday: the Gregorian computus of Butcher, https://en.wikipedia.org/wiki/Date_of_Easter */
function easterOf(year: number): number {
  const golden = year % 19;
  const [century, rest] = [Math.floor(year / 100), year % 100];
  const moved =
    century - Math.floor(century / 4) - Math.floor((century - Math.floor((century + 8) / 25) + 1) / 3);
  const full = (19 * golden + moved + 15) % 30;
  const sunday = (32 + 2 * (century % 4) + 2 * Math.floor(rest / 4) - full - (rest % 4)) % 7;
  const late = Math.floor((golden + 11 * full + 22 * sunday) / 451);
  const month = Math.floor((full + sunday - 7 * late + 114) / 31);
  return at(year, month, ((full + sunday - 7 * late + 114) % 31) + 1);
}

/** Of the year of an instant and those around it: what waits for a review began no longer ago. */
export function bankHolidaysAround(now: Date): string[] {
  const year = now.getUTCFullYear();
  return [year - 2, year - 1, year, year + 1].flatMap(bankHolidaysOf);
}
