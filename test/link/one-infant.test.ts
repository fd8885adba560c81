/** Of records that may be one infant one counts, in any order of arrival: the one that says most of who it is. */
import type { Group } from '@medplum/fhirtypes';
import { describe, expect, it } from 'vitest';
import type { Service, SourceRecord } from '../../src/model.ts';
import { episode, nhsNumber, patient, record, relative } from '../support/records.ts';
import { Store, service } from './store.ts';

const maternity = service(1, 'maternity');
const visiting = service(2, 'health-visiting');
const neonatal = service(3, 'neonatal');
const MOTHER = { nhs: nhsNumber(41), given: 'Zora', family: 'Vane', born: '1994-03-02' };
const THEO = { nhs: nhsNumber(42), given: 'Theo', family: 'Vane', born: '2026-08-20' };
/** Keys are digests of local identifiers: whichever of two records has the least key must not matter. */
const PLACES = [1, 2, 3, 4, 5, 6, 7, 8].map((n) => [`N${n}`, `T${n}`, `V${n}`] as const);

type Said = [Service, SourceRecord];
type Who = Parameters<typeof patient>[1];
const hers = relative('pid-21', 'patient', ['GESTM', 'MTH'], { nhs: MOTHER.nhs });
const mother: Said = [
  maternity,
  record('2026-08-01T09:00:00Z', [patient('patient', { ...MOTHER, local: 'M1' })]),
];
const infant = (from: Service, day: string, who: Who): Said => [
  from,
  record(`2026-${day}T09:00:00Z`, [patient('patient', who), hers, episode(`E-${from.sector}`, 'active')]),
];

/** Local identifiers of the infants of the journey, as who counts and who does not. */
function heard(said: Said[]): { counts: string[]; unlinked: string[]; staged: string[] } {
  const store = new Store();
  for (const [from, one] of said) store.hear(from, one);
  const groups = store.all('Group').map(({ content }) => content as Group);
  const group = groups.find(({ member = [] }) => member.length > 1);
  const charts = store.facts.statements.filter(({ type }) => type === 'Patient');
  const localsOf = (id: string) =>
    charts
      .filter(({ person }) => person === id)
      .flatMap(({ content }) => ('identifier' in content ? (content.identifier as { value: string }[]) : []))
      .flatMap(({ value }) => (/^[A-Z]\d$/.test(value) ? value : []));
  const members = (group?.member ?? []).map(({ inactive, entity }) => ({
    inactive,
    locals: localsOf(entity.reference?.split('/')[1] ?? '').filter((local) => !local.startsWith('M')),
  }));
  const of = (is: boolean) =>
    members.flatMap(({ inactive, locals }) => ((inactive ?? false) === is ? locals : [])).sort();
  const staged = [...JSON.stringify(group?.characteristic ?? []).matchAll(/Patient\/([0-9a-f-]{36})/g)];
  return {
    counts: of(false),
    unlinked: of(true),
    staged: [...new Set(staged.flatMap(([, id = '']) => localsOf(id)))].sort(),
  };
}

describe('of records that may be one infant', () => {
  it.each(PLACES)('the one that is named counts, and not the nameless %s', (local, born, visited) => {
    const said = [
      mother,
      infant(neonatal, '08-20', { ...THEO, given: 'Baby', local }),
      infant(maternity, '08-22', { ...THEO, local: born }),
      infant(visiting, '09-01', { ...THEO, local: visited }),
    ];
    const expected = { counts: [born, visited], unlinked: [local], staged: [born, visited] };
    expect(heard(said)).toEqual(expected);
    expect(heard([...said].reverse())).toEqual(expected);
  });

  it.each(PLACES)('of two of one name the one with a verified number counts, not %s', (local, born) => {
    const said = [
      mother,
      infant(neonatal, '08-20', { ...THEO, verified: false, local }),
      infant(maternity, '08-21', { ...THEO, local: born }),
    ];
    const expected = { counts: [born], unlinked: [local], staged: [born] };
    expect(heard(said)).toEqual(expected);
    expect(heard([...said].reverse())).toEqual(expected);
  });

  it.each(PLACES)('who died counts, named or not: %s', (local, born) => {
    const died = { rest: { deceasedDateTime: '2026-08-25' } };
    const said = [
      mother,
      infant(neonatal, '08-20', { ...THEO, given: 'Baby', local, ...died }),
      infant(maternity, '08-22', { ...THEO, local: born }),
    ];
    const expected = { counts: [local], unlinked: [born], staged: [local] };
    expect(heard(said)).toEqual(expected);
    expect(heard([...said].reverse())).toEqual(expected);
  });
});

describe('once as many as were born are told apart', () => {
  const TILDA = { ...THEO, nhs: nhsNumber(43), given: 'Tilda' };
  const order = (multipleBirthInteger: number) => ({ rest: { multipleBirthInteger } });
  const bare = { given: 'Baby', family: 'Vane', born: THEO.born };
  const twins = [
    mother,
    infant(maternity, '08-20', { ...THEO, local: 'T1', ...order(1) }),
    infant(maternity, '08-20', { ...TILDA, local: 'T2', ...order(2) }),
  ];
  const inBothOrders = (said: Said[]) => {
    expect(heard([...said].reverse())).toEqual(heard(said));
    return heard(said);
  };

  it('a record with neither a number nor a birth order is of one of them, named or not', () => {
    for (const given of ['Baby', 'Tilly']) {
      const said = [...twins, infant(neonatal, '09-01', { ...bare, given, local: 'V1' })];
      expect(inBothOrders(said)).toEqual({ counts: ['T1', 'T2'], unlinked: ['V1'], staged: ['T1', 'T2'] });
    }
  });

  it('a third with a birth order or a number counts, and so does one whose sender has the others too', () => {
    const third = { ...bare, given: 'Tess' };
    const others: Said[] = [
      infant(neonatal, '09-01', { ...third, local: 'V3', ...order(3) }),
      infant(neonatal, '09-01', { ...third, nhs: nhsNumber(44), local: 'V3' }),
      infant(maternity, '09-01', { ...third, local: 'V3' }),
    ];
    for (const other of others) expect(inBothOrders([...twins, other]).counts).toEqual(['T1', 'T2', 'V3']);
  });

  it('one who died counts, whoever it is', () => {
    const died = { rest: { deceasedDateTime: '2026-08-25' } };
    const said = [...twins, infant(neonatal, '08-25', { ...bare, local: 'N1', ...died })];
    expect(inBothOrders(said).counts).toEqual(['N1', 'T1', 'T2']);
  });

  it('where nobody who was there said how many were born, another one counts', () => {
    const said = [
      mother,
      infant(maternity, '08-20', { ...THEO, local: 'T1' }),
      infant(neonatal, '09-01', { ...bare, given: 'Tess', local: 'V1' }),
    ];
    expect(inBothOrders(said).counts).toEqual(['T1', 'V1']);
  });
});
