/** How long what is stored is kept, by category: policy/retention.yaml. */
import { readFileSync } from 'node:fs';
import { parse } from 'yaml';
import { z } from 'zod';

export const CATEGORIES = [
  'raw-message',
  'held-message',
  'notification',
  'attempt',
  'history',
  'audit',
] as const;
export type Category = (typeof CATEGORIES)[number];
export type Retention = Record<Category, number>;

const FILE = new URL('../../../policy/retention.yaml', import.meta.url);
/** Subscribers are promised that `$events` reaches back so far, whatever the file says. */
const EVENTS_DAYS = 90;

const Term = z
  .strictObject({ days: z.int().min(1).max(36_500), least: z.int().min(1) })
  .refine(({ days, least }) => days >= least, 'fewer days than the least')
  .transform(({ days }) => days);
const File = z
  .strictObject(Object.fromEntries(CATEGORIES.map((one) => [one, Term])) as Record<Category, typeof Term>)
  .refine((one) => one.notification >= EVENTS_DAYS, `notification: $events reaches back ${EVENTS_DAYS} days`)
  .refine((one) => one['held-message'] >= one['raw-message'], 'held-message is shorter than raw-message');

/** Days by category. Throws an Error that names what is wrong. */
export function readRetention(text: string): Retention {
  const read = File.safeParse(parse(text));
  if (read.success) return read.data;
  const problems = read.error.issues.map(({ path, message }) => [...path, message].join(': '));
  throw new Error(`policy/retention.yaml: ${problems.join('; ')}`);
}

export const RETENTION: Retention = readRetention(readFileSync(FILE, 'utf8'));

/** One sentence, for the CapabilityStatement. */
export function describeRetention(days: Retention = RETENTION): string {
  const terms = CATEGORIES.map((one) => [one, days[one]].join(' ')).join(', ');
  return `Kept for so many days: ${terms}; records and the newest of each resource until a person is erased.`;
}
