/** Messages that nobody wrote the code for: mistakes of real senders, which must neither merge two people nor lose anything. */
import { randomUUID } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { addSystem, findSystem } from '../../src/access/register/systems.ts';
import { loadMappings } from '../../src/map/language/load-mappings.ts';
import type { System } from '../../src/model.ts';
import { rebuild, replayHeld } from '../../src/pipeline/rebuild.ts';
import { intake } from '../../src/pipeline.ts';
import { openPool } from '../../src/store/pool.ts';
import { ownProfiles } from '../../src/validate/profiles.ts';
import { testContext } from '../support/context.ts';
import { type TestDatabase, testDatabase } from '../support/database.ts';
import { adt, barsReferral, episodeBundle } from '../support/messages.ts';
import { nhsNumber } from '../support/records.ts';
import { startSkein } from '../support/skein.ts';

const MOTHER = { nhs: nhsNumber(1), given: 'Amara', family: 'Osei', born: '1994-03-02', local: 'M1' };
const BABY = { nhs: nhsNumber(2), given: 'Kofi', family: 'Osei', born: '2026-08-20', local: 'B1' };
const NUMBER = 'https://fhir.nhs.uk/Id/nhs-number';

let database: TestDatabase;
let skein: Awaited<ReturnType<typeof startSkein>>;
beforeEach(async () => {
  database = await testDatabase();
  skein = await startSkein(database);
  for (const [name, ods] of [
    ['one', 'RAA'],
    ['two', 'RBB'],
    ['PAS', 'RXM'],
    ['visitors', 'RXV'],
    ['charity', 'CHX'],
  ] as const) {
    await addSystem(database.pool, database.key, {
      name,
      ods,
      team: name,
      sector: 'maternity',
      kind: null,
      source: null,
    });
  }
});
afterEach(() => skein.stop());

const resources = async (type: string) => {
  const { body } = await skein.get(`/fhir/${type}?_count=100`);
  const entries = (body.entry ?? []) as { resource: { resourceType: string } & Record<string, unknown> }[];
  return entries.map(({ resource }) => resource).filter(({ resourceType }) => resourceType === type);
};
const people = async () => (await resources('Patient')).filter(({ active }) => active !== false);
const context = async () => ({
  ...testContext(database),
  mappings: await loadMappings(),
  profiles: ownProfiles(),
});

const person = (who: {
  nhs?: string;
  local?: string;
  given: string | string[];
  born?: string;
  family?: string;
}) => {
  const url = 'https://fhir.hl7.org.uk/StructureDefinition/Extension-UKCore-NHSNumberVerificationStatus';
  const extension = [{ url, valueCodeableConcept: { coding: [{ code: '01' }] } }];
  return {
    resourceType: 'Patient',
    identifier: [
      ...(who.local ? [{ system: 'https://one.example/mrn', value: who.local }] : []),
      ...(who.nhs ? [{ system: NUMBER, value: who.nhs, extension }] : []),
    ],
    name: [{ family: who.family ?? 'Osei', given: [who.given].flat() }],
    ...(who.born ? { birthDate: who.born } : {}),
  };
};
type Sent = { resourceType: string } & Record<string, unknown>;
const entry = (resource: Sent, fullUrl = `urn:uuid:${randomUUID()}`) => ({
  fullUrl,
  resource,
  request: { method: 'POST', url: resource.resourceType },
});
const bundle = (...entries: ReturnType<typeof entry>[]) => ({
  resourceType: 'Bundle',
  type: 'transaction',
  timestamp: '2026-09-12T09:00:00Z',
  entry: entries,
});

