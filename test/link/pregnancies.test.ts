/** From the first antenatal contact to the birth, and to a due date that passes in silence. */
import type { Encounter, EpisodeOfCare, Group } from '@medplum/fhirtypes';
import fc from 'fast-check';
import { beforeEach, describe, expect, it } from 'vitest';
import { link } from '../../src/link/plan.ts';
import type { Service, SourceRecord, Statement } from '../../src/model.ts';
import { episode, nhsNumber, patient, record, relative, type Someone } from '../support/records.ts';
import { Store, service, upToRenaming } from './store.ts';

const maternity = service(1, 'maternity');
const visiting = service(2, 'health-visiting');
const perinatal = service(3, 'specialist-perinatal');
const camhs = service(4, 'camhs-0-5');
const foetal = service(5, 'foetal-medicine');
const charity = service(6, 'third-sector');
const MOTHER = { nhs: nhsNumber(1), given: 'Amara', family: 'Osei', born: '1994-03-02', local: 'M1' };
const FIRST = { nhs: nhsNumber(2), given: 'Kofi', family: 'Osei', born: '2025-03-20', local: 'B1' };
const SECOND = { nhs: nhsNumber(3), given: 'Esi', family: 'Osei', born: '2026-08-20', local: 'B2' };

let store: Store;
beforeEach(() => {
  store = new Store();
  store.rules.asOf = '2026-05-01T00:00:00.000Z';
});

const EXPECTED_DELIVERY = 'https://skein.example/fhir/StructureDefinition/expected-delivery';
const LOSS = 'https://skein.example/fhir/StructureDefinition/pregnancy-loss';
function booking(id: string, start: string, due?: string, ended?: string): Statement {
  const made = episode(id, 'active', { start });
  const extension = [
    ...(due ? [{ url: EXPECTED_DELIVERY, valueDate: due }] : []),
    ...(ended ? [{ url: LOSS, valueDate: ended }] : []),
  ];
  return extension.length > 0
    ? { ...made, resource: { ...(made.resource as EpisodeOfCare), extension } }
    : made;
}
/** A contact that says when the pregnancy ended. */
function contact(id: string, start: string, ended: string, rest: Partial<Encounter> = {}): Statement {
  const resource: Encounter = {
    ...{ resourceType: 'Encounter', status: 'finished', class: { code: 'AMB' } },
    ...{ subject: { reference: '#patient' }, period: { start } },
    extension: [{ url: LOSS, valueDate: ended }],
    ...rest,
  };
  return { local: 'contact', identifier: `https://skein.example/Id/contact|${id}`, resource };
}
const said = (day: string, statements: Statement[]): SourceRecord => record(`${day}T10:00:00Z`, statements);
const care = (from: Service, whom: Someone, spell: Statement, day = '2026-04-01') =>
  store.hear(from, said(day, [patient('patient', whom), spell]));
const bear = (baby: Someone) =>
  store.hear(
    maternity,
    said(baby.born ?? '', [
      patient('patient', baby),
      relative('pid-21', 'patient', ['GESTM'], { nhs: MOTHER.nhs }),
    ]),
  );

const stageOf = ({ characteristic = [] }: Group) =>
  characteristic.map(({ valueCodeableConcept }) => valueCodeableConcept?.coding?.[0]?.code);
const journeys = () =>
  store.all('Group').map(({ id, content, state, persons }) => ({
    id,
    stages: stageOf(content as Group),
    now: state?.split('@')[1],
    persons,
  }));
const homeOf = (of: Service) =>
  store
    .all('EpisodeOfCare')
    .filter((view) => view.service === of.id)
    .map(({ content }) => content.meta?.tag?.[0]?.code);
/** What time alone changes: the events of it. */
function pass(asOf: string): string[] {
  const before = store.events.length;
  store.rules.asOf = asOf;
  store.apply(link(store.rules, store.facts, null, null));
  return store.events.slice(before).map(({ code, stage }) => `${code} ${stage}`);
}

