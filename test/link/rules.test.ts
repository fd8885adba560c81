import type { EpisodeOfCare, Patient } from '@medplum/fhirtypes';
import { beforeEach, describe, expect, it } from 'vitest';
import { EVIDENCE } from '../../src/access/decide/evidence.ts';
import { identifyRecord } from '../../src/link/identify.ts';
import { findImpostors } from '../../src/link/who/impostors.ts';
import { episode, nhsNumber, patient, record, referral, relative } from '../support/records.ts';
import { KEY, Store, service } from './store.ts';

const maternity = service(1, 'maternity');
const visiting = service(2, 'health-visiting');
const perinatal = service(3, 'specialist-perinatal');
const camhs = service(4, 'camhs-0-5');
const neonatal = service(5, 'neonatal');
const MOTHER = { nhs: nhsNumber(1), given: 'Amara', family: 'Osei', born: '1994-03-02' };
const BABY = { nhs: nhsNumber(2), given: 'Kofi', family: 'Osei', born: '2026-08-20' };

let store: Store;
beforeEach(() => {
  store = new Store();
});
const say = (from: ReturnType<typeof service>, day: string, ...statements: Parameters<typeof record>[1]) =>
  store.hear(from, record(`2026-${day}T10:00:00Z`, statements));

describe('persons', () => {
  it('are one when two senders give the same verified number, birth date and given name', () => {
    say(maternity, '09-01', patient('patient', { ...MOTHER, local: 'M1' }));
    say(visiting, '09-02', patient('patient', { ...MOTHER, given: 'AMARA' }));
    expect(store.all('Patient')).toHaveLength(1);
  });

  it.each([
    ['the number is not verified', { ...MOTHER, verified: false }],
    ['the birth date is missing', { ...MOTHER, born: undefined }],
    ['the given name is only an initial', { ...MOTHER, given: 'A' }],
    ['the given names are only initials', { ...MOTHER, given: 'A.B.' }],
    ['the number fails its check digit', { ...MOTHER, nhs: '9990000000' }],
    ['there is no number', { ...MOTHER, nhs: undefined }],
  ])('stay two when %s', (_reason, other) => {
    say(maternity, '09-01', patient('patient', { ...MOTHER, local: 'M1' }));
    say(visiting, '09-02', patient('patient', other));
    expect(store.all('Patient')).toHaveLength(2);
  });

  it('part whoever a number had joined once somebody claims it with another birth date', () => {
    say(maternity, '09-01', patient('patient', { ...MOTHER, local: 'M1' }));
    say(visiting, '09-02', patient('patient', MOTHER));
    const before = store.all('Patient')[0]?.id;
    say(camhs, '09-03', patient('patient', { ...MOTHER, born: '1984-03-02' }), episode('C1', 'active'));
    expect(store.plan?.assertions).toContainEqual(expect.objectContaining({ kind: 'disputed-number' }));
    expect(store.all('Patient')).toHaveLength(3);
    expect(store.all('Patient').map(({ id }) => id)).toContain(before);
  });

  it('tell each side of a parting: whose patient it is now, what is no longer hers, and who is no longer linked', () => {
    say(maternity, '09-01', patient('patient', { ...MOTHER, local: 'M1' }));
    say(perinatal, '09-02', patient('patient', MOTHER), episode('P1', 'active'));
    const baby = patient('patient', { ...BABY, local: 'B1' });
    store.hear(
      maternity,
      record('2026-09-02T10:00:00Z', [baby, relative('pid-21', 'patient', ['MTH'], { mrn: 'M1' })]),
    );
    const [mother] = store.facts.statements.map(({ person }) => person);
    store.events = [];
    say(camhs, '09-03', patient('patient', { ...MOTHER, given: 'Beatrice' }), episode('C1', 'active'));
    const { person } =
      store.facts.statements.find(({ type, systemId }) => type === 'Patient' && systemId === 3) ?? {};
    expect(person).not.toBe(mother);
    const unmerged = store.events.find(({ code }) => code === 'person-unmerged');
    expect(unmerged).toMatchObject({ persons: [person] });
    // Who was told of what is hers no longer is asked again, and told so, by publish and deliver.
    const spell = store.all('EpisodeOfCare')[0]?.id;
    expect(store.rechecked()).toEqual(expect.arrayContaining([mother, spell]));
  });

  it('join again when the sender corrects the birth date that was in dispute', () => {
    say(maternity, '09-01', patient('patient', { ...MOTHER, local: 'M1' }));
    say(visiting, '09-02', patient('patient', { ...MOTHER, born: '1984-03-02' }));
    expect(store.all('Patient')).toHaveLength(2);
    say(visiting, '09-03', patient('patient', MOTHER));
    expect(store.all('Patient')).toHaveLength(1);
  });

  it('are parted by nobody whose own patient neither is, and by a chart of theirs that contradicts', () => {
    say(maternity, '09-01', patient('patient', { ...MOTHER, local: 'M1' }));
    say(visiting, '09-02', patient('patient', MOTHER));
    const stranger = patient('patient', { ...MOTHER, given: 'Robin', born: '1980-04-05', local: 'Z1' });
    say(camhs, '09-03', stranger);
    expect(store.all('Patient')).toHaveLength(2);
    say(camhs, '09-04', stranger, episode('C1', 'active'));
    expect(store.all('Patient')).toHaveLength(3);
  });

  it.each([
    ['nothing but the number', { given: undefined, family: undefined, born: undefined }],
    ['no birth date', { born: undefined }],
    ['a surname only', { given: undefined }],
  ])('are meant by a number whatever chart of the same service has %s', (_, rest) => {
    const baby = patient('patient', { ...BABY, local: 'B1' });
    const claim = relative('pid-21', 'patient', ['MTH'], { nhs: MOTHER.nhs });
    store.hear(maternity, record('2026-09-01T10:00:00Z', [baby, claim]));
    say(perinatal, '09-02', patient('patient', MOTHER), episode('P1', 'active'));
    const edges = () => store.all('RelatedPerson').map(({ persons }) => [...persons].sort());
    const before = edges();
    expect(before).toHaveLength(2);
    say(maternity, '09-03', patient('patient', { ...MOTHER, ...rest, local: 'L1' }));
    expect(edges()).toEqual(before);
  });

  it('stay as one service’s own charts say, whoever disputes the number', () => {
    const own = ['M1', 'M2'].map((local) => patient('patient', { ...MOTHER, local }));
    for (const chart of own) say(maternity, '09-01', chart);
    expect(store.all('Patient')).toHaveLength(1);
    say(camhs, '09-03', patient('patient', { ...MOTHER, born: '1984-03-02' }), episode('C1', 'active'));
    expect(store.plan?.assertions).toContainEqual(expect.objectContaining({ kind: 'disputed-number' }));
    expect(store.all('Patient')).toHaveLength(2);
  });

  it('are nobody’s mother by a number in dispute, though its owner gave another one for a while', () => {
    say(maternity, '09-01', patient('patient', { ...MOTHER, local: 'M1', given: 'Kayden' }));
    for (const [day, nhs] of [
      ['09-02', MOTHER.nhs],
      ['09-03', BABY.nhs],
      ['09-04', MOTHER.nhs],
    ] as const)
      say(perinatal, day, patient('patient', { ...MOTHER, nhs, local: 'M2' }), episode('P1', 'active'));
    expect(store.plan?.assertions).toContainEqual(expect.objectContaining({ kind: 'disputed-number' }));
    const pid21 = relative('pid-21', 'patient', ['GESTM', 'MTH'], { nhs: MOTHER.nhs });
    say(neonatal, '09-05', patient('patient', { ...BABY, nhs: undefined, local: 'B1' }), pid21);
    expect(store.all('RelatedPerson')).toEqual([]);
  });

  it('join nobody by a number in dispute, whoever brings it', () => {
    say(maternity, '09-01', patient('patient', MOTHER));
    say(camhs, '09-03', patient('patient', { ...MOTHER, given: 'Beatrice' }), episode('C1', 'active'));
    say(visiting, '09-04', patient('patient', MOTHER));
    expect(store.all('Patient')).toHaveLength(3);
  });

  it('keep twins apart though one carries the number of the other', () => {
    say(maternity, '09-01', patient('patient', { ...BABY, given: 'Jayden' }));
    say(camhs, '09-02', patient('patient', { ...BABY, given: 'Kayden' }));
    expect(store.all('Patient')).toHaveLength(2);
  });

  it('join a placeholder-named baby only where plurality is known to be one', () => {
    const nameless = { ...BABY, given: 'Baby' };
    say(maternity, '09-01', patient('patient', { ...nameless, local: 'B1' }));
    say(camhs, '09-02', patient('patient', BABY));
    expect(store.all('Patient')).toHaveLength(2);
    say(
      maternity,
      '09-03',
      patient('patient', { ...nameless, local: 'B1', rest: { multipleBirthBoolean: false } }),
    );
    expect(store.all('Patient')).toHaveLength(1);
  });

  describe('of an infant who is known to be the only one born', () => {
    const national = service(6, 'national');
    const born = (rest: Partial<Patient> = { multipleBirthBoolean: false }) =>
      say(national, '08-21', patient('patient', { ...BABY, local: 'N1', rest }));
    const names = () => store.all('Patient').map(({ content }) => (content as Patient).name?.[0]?.given?.[0]);

    it.each([[0], [1], [2]])('are one, called "Baby" here, renamed there, in any order (%i)', (turn) => {
      const said = [
        () => say(maternity, '08-20', patient('patient', { ...BABY, given: 'Baby', local: 'B1' })),
        () => born(),
        () =>
          say(
            visiting,
            '10-02',
            patient('patient', { ...BABY, given: 'Nora', family: 'Adad', local: 'V1' }),
            episode('V1', 'active'),
          ),
      ];
      for (const one of [...said.slice(turn), ...said.slice(0, turn)]) one();
      expect(names()).toEqual(['Nora']);
      const renamed = expect.objectContaining({ rule: expect.stringContaining('renamed') });
      if (turn === 0)
        expect(store.plan?.assertions).toContainEqual(expect.objectContaining({ evidence: renamed }));
      expect(store.plan?.assertions.filter(({ kind }) => kind === 'disputed-number')).toEqual([]);
    });

    it.each([
      ['nobody who was there said how many were born', {}, {}],
      ['there were two', { multipleBirthInteger: 1 }, {}],
      ['the birth date is another', { multipleBirthBoolean: false }, { born: '2026-08-21' }],
      [
        'the chart says that it is a twin’s',
        { multipleBirthBoolean: false },
        { rest: { multipleBirthInteger: 2 } },
      ],
    ])('are two where %s', (_, said, other) => {
      born(said);
      say(maternity, '08-22', patient('patient', { ...BABY, local: 'B1' }));
      say(visiting, '08-23', patient('patient', { ...BABY, given: 'Nora', local: 'V1', ...other }));
      say(
        visiting,
        '08-24',
        patient('patient', { ...BABY, given: 'Nora', local: 'V1', ...other }),
        episode('V1', 'active'),
      );
      expect(names().length).toBeGreaterThan(1);
    });

    it('are two where nobody who was at the birth says so', () => {
      say(
        visiting,
        '08-21',
        patient('patient', { ...BABY, local: 'V1', rest: { multipleBirthBoolean: false } }),
      );
      say(camhs, '08-22', patient('patient', { ...BABY, given: 'Nora', local: 'C1' }));
      expect(names()).toHaveLength(2);
    });
  });

  it('do not join a placeholder-named baby who was called a single child before and is now called a twin', () => {
    const nameless = (rest: Partial<Patient>) =>
      patient('patient', { ...BABY, given: 'Baby', local: 'B1', rest });
    say(camhs, '09-01', patient('patient', BABY));
    store.hear(maternity, record('2026-09-03T10:00:00Z', [nameless({ multipleBirthInteger: 2 })], 'delta'));
    store.hear(
      maternity,
      record('2026-09-02T10:00:00Z', [nameless({ multipleBirthBoolean: false })], 'delta'),
    );
    expect(store.all('Patient')).toHaveLength(2);
  });

  it("quarantine the mother's number on a baby: told to the sender, claimed by nobody, harmless to her", () => {
    say(visiting, '09-01', patient('patient', MOTHER));
    const baby = patient('patient', { ...BABY, nhs: MOTHER.nhs, local: 'B1' });
    const issues = say(
      maternity,
      '09-02',
      baby,
      relative('pid-21', 'patient', ['GESTM', 'MTH'], { nhs: MOTHER.nhs }),
    );
    expect(issues.map(({ code }) => code)).toEqual(['business-rule']);
    expect(store.all('RelatedPerson')).toHaveLength(2);
  });

  it('show the survivor first seen, and the other id answers as replaced', () => {
    say(maternity, '09-01', patient('patient', { ...MOTHER, local: 'M1' }));
    say(visiting, '09-02', patient('patient', { ...MOTHER, local: 'V1', verified: false }));
    const [first, second] = store.all('Patient').map(({ id }) => id);
    say(visiting, '09-03', patient('patient', { ...MOTHER, local: 'V1' }));
    expect(store.all('Patient').map(({ id }) => id)).toEqual([first]);
    expect(store.views.get(`Patient/${second}`)?.content).toMatchObject({
      active: false,
      link: [{ other: { reference: `Patient/${first}` }, type: 'replaced-by' }],
    });
    expect(store.events.map(({ code }) => code)).toContain('person-merged');
  });
});