describe('two people under one identifier', () => {
  it('holds a baby sent with its mother’s hospital number, and leaves her record as it was', async () => {
    await skein.mllp(adt(MOTHER, { id: 'A1', event: 'A28' }));
    for (const [id, given] of [
      ['A2', 'Kofi'],
      ['A3', 'Baby'],
    ] as const) {
      const baby = { ...BABY, nhs: '', given, local: MOTHER.local };
      expect(await skein.mllp(adt(baby, { id, mother: MOTHER.nhs, at: '20260822090000' }))).toContain(
        `MSA|AE|${id}`,
      );
    }
    expect(await people()).toMatchObject([{ birthDate: MOTHER.born, name: [{ given: ['Amara'] }] }]);
  });

  it('holds a twin sent with the hospital number of the other', async () => {
    await skein.mllp(adt(BABY, { id: 'A1', event: 'A28' }));
    const twin = { ...BABY, nhs: nhsNumber(3), given: 'Ama' };
    expect(await skein.mllp(adt(twin, { id: 'A2', event: 'A28', at: '20260822090000' }))).toContain(
      'MSA|AE|A2',
    );
    expect(await people()).toHaveLength(1);
  });

  it('holds a bundle that gives one identifier to mother and baby', async () => {
    const reply = await skein.transaction(
      bundle(entry(person({ ...MOTHER, local: 'X' })), entry(person({ ...BABY, nhs: '', local: 'X' }))),
      'one',
    );
    expect(reply.status).toBe(422);
    expect(await people()).toEqual([]);
  });

  it('keeps twins apart who share a middle name, though one was sent with the number of the other', async () => {
    await skein.transaction(bundle(entry(person({ ...BABY, given: ['Kofi', 'Kwame'] }))), 'one');
    await skein.transaction(bundle(entry(person({ ...BABY, given: ['Yaw', 'Kwame'] }))), 'two');
    expect(await people()).toHaveLength(2);
  });

  it.each([
    ['Amara Jane', ['Amara']],
    ['Anne-Marie', ['Anne', 'Marie']],
    ['Jane', ['Amara', 'Jane']],
  ])('knows one person by "%s" and %j', async (one, two) => {
    await skein.transaction(bundle(entry(person({ ...MOTHER, given: one }))), 'one');
    await skein.transaction(bundle(entry(person({ ...MOTHER, given: two }))), 'two');
    expect(await people()).toHaveLength(1);
  });
});

describe('a number that is on more than a hundred charts', () => {
  it('joins nobody, not even those whom it had joined before', async () => {
    const charts = Array.from({ length: 101 }, (_, n) => entry(person({ ...MOTHER, local: `T${n}` })));
    expect((await skein.transaction(bundle(...charts), 'one')).status).toBe(200);
    expect(await people()).toHaveLength(1);
    expect(await skein.mllp(adt(MOTHER, { event: 'A28' }))).toContain('MSA|AA');
    const { rows } = await database.pool.query(
      "select id from resource where type = 'Patient' and state is null",
    );
    expect(rows).toHaveLength(102);
    expect(await rebuild(await context())).toMatchObject({ statements: 0, changed: 0 });
  });
});

describe('a relative', () => {
  it('of one family is not taken from it by a message that numbers its relatives from one, too', async () => {
    for (const n of [10, 20]) {
      const baby = { nhs: nhsNumber(n), given: `Baba${n}`, born: '2026-08-20' };
      const mother = { nhs: nhsNumber(n + 1), given: `Mama${n}`, born: '1990-01-01' };
      const referral = barsReferral({ ...baby, family: 'Bell' }, { id: `R-${n}` });
      const patient = referral.entry.find(({ resource }) => 'birthDate' in resource)?.fullUrl;
      const relation = {
        resourceType: 'RelatedPerson',
        id: 'rp1',
        patient: { reference: patient },
        identifier: [{ system: NUMBER, value: mother.nhs }],
        relationship: [{ coding: [{ code: 'GESTM' }] }],
      };
      const entries = [...referral.entry, { fullUrl: `urn:uuid:${randomUUID()}`, resource: relation }];
      await skein.transaction(bundle(entry(person(mother))), 'one');
      expect((await skein.bars({ ...referral, entry: entries }, undefined, 'visitors')).status).toBe(200);
    }
    expect(await resources('RelatedPerson')).toHaveLength(4);
  });
});

