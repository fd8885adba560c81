import { NHS_NUMBER } from '../../fhir/systems.ts';
import { compare } from '../../match/compare.ts';
import { decide } from '../../match/decide.ts';
import { readPatient } from '../../match/from-patient.ts';
import { type Guard, isVetoed } from '../../match/guards.ts';
import type { Model } from '../../match/model.ts';
import { compareGiven, normaliseName } from '../../match/names.ts';
import type { MatchRecord } from '../../match/record.ts';
import { isImplicit } from '../fold.ts';
import { givenNames, type PatientState, type Person } from './charts.ts';

/** `tainted`: numbers of several people; `matching`: the weights of policy/matching.yaml. */
export type Likeness = { tainted: Set<string>; matching: Model; asOf: string };

/**
 * May the one who died be this other infant, though too little is known to make one person of them? Enough to
 * put contacts on hold (sharing rule 24), and for nothing else: the same verified number and an age that
 * fits, whatever else is said; the same number, verified or not, and a birth date and a name that agree; or
 * all that is said of both, weighed, where it is probable and neither has a twin.
 */
export function mayBeOne(dead: Person, other: Person, given: Likeness): boolean {
  const pairs = pairsOf(dead, other);
  const isOfAnyAge = pairs.some(([a, b]) => a.ref !== null && a.ref === b.ref && isOfAge(a, b));
  const isAlike = ([a, b]: Charts) => isNumberedAlike(a, b, given.tainted) && isNamedAlike(a, b);
  return isOfAnyAge || pairs.some(isAlike) || isProbable(pairs, given, isChild);
}

/**
 * May these two be one mother? As of an infant; but that a number and a birth date agree is enough where
 * nobody says another name, since no baby shares them with her.
 */
export function mayBeHer(one: Person, other: Person, given: Likeness): boolean {
  if ([...one.charts, ...other.charts].some(({ content }) => content.gender === 'male')) return false;
  const pairs = pairsOf(one, other);
  const isAlike = ([a, b]: Charts) =>
    isNumberedAlike(a, b, given.tainted) &&
    compareGiven(givenNames(a.content), givenNames(b.content)) !== 'conflict';
  return pairs.some(isAlike) || isProbable(pairs, given, () => true);
}

type Charts = readonly [PatientState, PatientState];

/** Of what somebody says of them; a mere reference says nothing by which two people may be compared. */
const pairsOf = (one: Person, other: Person): Charts[] =>
  one.charts
    .filter((chart) => !isImplicit(chart))
    .flatMap((a) => other.charts.filter((chart) => !isImplicit(chart)).map((b) => [a, b] as const));

const isChild = ({ age }: MatchRecord): boolean => age !== 'adult';

/** What tells two people apart, as far as anybody says. */
const APART: Guard[] = ['multiple-birth', 'given-names-differ'];

/** `isOf`: whether it is of those who are asked about. */
function isProbable(
  pairs: Charts[],
  { matching, asOf }: Likeness,
  isOf: (record: MatchRecord) => boolean,
): boolean {
  // Whose own sender has two charts says that they are two.
  if (pairs.some(([a, b]) => a.systemId === b.systemId || a.content.birthDate !== b.content.birthDate))
    return false;
  const weighed = pairs.map(([a, b]) => {
    const [one, two] = [recordOf(a, asOf), recordOf(b, asOf)];
    const comparison = compare(one, two, matching);
    return {
      comparison,
      outcome: decide(one, two, comparison, matching).outcome,
      counts: isOf(one),
    };
  });
  return (
    weighed.every(
      ({ comparison: { guards } }) => !isVetoed(guards) && !guards.some((one) => APART.includes(one)),
    ) &&
    weighed.some(
      ({ comparison: { totals }, outcome, counts }) =>
        counts && outcome !== 'none' && totals.stranger >= matching.thresholds.total,
    )
  );
}

const recordOf = (chart: PatientState, asOf: string) =>
  readPatient(chart.content, { id: chart.key, verified: chart.ref !== null, asOf });

/** A birth date may be mistaken; who says none knows a number and no more. */
const DAY = 86_400_000;
const MISTAKE = 7 * DAY;
const CHILDHOOD = 5 * 365.25 * DAY;

function isOfAge(dead: PatientState, { content: { birthDate = '' } }: PatientState): boolean {
  if (birthDate.length < 10) return false;
  const [born, of] = [Date.parse(dead.content.birthDate ?? ''), Date.parse(birthDate)];
  // Of no known age: an infant's who was spoken of.
  if (Number.isNaN(born)) return Date.parse(dead.first.slice(0, 24)) - of < CHILDHOOD;
  return Math.abs(born - of) <= MISTAKE;
}

/** The same number, verified or not, and the same birth date. */
function isNumberedAlike(a: PatientState, b: PatientState, tainted: Set<string>): boolean {
  const [one, two] = [a.content, b.content];
  const isFound = a.aliases?.some((alias) => b.aliases?.includes(alias) && !tainted.has(alias));
  if (!isFound || !one.birthDate || one.birthDate !== two.birthDate) return false;
  const number = numberOf(a);
  return number !== undefined && number === numberOf(b);
}

const numberOf = ({ content }: PatientState): string | undefined =>
  content.identifier?.find(({ system }) => system === NHS_NUMBER)?.value?.replace(/\s/g, '');

/** By the given name, or by the family name where a baby has none yet. */
function isNamedAlike(a: PatientState, b: PatientState): boolean {
  const given = compareGiven(givenNames(a.content), givenNames(b.content));
  if (given !== 'unknown') return given === 'agree';
  const families = familyNames(b);
  return familyNames(a).some((name) => families.includes(name));
}

const familyNames = ({ content }: PatientState): string[] =>
  (content.name ?? []).map(({ family = '' }) => normaliseName(family)).filter(Boolean);
