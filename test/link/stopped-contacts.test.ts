/** Whose contacts are to stop after a loss, and whose go on (sharing rules, "Loss and contact-stop"). */
import type { Encounter, EpisodeOfCare } from '@medplum/fhirtypes';
import { beforeEach, describe, expect, it } from 'vitest';
import type { Service, Statement } from '../../src/model.ts';
import { episode, nhsNumber, patient, record, relative, type Someone } from '../support/records.ts';
import { Store, service } from './store.ts';

const maternity = service(1, 'maternity');
const visiting = service(2, 'health-visiting');
const hub = service(3, 'family-hub');
const adult = service(4, 'adult-services');
const neonatal = service(5, 'neonatal');
const perinatal = service(6, 'specialist-perinatal');
const MOTHER = { nhs: nhsNumber(1), given: 'Amara', family: 'Osei', born: '1994-03-02', local: 'M1' };
const CHILD = { nhs: nhsNumber(2), given: 'Kofi', family: 'Osei', born: '2025-03-20', local: 'B1' };
const STAGE = 'https://skein.example/fhir/CodeSystem/stage';
const EXTENSIONS = 'https://skein.example/fhir/StructureDefinition';

let store: Store;
beforeEach(() => {
  store = new Store();
  store.rules.asOf = '2026-06-20T12:00:00.000Z';
});

const hear = (from: Service, day: string, whom: Someone, statements: Statement[]) =>
  store.hear(from, record(`${day}T10:00:00Z`, [patient('patient', whom), ...statements]));
function spell(id: string, start: string, dates: Record<string, string> = {}): Statement {
  const made = episode(id, 'active', { start });
  const extension = Object.entries(dates).map(([name, valueDate]) => ({
    url: `${EXTENSIONS}/${name}`,
    valueDate,
  }));
  return { ...made, resource: { ...(made.resource as EpisodeOfCare), extension } };
}
const visit = (id: string, start: string): Statement => ({
  local: id,
  identifier: `https://skein.example/Id/visit|${id}`,
  resource: {
    ...{ resourceType: 'Encounter', status: 'planned', class: { code: 'HH' } },
    ...{ subject: { reference: '#patient' }, period: { start } },
  } as Encounter,
});
/** The starts of contacts that carry the stop. */
const stopped = () =>
  store
    .all('Encounter')
    .filter(({ content }) => content.meta?.tag?.some(({ system }) => system === STAGE))
    .map(({ content }) => (content as Encounter).period?.start)
    .sort();
const told = () =>
  store.events
    .flatMap(({ code, to = [] }) => (code === 'contact-stop' ? to : []))
    .map(nameOf)
    .sort();
const nameOf = (id: string) =>
  [maternity, visiting, hub, adult, neonatal, perinatal].find((one) => one.id === id)?.sector ?? id;
const bear = (whom: Someone, day: string) =>
  hear(maternity, day, whom, [relative('pid-21', 'patient', ['GESTM'], { nhs: MOTHER.nhs })]);

