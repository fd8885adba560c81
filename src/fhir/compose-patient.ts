import type { Identifier, Patient } from '@medplum/fhirtypes';
import type { ChartSource } from '../model.ts';
import { isFormer } from './current.ts';

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

function identifiers(charts: Chart[]): Identifier[] {
  const byValue = new Map<string, Identifier>();
  // A chart whose claim to a number is good speaks for that number; others only where nobody else has it.
  for (const chart of [...charts].sort((a, b) => Number(b.verified) - Number(a.verified))) {
    for (const identifier of chart.content.identifier ?? []) {
      const name = `${identifier.system ?? ''}|${identifier.value ?? ''}`;
      const known = byValue.get(name);
      // What one chart still gives, another that was merged away had before.
      if (!known || (isFormer(known) && !isFormer(identifier))) byValue.set(name, identifier);
    }
  }
  const order = (one: Identifier) => Number(isFormer(one));
  return [...byValue]
    .sort(([a, one], [b, other]) => order(one) - order(other) || (a < b ? -1 : 1))
    .map(([, identifier]) => identifier);
}
