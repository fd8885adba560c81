import { NHS_NUMBER } from '../../fhir/systems.ts';
import { compareGiven, normaliseName } from '../../match/names.ts';
import { givenNames, type PatientState, type Person } from './charts.ts';

/**
 * May the one who died be this other infant, though too little is known to make one person of them? Enough to
 * put contacts on hold (sharing rule 24), and for nothing else: the same verified number and an age that
 * fits, whatever else is said; or the same number, verified or not, and a birth date and a name that agree.
 */
export function mayBeOne(dead: Person, other: Person, tainted: Set<string>): boolean {
  return dead.charts.some((a) => other.charts.some((b) => isLikely(a, b, tainted)));
}

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

function isLikely(a: PatientState, b: PatientState, tainted: Set<string>): boolean {
  if (a.ref !== null && a.ref === b.ref && isOfAge(a, b)) return true;
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