describe('a pregnancy that is lost', () => {
  const book = () =>
    hear(maternity, '2026-02-02', MOTHER, [spell('E1', '2026-02-01', { 'expected-delivery': '2026-08-25' })]);
  const lose = (when: string, day = '2026-06-15') => {
    const dates = { 'expected-delivery': '2026-08-25', 'pregnancy-loss': when };
    hear(maternity, day, MOTHER, [spell('E1', '2026-02-01', dates)]);
  };

  it.each(['2026-06-12', '2026-06', '2026'])('stops them all where its day is said as %s', (when) => {
    book();
    hear(visiting, '2026-05-01', MOTHER, [spell('V1', '2026-05-01'), visit('v', '2026-06-25')]);
    hear(hub, '2026-06-11', MOTHER, [spell('H1', '2026-06-10'), visit('h', '2026-06-26')]);
    lose(when);
    expect(told()).toEqual(['family-hub', 'health-visiting', 'maternity']);
    expect(stopped()).toEqual(['2026-06-25', '2026-06-26']);
  });

  it('stops what was planned after it, before anybody could have heard of it; not what was planned since', () => {
    book();
    lose('2026-06-12');
    hear(visiting, '2026-06-13', MOTHER, [spell('V1', '2026-06-13'), visit('v', '2026-06-25')]);
    hear(hub, '2026-06-14', MOTHER, [visit('h', '2026-06-26')]);
    hear(visiting, '2026-06-17', MOTHER, [visit('after', '2026-06-27')]);
    hear(maternity, '2026-06-14', MOTHER, [visit('debrief', '2026-06-28')]);
    expect(told()).toEqual(['family-hub', 'health-visiting', 'maternity']);
    expect(stopped()).toEqual(['2026-06-25', '2026-06-26']);
  });

  it('leaves her appointments about herself, and what was over, as they are', () => {
    book();
    hear(adult, '2026-05-01', MOTHER, [spell('A1', '2026-05-01'), visit('a', '2026-06-24')]);
    hear(visiting, '2026-05-01', MOTHER, [
      spell('V1', '2026-05-01'),
      visit('past', '2026-05-30'),
      visit('v', '2026-06-25'),
    ]);
    lose('2026-06-12');
    expect(told()).toEqual(['adult-services', 'health-visiting', 'maternity']);
    expect(stopped()).toEqual(['2026-06-25']);
    const own = store.events.flatMap(({ code, own = [] }) => (code === 'contact-stop' ? own : []));
    const first = (of: Service) => own.find(({ service: by }) => by === of.id);
    const next = store
      .all('Encounter')
      .find(({ content }) => (content as Encounter).period?.start === '2026-06-25');
    expect(first(visiting)).toMatchObject({ type: 'Encounter', id: next?.id });
    expect(first(adult)).toMatchObject({ type: 'EpisodeOfCare' });
  });
});

describe('a contact with her that says no pregnancy and cites no care', () => {
  /** What becomes of a service and its visit to her, made when she was booked again: it cares for somebody. */
  function lose(sector: string, caresFor: 'her child' | 'nobody' | 'herself'): string[] {
    const other = service(7, sector);
    bear(CHILD, '2025-03-20');
    if (caresFor === 'her child') hear(other, '2025-06-01', CHILD, [spell('C1', '2025-06-01')]);
    hear(maternity, '2026-04-01', MOTHER, [spell('E2', '2026-04-01', { 'expected-delivery': '2026-11-20' })]);
    const care = caresFor === 'herself' ? [spell('C2', '2026-05-01')] : [];
    hear(other, '2026-05-02', MOTHER, [...care, visit('her', '2026-06-25')]);
    const dates = { 'expected-delivery': '2026-11-20', 'pregnancy-loss': '2026-06-12' };
    hear(maternity, '2026-06-15', MOTHER, [spell('E2', '2026-04-01', dates)]);
    const stops = store.events.flatMap(({ code, to = [] }) => (code === 'contact-stop' ? to : []));
    return [...(stops.includes(other.id) ? ['told'] : []), ...stopped().map(() => 'held')];
  }
  const TOLD = ['told', 'held'];

  it.each([
    ['camhs-0-5', []],
    ['camhs-5-18', []],
    ['parent-infant', []],
    ['childrens-services', []],
    ['childrens-ward', []],
    ['picu', []],
    ['early-years', []],
    ['health-visiting', TOLD],
    ['family-nurse', TOLD],
    ['family-hub', TOLD],
    ['gp', TOLD],
    ['neonatal', TOLD],
    ['mother-and-baby-unit', TOLD],
    // About herself: it is asked to verify, and its contacts go on.
    ['specialist-perinatal', ['told']],
    ['cmht', ['told']],
    ['third-sector', []],
  ])('is about her earlier child where %s cares for that one, or it is held', (sector, expected) => {
    expect(lose(sector, 'her child')).toEqual(expected);
  });

  it.each(['camhs-0-5', 'parent-infant', 'childrens-services', 'early-years', 'health-visiting'])(
    'is held where %s cares for no child of hers, or for herself',
    (sector) => {
      expect(lose(sector, 'nobody')).toEqual(TOLD);
      store = new Store();
      store.rules.asOf = '2026-06-20T12:00:00.000Z';
      expect(lose(sector, 'herself')).toEqual(TOLD);
    },
  );

  it('is about her earlier child where it cites care of her after that birth', () => {
    bear(CHILD, '2025-03-20');
    const since = spell('V1', '2025-04-01');
    const cited = visit('v', '2026-06-25');
    Object.assign(cited.resource, { episodeOfCare: [{ reference: `#${since.local}` }] });
    hear(visiting, '2025-04-02', MOTHER, [since]);
    hear(maternity, '2026-04-01', MOTHER, [spell('E2', '2026-04-01', { 'expected-delivery': '2026-11-20' })]);
    hear(visiting, '2026-05-02', MOTHER, [since, cited]);
    const dates = { 'expected-delivery': '2026-11-20', 'pregnancy-loss': '2026-06-12' };
    hear(maternity, '2026-06-15', MOTHER, [spell('E2', '2026-04-01', dates)]);
    expect(stopped()).toEqual([]);
  });
});

