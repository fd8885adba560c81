/** Times that can only have passed: of a birth, a death, the day on which a referral was written. */
import type { Encounter, EpisodeOfCare, Patient, Resource, ServiceRequest } from '@medplum/fhirtypes';
import { rangeOf } from '../fhir/index-rows.ts';
import { PREGNANCY_LOSS } from '../fhir/systems.ts';
import type { Statement } from '../model.ts';
import { type Run, report } from './run.ts';

/** In ms: a date has no zone, and clocks differ. */
const A_DAY = 86_400_000;

/**
 * Says of each that is still to come. A birth or a death is left out by whoever says what is news; whoever
 * says all of somebody, and so takes back what is left out, is held, and so is a pregnancy lost on a day to
 * come. The day of a referral stays as it was sent.
 */
export function sayStillToCome(
  run: Run,
  statements: Statement[],
  { receivedAt, whole }: { receivedAt: Date; whole: boolean },
): void {
  // It is not known yet whether it has the shape of FHIR.
  const isAhead = (value: unknown): boolean => {
    const low = typeof value === 'string' ? rangeOf(value)?.low : undefined;
    return low !== undefined && Date.parse(low) > receivedAt.getTime() + A_DAY;
  };
  for (const { local, resource } of statements) {
    const lineOf = (element: string) =>
      run.lineage.find((one) => one.element.startsWith(`${local}.${element}`));
    const say = (element: string, severity: 'error' | 'warning', and = '') => {
      const source = lineOf(element)?.source;
      const place = source ? { field: source } : { expression: `${resource.resourceType}.${element}` };
      const text = `${source ?? element} is a day still to come${and}`;
      report(run, { severity, code: 'value', ...place, text });
    };
    const person = personIn(resource);
    for (const element of ['birthDate', 'deceasedDateTime'] as const) {
      if (!isAhead(person?.[element])) continue;
      say(element, whole ? 'error' : 'warning', whole ? '' : ': it is left out');
      run.lineage = run.lineage.filter((one) => one !== lineOf(element));
      delete person?.[element];
    }
    const extensions = listIn((resource as EpisodeOfCare | Encounter).extension);
    for (const [n, one] of extensions.entries())
      if (one?.url === PREGNANCY_LOSS && isAhead(one.valueDate)) say(`extension[${n}]`, 'error');
    if (resource.resourceType === 'ServiceRequest' && isAhead((resource as ServiceRequest).authoredOn))
      say('authoredOn', 'warning', ': it is kept as it was sent');
  }
}

const listIn = <T>(list: T[] | undefined): (T | null)[] => (Array.isArray(list) ? list : []);

const personIn = (resource: Resource): Partial<Patient> | undefined =>
  resource.resourceType === 'Patient' || resource.resourceType === 'RelatedPerson'
    ? (resource as Partial<Patient>)
    : undefined;
