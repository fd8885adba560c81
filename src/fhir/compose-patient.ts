import type { Identifier, Patient } from '@medplum/fhirtypes';
import type { ChartSource } from '../model.ts';
import { currentFirst, isFormer } from './current.ts';

/**
 * Elements taken whole from the newest chart that has them. Contacts and photos are a sender's own affair and
 * are not shared.
 */
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

type Chart = Pick<ChartSource, 'content' | 'named' | 'verified'>;

/**
 * The elements of one Patient from charts of one person, newest first: of each element the newest, a real
 * name before a placeholder, identifiers together. Without id, links and what no chart says.
 */
export function composePatient(charts: Chart[]): Partial<Patient> {
  const patient: Record<string, unknown> = {};
  const identifier = identifiers(charts);
  if (identifier.length > 0) patient.identifier = identifier;
  const name = (charts.find(({ named }) => named) ?? charts.find(({ content }) => content.name?.length))
    ?.content.name;
  if (name) patient.name = name;
  for (const choice of NEWEST) {
    const chart = charts.find(({ content }) => choice.some((element) => content[element] !== undefined));
    const element = choice.find((one) => chart?.content[one] !== undefined);
    if (element) patient[element] = chart?.content[element];
  }
  return patient as Partial<Patient>;
}

/** Each once, those that are over last. Whether one is over is for the newest chart to say that gives it. */
function identifiers(charts: Chart[]): Identifier[] {
  const newest = byName(charts);
  // A chart whose claim to a number is good speaks for that number; others only where nobody else has it.
  const found = byName([...charts].sort((a, b) => Number(b.verified) - Number(a.verified)));
  const said = [...found]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, identifier]): Identifier => {
      const last = newest.get(name) ?? identifier;
      if (isFormer(last) === isFormer(identifier)) return identifier;
      return isFormer(last) ? { ...identifier, use: 'old' } : last;
    });
  return currentFirst(said);
}

/** Of each system and value what the first chart says that gives it. */
function byName(charts: Chart[]): Map<string, Identifier> {
  const found = new Map<string, Identifier>();
  for (const { content } of charts)
    for (const identifier of content.identifier ?? []) {
      const name = `${identifier.system ?? ''}|${identifier.value ?? ''}`;
      if (!found.has(name)) found.set(name, identifier);
    }
  return found;
}
