import type { Evidence } from '../../model.ts';
import { givenNames, isCompatible, isLinkable, type PatientState } from './charts.ts';

/**
 * How many were born is a fact of the birth, not of a chart: those who were there say it for everybody's.
 * Where one was, the infant may be called "Baby" or get another name and stay one person.
 */
export type Births = {
  /** There is enough in it to be joined by its number. */
  isJoinable: (chart: PatientState) => boolean;
  /** Nothing in them speaks against one person. */
  agree: (a: PatientState, b: PatientState) => boolean;
};

const INFANCY = 24 * 30.44 * 86_400_000;

/** `claims`: charts whose number counts. */
export function findBirths(claims: PatientState[], { weights }: Evidence): Births {
  const wasThere = ({ sector }: PatientState) =>
    ['A', 'A-if-verified'].includes(weights.get(sector ?? '')?.gestational ?? '');
  const numbers = [...Map.groupBy(claims, ({ ref }) => ref)].flatMap(([ref, charts]) => {
    const said = charts.filter(wasThere).flatMap((chart) => pluralityOf(chart) ?? []);
    return said.length > 0 && said.every((one) => one === false) ? ref : [];
  });
  const single = new Set(numbers);
  const isSingle = (chart: PatientState) =>
    single.has(chart.ref) &&
    pluralityOf(chart) !== true &&
    typeof pluralityOf(chart) !== 'number' &&
    chart.content.birthDate?.length === 10 &&
    Date.parse(chart.first.slice(0, 24)) < Date.parse(chart.content.birthDate) + INFANCY;
  return {
    isJoinable: (chart) => isLinkable(chart) || (isSingle(chart) && givenNames(chart.content).length > 0),
    agree: (a, b) =>
      isCompatible(a.content, b.content) ||
      (a.ref === b.ref && isSingle(a) && isSingle(b) && a.content.birthDate === b.content.birthDate),
  };
}

const pluralityOf = ({ content: { multipleBirthInteger, multipleBirthBoolean } }: PatientState) =>
  multipleBirthInteger ?? multipleBirthBoolean;