describe('a child that dies while its mother is pregnant again', () => {
  it('stops the contacts with that child, and none of the pregnancy', () => {
    bear(CHILD, '2025-03-20');
    hear(visiting, '2026-01-10', CHILD, [spell('V1', '2025-04-01'), visit('v', '2026-06-25')]);
    hear(perinatal, '2026-01-10', CHILD, [visit('together', '2026-06-26')]);
    hear(maternity, '2026-04-01', MOTHER, [
      spell('E2', '2026-04-01', { 'expected-delivery': '2026-11-20' }),
      visit('scan', '2026-06-30'),
    ]);
    hear(neonatal, '2026-06-15', { ...CHILD, rest: { deceasedDateTime: '2026-06-15' } } as Someone, []);
    expect(told()).toEqual(expect.arrayContaining(['health-visiting', 'specialist-perinatal']));
    expect(stopped()).toEqual(['2026-06-25', '2026-06-26']);
  });
});

describe('one of twins', () => {
  it('is what its own service is told of, not the mother', () => {
    const one = { ...CHILD, born: '2026-05-20', rest: { multipleBirthInteger: 1 } } as Someone;
    const two = {
      ...{ nhs: nhsNumber(3), given: 'Esi', family: 'Osei', born: '2026-05-20', local: 'B2' },
      rest: { multipleBirthInteger: 2 },
    } as Someone;
    bear(one, '2026-05-20');
    bear(two, '2026-05-20');
    hear(visiting, '2026-05-22', MOTHER, [spell('VM', '2026-05-22'), visit('her', '2026-06-22')]);
    hear(visiting, '2026-05-22', one, [spell('V1', '2026-05-22'), visit('one', '2026-06-25')]);
    hear(visiting, '2026-05-22', two, [spell('V2', '2026-05-22'), visit('two', '2026-06-23')]);
    const dead = { ...two, rest: { multipleBirthInteger: 2, deceasedDateTime: '2026-06-15' } } as Someone;
    hear(neonatal, '2026-06-15', dead, []);
    const [stop] = store.events.filter(({ code }) => code === 'contact-stop');
    const focus = stop?.own?.find(({ service: by }) => by === visiting.id);
    const own = store.all('Encounter').find(({ id }) => id === focus?.id);
    expect(own?.content).toMatchObject({ period: { start: '2026-06-23' } });
    expect(stopped()).not.toContain('2026-06-25');
  });
});