describe('a pregnancy', () => {
  it('begins a journey with its booking, which goes on as that of the birth', () => {
    care(maternity, MOTHER, booking('E1', '2026-02-01', '2026-08-25'));
    const [expected, ...others] = journeys();
    expect([expected?.stages, expected?.now, others]).toEqual([['pregnancy'], 'pregnancy', []]);
    expect(store.plan?.due).toEqual([expect.objectContaining({ at: '2026-08-26T00:00:00.000Z' })]);
    care(perinatal, MOTHER, booking('P1', '2026-03-01'));
    expect(homeOf(perinatal)).toEqual([expected?.id]);
    store.rules.asOf = '2026-09-01T00:00:00.000Z';
    bear(SECOND);
    expect(journeys().map(({ id, now }) => [id, now])).toEqual([[expected?.id, 'birth-12m']]);
    expect(homeOf(perinatal)).toEqual([expected?.id]);
  });

  it('is known by its first contact where nobody gives a due date, and takes earlier care with it', () => {
    care(perinatal, MOTHER, booking('P1', '2026-01-15'));
    expect(journeys().map(({ stages }) => stages)).toEqual([[]]);
    care(foetal, MOTHER, booking('F1', '2026-03-01'));
    const [one, ...others] = journeys();
    expect([one?.now, others]).toEqual(['pregnancy', []]);
    expect(homeOf(perinatal)).toEqual([one?.id]);
  });

  it('whose time has passed in silence has an unknown outcome, told once, and never becomes a birth', () => {
    care(maternity, MOTHER, booking('E1', '2026-02-01', '2026-08-25'));
    expect(pass('2026-08-25T23:00:00.000Z')).toEqual([]);
    expect(pass('2026-08-26T00:00:30.000Z')).toEqual(['stage-changed outcome-unknown']);
    expect(journeys()[0]?.stages).toEqual(['pregnancy', 'outcome-unknown']);
    expect(pass('2029-08-26T00:00:30.000Z')).toEqual([]);
    bear(SECOND);
    expect(journeys().map(({ stages }) => stages)).toEqual([['birth-12m', '12-24m', 'after-24m']]);
  });

  it('after an earlier birth is another journey, of which that child’s services have no part', () => {
    store.hear(visiting, said('2025-03-30', [patient('patient', MOTHER)]));
    bear(FIRST);
    care(camhs, FIRST, booking('C1', '2025-09-01'));
    const before = journeys();
    care(foetal, MOTHER, booking('F1', '2026-06-20'), '2026-06-20');
    care(perinatal, MOTHER, booking('P1', '2026-07-01'), '2026-07-01');
    const [, second] = journeys();
    expect(journeys()[0]).toEqual(before[0]);
    expect(second?.stages).toEqual(['pregnancy']);
    expect(second?.persons).toHaveLength(1);
    expect([homeOf(camhs), homeOf(perinatal)]).toEqual([[before[0]?.id], [second?.id]]);
  });

  it('is none where midwives see a woman in the year after her birth, unless it is due', () => {
    bear({ ...FIRST, born: '2026-01-01' });
    care(maternity, MOTHER, booking('E1', '2026-03-20'));
    expect(journeys().flatMap(({ stages }) => stages)).not.toContain('pregnancy');
    care(perinatal, MOTHER, booking('P1', '2026-04-01'));
    expect(homeOf(perinatal)).toEqual([journeys().find(({ stages }) => stages.length > 0)?.id]);
    care(maternity, MOTHER, booking('E2', '2026-04-28', '2026-12-20'));
    expect(journeys().map(({ now }) => now)).toContain('pregnancy');
  });

  it('is one where due dates lie within six weeks, and two where they do not', () => {
    care(maternity, MOTHER, booking('E1', '2025-02-01', '2025-08-01'));
    care(foetal, MOTHER, booking('F1', '2025-03-01', '2025-07-10'));
    expect(journeys()).toHaveLength(1);
    care(maternity, MOTHER, booking('E2', '2026-02-01', '2026-08-25'));
    expect(journeys().map(({ now }) => now)).toEqual(['outcome-unknown', 'pregnancy']);
  });

  it('is begun by nobody who only speaks of a midwife, nor by a midwife who sees a man or a child', () => {
    const elsewhere = booking('X1', '2026-03-01', '2026-08-25');
    const managed = { managingOrganization: { reference: `Organization/${maternity.id}` } };
    for (const from of [charity, visiting])
      care(from, MOTHER, { ...elsewhere, resource: { ...elsewhere.resource, ...managed } as EpisodeOfCare });
    care(maternity, { ...MOTHER, nhs: nhsNumber(8), rest: { gender: 'male' } }, booking('E3', '2026-03-01'));
    care(
      maternity,
      { ...MOTHER, nhs: nhsNumber(9), born: '2020-01-01', local: 'M9' },
      booking('E4', '2026-03-01'),
    );
    expect(journeys().flatMap(({ stages }) => stages)).toEqual([]);
  });

  it('that its mother does not live to see stops contacts at who cares for her', () => {
    care(maternity, MOTHER, booking('E1', '2026-02-01', '2026-08-25'));
    care(perinatal, MOTHER, booking('P1', '2026-03-01'));
    store.hear(
      maternity,
      said('2026-04-20', [patient('patient', { ...MOTHER, rest: { deceasedDateTime: '2026-04-19' } })]),
    );
    const [stop] = store.events.filter(({ code }) => code === 'contact-stop');
    expect(stop?.to).toEqual([maternity.id, perinatal.id].sort());
  });
});

