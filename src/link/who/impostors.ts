import type { Patient, RelatedPerson } from '@medplum/fhirtypes';
import { NHS_NUMBER } from '../../fhir/systems.ts';
import type { Issue } from '../../model.ts';
import type { Facts, IdentifiedRecord, IdentifiedStatement, StatementState } from '../../store/facts.ts';
import { chartsLeft } from '../care/moved.ts';
import { parentClaim } from '../family/relationships.ts';
import { isImplicit } from '../fold.ts';
import type { PatientState } from './charts.ts';
import { baseOf } from './one-feed.ts';
import { isSomebodyElse } from './persons.ts';

/**
 * What a record must not do, in the sender's terms: give a known local identifier to somebody else (its
 * mother's to a baby), give a known referral, episode, encounter or relation to another patient, or speak of
 * nobody at all. Such a record is held until the sender has looked at it.
 */
export function findImpostors(facts: Facts, record: IdentifiedRecord): Issue[] {
  const known = new Map<string, Said>(facts.statements.map((state) => [state.key, state]));
  const seen = new Map(known);
  const left = chartsLeft(facts, record);
  return record.statements.flatMap((said): Issue[] => {
    const before = seen.get(said.key);
    seen.set(said.key, said);
    if (said.type === 'Patient') {
      const patient = said as unknown as PatientState;
      const other = [...(before ? [before] : []), ...ofOtherTeams(said, facts)].some((one) =>
        isSomebodyElse(one as PatientState, patient),
      );
      return other ? [impostor(record, said, 'another of your patients', SOMEBODY_ELSE)] : [];
    }
    if (said.type === 'Linkage') {
      if (said.chart === said.ref) return [impostor(record, said, 'the chart that it is merged with')];
      const [one, two] = [said.chart, said.ref ?? ''].map((key) => known.get(key) ?? seen.get(key));
      const other = one && two && isSomebodyElse(one as PatientState, two as PatientState);
      return other
        ? [impostor(record, said, 'another of your patients than the one it is merged with', SOMEBODY_ELSE)]
        : [];
    }
    if (isOwnParent(said, known, record))
      return [impostor(record, said, 'the patient and a parent of the patient')];
    if (said.chart === said.key) return [unknownPatient(record, said)];
    if (!before || before.chart === said.chart || left.has(before.chart)) return [];
    const now = namesOf(seen.get(said.chart) ?? record.statements.find(({ key }) => key === said.chart));
    const was = namesOf(seen.get(before.chart));
    const moved = was.length > 0 && !was.some((name) => now.includes(name));
    return moved ? [impostor(record, said, `a ${said.type} of another of your patients`)] : [];
  });
}

/** What other teams of the feed say of the patient who has this identifier. */
function ofOtherTeams({ key, team }: IdentifiedStatement, { statements }: Facts): StatementState[] {
  const base = team?.chart ?? key;
  return statements.filter(
    (one) => one.type === 'Patient' && one.key !== key && baseOf(one) === base && !isImplicit(one),
  );
}

type Said = Pick<IdentifiedStatement, 'key' | 'type' | 'chart' | 'ref' | 'content'> & {
  aliases?: string[] | null;
};

/**
 * Every key that a chart is known by: two charts that share one are of one patient, as far as their sender
 * says.
 */
const namesOf = (chart: Said | undefined): string[] =>
  chart ? [chart.key, ...(chart.ref ? [chart.ref] : []), ...(chart.aliases ?? [])] : [];
const SOMEBODY_ELSE = ': birth date, given name, verified number or birth order differ';

/**
 * The patient's identifier is that of the parent the record names, by itself or by the number it was known
 * with.
 */
function isOwnParent(said: Said, known: Map<string, Said>, { statements }: IdentifiedRecord): boolean {
  if (said.type !== 'RelatedPerson' || said.ref === null) return false;
  if (parentClaim(said.content as RelatedPerson)?.parent !== 'related') return false;
  const chart = statements.find(({ key }) => key === said.chart);
  if (said.ref === said.chart || said.ref === chart?.team?.chart) return true;
  const own = chart?.content as Patient | undefined;
  const silent = !own?.identifier?.some(({ system }) => system === NHS_NUMBER);
  return silent && known.get(said.chart)?.ref === said.ref;
}

function unknownPatient({ lineage }: IdentifiedRecord, { type, local, content }: IdentifiedStatement): Issue {
  const element = 'patient' in content ? 'patient' : 'subject';
  const origin = lineage.find((one) => one.element.startsWith(`${local}.${element}`));
  return {
    severity: 'error',
    code: 'not-found',
    ...(origin ? { field: origin.source } : {}),
    expression: `${type}.${element}`,
    text: 'this reference names no patient: send the patient along, or an identifier',
  };
}

function impostor(record: IdentifiedRecord, said: IdentifiedStatement, what: string, why = ''): Issue {
  const list = (said.content as { identifier?: { system?: string }[] }).identifier ?? [];
  const own = Math.max(
    0,
    [list].flat().findIndex(({ system }) => system !== NHS_NUMBER),
  );
  const name = `${said.local}.identifier`;
  const origin =
    record.lineage.find(({ element }) => element === `${name}[${own}].value`) ??
    record.lineage.find(({ element }) => element.startsWith(name));
  return {
    severity: 'error',
    code: 'business-rule',
    ...(origin ? { field: origin.source } : {}),
    expression: `${said.type}.identifier`,
    text: `this identifier already names ${what}${why}`,
  };
}
