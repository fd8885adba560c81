/** Times that can only have passed: of a birth, a death, the day on which a referral was written. */
import type { Patient, Resource, ServiceRequest } from '@medplum/fhirtypes';
import { rangeOf } from '../fhir/index-rows.ts';
import type { Statement } from '../model.ts';
import { type Run, report } from './run.ts';

/** In ms: a date has no zone, and clocks differ. */
const A_DAY = 86_400_000;

/**
 * Warns of each that is still to come. A birth date is left out, of a death the day: that somebody died is
 * said all the same. The day of a referral stays as it was sent.
 */
export function sayStillToCome(run: Run, statements: Statement[], receivedAt: Date): void {
  const isAhead = (value: string | undefined): boolean => {
    const low = value === undefined ? undefined : rangeOf(value)?.low;
    return low !== undefined && Date.parse(low) > receivedAt.getTime() + A_DAY;
  };
  for (const { local, resource } of statements) {
    const lineOf = (element: string) => run.lineage.find((one) => one.element === `${local}.${element}`);
    const warn = (element: string, and: string) => {
      const source = lineOf(element)?.source;
      const place = source ? { field: source } : { expression: `${resource.resourceType}.${element}` };
      const text = `${source ?? element} is a day still to come: ${and}`;
      report(run, { severity: 'warning', code: 'value', ...place, text });
    };
    const person = personIn(resource);
    if (person && isAhead(person.birthDate)) {
      warn('birthDate', 'it is left out');
      run.lineage = run.lineage.filter((one) => one !== lineOf('birthDate'));
      delete person.birthDate;
    }
    if (person && isAhead(person.deceasedDateTime)) {
      warn('deceasedDateTime', 'the death is taken, its day left out');
      Object.assign(lineOf('deceasedDateTime') ?? {}, { element: `${local}.deceasedBoolean` });
      delete person.deceasedDateTime;
      person.deceasedBoolean = true;
    }
    if (resource.resourceType === 'ServiceRequest' && isAhead((resource as ServiceRequest).authoredOn))
      warn('authoredOn', 'it is kept as it was sent');
  }
}

const personIn = (resource: Resource): Partial<Patient> | undefined =>
  resource.resourceType === 'Patient' || resource.resourceType === 'RelatedPerson'
    ? (resource as Partial<Patient>)
    : undefined;