describe('a pregnancy that ends without a living infant', () => {
  const stops = () =>
    store.events
      .filter(({ code }) => /contact-stop|loss/.test(code))
      .map(({ code, to, focus }) => [code, to?.map((id) => Number(id.slice(-1))), focus?.type]);
  const end = (day = '2026-04-10', from = maternity) =>
    care(from, MOTHER, booking('E1', '2026-02-01', '2026-08-25', day), '2026-04-12');
  beforeEach(() => {
    care(maternity, MOTHER, booking('E1', '2026-02-01', '2026-08-25'));
    care(perinatal, MOTHER, booking('P1', '2026-03-01'));
  });

  it('stops contacts and the clock, tells nobody more, and once, though its day is corrected', () => {
    end();
    expect(journeys().map(({ stages, now }) => [stages, now])).toEqual([
      [['pregnancy', 'contact-stop'], 'contact-stop'],
    ]);
    expect(stops()).toEqual([['contact-stop', [1, 3], 'Group']]);
    end('2026-04-09');
    care(visiting, MOTHER, booking('V1', '2026-04-01'), '2026-04-13');
    expect(stops().slice(1)).toEqual([['contact-stop', [2], 'Group']]);
    expect(pass('2026-09-01T00:00:30.000Z')).toEqual([]);
  });

  it('is taken back, to whoever was told, when it was none', () => {
    end();
    care(maternity, MOTHER, booking('E1', '2026-02-01', '2026-08-25'), '2026-04-13');
    expect(stops().slice(1)).toEqual([['loss-retracted', [1, 3], 'Group']]);
    expect(journeys().map(({ now }) => now)).toEqual(['pregnancy']);
  });

  it('is declared by nobody else', () => {
    end('2026-04-10', perinatal);
    end('2026-04-10', charity);
    expect(stops()).toEqual([]);
  });

  it('leaves the next pregnancy alone, and is told apart from its loss', () => {
    end();
    store.rules.asOf = '2027-02-01T00:00:00.000Z';
    care(perinatal, MOTHER, booking('P2', '2026-06-01'), '2026-06-01');
    care(maternity, MOTHER, booking('E2', '2026-11-01', '2027-06-01'), '2026-11-01');
    expect(journeys().map(({ now }) => now)).toEqual(['contact-stop', 'pregnancy']);
    expect(stops()).toHaveLength(1);
    care(maternity, MOTHER, booking('E2', '2026-11-01', '2027-06-01', '2027-01-20'), '2027-01-21');
    expect(stops().slice(1)).toEqual([['contact-stop', [1, 3], 'Group']]);
  });

  it('and then the mother dies: both are told, and neither is taken back', () => {
    end();
    const died = { ...MOTHER, rest: { deceasedDateTime: '2026-04-19' } };
    store.hear(maternity, said('2026-04-20', [patient('patient', died)]));
    care(perinatal, MOTHER, booking('P1', '2026-03-02'), '2026-04-21');
    expect(stops().map(([code]) => code)).toEqual(['contact-stop', 'contact-stop']);
  });
});

