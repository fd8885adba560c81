import { NHS_NUMBER } from '../../fhir/systems.ts';
import { givenNames, type PatientState, type Person } from './charts.ts';
import { compareGiven, normaliseName } from './names.ts';

/**
 * May these be one infant, though too little is known to make one person of them? Enough to put contacts on
 * hold (sharing rule 24), and for nothing else: the same verified number, whatever else is said; or the same
 * number, verified or not, with the birth date and a name that agree.
 */
export function mayBeOne(one: Person, other: Person, tainted: Set<string>): boolean {
  return one.charts.some((a) => other.charts.some((b) => isLikely(a, b, tainted)));
}

function isLikely(a: PatientState, b: PatientState, tainted: Set<string>): boolean {
  if (a.ref !== null && a.ref === b.ref) return true;
  const [one, two] = [a.content, b.content];
  const isFound = a.aliases?.some((alias) => b.aliases?.includes(alias) && !tainted.has(alias));
  if (!isFound || !one.birthDate || one.birthDate !== two.birthDate) return false;
  const number = numberOf(a);
  return number !== undefined && number === numberOf(b) && isNamedAlike(a, b);
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
