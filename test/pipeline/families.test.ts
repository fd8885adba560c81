/** Families as a clinician would tell them: the same end in whatever order the messages come, and what nobody may learn of them. */
import { afterEach, describe, expect, test } from 'vitest';
import type { Household, Send, Services } from '../support/household.ts';
import { adt, barsReferral, episodeBundle } from '../support/messages.ts';
import { nhsNumber, type Someone } from '../support/records.ts';
import {
  ago,
  at,
  bars,
  given,
  hl7,
  intake,
  journeys,
  MATERNITY,
  people,
  relations,
  told as tell,
  transaction,
  v2,
} from '../support/telling.ts';

const ORDERS = [0, 1, 2];

let household: Household | undefined;
afterEach(async () => {
  await household?.stop();
  household = undefined;
});

async function told(services: Services, messages: Send[], seed: number): Promise<Household> {
  household = await tell(services, messages, seed);
  return household;
}

const MOTHER = { nhs: nhsNumber(101), given: 'Tamsin', family: 'Penrose', born: '1994-03-02', local: 'M1' };
const BABY = { nhs: nhsNumber(102), given: 'Kit', family: 'Penrose', born: ago(90), local: 'B1' };
const SISTER = { nhs: nhsNumber(103), given: 'Elowen', family: 'Penrose', born: ago(1000), local: 'S1' };
const CSV = 'reference,referred_on,given_name,family_name,date_of_birth,reason,consent\n';

describe('the case that the programme was made for', () => {
  const services: Services = {
    ...MATERNITY,
    visiting: ['health-visiting', 'RXV', 'bars-referral'],
    perinatal: ['specialist-perinatal', 'RXP', 'fhir-r4'],
    camhs: ['camhs-0-5', 'RXC', 'fhir-r4'],
    infancy: ['parent-infant', 'RXI', 'fhir-r4'],
    dads: ['third-sector-partner', 'RXD', 'third-sector-csv'],
  };
  const messages: Send[] = [
    hl7(adt(SISTER, { mother: MOTHER.nhs, id: 'M0', visit: 'V0', at: v2(SISTER.born) })),
    hl7(adt(BABY, { mother: MOTHER.nhs, id: 'M1', at: v2(BABY.born) })),
    bars(barsReferral(MOTHER, { at: at(ago(24)) }), 'visiting'),
    transaction(episodeBundle(BABY, { id: 'C1', start: ago(16), at: at(ago(16)) }), 'camhs'),
    transaction(
      episodeBundle(MOTHER, { id: 'P1', start: ago(10), at: at(ago(10)), referral: 'R-1' }),
      'perinatal',
    ),
    transaction(episodeBundle(MOTHER, { id: 'I1', start: ago(4), at: at(ago(4)) }), 'infancy'),
    transaction(episodeBundle(BABY, { id: 'I2', start: ago(4), at: at(ago(4)) }), 'infancy'),
    intake('dads', 'text/csv', `${CSV}HD-31,${ago(20)},Jago,Trewin,1990-01-31,low mood,yes\n`),
  ];

  test.each(ORDERS)(
    'one family and its older child apart; the partner a stranger; order %i',
    async (seed) => {
      const family = await told(services, messages, seed);
      expect(await people(family)).toEqual(['Elowen', 'Jago', 'Kit', 'Tamsin']);
      expect(await journeys(family)).toEqual(['Elowen, Tamsin: after-24m', 'Kit, Tamsin: birth-12m']);
      expect(await relations(family)).toEqual(['Elowen: MTH', 'Kit: MTH', 'Tamsin: CHILD', 'Tamsin: CHILD']);
      // The charity learns nothing but its own row; nobody learns of the partner.
      const charity = await family.allThatReaches('dads');
      for (const word of ['Tamsin', 'Kit', 'Elowen', 'Penrose', MOTHER.nhs, BABY.nhs])
        expect(charity).not.toContain(word);
      for (const system of ['perinatal', 'visiting', 'camhs', 'infancy', 'maternity'])
        expect(await family.allThatReaches(system)).not.toMatch(/Jago|Trewin|low mood/);
      // CAMHS: the mother is in care, not why, and nothing of the older child.
      const camhs = await family.allThatReaches('camhs');
      expect(camhs).toContain('Tamsin');
      expect(camhs).not.toMatch(/Elowen|R-1/);
      expect(family.told('infancy')).toContain('episode-started');
      expect(family.told('dads').filter((code) => !['unnamed', 'referral-received'].includes(code))).toEqual(
        [],
      );
    },
  );
});

