import type { Patient } from '@medplum/fhirtypes';
import type { Evidence } from '../../model.ts';
import { givenNames, isLinkable, type Pair, type PatientState, type Person } from './charts.ts';

/**
 * Charts without any name (extracts hold none) of senders that establish numbers: each is the one named
 * person who has the same verified number and exactly the same birth date, unless sex or plurality speak
 * against it.
 */
export function findNameless(
  claimants: PatientState[][],
  persons: Map<string, Person>,
  { weights }: Evidence,
): Pair[] {
  return claimants.flatMap((charts) => {
    const nameless = charts.filter((chart) => isNameless(chart) && weights.has(chart.sector ?? ''));
    return nameless.flatMap((chart): Pair[] => {
      const named = charts.filter(
        (one) => isNamed(one) && one.content.birthDate === chart.content.birthDate && isLinkable(one),
      );
      const [person, ...others] = new Set(named.map(({ key }) => persons.get(key)));
      // Joined by number: pairs of this list are joined together, and so are one person already.
      if (!person || others.length > 0) return [];
      return named.every(({ content }) => isAlike(content, chart.content)) ? [[person.id, chart.key]] : [];
    });
  });
}

const isNameless = ({ content }: PatientState) =>
  (content.name ?? []).length === 0 && content.birthDate?.length === 10;
const isNamed = ({ content }: PatientState) => givenNames(content).length > 0;

function isAlike(a: Patient, b: Patient): boolean {
  const sexes = new Set([a.gender, b.gender].filter((one) => one === 'male' || one === 'female'));
  const births = [pluralityOf(a), pluralityOf(b)].filter((one) => one !== undefined);
  const orders = new Set(births.filter((one) => typeof one === 'number'));
  const multiple = new Set(births.map((one) => one !== false));
  return sexes.size < 2 && orders.size < 2 && multiple.size < 2;
}

const pluralityOf = ({ multipleBirthInteger, multipleBirthBoolean }: Patient) =>
  multipleBirthInteger ?? multipleBirthBoolean;