describe('charts that their sender merged', () => {
  const A = { ...MOTHER, local: 'M1' };
  const merge = (old: string, into: string) => {
    const merged = patient('merged', { local: old, rest: { active: false } });
    Object.assign(merged.resource, { link: [{ other: { reference: '#patient' }, type: 'replaced-by' }] });
    return [patient('patient', { ...MOTHER, local: into }), merged];
  };
  const hear = (from: ReturnType<typeof service>, day: string, ...statements: Parameters<typeof record>[1]) =>
    store.hear(from, record(`2026-${day}T10:00:00Z`, statements, 'delta'));

  it('are one person, whose other id answers as replaced, and so is whoever else has the number', () => {
    hear(
      maternity,
      '09-01',
      patient('patient', { ...A, nhs: undefined, local: 'M0' }),
      episode('E0', 'active'),
    );
    hear(maternity, '09-02', patient('patient', A));
    say(visiting, '09-03', patient('patient', MOTHER));
    expect(store.all('Patient')).toHaveLength(2);
    hear(maternity, '09-04', ...merge('M0', 'M1'));
    expect(store.all('Patient')).toHaveLength(1);
    expect(store.all('EpisodeOfCare')[0]?.persons).toEqual([store.all('Patient')[0]?.id]);
    expect(store.events.map(({ code }) => code)).toContain('person-merged');
  });

  it('are one whatever order their messages come in', () => {
    hear(maternity, '09-04', ...merge('M0', 'M1'));
    hear(maternity, '09-01', patient('patient', { ...A, nhs: undefined, local: 'M0' }));
    hear(maternity, '09-02', patient('patient', A));
    expect(store.all('Patient')).toHaveLength(1);
  });

  it('stay two where they are plainly two people: the sender is told, nobody is merged', () => {
    hear(maternity, '09-01', patient('patient', { ...BABY, local: 'M0' }));
    hear(maternity, '09-02', patient('patient', A));
    const said = record('2026-09-04T10:00:00Z', merge('M0', 'M1'), 'delta');
    const found = identifyRecord(said, {
      ...{ key: KEY, systemId: 1, receivedAt: new Date() },
      weight: EVIDENCE.weights.get('maternity') ?? null,
    });
    expect(findImpostors(store.facts, found.record)).toMatchObject([{ severity: 'error' }]);
    hear(maternity, '09-04', ...merge('M0', 'M1'));
    expect(store.all('Patient')).toHaveLength(2);
  });
});