describe('he asserts himself', () => {
  const services: Services = {
    ...MATERNITY,
    perinatal: ['specialist-perinatal', 'RXP', 'fhir-r4'],
    dads: ['third-sector-partner', 'RXD', 'third-sector-form'],
  };
  const form = (nhs: string) =>
    JSON.stringify({
      ...{ reference: 'F-1', submittedAt: at(ago(5)), consent: true },
      person: { givenName: 'Jago', familyName: 'Trewin', dateOfBirth: '1990-01-31' },
      relationship: { to: 'my partner', nhsNumber: nhs },
    });

  test.each(ORDERS)('and is a stranger to everyone, answered as any other; order %i', async (seed) => {
    const answers: string[] = [];
    const his: Send = async (skein) => {
      const reply = await skein.intake('dads', 'application/json', form(MOTHER.nhs));
      answers.push(JSON.stringify(reply.body));
      return reply;
    };
    const named = `NK1|1|Trewin^Jago||||||||||||||||||||||||||||||`;
    const family = await told(
      services,
      [
        hl7(adt(MOTHER, { id: 'M1', at: v2(ago(60)), nk1: named })),
        transaction(episodeBundle(MOTHER, { id: 'P1', start: ago(50), at: at(ago(50)) }), 'perinatal'),
        his,
      ],
      seed,
    );
    expect(await people(family)).toEqual(['Jago', 'Tamsin']);
    expect((await relations(family)).filter((relation) => relation.startsWith('Jago'))).toEqual([]);
    const charity = await family.allThatReaches('dads');
    for (const word of ['Tamsin', 'Penrose', 'perinatal', 'RXP', 'RXM', MOTHER.born])
      expect(charity).not.toContain(word);
    const stranger = await family.skein.intake(
      'dads',
      'application/json',
      form(nhsNumber(999)).replace('F-1', 'F-2'),
    );
    const plain = (text: string) =>
      text.replace(/"(message|id|identifier)[^,}]*/g, '').replace(/[0-9a-f-]{36}|F-\d/g, '');
    expect(plain(answers[0] ?? '')).toBe(plain(JSON.stringify(stranger.body)));
    expect(family.told('perinatal')).not.toContain('member-linked');
  });
});

describe('a father who is in care himself', () => {
  const father = { nhs: nhsNumber(109), given: 'Jago', family: 'Trewin', born: '1990-01-31', local: 'F1' };
  const services: Services = {
    ...MATERNITY,
    camhs: ['camhs-0-5', 'RXC', 'fhir-r4'],
    visiting: ['health-visiting', 'RXV', 'fhir-r4'],
    infancy: ['parent-infant', 'RXI', 'fhir-r4'],
    adults: ['cmht', 'RXA', 'fhir-r4'],
  };
  const nk1 = `NK1|1|Trewin^Jago|FTH${'|'.repeat(30)}${father.nhs}^^^NHS^NH`;
  const his: Send[] = [
    transaction(episodeBundle(father, { id: 'A1', start: ago(70), at: at(ago(70)) }), 'adults'),
    hl7(adt(BABY, { id: 'M1', at: v2(BABY.born), nk1 })),
    ...['camhs', 'visiting', 'infancy'].map((system, n) =>
      transaction(episodeBundle(BABY, { id: `C${n}`, start: ago(50), at: at(ago(50)) }), system),
    ),
  ];
  const hers: Send[] = [
    transaction(episodeBundle(MOTHER, { id: 'A2', start: ago(60), at: at(ago(60)) }), 'adults'),
    hl7(adt(BABY, { event: 'A08', mother: MOTHER.nhs, id: 'M2', at: v2(ago(40)), nk1 })),
  ];
  const HIM = new RegExp(`Jago|Trewin|${father.nhs}|1990-01-31`);

  test('is told to no service of his baby, nor the baby to his, while the mother is not known', async () => {
    const family = await told(services, his, 0);
    expect(await journeys(family)).toEqual(['Jago, Kit: birth-12m']);
    for (const system of ['camhs', 'visiting', 'infancy'])
      expect(await family.allThatReaches(system)).not.toMatch(HIM);
    expect(await family.allThatReaches('adults')).not.toMatch(new RegExp(`Kit|${BABY.nhs}|${BABY.born}`));
  });

  test.each(ORDERS)(
    'is told to no service of his baby, whenever the mother’s message comes; order %i',
    async (seed) => {
      const family = await told(services, [...his, ...hers], seed);
      expect(await journeys(family)).toEqual(['Jago, Kit, Tamsin: birth-12m']);
      for (const system of ['camhs', 'visiting', 'infancy']) {
        const seen = await family.allThatReaches(system);
        expect(seen).not.toMatch(HIM);
        expect(seen).toContain('Tamsin');
      }
    },
  );
});

describe('one twin dies in neonatal care', () => {
  const services: Services = {
    ...MATERNITY,
    infancy: ['parent-infant', 'RXI', 'fhir-r4'],
    hub: ['family-hub', 'RXH', 'fhir-r4'],
  };
  const day = ago(30);
  const twin = (n: number, name: string): Someone & { local: string; born: string } => ({
    local: `T${n}`,
    given: name,
    family: 'Osei',
    born: day,
  });
  const birth = (
    who: ReturnType<typeof twin>,
    order: number,
    more: { event?: string; id: string; at: string },
    died = '',
  ) => {
    const [msh, evn, pid = '', ...rest] = adt(who, {
      mother: MOTHER.nhs,
      visit: `V${order}`,
      verified: false,
      ...more,
    }).split('\r');
    const fields = pid.split('|');
    [fields[24], fields[25], fields[29], fields[30]] = ['Y', String(order), died, died ? 'Y' : ''];
    return hl7([msh, evn, Array.from(fields, (field) => field ?? '').join('|'), ...rest].join('\r'));
  };
  const messages: Send[] = [
    hl7(adt(MOTHER, { id: 'M0', event: 'A28', at: v2(ago(40)) })),
    birth(twin(1, 'TWIN1 OF TAMSIN'), 1, { id: 'T1', at: v2(day) }),
    birth(twin(2, 'TWIN2 OF TAMSIN'), 2, { id: 'T2', at: v2(day) }),
    birth(twin(1, 'Jayden'), 1, { id: 'T3', event: 'A08', at: v2(ago(28)) }),
    birth(twin(2, 'Kayden'), 2, { id: 'T4', event: 'A08', at: v2(ago(28)) }),
    birth(twin(2, 'Kayden'), 2, { id: 'T5', event: 'A08', at: v2(ago(24)) }, v2(ago(24))),
    transaction(episodeBundle(MOTHER, { id: 'I1', start: ago(20), at: at(ago(20)) }), 'infancy'),
  ];

  test.each(ORDERS)('two infants, one journey, which goes on for the other; order %i', async (seed) => {
    const family = await told(services, messages, seed);
    expect(await people(family)).toEqual(['Jayden', 'Kayden', 'Tamsin']);
    // The stop is that of the one who died (whose a stage is: told.test.ts).
    expect(await journeys(family)).toEqual(['Jayden, Kayden, Tamsin: contact-stop birth-12m']);
    expect(family.told('hub')).not.toContain('loss');
    expect(await family.allThatReaches('hub')).not.toMatch(/Jayden|Kayden|Tamsin/);
    // A birthday of the one who lives says nothing of the other.
    const [dead] = (await family.find('Patient')).filter((one) => given(one) === 'Kayden');
    expect(dead).toHaveProperty('deceasedDateTime');
  });
});

describe('a second pregnancy with a new partner', () => {
  const second = { nhs: nhsNumber(104), given: 'Wren', family: 'Penrose', born: ago(15), local: 'B2' };
  const services: Services = {
    ...MATERNITY,
    camhs: ['camhs-0-5', 'RXC', 'fhir-r4'],
    exes: ['third-sector-partner', 'RXD', 'third-sector-csv'],
    news: ['third-sector-partner', 'RXE', 'third-sector-csv'],
  };
  const messages: Send[] = [
    hl7(adt(MOTHER, { id: 'M0', event: 'A28', at: v2(ago(700)) })),
    hl7(adt({ ...SISTER, born: ago(600) }, { mother: MOTHER.nhs, id: 'M1', visit: 'V1', at: v2(ago(600)) })),
    transaction(
      episodeBundle({ ...SISTER, born: ago(600) }, { id: 'C1', start: ago(100), at: at(ago(100)) }),
      'camhs',
    ),
    hl7(adt(second, { mother: MOTHER.nhs, id: 'M2', visit: 'V2', at: v2(second.born) })),
    intake('exes', 'text/csv', `${CSV}EX-1,${ago(500)},Jago,Trewin,1990-01-31,low mood,yes\n`),
    intake('news', 'text/csv', `${CSV}NW-1,${ago(10)},Denzel,Hocking,1992-02-01,worry,yes\n`),
  ];

  test.each(ORDERS)(
    'is a journey of its own, of which the first child’s services learn nothing; order %i',
    async (seed) => {
      const family = await told(services, messages, seed);
      expect(await journeys(family)).toEqual(['Elowen, Tamsin: 12-24m', 'Tamsin, Wren: birth-12m']);
      const camhs = await family.allThatReaches('camhs');
      expect(camhs).toContain('Tamsin');
      expect(camhs).not.toMatch(new RegExp(`Wren|${second.nhs}|${second.born}|Jago|Denzel`));
      for (const [system, never] of [
        ['exes', /Wren|Elowen|Tamsin|Denzel/],
        ['news', /Wren|Elowen|Tamsin|Jago/],
      ] as const)
        expect(await family.allThatReaches(system)).not.toMatch(never);
    },
  );
});

describe('the wrong baby, then undone', () => {
  const other = { nhs: nhsNumber(105), given: 'Bella', family: 'Bryce', born: '1991-07-09', local: 'M2' };
  const services: Services = {
    ...MATERNITY,
    visiting: ['health-visiting', 'RXV', 'fhir-r4'],
    infancy: ['parent-infant', 'RXI', 'fhir-r4'],
    perinatal: ['specialist-perinatal', 'RXP', 'fhir-r4'],
  };
  const messages: Send[] = [
    transaction(episodeBundle(MOTHER, { id: 'V1', start: ago(80), at: at(ago(80)) }), 'visiting'),
    transaction(episodeBundle(MOTHER, { id: 'I1', start: ago(70), at: at(ago(70)) }), 'infancy'),
    transaction(episodeBundle(other, { id: 'P1', start: ago(70), at: at(ago(70)) }), 'perinatal'),
    hl7(adt(BABY, { mother: MOTHER.nhs, id: 'M1', at: v2(ago(60)) })),
    hl7(adt(BABY, { event: 'A08', mother: other.nhs, id: 'M2', at: v2(ago(50)) })),
    hl7(adt(other, { event: 'A28', id: 'M3', at: v2(ago(49)) })),
  ];

  test.each(ORDERS)('leaves neither mother known to the other’s services; order %i', async (seed) => {
    const family = await told(services, messages, seed);
    expect(await relations(family)).toEqual(['Bella: CHILD', 'Kit: MTH']);
    const readNow = async (system: string) =>
      JSON.stringify([
        await family.find('Patient', '', system),
        await family.find('Group', '', system),
        await family.find('RelatedPerson', '', system),
      ]);
    for (const system of ['visiting', 'infancy']) {
      expect(await family.allThatReaches(system)).not.toMatch(new RegExp(`Bella|Bryce|${other.nhs}`));
      expect(await readNow(system)).not.toMatch(/Kit/);
      // Who was told of the false link is told that it is undone; so is who only could have read it.
      const codes = family.told(system);
      const count = (code: string) => codes.filter((one) => one === code).length;
      if (seed === 0) expect(count('member-linked')).toBeGreaterThan(0);
      expect(count('member-unlinked')).toBeGreaterThanOrEqual(count('member-linked'));
    }
    expect(await family.allThatReaches('perinatal')).not.toMatch(new RegExp(`Tamsin|${MOTHER.nhs}`));
    expect(await readNow('perinatal')).toMatch(/Kit/);
  });
});

describe('fifteen, and by herself', () => {
  const girl = {
    nhs: nhsNumber(106),
    given: 'Morwenna',
    family: 'Pascoe',
    born: ago(15 * 365 + 30),
    local: 'G1',
  };
  const baby = { nhs: nhsNumber(107), given: 'Jory', family: 'Pascoe', born: ago(20), local: 'GB' };
  const grandmother = {
    nhs: nhsNumber(108),
    given: 'Morwenna',
    family: 'Pascoe',
    born: '1975-05-05',
    local: 'GM',
  };
  const services: Services = {
    ...MATERNITY,
    camhs: ['camhs-0-5', 'RXC', 'fhir-r4'],
    social: ['childrens-services', 'RXS', 'fhir-r4'],
    charity: ['third-sector', 'RXD', 'third-sector-form'],
  };
  const messages: Send[] = [
    intake(
      'charity',
      'application/json',
      JSON.stringify({
        reference: 'F-1',
        submittedAt: at(ago(90)),
        consent: true,
        person: { givenName: girl.given, familyName: girl.family, dateOfBirth: girl.born },
      }),
    ),
    transaction(episodeBundle(girl, { id: 'C1', start: ago(80), at: at(ago(80)) }), 'camhs'),
    hl7(adt(girl, { id: 'M1', visit: 'V1', at: v2(ago(60)) })),
    hl7(adt(grandmother, { id: 'M2', event: 'A28', at: v2(ago(59)) })),
    hl7(adt(baby, { mother: girl.nhs, id: 'M3', visit: 'V2', at: v2(baby.born) })),
    transaction(episodeBundle(baby, { id: 'S1', start: ago(18), at: at(ago(18)) }), 'social'),
  ];

  test.each(ORDERS)(
    'is her child’s mother, no other Morwenna is, and the charity gets no content; order %i',
    async (seed) => {
      const family = await told(services, messages, seed);
      expect(await relations(family)).toEqual(['Jory: MTH', 'Morwenna: CHILD']);
      expect((await family.find('Patient')).filter((one) => given(one) === 'Morwenna').length).toBe(3);
      expect(await family.allThatReaches('charity')).not.toMatch(/Jory|camhs|RXC|RXM/);
      expect(
        family.told('charity').filter((code) => !['unnamed', 'referral-received'].includes(code)),
      ).toEqual([]);
      // Her baby's social worker learns nothing of her own therapy.
      expect(await family.allThatReaches('social')).not.toMatch(/"C1"|Organization\/[^"]*camhs/);
    },
  );
});
