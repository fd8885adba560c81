/**
 * `Patient/$match`: https://hl7.org/fhir/R4/patient-operation-match.html. For statutory health, among those
 * whom the asking service treats, by what it may see of them; the scorer is that of docs/matching.md.
 */
import type { Bundle, BundleEntry, Patient } from '@medplum/fhirtypes';
import { z } from 'zod';
import { loadGrants } from '../access/decide/grants.ts';
import { MATCHING } from '../access/decide/matching.ts';
import { mayMatch, treats } from '../access/decide/may-match.ts';
import { Rejected } from '../errors.ts';
import { searchEntry, searchset } from '../fhir/bundle.ts';
import { isVerified, nhsNumber } from '../fhir/nhs-number.ts';
import { NHS_NUMBER, SKEIN_DEFINITIONS } from '../fhir/systems.ts';
import { type Comparison, compare } from '../match/compare.ts';
import { type Decision, decide } from '../match/decide.ts';
import { readPatient } from '../match/from-patient.ts';
import { isVetoed } from '../match/guards.ts';
import { KINDS } from '../match/model.ts';
import { answerSearch } from './search/answer-search.ts';
import type { Asking } from './search/candidates.ts';

const MOST = 100;
const FEW = 20;
const GRADE = 'http://hl7.org/fhir/StructureDefinition/match-grade';
const REASON = `${SKEIN_DEFINITIONS}match-reason`;

const text = z.string().optional();
const Coding = z.looseObject({ code: text });
const Extension = z.looseObject({
  url: z.string(),
  valueCodeableConcept: z.looseObject({ coding: z.array(Coding).optional() }).optional(),
});
const list = <T extends z.ZodType>(of: T) => z.array(of).optional();

/** What is read of the Patient that is asked about: anything else of it says nothing here. */
const Asked = z.looseObject({
  resourceType: z.literal('Patient'),
  identifier: list(z.looseObject({ system: text, value: text, extension: list(Extension) })),
  name: list(z.looseObject({ use: text, family: text, given: list(z.string()) })),
  birthDate: text,
  gender: text,
  telecom: list(z.looseObject({ system: text, value: text })),
  address: list(z.looseObject({ use: text, line: list(z.string()), postalCode: text })),
  multipleBirthBoolean: z.boolean().optional(),
  multipleBirthInteger: z.int().optional(),
});

const Given = z.object({
  parameter: z.array(
    z.discriminatedUnion('name', [
      z.object({
        name: z.literal('resource'),
        resource: Asked,
      }),
      z.object({ name: z.literal('onlyCertainMatches'), valueBoolean: z.boolean() }),
      z.object({ name: z.literal('count'), valueInteger: z.int().min(1).max(MOST) }),
    ]),
  ),
});
const SHAPE = `send Parameters: resource (a Patient), onlyCertainMatches, count (1 to ${MOST})`;

type Grade = 'certain' | 'probable' | 'possible' | 'certainly-not';
type Found = { patient: Patient; grade: Grade; score: number; reasons: string[] };

/** Nobody else is found, and whoever may ask of nobody finds nobody. Throws Rejected(400). */
export async function matchPatient(asking: Asking, body: unknown, base: string): Promise<Bundle> {
  const { patient, onlyCertain, count } = readGiven(body);
  const found = mayMatch(asking.recipient) ? await score(asking, patient, base) : [];
  const certain = found.filter(({ grade }) => grade === 'certain');
  // Of two who are both certainly the one none is.
  const shown = onlyCertain ? (certain.length === 1 ? certain : []) : found;
  return searchset(
    [],
    shown.slice(0, count).map((one) => entryOf(base, one)),
  );
}

function readGiven(body: unknown) {
  const read = Given.safeParse(body);
  const parameters = read.success ? read.data.parameter : [];
  const patients = parameters.flatMap((one) => (one.name === 'resource' ? [one.resource] : []));
  if (patients.length !== 1) throw refusal(SHAPE);
  const [only] = parameters.flatMap((one) => (one.name === 'onlyCertainMatches' ? [one.valueBoolean] : []));
  const [count = FEW] = parameters.flatMap((one) => (one.name === 'count' ? [one.valueInteger] : []));
  return { patient: patients[0] as unknown as Patient, onlyCertain: only === true, count };
}

