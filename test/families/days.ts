/** Days of the calendar, counted from 1 January 1970, and written as in FHIR: 2024-02-29. */

const DAY = 86_400_000;

export const dayOf = (date: string): number => Date.parse(date) / DAY;
export const dateOf = (day: number): string => new Date(day * DAY).toISOString().slice(0, 10);
