import type { Evidence } from '../../model.ts';
import { givenNames, isCompatible, isLinkable, type PatientState } from './charts.ts';

/** Whose word on how many were born is that of somebody who was there. */
export const AT_BIRTH: ReadonlySet<string | null> = new Set([
  'national',
  'maternity',
  'neonatal',
  'mother-and-baby-unit',
]);

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

/** `claims`: charts whose number counts. `caredFor`: those whose sender speaks of care. */
export function findBirths(
  claims: PatientState[],
  { evidence: { weights }, caredFor }: { evidence: Evidence; caredFor: Set<string> },
): Births {
  const wasThere = ({ sector }: PatientState) => AT_BIRTH.has(sector);
  const witnesses = Map.groupBy(
    claims.filter((chart) => wasThere(chart) && pluralityOf(chart) !== undefined),
    ({ ref }) => ref,
  );
  const isSingle = (chart: PatientState) => {
    const said = witnesses.get(chart.ref) ?? [];
    // No chart bears witness for itself.
    const isKnown = said.some((one) => one !== chart) && said.every((one) => pluralityOf(one) === false);
    return isKnown && !pluralityOf(chart) && isInfant(chart);
  };
  const mayRename = (chart: PatientState) =>
    weights.get(chart.sector ?? '')?.number === 'establishes' && (wasThere(chart) || caredFor.has(chart.key));
  return {
    isJoinable: (chart) => isLinkable(chart) || (isSingle(chart) && givenNames(chart.content).length > 0),
    agree: (a, b) =>
      isCompatible(a.content, b.content) ||
      (a.ref === b.ref &&
        a.content.birthDate === b.content.birthDate &&
        (isSingle(a) || isSingle(b)) &&
        [a, b].every((one) => mayRename(one) && !pluralityOf(one) && isInfant(one))),
  };
}

const isInfant = ({ content: { birthDate = '' }, first }: PatientState): boolean =>
  birthDate.length === 10 && Date.parse(first.slice(0, 24)) < Date.parse(birthDate) + INFANCY;

/** A birth order, true for one of several, false for an only child; undefined where nothing is said. */
export const pluralityOf = ({ content: { multipleBirthInteger, multipleBirthBoolean } }: PatientState) =>
  multipleBirthInteger ?? multipleBirthBoolean;