describe('a name', () => {
  it('that is withheld by an extension beside a null is no fault', async () => {
    const known = person(MOTHER);
    const withheld = {
      extension: [{ url: 'http://hl7.org/fhir/StructureDefinition/data-absent-reason', valueCode: 'masked' }],
    };
    const name = [{ family: 'Osei', given: [null], _given: [withheld] }];
    expect((await skein.transaction(bundle(entry({ ...known, name })), 'one')).status).toBe(200);
    expect((await skein.transaction(bundle(entry(known)), 'two')).status).toBe(200);
    expect(await people()).toHaveLength(2);
  });
});

describe('a message that does not say when', () => {
  it('is taken as said when it came, in every format', async () => {
    const undated = bundle(entry(person(MOTHER)));
    expect((await skein.transaction({ ...undated, timestamp: undefined }, 'one')).status).toBe(200);
    expect((await skein.intake('charity', 'text/csv', 'reference,given_name\nC-1,Yaw')).status).toBe(200);
    expect(await skein.mllp(adt(BABY, { id: 'A1', at: '' }))).toContain('MSA|AA|A1');
    expect((await people()).length).toBe(3);
  });
});

describe('two messages about one chart', () => {
  it.each(Array.from({ length: 6 }, (_, n) => n))(
    'of the same second: the later one stands (%i)',
    async (n) => {
      const surnames = [`Bell${n}`, `Ash${n}`, `Cole${n}`];
      for (const [index, family] of surnames.entries())
        expect(await skein.mllp(adt({ ...MOTHER, family }, { id: `A${index}`, event: 'A28' }))).toContain(
          'MSA|AA',
        );
      expect(await people()).toMatchObject([{ name: [{ family: `Cole${n}` }] }]);
      expect(await rebuild(await context())).toMatchObject({ statements: 0, changed: 0 });
    },
  );

  it('one from a clock that is years ahead: a correction still stands, and the sender is warned', async () => {
    await skein.mllp(adt({ ...MOTHER, family: 'Wrong' }, { id: 'A1', event: 'A28', at: '20990101090000' }));
    const { body } = await skein.get('/intake/messages?identifier=A1');
    expect(JSON.stringify(body)).toContain('MSH-7 is a time still to come');
    await skein.mllp(adt(MOTHER, { id: 'A2', event: 'A31', at: '' }));
    expect(await people()).toMatchObject([{ name: [{ family: 'Osei' }] }]);
  });

  it('whose hospital number changes place with another number of hers: her visit stays hers', async () => {
    const message = adt(MOTHER, { id: 'A1' });
    const numbers = `${MOTHER.local}^^^RXM^MR`;
    await skein.mllp(message.replace(numbers, `${numbers}~77^^^RXM^PI`));
    const swapped = adt(MOTHER, { id: 'A2', event: 'A08' }).replace(numbers, `77^^^RXM^PI~${numbers}`);
    expect(await skein.mllp(swapped)).toContain('MSA|AA|A2');
    expect(await people()).toHaveLength(1);
  });

  it('and another that its sender merges into it (A40): one person, whose other id answers as replaced', async () => {
    await skein.mllp(adt({ ...MOTHER, nhs: '', local: 'M0' }, { id: 'A1' }));
    await skein.mllp(adt(MOTHER, { id: 'A2', event: 'A28' }));
    expect(await people()).toHaveLength(2);
    const merge = `${adt(MOTHER, { id: 'A3', event: 'A40', at: '20260823090000' })}MRG|M0^^^RXM^MR\r`;
    expect(await skein.mllp(merge)).toContain('MSA|AA|A3');
    expect(await people()).toMatchObject([{ name: [{ given: ['Amara'] }] }]);
    const replaced = (await resources('Patient')).filter(({ active }) => active === false);
    expect(replaced).toMatchObject([{ link: [{ type: 'replaced-by' }] }]);
    expect(await rebuild(await context())).toMatchObject({ statements: 0, changed: 0 });
  });

  it('an older one that comes late changes nothing newer', async () => {
    await skein.mllp(adt(MOTHER, { id: 'A2', event: 'A28', at: '20260822090000' }));
    await skein.mllp(adt({ ...MOTHER, family: 'Former' }, { id: 'A1', event: 'A28', at: '20260821090000' }));
    expect(await people()).toMatchObject([{ name: [{ family: 'Osei' }] }]);
  });
});

