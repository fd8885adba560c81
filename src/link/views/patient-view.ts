import type { HumanName, Identifier, Patient } from '@medplum/fhirtypes';
import { latest } from '../care/spells.ts';
import type { PatientState, Person } from '../who/charts.ts';
import { isPlaceholder, normaliseName } from '../who/names.ts';

/** Elements taken whole from the newest chart that has them. Contacts and photos are a sender's own affair and are not shared. */
const NEWEST: (keyof Patient)[][] = [
  ['birthDate'],
  ['gender'],
  ['telecom'],
  ['address'],
  ['communication'],
  ['maritalStatus'],
  ['multipleBirthInteger', 'multipleBirthBoolean'],
  ['deceasedDateTime', 'deceasedBoolean'],
  ['extension'],
];

/** One Patient from all charts of a person: newest first per element, a real name before a placeholder, identifiers together. */
export function composePatient(person: Person, relations: string[]): Patient {
  const charts = sharedCharts(person).sort((a, b) =>
    latest(a) < latest(b) ? 1 : latest(a) > latest(b) ? -1 : a.key < b.key ? -1 : 1,
  );
  const patient: Record<string, unknown> = { resourceType: 'Patient', id: person.id, active: true };
  const identifier = identifiers(charts);
  if (identifier.length > 0) patient.identifier = identifier;
  const name = newestName(charts);
  if (name) patient.name = name;
  for (const choice of NEWEST) {
    const chart = charts.find(({ content }) => choice.some((element) => content[element] !== undefined));
    const element = choice.find((one) => chart?.content[one] !== undefined);
    if (element) patient[element] = chart?.content[element];
  }
  if (relations.length > 0) {
    patient.link = relations.map((id) => ({ other: { reference: `RelatedPerson/${id}` }, type: 'seealso' }));
  }
  return patient as unknown as Patient;
}

/** What somebody told a charity stays with the charity where anybody else knows the person (sharing ground rule 5). */
function sharedCharts({ charts }: Person): PatientState[] {
  const statutory = charts.filter(({ sector }) => !sector?.startsWith('third-sector'));
  return statutory.length > 0 ? statutory : [...charts];
}

function newestName(charts: PatientState[]): HumanName[] | undefined {
  const named = charts.filter(({ content }) => content.name?.length);
  const real = named.find(({ content }) =>
    content.name?.some(({ given }) => (given ?? []).some((one) => !isPlaceholder(normaliseName(one)))),
  );
  return (real ?? named[0])?.content.name;
}

function identifiers(charts: PatientState[]): Identifier[] {
  const byValue = new Map<string, Identifier>();
  // A chart whose claim to a number is good speaks for that number; others only where nobody else has it.
  for (const chart of [...charts].sort((a, b) => Number(b.ref !== null) - Number(a.ref !== null))) {
    for (const identifier of chart.content.identifier ?? []) {
      const name = `${identifier.system ?? ''}|${identifier.value ?? ''}`;
      if (!byValue.has(name)) byValue.set(name, identifier);
    }
  }
  return [...byValue].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, identifier]) => identifier);
}