describe('a sender that knows people by number only', () => {
  const refer = (day: string, given: string, id = 'R1') =>
    say(visiting, day, patient('patient', { ...MOTHER, given }), ...referral(id, perinatal.id));
  beforeEach(() => say(maternity, '09-01', patient('patient', { ...MOTHER, local: 'M1' })));

  it.each([
    ['as it was said', ['09-02', 'Tamara', '09-03', 'Amara']],
    ['the other way round', ['09-03', 'Amara', '09-02', 'Tamara']],
  ])(
    'corrects a given name: one person, and the number of nobody else; %s',
    (_order, [a = '', one = '', b = '', two = '']) => {
      refer(a, one);
      refer(b, two);
      expect(store.all('Patient')).toHaveLength(1);
      expect(store.all('Patient')[0]?.content).toMatchObject({ name: [{ given: ['Amara'] }] });
    },
  );

  it('does not correct the one name while it goes on using the other, nor by a referral of its own', () => {
    refer('09-02', 'Tamara');
    refer('09-03', 'Amara', 'R2');
    expect(store.all('Patient')).toHaveLength(3);
    refer('09-04', 'Amara');
    refer('09-05', 'Tamara', 'R3');
    expect(store.all('Patient')).toHaveLength(3);
  });
});

describe('a merge of two charts', () => {
  const link = [{ other: { reference: '#patient' }, type: 'replaced-by' as const }];
  const merge = (local: string, into: string) => [
    patient('patient', { local: into }),
    patient('merged', { local, rest: { active: false, link } }),
  ];
  const hear = (
    day: string,
    statements: Parameters<typeof record>[1],
    mode: 'delta' | 'snapshot' = 'delta',
  ) => store.hear(maternity, record(`2026-${day}T10:00:00Z`, statements, mode));
  const twin = (n: number, rest: object) =>
    patient('patient', { given: `Twin ${n}`, born: BABY.born, local: `T${n}`, ...rest });
  const ordered = (n: number) => twin(n, { given: 'Baby', rest: { multipleBirthInteger: n } });
  const flagged = (n: number, given: string) => twin(n, { given, rest: { multipleBirthBoolean: true } });
  beforeEach(() => hear('09-09', merge('T1', 'T2')));

  it.each([
    ['have other verified numbers', twin(1, { nhs: nhsNumber(21) }), twin(2, { nhs: nhsNumber(22) })],
    ['were born on other days', twin(1, {}), twin(2, { born: '2026-08-21' })],
    ['are the first and the second', ordered(1), ordered(2)],
    ['are named children of a multiple birth', flagged(1, 'Jayden'), flagged(2, 'Kayden')],
  ])('makes no one person of two that %s: it is a suggestion', (_what, ...twins) => {
    for (const one of twins) hear('09-01', [one]);
    expect(store.all('Patient')).toHaveLength(2);
    expect(store.plan?.assertions).toContainEqual(expect.objectContaining({ kind: 'possible-same' }));
  });

  it('ends the dispute about the number of both, like a correction', () => {
    say(visiting, '09-01', patient('patient', MOTHER));
    hear('09-01', [patient('patient', { ...MOTHER, given: 'Tamara', local: 'T1' })]);
    hear('09-02', [patient('patient', { ...MOTHER, local: 'T2' })]);
    expect(store.all('Patient')).toHaveLength(1);
  });

  it('is undone by the sender that says the chart is not replaced any more', () => {
    hear('09-01', [twin(1, {})]);
    hear('09-02', [twin(2, {})]);
    expect(store.all('Patient')).toHaveLength(1);
    hear('09-10', [twin(1, {})], 'snapshot');
    expect(store.all('Patient')).toHaveLength(2);
  });
});

