/** The last day that a FHIR date can mean: of a month or a year its last. */
export function lastDayOf(date: string): string {
  const [year = '', month] = date.split('-');
  if (month === undefined) return `${year}-12-31`;
  if (date.length >= 10) return date.slice(0, 10);
  return new Date(Date.UTC(Number(year), Number(month), 0)).toISOString().slice(0, 10);
}