describe('a referral', () => {
  const register = (team: string) =>
    addSystem(database.pool, database.key, {
      name: team,
      ods: 'RXP',
      team,
      sector: 'camhs-0-5',
      kind: null,
      source: null,
    });
  const warned = async (id: string) =>
    JSON.stringify((await skein.bars(barsReferral(MOTHER, { id, to: 'RXP' }))).body);

  it('says so where the service it names is not known, or is one of several, and not where there is one', async () => {
    expect(await warned('R-1')).toContain('RXP is not known here');
    await register('perinatal');
    expect(await warned('R-2')).not.toContain('no service sees it');
    await register('camhs');
    expect(await warned('R-3')).toContain('name the team');
  });
});

describe('a charity’s CSV', () => {
  const header = 'reference,referred_on,given_name,family_name,date_of_birth';

  it.each([
    ['Samuel', 'Simon'],
    ['Simon', 'Samuel'],
    ['Yaw', 'Yao'],
    ['Yao', 'Yaw'],
  ])('is corrected by a later file of the same referral date: %s to %s', async (was, is) => {
    for (const given of [was, is])
      await skein.intake('charity', 'text/csv', `${header}\nC-1,2026-09-01,${given},Bell,1988-01-02`);
    expect(await people()).toMatchObject([{ name: [{ given: [is] }] }]);
  });

  const file = (...rows: string[]) => skein.intake('charity', 'text/csv', [header, ...rows].join('\n'));
  const answered = ({ body }: Awaited<ReturnType<typeof file>>) => {
    const rows = body.rows as {
      position: string;
      status: string;
      issues: { field?: string; text: string }[];
    }[];
    return rows.map(({ position, status, issues }) => [
      ...[position, status],
      ...issues.map(({ field, text }) => `${field}: ${text}`),
    ]);
  };

  it('that says two things of one reference is held from the second on, whose row names the first and the column', async () => {
    const reply = await file(
      'C-1,2026-09-01,Sam,Bell,1988-01-02',
      'C-2,2026-09-01,Ann,Reed,1990-05-06',
      'C-1,2026-09-01,Joe,Bell,1988-01-02',
      'C-1,2026-09-02,Sam,Bell,1988-01-02',
    );
    expect(answered(reply)).toEqual([
      ['row 2', 'accepted'],
      ['row 3', 'accepted'],
      ['row 4', 'held', 'row 4, given_name: row 2 says otherwise of the same Patient: which is right?'],
      [
        'row 5',
        'held',
        'row 5, referred_on: row 2 says otherwise of the same ServiceRequest: which is right?',
      ],
    ]);
    expect((await people()).map(({ name }) => (name as { given: string[] }[])[0]?.given[0]).sort()).toEqual([
      'Ann',
      'Sam',
    ]);
    expect(await replayHeld(await context())).toEqual({ tried: 1, accepted: 0, failed: 0 });
  });

  it('whose second row leaves a cell empty says no more than the first', async () => {
    const reply = await file('C-1,2026-09-01,Sam,Bell,1988-01-02', 'C-1,2026-09-01,Sam,Bell,');
    expect(answered(reply)[1]).toEqual(['row 3', 'accepted']);
    expect((await people()).map(({ birthDate }) => birthDate)).toEqual(['1988-01-02']);
  });

  it('that says one thing twice says it once', async () => {
    const row = 'C-1,2026-09-01,Sam,Bell,1988-01-02';
    const once = await file(row);
    expect(once.status).toBe(200);
    const told = async () => (await database.pool.query('select count(*)::int as n from outbox')).rows[0].n;
    const before = await told();
    expect(answered(await file(row, row))).toEqual([
      ['row 2', 'accepted'],
      ['row 3', 'accepted', 'row 3: says the same as row 2'],
    ]);
    expect([await people(), await resources('ServiceRequest')].map(({ length }) => length)).toEqual([1, 1]);
    expect(await told()).toBe(before);
  });

  it('sent again while it is still being read is read once, and both are answered', async () => {
    const rows = Array.from({ length: 40 }, (_, n) => `C-${n},2026-09-01,Sam,Bell${n},1988-01-02`);
    const file = [header, ...rows].join('\n');
    const replies = await Promise.all([1, 2, 3].map(() => skein.intake('charity', 'text/csv', file)));
    expect(replies.map(({ status }) => status)).toEqual([200, 200, 200]);
    const { rows: stored } = await database.pool.query('select count(*)::int as n from record');
    expect(stored).toEqual([{ n: 40 }]);
  });

  it('that two processes are sent at once is stored once, row by row', async () => {
    const rows = Array.from({ length: 30 }, (_, n) => `C-${n},2026-09-01,Sam,Bell,1988-01-02`);
    const body = Buffer.from([header, ...rows].join('\n'));
    const system = (await findSystem(database.pool, 'charity')) as System;
    const file = {
      system,
      channel: 'intake',
      contentType: 'text/csv',
      source: 'third-sector-csv',
      body,
    } as const;
    const pools = [openPool(database.url), openPool(database.url)];
    const answers = await Promise.all(
      pools.map(async (db) =>
        intake({ ...(await context()), db }, { ...file, identifier: 'f', contentHash: 'f' }),
      ),
    );
    await Promise.all(pools.map((pool) => pool.end()));
    expect(answers.map(({ units }) => units.filter(({ status }) => status === 'accepted').length)).toEqual([
      30, 30,
    ]);
    const { rows: stored } = await database.pool.query('select position from record');
    expect(stored).toHaveLength(30);
  });

  describe('with other content under the same id while it is still being read', () => {
    const one = (given: string) => `${header}\nC-1,2026-09-01,${given},Bell,1988-01-02`;
    const nobody = [header, ...Array.from({ length: 80 }, (_, n) => `C-${n},2026-09-01,,,1988-01-02`)].join(
      '\n',
    );
    const send = (file: string) =>
      skein.send('POST', '/intake/charity', { 'content-type': 'text/csv', 'idempotency-key': 'F1' }, file);
    type State = { status: string; units: unknown[] };
    const state = async () =>
      ((await skein.get('/intake/messages?identifier=F1', 'charity')).body as unknown as State[])[0];
    const untilReading = () =>
      expect.poll(state, { interval: 5 }).toMatchObject({ status: 'in-progress', units: [] });

    it('is a correction where nothing of the first was taken: it waits, and stands', async () => {
      const first = send(nobody);
      await untilReading();
      expect((await send(one('Sam'))).status).toBe(200);
      expect((await first).status).toBe(422);
      expect(await state()).toMatchObject({ status: 'accepted', units: [{ status: 'accepted' }] });
      expect(await people()).toHaveLength(1);
    });

    it('is refused where something of the first was taken', async () => {
      const first = send(`${nobody}\nC-99,2026-09-01,Sam,Bell,1988-01-02`);
      await untilReading();
      expect((await send(one('Kim'))).status).toBe(409);
      expect((await first).status).toBe(200);
      expect(await people()).toMatchObject([{ name: [{ given: ['Sam'] }] }]);
    });

    it('and taken by another process, it is not overwritten by what comes of the first', async () => {
      const first = send(nobody);
      await untilReading();
      const system = (await findSystem(database.pool, 'charity')) as System;
      const file = {
        system,
        channel: 'intake',
        contentType: 'text/csv',
        source: 'third-sector-csv',
      } as const;
      const db = openPool(database.url);
      const body = Buffer.from(one('Sam'));
      await intake(
        { ...(await context()), db },
        { ...file, body, identifier: 'F1', contentHash: 'corrected' },
      );
      await db.end();
      expect((await first).status).toBe(422);
      expect(await state()).toMatchObject({ status: 'accepted', units: [{ status: 'accepted' }] });
    });
  });

  it('has its held rows tried again by a replay, though others of the file were taken', async () => {
    const file = `${header}\nC-1,2026-09-01,Sam,Bell,1988-01-02\nC-2,2026-09-01,,,1988-01-02`;
    await skein.intake('charity', 'text/csv', file);
    expect(await replayHeld(await context())).toEqual({ tried: 1, accepted: 0, failed: 0 });
    expect(await people()).toHaveLength(1);
  });
});