describe('a number that an update gives without its status', () => {
  const silent = (statement: ReturnType<typeof patient>) => {
    for (const identifier of (statement.resource as Patient).identifier ?? []) delete identifier.extension;
    return statement;
  };
  const hear = (day: string, ...statements: Parameters<typeof record>[1]) =>
    store.hear(maternity, record(`2026-${day}T10:00:00Z`, statements, 'delta'));
  const chart = (rest: object = {}) => patient('patient', { ...MOTHER, local: 'M1', ...rest });
  beforeEach(() => say(visiting, '09-01', patient('patient', MOTHER)));

  it('stays verified', () => {
    hear('09-02', chart());
    hear('09-03', silent(chart({ family: 'Bell' })));
    expect(store.all('Patient')).toHaveLength(1);
  });

  it('is not verified by having been so for another number', () => {
    hear('09-02', chart({ nhs: nhsNumber(7) }));
    hear('09-03', silent(chart()));
    expect(store.all('Patient')).toHaveLength(2);
  });

  it('loses it to an update that says it is not verified, until one says it is', () => {
    hear('09-02', chart());
    hear('09-03', chart({ verified: false }));
    hear('09-04', silent(chart()));
    expect(store.all('Patient')).toHaveLength(2);
    hear('09-05', chart());
    expect(store.all('Patient')).toHaveLength(1);
  });
});

describe('a known identifier', () => {
  const impostors = (from: ReturnType<typeof service>, ...statements: Parameters<typeof record>[1]) => {
    const { record: found } = identifyRecord(record('2026-09-09T10:00:00Z', statements), {
      key: KEY,
      systemId: Number(from.id.slice(-1)),
      receivedAt: new Date(),
      weight: EVIDENCE.weights.get(from.sector ?? '') ?? null,
    });
    return findImpostors(store.facts, found).map(({ expression }) => expression);
  };

  it('may be corrected in part, but not be given to somebody else', () => {
    say(maternity, '09-01', patient('patient', { ...MOTHER, local: 'M1' }));
    expect(
      impostors(
        maternity,
        patient('patient', { ...MOTHER, local: 'M1', family: 'Bell', born: '1994-03-03' }),
      ),
    ).toEqual([]);
    const other = { nhs: nhsNumber(7), given: 'Ruth', family: 'Bell', born: '1980-01-01', local: 'M1' };
    expect(impostors(maternity, patient('patient', other))).toEqual(['Patient.identifier']);
  });

  it('of a twin with a placeholder for a name is not that of the other', () => {
    const twin = (n: number, rest: object) =>
      patient('patient', { ...BABY, given: 'Baby', local: 'T1', nhs: nhsNumber(20 + n), rest });
    say(maternity, '09-01', twin(1, { multipleBirthInteger: 1 }));
    expect(impostors(maternity, twin(2, {}))).toEqual([]);
    expect(impostors(maternity, twin(2, { multipleBirthInteger: 2 }))).toEqual(['Patient.identifier']);
  });

  it('of a referral may not move to another patient', () => {
    say(visiting, '09-01', patient('patient', MOTHER), ...referral('R1', perinatal.id));
    expect(
      impostors(
        visiting,
        patient('patient', { ...MOTHER, born: '1994-03-03' }),
        ...referral('R1', perinatal.id),
      ),
    ).toEqual([]);
    const other = { nhs: nhsNumber(7), given: 'Ruth', family: 'Bell', born: '1980-01-01' };
    expect(impostors(visiting, patient('patient', other), ...referral('R1', perinatal.id))).toEqual([
      'ServiceRequest.identifier',
      'EpisodeOfCare.identifier',
    ]);
  });
});

describe('a record that says one thing twice', () => {
  it('is one statement of it', () => {
    say(
      maternity,
      '09-01',
      patient('patient', { ...MOTHER, local: 'M1' }),
      patient('again', { ...MOTHER, local: 'M1' }),
    );
    expect(store.plan?.statements).toHaveLength(1);
  });
});

