import type { Patient } from '@medplum/fhirtypes';
import type { StatementState } from '../facts.ts';
import { compareGiven, isPlaceholder, normaliseName } from './names.ts';

export type PatientState = StatementState & { content: Patient };

/** One human being: the charts that are the same person, oldest first. Its id is the one given first. */
export type Person = { id: string; charts: PatientState[] };

/**
 * Who is who (docs/linking.md). Charts are one person only by the same NHS number, verified by each sender and undisputed (nobody
 * claims it with an incompatible birth date or name), with birth date and given name agreeing; or where their one sender says that it
 * merged them. All else stays a person of its own.
 */
export function resolvePersons(statements: StatementState[], tainted: Set<string>) {
  const charts = statements
    .filter((state): state is PatientState => state.type === 'Patient')
    .sort((a, b) => a.seq - b.seq);
  const claims = Map.groupBy(
    charts.filter(({ ref }) => ref !== null),
    ({ ref }) => ref as string,
  );
  const disputed = [...claims].filter(([, claimants]) => !agreeAll(claimants)).map(([ref]) => ref);
  const unsafe = new Set([...tainted, ...disputed]);
  const personOfChart = new Map<string, Person>();
  for (const chart of charts) personOfChart.set(chart.key, { id: chart.key, charts: [chart] });
  for (const [ref, claimants] of claims) {
    if (unsafe.has(ref)) continue;
    const [first, ...rest] = claimants.filter(isLinkable);
    if (first) for (const other of rest) join(personOfChart, first.key, other.key);
  }
  const merged = statements.filter(({ type }) => type === 'Linkage').sort((a, b) => (a.key < b.key ? -1 : 1));
  for (const { chart, ref } of merged)
    if (ref && isOnePerson(personOfChart, chart, ref)) join(personOfChart, chart, ref);
  const persons = [...new Set(personOfChart.values())];
  return { persons, personOfChart, disputed, personOfKey: resolver(personOfChart, claims, unsafe) };
}

/**
 * Person of a chart key, or of an NHS-number key that exactly one untainted, verified person claims. Charts that agree on the number
 * but say too little to be anybody's (extracts hold no names) do not make the number ambiguous.
 */
function resolver(charts: Map<string, Person>, claims: Map<string, PatientState[]>, unsafe: Set<string>) {
  return (key: string | null): Person | undefined => {
    if (key === null) return undefined;
    const claimants = unsafe.has(key) ? [] : (claims.get(key) ?? []);
    const known = claimants.filter(isLinkable);
    const candidates = new Set((known.length > 0 ? known : claimants).map((chart) => charts.get(chart.key)));
    return charts.get(key) ?? (candidates.size === 1 ? [...candidates][0] : undefined);
  };
}

/** A sender merges its own charts, which must not make one person of two, nor of those whom they were found to be. */
function isOnePerson(persons: Map<string, Person>, a: string, b: string): boolean {
  const [one, two] = [persons.get(a)?.charts ?? [], persons.get(b)?.charts ?? []];
  return one.every((chart) => two.every((other) => !isSomebodyElse(chart, other)));
}

function join(persons: Map<string, Person>, a: string, b: string): void {
  const [one, two] = [persons.get(a), persons.get(b)];
  if (!one || !two || one === two) return;
  const charts = [...one.charts, ...two.charts].sort((x, y) => x.seq - y.seq);
  const joined = { id: charts[0]?.key ?? one.id, charts };
  for (const chart of charts) persons.set(chart.key, joined);
}

/** Given name and birth date are there to agree on; a placeholder baby only with a known plurality of one. */
function isLinkable({ content }: PatientState): boolean {
  if (!content.birthDate || content.birthDate.length < 10) return false;
  const named = givenNames(content).some(
    (name) => normaliseName(name).length > 1 && !isPlaceholder(normaliseName(name)),
  );
  return named || isKnownSingleton(content);
}

function isKnownSingleton(patient: Patient): boolean {
  return patient.multipleBirthBoolean === false;
}

export const givenNames = (patient: Patient): string[] => (patient.name ?? []).flatMap(({ given }) => given ?? []);

function agreeAll(claimants: PatientState[]): boolean {
  return claimants.every((a, index) => claimants.slice(index + 1).every((b) => isCompatible(a.content, b.content)));
}

function isCompatible(a: Patient, b: Patient): boolean {
  if (a.birthDate && b.birthDate && !a.birthDate.startsWith(b.birthDate) && !b.birthDate.startsWith(a.birthDate))
    return false;
  return compareGiven(givenNames(a), givenNames(b)) !== 'conflict';
}

type Claim = { content: Patient; ref: string | null };

/** A correction seldom moves a birth date so far; a mother's identifier on her baby always does. */
const FAR = 10 * 365.25 * 86_400_000;

/**
 * A sender giving one local identifier to two people: two of birth date, given name and verified number differ, or the birth date by
 * ten years and no given name speaks against it. Not the family name: mother, baby and twin share it.
 */
export function isSomebodyElse(before: Claim, now: Claim): boolean {
  const given = compareGiven(givenNames(before.content), givenNames(now.content));
  const [was, is] = [before.content.birthDate, now.content.birthDate];
  const differs = was !== undefined && is !== undefined && !was.startsWith(is) && !is.startsWith(was);
  const renumbered = before.ref !== null && now.ref !== null && before.ref !== now.ref;
  if ([given === 'conflict', differs, renumbered].filter(Boolean).length > 1) return true;
  return differs && given === 'unknown' && Math.abs(Date.parse(was) - Date.parse(is)) >= FAR;
}