it('stages of a birth change by the clock, each told once, and not after a loss', () => {
  bear(FIRST);
  expect(pass('2026-03-20T00:00:30.000Z')).toEqual([]);
  const [before] = [store.events.length];
  expect(before).toBeGreaterThan(0);
  expect(pass('2027-03-20T00:00:30.000Z')).toEqual(['stage-changed after-24m']);
  expect(pass('2027-03-21T00:00:30.000Z')).toEqual([]);
});

it('pregnancies and births are the same in any order of arrival', () => {
  const day = (n: number) => new Date(Date.parse('2024-01-01') + n * 86_400_000).toISOString().slice(0, 10);
  const contact = fc.record({
    from: fc.constantFrom(maternity, foetal, perinatal, visiting),
    start: fc.nat(1_000),
    ahead: fc.option(fc.integer({ min: 0, max: 290 })),
    lost: fc.option(fc.nat(200), { freq: 1 }),
  });
  const births = fc.subarray([
    { ...FIRST, born: day(350) },
    { ...SECOND, born: day(760) },
  ]);
  const told = fc
    .tuple(fc.array(contact, { minLength: 1, maxLength: 6 }), births)
    .map(([contacts, babies]) => [
      ...contacts.map(({ from, start, ahead, lost }, n): [Service, SourceRecord] => [
        from,
        said(day(start), [
          patient('patient', MOTHER),
          booking(
            `E${n}`,
            day(start),
            ahead === null ? undefined : day(start + ahead),
            lost === null ? undefined : day(start + lost),
          ),
        ]),
      ]),
      ...babies.map((baby): [Service, SourceRecord] => [
        maternity,
        said(baby.born, [
          patient('patient', baby),
          relative('pid-21', 'patient', ['GESTM'], { nhs: MOTHER.nhs }),
        ]),
      ]),
    ]);
  const hear = (all: [Service, SourceRecord][]) => {
    const store = new Store();
    for (const [from, one] of all) store.hear(from, structuredClone(one));
    return store;
  };
  fc.assert(
    fc.property(told, fc.gen(), (all, gen) => {
      const shuffled = gen(() => fc.shuffledSubarray(all, { minLength: all.length }));
      const [one, other] = [hear(all), hear(shuffled)];
      expect(upToRenaming(other)).toEqual(upToRenaming(one));
      const homes = one.all('EpisodeOfCare').map(({ content }) => content.meta?.tag?.length);
      expect(homes.every((count) => count === 1)).toBe(true);
    }),
    { numRuns: Number(process.env.RUNS ?? 200) },
  );
}, 60_000);

describe('a loss that a contact says', () => {
  const stops = () =>
    store.events
      .flatMap(({ code, to = [] }) => (code === 'contact-stop' ? to : []))
      .map((id) => id.slice(-1));

  it('ends the pregnancy, whichever of the two came first, and goes on where it is taken back', () => {
    const booked = () => care(maternity, MOTHER, booking('E1', '2026-02-01', '2026-08-25'));
    const lost = () => care(foetal, MOTHER, contact('C1', '2026-03-10', '2026-03-09'), '2026-03-10');
    for (const inOrder of [
      [booked, lost],
      [lost, booked],
    ]) {
      store = new Store();
      store.rules.asOf = '2026-05-01T00:00:00.000Z';
      for (const tell of inOrder) tell();
      expect(journeys().map(({ stages }) => stages)).toEqual([['pregnancy', 'contact-stop']]);
    }
    expect(stops()).toEqual(['1']);
    care(
      foetal,
      MOTHER,
      contact('C1', '2026-03-10', '2026-03-09', { status: 'entered-in-error' }),
      '2026-03-11',
    );
    expect(journeys().map(({ now }) => now)).toEqual(['pregnancy']);
    expect(store.events.filter(({ code }) => code === 'loss-retracted')).toHaveLength(1);
  });

  it('is none where who says it may not declare it, or says it of another’s contact', () => {
    care(maternity, MOTHER, booking('E1', '2026-02-01', '2026-08-25'));
    care(visiting, MOTHER, contact('V1', '2026-03-10', '2026-03-09'), '2026-03-10');
    const serviceProvider = { reference: `Organization/${foetal.id}` };
    care(maternity, MOTHER, contact('M1', '2026-03-10', '2026-03-09', { serviceProvider }), '2026-03-10');
    expect(journeys().map(({ now }) => now)).toEqual(['pregnancy']);
    expect(stops()).toEqual([]);
  });
});