describe('relationships', () => {
  const born = () => relative('pid-21', 'patient', ['GESTM', 'MTH'], { nhs: MOTHER.nhs });

  it('bind a reference to the one verified person it names, in both directions', () => {
    say(visiting, '09-01', patient('patient', MOTHER));
    say(maternity, '09-02', patient('patient', BABY), born());
    const [mother, baby] = store.all('Patient').map(({ id }) => id);
    const relations = store.all('RelatedPerson').map(({ content }) => content);
    expect(relations).toEqual([
      expect.objectContaining({ patient: { reference: `Patient/${baby}` }, active: true }),
      expect.objectContaining({ patient: { reference: `Patient/${mother}` }, active: true }),
    ]);
    expect(JSON.stringify(relations[1])).toContain('CHILD');
  });

  it('wait as a suggestion until that person arrives', () => {
    say(maternity, '09-02', patient('patient', BABY), born());
    expect(store.all('RelatedPerson')).toEqual([]);
    expect(store.plan?.assertions).toContainEqual(expect.objectContaining({ kind: 'possible-parent' }));
    say(visiting, '09-03', patient('patient', MOTHER));
    expect(store.all('RelatedPerson')).toHaveLength(2);
    expect(store.events.map(({ code }) => code)).toContain('member-linked');
  });

  it('bind to a person with a chart without a name, whoever came first', () => {
    const extract = patient('patient', { ...MOTHER, given: undefined, family: undefined, local: 'X1' });
    say(perinatal, '09-01', extract);
    say(maternity, '09-02', patient('patient', MOTHER));
    say(maternity, '09-03', patient('patient', BABY), born());
    expect(store.all('Patient')).toHaveLength(2);
    expect(store.all('RelatedPerson')).toHaveLength(2);
  });

  it('do not bind where the name given differs from the name behind the number', () => {
    say(visiting, '09-01', patient('patient', MOTHER));
    say(
      maternity,
      '09-02',
      patient('patient', BABY),
      relative('nk1-1', 'patient', ['MTH'], { nhs: MOTHER.nhs, given: 'Ruth' }),
    );
    expect(store.all('RelatedPerson')).toEqual([]);
  });

  it('add no demographics to the person they name', () => {
    say(visiting, '09-01', patient('patient', MOTHER));
    say(
      maternity,
      '09-02',
      patient('patient', BABY),
      relative('nk1-1', 'patient', ['MTH'], { nhs: MOTHER.nhs, given: 'Amara' }),
    );
    const mother = store.all('Patient').find(({ content }) => (content as Patient).birthDate === MOTHER.born);
    expect((mother?.content as Patient | undefined)?.name).toEqual([{ family: 'Osei', given: ['Amara'] }]);
  });

  it.each([['SPS'], ['DOMPART'], ['HUSB'], ['SIGOTHR'], ['FMRSPS'], ['NOK'], ['NFTH'], ['NMTH'], ['TWIN']])(
    'never make an edge of %s, whatever identifier comes with it',
    (code) => {
      say(visiting, '09-01', patient('patient', MOTHER));
      say(camhs, '09-01', patient('patient', { nhs: nhsNumber(9), given: 'Yaw', born: '1990-01-05' }));
      say(
        maternity,
        '09-02',
        patient('patient', MOTHER),
        relative('nk1-1', 'patient', [code], { nhs: nhsNumber(9) }),
      );
      expect(store.all('RelatedPerson')).toEqual([]);
      expect(store.all('Group').filter(({ persons }) => persons.length > 1)).toEqual([]);
    },
  );

  it('read "child" from the parent’s side', () => {
    say(camhs, '09-01', patient('patient', BABY));
    const said = [patient('patient', MOTHER), relative('child', 'patient', ['CHILD'], { nhs: BABY.nhs })];
    say(visiting, '09-02', ...said);
    expect(store.all('RelatedPerson'), 'of nobody that it cares for').toEqual([]);
    say(visiting, '09-02', ...said, episode('H1', 'active'));
    const baby = store.all('Patient').find(({ content }) => (content as Patient).birthDate === BABY.born);
    const toMother = store.all('RelatedPerson').find(({ persons }) => persons[0] === baby?.id);
    expect(JSON.stringify(toMother?.content)).toContain('PRN');
  });

  it('make nobody a parent who says so and is not verified: whoever knows the number of a baby could', () => {
    say(camhs, '09-01', patient('patient', BABY));
    const himself = { local: 'F1', given: 'Yaw', born: '1990-01-05' };
    say(
      visiting,
      '09-02',
      patient('patient', himself),
      relative('baby', 'patient', ['CHILD'], { nhs: BABY.nhs }),
    );
    expect(store.all('RelatedPerson')).toEqual([]);
    expect(store.facts.members.map(({ role }) => role)).toEqual(['infant']);
    expect(store.plan?.assertions).toContainEqual(expect.objectContaining({ kind: 'possible-parent' }));
  });

  it('never make a parent of somebody no older than the child: not the other way round, nor a twin with her number', () => {
    say(visiting, '09-01', patient('patient', MOTHER));
    say(
      maternity,
      '09-02',
      patient('patient', BABY),
      relative('nk1-1', 'patient', ['CHILD'], { nhs: MOTHER.nhs }),
    );
    expect(store.all('RelatedPerson')).toEqual([]);
    store = new Store();
    say(maternity, '09-02', patient('patient', { ...BABY, nhs: MOTHER.nhs }));
    say(
      maternity,
      '09-02',
      patient('patient', { ...BABY, nhs: nhsNumber(3), given: 'Ama', born: '2026-08-21' }),
      born(),
    );
    expect(store.all('RelatedPerson')).toEqual([]);
    expect(store.plan?.assertions).toContainEqual(expect.objectContaining({ kind: 'possible-parent' }));
  });

  it('drop the edge when a corrected message names another mother, and tell each side apart', () => {
    const other = { nhs: nhsNumber(5), given: 'Ruth', family: 'Bell', born: '1991-01-01' };
    say(visiting, '09-01', patient('patient', MOTHER));
    say(visiting, '09-01', patient('patient', other));
    const baby = patient('patient', { ...BABY, local: 'B1' });
    say(maternity, '09-02', baby, born());
    store.events = [];
    say(maternity, '09-03', baby, relative('pid-21', 'patient', ['GESTM', 'MTH'], { nhs: other.nhs }));
    expect(store.all('RelatedPerson')).toHaveLength(2);
    const gone = [...store.views.values()].filter(({ state }) => state === 'gone').map(({ id }) => id);
    expect(gone.length).toBeGreaterThan(0);
    expect(store.rechecked()).toEqual(expect.arrayContaining(gone));
  });
});