const refusal = (text: string): Rejected =>
  new Rejected(400, [{ severity: 'error', code: 'structure', field: 'parameter', text }]);

async function score(asking: Asking, asked: Patient, base: string): Promise<Found[]> {
  const asOf = new Date().toISOString();
  const read = (patient: Patient) => {
    const number = nhsNumber(patient);
    return readPatient(patient, {
      id: patient.id ?? '',
      verified: number ? isVerified(number) : false,
      asOf,
    });
  };
  const wanted = read(asked);
  const found = (await candidatesOf(asking, asked, base)).flatMap((patient): Found[] => {
    const other = read(patient);
    const comparison = compare(wanted, other, MATCHING);
    const decision = decide(wanted, other, comparison, MATCHING);
    const grade = gradeOf(decision, comparison);
    const reasons = [...(decision.reason ? [decision.reason] : []), ...decision.guards];
    return grade ? [{ patient, grade, score: scoreOf(grade, comparison), reasons }] : [];
  });
  return found.sort((a, b) => ORDER.indexOf(a.grade) - ORDER.indexOf(b.grade) || b.score - a.score);
}

const ORDER: Grade[] = ['certain', 'probable', 'possible', 'certainly-not'];

type Pairs = [string, string][];

/** Own patients of that number, birth date, or both names: as a search by the same service finds them. */
async function candidatesOf(asking: Asking, asked: Patient, base: string): Promise<Patient[]> {
  const number = nhsNumber(asked)?.value?.replace(/\s/g, '');
  const [name] = asked.name ?? [];
  const both: Pairs = [
    ['family', name?.family ?? ''],
    ['given', name?.given?.[0] ?? ''],
  ];
  const searches: Pairs[] = [
    number ? [['identifier', `${NHS_NUMBER}|${number}`]] : [],
    asked.birthDate ? [['birthdate', asked.birthDate]] : [],
    both.every(([, value]) => value !== '') ? both : [],
  ];
  const known = new Map<string, Patient>();
  for (const search of searches.filter(({ length }) => length > 0)) {
    const pairs: Pairs = [...search.map(escaped), ['_count', String(MOST)]];
    const { entry = [] } = await answerSearch(asking, { type: 'Patient', base, pairs, lenient: false });
    for (const { resource } of entry)
      if (resource?.resourceType === 'Patient') known.set(resource.id ?? '', resource);
  }
  const grants = await loadGrants(asking.db, asking.recipient, [...known.keys()]);
  return [...known].flatMap(([id, patient]) => (treats(grants, id) ? [patient] : []));
}

/** https://hl7.org/fhir/R4/search.html#escaping; the bar of an identifier is ours. */
const escaped = ([name, value]: [string, string]): [string, string] => [
  name,
  value.replace(/[\\,$]/g, '\\$&'),
];

/** Null where the two have too little in common to be spoken of. */
function gradeOf({ outcome, reason, guards }: Decision, { levels, totals }: Comparison): Grade | null {
  if (outcome === 'same') return reason === 'demographics' ? 'probable' : 'certain';
  if (outcome === 'review') return totals.stranger >= MATCHING.thresholds.total ? 'probable' : 'possible';
  const isAlike = levels.number === 'same' || (levels.birthDate === 'same' && levels.given === 'same');
  return isAlike && isVetoed(guards) ? 'certainly-not' : null;
}

/** Against whichever of stranger, family and twin is likelier; 1 is certain, 0 certainly not. */
function scoreOf(grade: Grade, { totals }: Comparison): number {
  if (grade === 'certain' || grade === 'certainly-not') return grade === 'certain' ? 1 : 0;
  const bits = Math.min(...KINDS.map((kind) => totals[kind]));
  return Math.round((1 / (1 + 2 ** -bits)) * 1000) / 1000;
}

const entryOf = (base: string, { patient, grade, score, reasons }: Found): BundleEntry => ({
  ...searchEntry(base, patient, 'match'),
  search: {
    extension: [
      { url: GRADE, valueCode: grade },
      ...reasons.map((reason) => ({ url: REASON, valueCode: reason })),
    ],
    mode: 'match',
    score,
  },
});
