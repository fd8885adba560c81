/** The words of a journey for people: dates, kinds, stages. All of them are Skein's, none a sender's. */
import type { CodeableConcept, Resource } from '@medplum/fhirtypes';
import { disputesOf } from '../../access/project/project-care.ts';
import { KIND_SYSTEM } from '../../fhir/systems.ts';

const DAY = new Intl.DateTimeFormat('en-GB', { dateStyle: 'long', timeZone: 'UTC' });
const TIME = new Intl.DateTimeFormat('en-GB', { dateStyle: 'long', timeStyle: 'short', timeZone: 'UTC' });
const MONTH = new Intl.DateTimeFormat('en-GB', { month: 'long', year: 'numeric', timeZone: 'UTC' });

/** `29 August 2026`; a month or a year as far as it is known. What is no date is an unknown one. */
export function sayDate(date: string | undefined): string {
  const day = date?.slice(0, 10) ?? '';
  const time = Date.parse(day);
  if (Number.isNaN(time)) return 'an unknown date';
  if (day.length === 4) return day;
  return (day.length === 7 ? MONTH : DAY).format(time);
}

export const sayTime = (at: Date): string => `${TIME.format(at)} UTC`;

/** Whole days of the calendar between a FHIR date and a time; null where it is no date. */
export function daysSince(date: string | undefined, now: Date): number | null {
  const from = Date.parse(date?.slice(0, 10) ?? '');
  const today = Date.parse(now.toISOString().slice(0, 10));
  return Number.isNaN(from) ? null : Math.max(0, Math.round((today - from) / 86_400_000));
}

export const sayDays = (days: number): string => (days === 1 ? '1 day' : `${days} days`);

/** Of resources as a reader sees them: that one of them is not right, by the word of whose it is. */
export const sayDisputed = (resources: Resource[]): string =>
  resources.some((one) => disputesOf(one).length > 0) ? ', disputed by the patient' : '';

const KINDS: Record<string, string> = {
  gp: 'GP practice',
  'camhs-0-5': 'CAMHS 0 to 5 service',
  'camhs-5-18': 'CAMHS 5 to 18 service',
  'adult-services': 'adult mental health service',
  'childrens-services': 'children’s services team',
  cmht: 'community mental health team',
  picu: 'paediatric intensive care unit',
  'mother-and-baby-unit': 'mother and baby unit',
  'maternity-mh': 'maternal mental health service',
};
const SERVICE = 'service';

/** `maternity service`; of a service of which no kind is told `service`. */
export function sayKind(concepts: CodeableConcept[]): string {
  const code = concepts
    .flatMap(({ coding = [] }) => coding)
    .find(({ system }) => system === KIND_SYSTEM)?.code;
  if (code === undefined) return SERVICE;
  return KINDS[code] ?? `${code.replaceAll('-', ' ')} ${SERVICE}`;
}

/** With its article: as the name of a service that is not told. */
export const withArticle = (words: string): string => `${/^[aeiou]/i.test(words) ? 'an' : 'a'} ${words}`;

const STAGES: Record<string, string> = {
  preconception: 'Before conception',
  pregnancy: 'Pregnancy',
  'outcome-unknown': 'Due date passed, outcome not known',
  'birth-12m': 'Birth to 12 months',
  '12-24m': '12 to 24 months',
  'after-24m': 'After 24 months',
  'contact-stop': 'Contacts stopped: verify before any contact',
};

export const sayStage = (code: string | undefined): string => STAGES[code ?? ''] ?? 'Not known';