const OWN_ID = randomUUID();

describe('a reference to a patient', () => {
  const care = (patient: object) =>
    bundle(
      entry({
        resourceType: 'EpisodeOfCare',
        identifier: [{ system: 'https://one.example/episode', value: 'E1' }],
        status: 'active',
        patient,
        period: { start: '2026-09-01' },
      }),
    );

  it.each([
    ['another server', { reference: 'https://one.example/fhir/Patient/123' }],
    ['nothing but a name', { display: 'somebody' }],
    ['a number that cannot be one', { identifier: { system: NUMBER, value: '9990000000' } }],
  ])('that leads to %s is held, not taken and forgotten', async (_what, patient) => {
    const reply = await skein.transaction(care(patient), 'one');
    expect(reply.status).toBe(422);
    expect(JSON.stringify(reply.body)).toContain('/entry/0/resource/patient');
  });

  it.each([
    ['by number', { identifier: { system: NUMBER, value: MOTHER.nhs } }],
    ['by a conditional reference', { reference: `Patient?identifier=${NUMBER}|${MOTHER.nhs}` }],
    [
      'by the sender’s own number',
      { identifier: { system: 'https://one.example/mrn', value: MOTHER.local } },
    ],
    ['by the sender’s own id', { reference: 'Patient/mother-1' }],
    ['by an own id that looks like one of Skein’s', { reference: `Patient/${OWN_ID}` }],
  ])(
    '%s is shown to its sender, and is that person’s once it has said who that is',
    async (_how, patient) => {
      const reply = await skein.transaction(care(patient), 'one');
      expect(reply.status).toBe(200);
      expect(JSON.stringify(reply.body)).toContain('send verified NHS number, birth date and given name');
      expect(await resources('EpisodeOfCare')).toHaveLength(1);
      expect(await people()).toMatchObject([{ active: true }]);
      const id = 'reference' in patient ? /Patient\/([\w-]+)$/.exec(patient.reference)?.[1] : undefined;
      await skein.transaction(bundle(entry({ ...person(MOTHER), ...(id && { id }) })), 'one');
      expect(await resources('EpisodeOfCare')).toHaveLength(1);
      expect(await people()).toMatchObject([{ birthDate: MOTHER.born }]);
      expect(JSON.stringify((await skein.transaction(care(patient), 'one')).body)).not.toContain(
        'send verified',
      );
    },
  );
});

describe('whatever was said', () => {
  it('a rebuild reads every record in order, beyond its first page', async () => {
    const rows = (day: number) =>
      Array.from({ length: 130 }, (_, n) => `C-${n},2026-09-0${day},Sam${day},Bell${n}`);
    const file = (day: number) => ['reference,referred_on,given_name,family_name', ...rows(day)].join('\n');
    for (const day of [1, 2]) await skein.intake('charity', 'text/csv', file(day));
    expect(await rebuild(await context())).toMatchObject({ statements: 0, changed: 0, families: 130 });
  });

  it('a rebuild changes nothing', async () => {
    await skein.mllp(adt(BABY, { mother: MOTHER.nhs }));
    await skein.mllp(adt({ ...MOTHER, given: 'Baby' }, { id: 'A2', at: '' }));
    await skein.transaction(episodeBundle(MOTHER, { id: 'E1' }), 'two');
    expect(await rebuild(await context())).toMatchObject({ statements: 0, changed: 0 });
  });
});