describe('journeys and spells', () => {
  it('open one journey for a birth, with the mother and her stage dates', () => {
    say(visiting, '09-01', patient('patient', MOTHER));
    say(
      maternity,
      '09-02',
      patient('patient', BABY),
      relative('pid-21', 'patient', ['GESTM'], { nhs: MOTHER.nhs }),
    );
    expect(store.facts.members.map(({ role }) => role).sort()).toEqual(['infant', 'mother']);
    expect(store.all('Group')[0]?.state).toBe(
      'birth-12m:2026-08-20 12-24m:2027-08-20 after-24m:2028-08-20 @birth-12m',
    );
  });

  describe('call nobody the mother', () => {
    const other = { nhs: nhsNumber(5), given: 'Robin', family: 'Bell', born: '1991-01-01' };
    type Said = [codes: string[], nhs: string];
    const roles = (...parents: Said[]) => {
      store = new Store();
      for (const one of [MOTHER, other]) say(visiting, '09-01', patient('patient', one));
      const baby = patient('patient', { ...BABY, local: 'B1' });
      for (const [n, [codes, nhs]] of parents.entries())
        say(
          n === 0 ? maternity : neonatal,
          `09-0${n + 2}`,
          baby,
          relative('nk1-1', 'patient', codes, { nhs }),
        );
      const names = new Map(
        store.all('Patient').map(({ id, content }) => [id, (content as Patient).name?.[0]?.given?.[0]]),
      );
      const [born] = store.all('Group').filter(({ state }) => state !== '');
      const members = store.facts.members.filter(({ journey }) => journey === born?.id);
      return members.map(({ person, role }) => `${names.get(person)} ${role}`).sort();
    };

    it.each([['FTH'], ['PRN'], ['ADOPTM'], ['STPMTH'], ['PRNFOST']])(
      'for being the only parent known, said to be %s',
      (code) => {
        expect(roles([[code], other.nhs])).toEqual(['Kofi infant', 'Robin partner']);
      },
    );

    it.each([
      ['a father', 'FTH', 'MTH'],
      ['a parent', 'PRN', 'GESTM'],
      ['a second mother', 'MTH', 'GESTM'],
    ])('but who gave birth or is called so, beside %s, in either order', (_, code, hers) => {
      const family: Said[] = [
        [[code], other.nhs],
        [[hers], MOTHER.nhs],
      ];
      for (const order of [family, family.toReversed()])
        expect(roles(...order)).toEqual(['Amara mother', 'Kofi infant', 'Robin partner']);
    });

    it('of two who are called so, until evidence says who gave birth', () => {
      const both: Said[] = [
        [['MTH'], other.nhs],
        [['MTH'], MOTHER.nhs],
      ];
      expect(roles(...both)).toEqual(['Amara partner', 'Kofi infant', 'Robin partner']);
    });
  });

  it('let a referral without pregnancy data adopt the one birth that fits', () => {
    say(visiting, '09-10', patient('patient', MOTHER), ...referral('R1', perinatal.id));
    const before = store.all('Group')[0]?.id;
    say(
      maternity,
      '09-02',
      patient('patient', BABY),
      relative('pid-21', 'patient', ['GESTM'], { nhs: MOTHER.nhs }),
    );
    expect(store.all('Group').map(({ id }) => id)).toEqual([before]);
  });

  it("tell of a mother's care in the journey it belongs to, not in that of her older child", () => {
    const child = (n: number, given: string, born: string) =>
      say(
        maternity,
        `09-0${n}`,
        patient('patient', { nhs: nhsNumber(30 + n), given, born }),
        relative('pid-21', 'patient', ['GESTM'], { nhs: MOTHER.nhs }),
      );
    child(1, 'Yaa', '2023-02-01');
    child(2, 'Ama', '2026-08-20');
    say(visiting, '09-10', patient('patient', MOTHER), ...referral('R1', perinatal.id));
    const [younger] = store.all('Group').filter(({ state }) => state?.startsWith('birth-12m:2026'));
    const told = store.events.filter(({ code }) => code === 'referral-received');
    expect(told.map(({ journey, stage }) => ({ journey, stage }))).toEqual([
      { journey: younger?.id, stage: 'birth-12m' },
    ]);
  });

  it('put twins of one mother into one journey, and her earlier child into another', () => {
    const child = (n: number, given: string, born: string) =>
      say(
        maternity,
        `09-0${n}`,
        patient('patient', { nhs: nhsNumber(20 + n), given, born }),
        relative('pid-21', 'patient', ['GESTM'], { nhs: MOTHER.nhs }),
      );
    say(visiting, '09-01', patient('patient', MOTHER));
    child(2, 'Ama', '2026-08-20');
    child(3, 'Esi', '2026-08-21');
    child(4, 'Yaa', '2023-02-01');
    expect(store.all('Group')).toHaveLength(2);
    expect(store.facts.members.filter(({ role }) => role === 'infant')).toHaveLength(3);
  });

  it.each(['012', '021', '102', '120', '201', '210'])(
    'are one for babies of one day whom only the third ties together, told in the order %s',
    (order) => {
      const [one, two] = [MOTHER.nhs, nhsNumber(5)];
      say(visiting, '09-01', patient('patient', MOTHER));
      say(
        visiting,
        '09-01',
        patient('patient', { nhs: two, given: 'Ruth', family: 'Bell', born: '1991-01-01' }),
      );
      const named = [[one], [one, two], [two]];
      for (const n of [...order].map(Number)) {
        const parents = (named[n] ?? []).map((nhs, index) =>
          relative(`parent-${index}`, 'patient', ['PRN'], { nhs }),
        );
        const baby = {
          nhs: nhsNumber(20 + n),
          given: ['Ama', 'Esi', 'Yaa'][n] as string,
          born: '2026-08-20',
        };
        say(maternity, '09-02', patient('patient', baby), ...parents);
      }
      expect(store.all('Group')).toHaveLength(1);
    },
  );

  it('keep the birth of a person apart from what the same person is later cared for', () => {
    const grown = patient('patient', { ...BABY, local: 'B1' });
    say(maternity, '09-02', grown, episode('E1', 'active', { start: '2026-08-20' }));
    say(camhs, '09-03', patient('patient', BABY), episode('E2', 'active', { start: '2031-01-01' }));
    expect(store.all('Group')).toHaveLength(2);
    expect(new Set(store.facts.members.map(({ journey }) => journey)).size).toBe(2);
  });

  it('hold a spell pending at the receiver until that service itself says it has begun', () => {
    say(visiting, '09-10', patient('patient', MOTHER), ...referral('R1', perinatal.id));
    expect(store.facts.involvements).toMatchObject([{ service: perinatal.id, state: 'pending' }]);
    const taken = patient('patient', MOTHER);
    const accepted = episode('E1', 'active');
    const [request] = store.all('ServiceRequest');
    Object.assign(accepted.resource, { referralRequest: [{ reference: `ServiceRequest/${request?.id}` }] });
    say(perinatal, '09-12', taken, accepted);
    expect(store.all('EpisodeOfCare')).toHaveLength(1);
    expect(store.facts.involvements).toMatchObject([{ service: perinatal.id, state: 'open' }]);
    expect(store.events.map(({ code }) => code)).toEqual(
      expect.arrayContaining(['referral-received', 'referral-accepted', 'episode-started']),
    );
  });

  it('keep care that has begun begun when its service accepts the referral once more, until it says that it ended', () => {
    say(visiting, '09-10', patient('patient', MOTHER), ...referral('R1', perinatal.id));
    const referralRequest = [{ reference: `ServiceRequest/${store.all('ServiceRequest')[0]?.id}` }];
    const own = (id: string, status: string) => {
      const said = episode(id, 'active');
      Object.assign(said.resource, { status, referralRequest });
      return said;
    };
    say(perinatal, '09-12', patient('patient', MOTHER), own('E1', 'active'));
    say(perinatal, '09-13', patient('patient', MOTHER), own('answer', 'waitlist'));
    expect(store.all('EpisodeOfCare')).toMatchObject([{ content: { status: 'active' } }]);
    say(perinatal, '09-14', patient('patient', MOTHER), own('E1', 'finished'));
    expect(store.all('EpisodeOfCare')).toMatchObject([{ content: { status: 'finished' } }]);
  });

  it('give nobody access by saying that another service has taken the patient on', () => {
    const claimed = episode('E1', 'active');
    Object.assign(claimed.resource, { managingOrganization: { reference: `Organization/${perinatal.id}` } });
    say(camhs, '09-12', patient('patient', MOTHER), claimed);
    expect(store.facts.involvements).toMatchObject([{ service: perinatal.id, state: 'pending' }]);
  });

  it('withdraw a referral that is revoked, and end the access it gave', () => {
    say(visiting, '09-10', patient('patient', MOTHER), ...referral('R1', perinatal.id));
    say(visiting, '09-11', patient('patient', MOTHER), ...referral('R1', perinatal.id, 'revoked'));
    expect(store.facts.involvements).toEqual([]);
    expect(store.rechecked()).toContain(store.all('ServiceRequest')[0]?.id);
  });

  describe('take up a referral that they do not cite', () => {
    const asked = (id: string, day = '09-01') =>
      say(visiting, day, patient('patient', MOTHER), ...referral(id, perinatal.id));
    const began = (id: string, start = '2026-09-10', from = perinatal) =>
      say(from, '11-20', patient('patient', MOTHER), episode(id, 'active', { start }));
    const cited = () =>
      store.all('EpisodeOfCare').map(({ content, state }) => {
        const [reference] = (content as EpisodeOfCare).referralRequest ?? [];
        return [state, reference?.extension?.[0]?.valueBoolean ?? reference?.reference ?? null];
      });
    const tagsOf = () =>
      store
        .all('ServiceRequest')
        .map(({ content }) => content.meta?.tag?.map(({ code }) => code).join() ?? '');

    it.each(['asked first', 'begun first'])(
      'where it is the one that is open, %s: marked, and told to who asked',
      (order) => {
        const said = [() => asked('R1'), () => began('P1')];
        for (const one of order === 'asked first' ? said : said.reverse()) one();
        expect(cited()).toEqual([['active', true]]);
        expect(tagsOf()[0]).toContain('taken-up');
        const accepted = store.events.filter(({ code }) => code === 'referral-accepted');
        expect(accepted).toMatchObject([{ services: expect.arrayContaining([visiting.id, perinatal.id]) }]);
        expect(accepted[0]?.focus.type).toBe('ServiceRequest');
      },
    );

    it.each([
      ['it is of another service', [['R1', '09-01']], '2026-09-10', camhs],
      ['care began before it', [['R1', '09-01']], '2026-08-30', perinatal],
      ['care began over half a year after it', [['R1', '02-01']], '2026-09-10', perinatal],
      [
        'two are open',
        [
          ['R1', '09-01'],
          ['R2', '09-02'],
        ],
        '2026-09-10',
        perinatal,
      ],
    ] as const)('not where %s', (_, referrals, start, from) => {
      for (const [id, day] of referrals) asked(id, day);
      began('E1', start, from);
      expect(tagsOf().every((tags) => !tags.includes('taken-up'))).toBe(true);
      expect(cited()).toContainEqual(['active', null]);
    });

    it('nor does anybody else’s referral under the same number take an answer from who was heard first', () => {
      const numbered = (id: string) => {
        const [request, ...rest] = referral(id, perinatal.id);
        Object.assign(request?.resource ?? {}, { identifier: [{ system: 'https://r.example', value: '7' }] });
        return [request, ...rest] as ReturnType<typeof referral>;
      };
      say(visiting, '09-02', patient('patient', MOTHER), ...numbered('R1'));
      const answer = episode('P1', 'active', { start: '2026-09-10' });
      const identifier = { system: 'https://r.example', value: '7' };
      Object.assign(answer.resource, { referralRequest: [{ identifier }] });
      say(perinatal, '09-11', patient('patient', MOTHER), answer);
      const takenUp = () =>
        store
          .all('ServiceRequest')
          .flatMap(({ id, content }) =>
            content.meta?.tag?.some(({ code }) => code === 'taken-up') ? id : [],
          );
      const before = takenUp();
      expect(before).toHaveLength(1);
      // Backdated: what counts is when it was heard.
      say(camhs, '08-01', patient('patient', { ...MOTHER, local: 'C1' }), ...numbered('R2'));
      expect(takenUp()).toEqual(before);
      expect(store.events.filter(({ code }) => code === 'referral-accepted')).toHaveLength(1);
    });

    it('once: of two episodes the first, and none once another says that it answers it', () => {
      asked('R1');
      began('P2', '2026-09-20');
      began('P1', '2026-09-10');
      expect(cited()).toEqual(
        expect.arrayContaining([
          ['active', true],
          ['active', null],
        ]),
      );
      const answer = episode('P3', 'active', { start: '2026-10-01' });
      const reference = `ServiceRequest/${store.all('ServiceRequest')[0]?.id}`;
      Object.assign(answer.resource, { referralRequest: [{ reference }] });
      say(perinatal, '11-21', patient('patient', MOTHER), answer);
      expect(cited().filter(([, how]) => how === true)).toEqual([]);
      expect(cited()).toHaveLength(3);
    });
  });

  it('open another episode for a second referral', () => {
    say(visiting, '09-10', patient('patient', MOTHER), ...referral('R1', perinatal.id));
    say(visiting, '09-20', patient('patient', MOTHER), ...referral('R2', perinatal.id));
    expect(store.all('EpisodeOfCare')).toHaveLength(2);
  });

  it('stop contacts about the twin who died, and not the clock of the other; a retraction resumes nothing by itself', () => {
    const mother = relative('pid-21', 'patient', ['GESTM'], { nhs: MOTHER.nhs });
    const twin = (n: number, rest = {}) =>
      patient('patient', {
        nhs: nhsNumber(20 + n),
        local: `T${n}`,
        given: ['Ama', 'Esi'][n] as string,
        born: '2026-08-20',
        rest,
      });
    say(visiting, '09-01', patient('patient', MOTHER));
    for (const n of [0, 1]) say(maternity, '09-02', twin(n), mother);
    say(maternity, '09-06', twin(1, { deceasedDateTime: '2026-08-26' }), mother);
    const stages = store.all('Group')[0]?.state?.split('|')[0];
    expect(stages).not.toContain('contact-stop');
    const told = () =>
      store.events.flatMap(({ code, persons }) => (/stop|loss/.test(code) ? [[code, persons]] : []));
    const lost = store
      .all('Patient')
      .find(({ content }) => (content as Patient).name?.[0]?.given?.[0] === 'Esi')?.id;
    // The mother's services are told as the infant's own are; the other twin's are not.
    const concerned = [
      lost,
      store.all('Patient').find(({ content }) => (content as Patient).birthDate === MOTHER.born)?.id,
    ];
    expect(told()).toEqual([
      ['contact-stop', concerned],
      ['loss', concerned],
    ]);
    say(maternity, '09-07', twin(1), mother);
    expect(told().slice(2)).toEqual([['loss-retracted', concerned]]);
  });

  it('are told again of a chart that parts from the one who died and may still be that infant', () => {
    const dead = { rest: { deceasedDateTime: '2026-08-26' } };
    say(neonatal, '09-01', patient('patient', { ...BABY, local: 'N1', ...dead }));
    say(maternity, '09-02', patient('patient', { ...BABY, local: 'B1' }), episode('V1', 'active'));
    const before = store.events.length;
    say(
      visiting,
      '09-03',
      patient('patient', { ...BABY, born: '1994-03-02' }),
      ...referral('R1', visiting.id),
    );
    const own = store.facts.statements.find(({ type, systemId }) => type === 'Patient' && systemId === 1);
    const stop = store.events.slice(before).find(({ code }) => code === 'contact-stop');
    expect(store.events.slice(before).map(({ code }) => code)).toContain('person-unmerged');
    expect([stop?.to, stop?.persons.includes(own?.person ?? '')]).toEqual([[maternity.id], true]);
  });

  it('are not told again when two charts of the infant prove one, and are to another mother', () => {
    const mother = relative('mother', 'patient', ['MTH'], { nhs: MOTHER.nhs });
    const visited = { ...BABY, local: 'H1', verified: false };
    say(maternity, '08-20', patient('patient', MOTHER));
    say(visiting, '08-20', patient('patient', visited), mother);
    const dead = { ...BABY, local: 'N1', rest: { deceasedDateTime: '2026-08-21' } };
    say(
      neonatal,
      '08-21',
      patient('patient', dead),
      relative('m', 'patient', ['GESTM'], { nhs: MOTHER.nhs }),
    );
    const losses = () => store.events.filter(({ code }) => code === 'loss' || code === 'contact-stop').length;
    expect(losses()).toBe(2);
    say(visiting, '08-22', patient('patient', { ...visited, verified: true }), mother);
    expect(store.all('Patient')).toHaveLength(2);
    expect(losses()).toBe(2);
    const other = { nhs: nhsNumber(3), given: 'Ruth', family: 'Bell', born: '1991-05-05', local: 'R1' };
    const right = relative('m', 'patient', ['GESTM'], { nhs: other.nhs });
    say(perinatal, '08-19', patient('patient', other), episode('P1', 'active', { start: '2026-08-01' }));
    say(neonatal, '08-24', patient('patient', dead), right);
    expect(losses()).toBe(4);
    expect(store.events.at(-1)?.to ?? store.events.findLast(({ code }) => code === 'loss')?.to).toEqual([
      perinatal.id,
    ]);
  });

  it('go on where the sender says that the infant lives, without taking back the time of death', () => {
    const infant = (rest: object) => patient('patient', { ...BABY, local: 'B1', rest });
    store.hear(
      maternity,
      record('2026-09-05T10:00:00Z', [infant({ deceasedDateTime: '2026-09-05' })], 'delta'),
    );
    expect(store.all('Group')[0]?.state).toContain('contact-stop');
    store.hear(maternity, record('2026-09-06T10:00:00Z', [infant({ deceasedBoolean: false })], 'delta'));
    expect(store.all('Group')[0]?.state).not.toContain('contact-stop');
    expect(store.events.map(({ code }) => code)).toContain('loss-retracted');
  });

  it('are open from the first of two spells at one service, whichever was heard of first', () => {
    const spells = [episode('E1', 'active', { start: '2026-09-05' }), episode('E2', 'active')];
    for (const spell of spells) say(perinatal, '09-10', patient('patient', MOTHER), spell);
    expect(store.facts.involvements).toMatchObject([{ state: 'open', since: '2026-09-01T00:00:00.000Z' }]);
  });

  it('stop the clock without a cause when a service that may say so records the death of the infant', () => {
    say(visiting, '09-01', patient('patient', MOTHER));
    const mother = relative('pid-21', 'patient', ['GESTM'], { nhs: MOTHER.nhs });
    say(maternity, '09-02', patient('patient', { ...BABY, local: 'B1' }), mother);
    const died = { rest: { deceasedDateTime: '2026-09-05' } };
    say(camhs, '09-06', patient('patient', { ...BABY, ...died }), mother);
    expect(store.all('Group')[0]?.state).not.toContain('contact-stop');
    say(maternity, '09-06', patient('patient', { ...BABY, local: 'B1', ...died }), mother);
    expect(store.all('Group')[0]?.state).toContain(
      'birth-12m:2026-08-20 contact-stop:2026-09-05 @contact-stop|',
    );
    expect(store.events.map(({ code }) => code)).toContain('contact-stop');
  });
});
