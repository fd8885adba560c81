/** Ids and times of what was told, as the operator finds them, by what each tells. */
import type { Found, Household } from '../../support/household.ts';
import { COMPARTMENTS, type Compartment, type Fact, labelOf, momentOf } from './canaries.ts';
import type { Named } from './exits.ts';
import { DAY } from './facts.ts';
import type { Case } from './oracle.ts';

/** Whose chart it is, by the identifier that the author gives it. */
const patientOf = (value: string): Fact | null => {
  const [, family, of] = /^(?:author|clinic)-(\d+)([MPI])$/.exec(value) ?? [];
  return of ? { family: Number(family), of: of as Compartment, category: 'DEM', mark: 'E' } : null;
};
export async function readKnown({ find }: Household, cases: Case[]): Promise<Map<string, string>> {
  const known = new Map<string, string>();
  for (const [family] of cases.entries())
    for (const of of COMPARTMENTS) {
      for (const [nth, category] of (['INV', 'ENC', 'REF'] as const).entries())
        known.set(
          momentOf(DAY, { family, of }, nth).slice(0, -1),
          labelOf({ family, of, category, mark: 'E' }),
        );
    }
  const patients = new Map<string, Fact>();
  for (const { id, identifier } of await find('Patient')) {
    const numbers = (identifier ?? []) as { value: string }[];
    const found = numbers.flatMap(({ value }) => patientOf(value) ?? [])[0];
    if (!found) continue;
    patients.set(`Patient/${id}`, found);
    known.set(id, labelOf(found));
  }
  type Care = { id: string; identifier?: { system: string }[]; patient?: Ref; subject?: Ref };
  for (const [type, category] of [
    ['EpisodeOfCare', 'INV'],
    ['Encounter', 'ENC'],
    ['ServiceRequest', 'REF'],
  ] as const)
    for (const { id, identifier, patient, subject } of (await find(type)) as Care[]) {
      const whose = patients.get((patient ?? subject)?.reference ?? '');
      const isAuthors = identifier?.some(({ system }) => /(author|referrals)\.example/.test(system));
      if (whose && isAuthors) known.set(id, labelOf({ ...whose, category, mark: 'E' }));
    }
  type Ref = { reference?: string };
  for (const { id, member } of (await find('Group')) as { id: string; member?: { entity: Ref }[] }[]) {
    const whose = member?.flatMap(({ entity }) => patients.get(entity.reference ?? '') ?? []) ?? [];
    const infant = whose.find(({ of }) => of === 'I');
    if (infant) known.set(id, labelOf({ ...infant, category: 'STG', mark: 'E' }));
  }
  return known;
}

const TYPES: Record<string, string> = {
  DEM: 'Patient',
  INV: 'EpisodeOfCare',
  ENC: 'Encounter',
  REF: 'ServiceRequest',
};
const MOST = 12;

/** What may be asked for by its id, by family. */
export function nameAll(known: ReadonlyMap<string, string>, tasks: Found[] = []): Named[] {
  const named = new Map<number, Named>();
  for (const [id, label] of known) {
    const [place, , category = ''] = label.split(' ');
    const family = Number(place);
    const one = named.get(family) ?? { family, ids: [], journey: 'none', tasks: [] };
    named.set(family, one);
    if (category === 'STG') one.journey = id;
    // A time is no id.
    else if (!id.includes('T') && one.ids.length < MOST) one.ids.push(`${TYPES[category]}/${id}`);
  }
  for (const task of tasks) {
    const person = (task.for as { reference?: string } | undefined)?.reference?.split('/')[1] ?? '';
    const family = Number(known.get(person)?.split(' ')[0] ?? Number.NaN);
    named.get(family)?.tasks.push(task.id);
  }
  return [...named.values()];
}
