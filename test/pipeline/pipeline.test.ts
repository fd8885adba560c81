import { randomUUID } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { addSystem } from '../../src/access/register/systems.ts';
import { loadMappings } from '../../src/map/language/load-mappings.ts';
import { rebuild, replayHeld } from '../../src/pipeline/rebuild.ts';
import { ownProfiles } from '../../src/validate/profiles.ts';
import { testContext } from '../support/context.ts';
import { type TestDatabase, testDatabase } from '../support/database.ts';
import { adt, barsReferral, episodeBundle } from '../support/messages.ts';
import { nhsNumber } from '../support/records.ts';
import { startSkein } from '../support/skein.ts';

const MOTHER = { nhs: nhsNumber(1), given: 'Amara', family: 'Osei', born: '1994-03-02' };
const BABY = { nhs: nhsNumber(2), given: 'Kofi', family: 'Osei', born: '2026-08-20', local: 'B1' };

let database: TestDatabase;
let skein: Awaited<ReturnType<typeof startSkein>>;
beforeEach(async () => {
  database = await testDatabase();
  skein = await startSkein(database);
});
afterEach(() => skein.stop());

async function register(name: string, sector: string, ods: string, source: string | null = null) {
  const team = { name, ods, team: name, sector, kind: null, source };
  return (await addSystem(database.pool, database.key, team)).system;
}
const count = async (sql: string) =>
  Number((await database.pool.query(`select count(*) as n from ${sql}`)).rows[0].n);
const total = async (path: string, system?: string) => {
  const { body } = await skein.get(path, system);
  return ((body.entry ?? []) as { resource: { resourceType: string } }[]).filter(
    ({ resource }) => resource.resourceType !== 'OperationOutcome',
  ).length;
};

describe('a BaRS referral', () => {
  it('becomes a patient, a referral, a planned episode at the receiver and a journey', async () => {
    const reply = await skein.bars(barsReferral(MOTHER));
    expect(reply.status).toBe(200);
    for (const type of ['Patient', 'ServiceRequest', 'EpisodeOfCare', 'Encounter', 'Group']) {
      expect(await total(`/fhir/${type}`), type).toBe(1);
    }
    expect(await total('/fhir/EpisodeOfCare?status=planned')).toBe(1);
    expect(await total('/fhir/Provenance')).toBe(1);
  });

  it('sent again is a duplicate, and changes and tells nothing', async () => {
    const ids = { request: randomUUID() as string, correlation: randomUUID() as string };
    const referral = barsReferral(MOTHER);
    await skein.bars(referral, ids);
    const events = await count('outbox');
    const again = await skein.bars(referral, ids);
    expect([again.status, again.body.issue?.[0]?.code]).toEqual([409, 'duplicate']);
    expect(again.headers.get('x-request-id')).toBe(ids.request);
    expect(await count('message')).toBe(1);
    expect(await count('outbox')).toBe(events);
  });

  it('with other content under ids that were accepted is refused, and kept', async () => {
    const ids = { request: randomUUID() as string, correlation: randomUUID() as string };
    await skein.bars(barsReferral(MOTHER), ids);
    const other = await skein.bars(barsReferral({ ...MOTHER, nhs: nhsNumber(3), given: 'Ruth' }), ids);
    expect([other.status, other.body.issue?.[0]?.code]).toEqual([409, 'conflict']);
    expect(await count('message')).toBe(2);
    expect(await total('/fhir/Patient')).toBe(1);
  });

  it('is cancelled by the same referral, revoked', async () => {
    await skein.bars(barsReferral(MOTHER));
    const revoked = { status: 'revoked', reason: 'update', at: '2026-09-11T10:00:00+00:00' };
    expect((await skein.bars(barsReferral(MOTHER, revoked))).status).toBe(200);
    expect(await total('/fhir/ServiceRequest?status=revoked')).toBe(1);
    expect(await total('/fhir/EpisodeOfCare?status=cancelled')).toBe(1);
  });

  it('that lacks its subject is held under the sender’s field, and a correction under the same ids is taken', async () => {
    const ids = { request: randomUUID() as string, correlation: randomUUID() as string };
    const broken = barsReferral(MOTHER);
    broken.entry = broken.entry.filter(
      ({ resource }) => (resource as { resourceType: string }).resourceType !== 'Patient',
    );
    const held = await skein.bars(broken, ids);
    expect(held.status).toBe(422);
    expect(JSON.stringify(held.body)).toContain('subject');
    expect((await skein.bars(barsReferral(MOTHER), ids)).status).toBe(200);
    expect(await total('/fhir/Patient')).toBe(1);
  });

  it('answers the same whether or not the person was known', async () => {
    const shape = ({ status, body }: { status: number; body: object }) => [
      status,
      JSON.stringify(body)
        .replace(/[0-9a-f]{8}-[0-9a-f-]{27}/g, 'id')
        .replace(/"\d+"|\d{4}-\d\d-\d\dT[\d:.]+Z/g, 'n'),
    ];
    const stranger = shape(await skein.bars(barsReferral(MOTHER)));
    const known = shape(await skein.bars(barsReferral(MOTHER, { id: 'R-2' })));
    expect(known).toEqual(stranger);
  });
});

describe('a family told by several services', () => {
  const sending = {
    'ADT with PID-21': async () =>
      expect(await skein.mllp(adt(BABY, { mother: MOTHER.nhs }))).toContain('MSA|AA|MSG1'),
    'a referral': async () =>
      expect((await skein.bars(barsReferral(MOTHER), undefined, 'visitors')).status).toBe(200),
    'the receiver’s own episode': async () => {
      const bundle = episodeBundle(MOTHER, { id: 'E1', referral: 'R-1' });
      expect((await skein.transaction(bundle, 'perinatal')).status).toBe(200);
    },
  };
  const [a, b, c] = Object.keys(sending) as (keyof typeof sending)[];
  it.each([
    [a, b, c],
    [a, c, b],
    [b, a, c],
    [b, c, a],
    [c, a, b],
    [c, b, a],
  ] as (keyof typeof sending)[][])('is one journey, whoever comes first: %s, %s, %s', async (...order) => {
    await register('PAS', 'maternity', 'RXM');
    await register('visitors', 'health-visiting', 'RXV');
    await register('perinatal', 'specialist-perinatal', 'RXP');
    for (const what of order) await sending[what]();
    expect(await total('/fhir/Group?_count=50')).toBe(1);
    const { rows } = await database.pool.query('select role from member order by role');
    expect(rows).toEqual([{ role: 'infant' }, { role: 'mother' }]);
    expect(await total('/fhir/RelatedPerson?active=true')).toBe(2);
  });

  it('lets perinatal see that the infant is in care, and nobody else’s service anything', async () => {
    await register('perinatal', 'specialist-perinatal', 'RXP');
    await register('stranger', 'camhs-0-5', 'RXC');
    await register('PAS', 'maternity', 'RXM');
    await skein.mllp(adt(BABY, { mother: MOTHER.nhs }));
    await skein.transaction(episodeBundle(MOTHER, { id: 'E1' }), 'perinatal');
    expect(await total('/fhir/EpisodeOfCare', 'perinatal')).toBe(2);
    expect(await total('/fhir/Patient', 'perinatal')).toBe(2);
    for (const type of ['Patient', 'EpisodeOfCare', 'Encounter', 'Group', 'RelatedPerson', 'Provenance']) {
      expect(await total(`/fhir/${type}`, 'stranger'), type).toBe(0);
    }
  });

  it('takes a sender’s own code alone for its own team, in a trust of several', async () => {
    await register('perinatal', 'specialist-perinatal', 'RXP');
    await register('camhs', 'camhs-0-5', 'RXP');
    const bundle = episodeBundle(MOTHER, { id: 'E1' });
    const managingOrganization = {
      identifier: { system: 'https://fhir.nhs.uk/Id/ods-organization-code', value: 'RXP' },
    };
    for (const { resource } of bundle.entry)
      if ('period' in resource) Object.assign(resource, { managingOrganization });
    expect((await skein.transaction(bundle, 'perinatal')).status).toBe(200);
    expect(await total('/fhir/EpisodeOfCare?status=active', 'perinatal')).toBe(1);
    expect(await total('/fhir/EpisodeOfCare', 'camhs')).toBe(0);
  });

  it('is not joined by a man who says so, in whatever message', async () => {
    const partner = { nhs: nhsNumber(8), given: 'Yaw', family: 'Osei', born: '1990-05-05' };
    await register('charity', 'third-sector-partner', 'CHX');
    await skein.transaction(episodeBundle(partner, { id: 'P1' }), 'charity');
    const nk1 = `NK1|1|Osei^Yaw|SPO${'|'.repeat(30)}${partner.nhs}^^^NHS^NH`;
    await skein.mllp(adt({ ...MOTHER, local: 'M1' }, { nk1 }));
    expect(await total('/fhir/RelatedPerson')).toBe(0);
    expect(await count('member a join member b using (journey) where a.person <> b.person')).toBe(0);
    expect(await total('/fhir/Patient', 'charity')).toBe(1);
  });
});

describe('HL7 v2', () => {
  it('gives a duplicate its stored acknowledgement, over MLLP and over HTTP', async () => {
    const message = adt(BABY, { mother: MOTHER.nhs });
    expect(await skein.mllp(message)).toContain('MSA|AA|MSG1');
    expect(await skein.mllp(message)).toContain('MSA|AA|MSG1');
    expect(await count('message')).toBe(1);
  });

  it('holds a message it cannot map, naming segment and field, and takes it after a replay once it can', async () => {
    const bad = adt(BABY, { id: 'MSG2' }).replace('|20260820|', '|2026-13-45|');
    const answer = await skein.mllp(bad);
    expect(answer).toContain('MSA|AE|MSG2');
    expect(answer).toContain('PID^1^7');
    const ctx = { ...testContext(database), mappings: await loadMappings(), profiles: ownProfiles() };
    expect(await replayHeld(ctx)).toEqual({ tried: 1, accepted: 0, failed: 0 });
    const corrected = await skein.mllp(adt(BABY, { id: 'MSG2' }));
    expect(corrected).toContain('MSA|AA|MSG2');
    expect(await replayHeld(ctx)).toEqual({ tried: 0, accepted: 0, failed: 0 });
  });

  it('holds a chart number given to somebody else, and says where that number stands', async () => {
    const numberFirst = (message: string) => message.replace(/\|(B1\^\^\^RXM\^MR)~([^|]*)\|/, '|$2~$1|');
    expect(await skein.mllp(numberFirst(adt(BABY, { id: 'MSG1' })))).toContain('MSA|AA');
    const somebody = { ...BABY, nhs: nhsNumber(9), given: 'Ama', born: '2001-02-03' };
    const answer = await skein.mllp(numberFirst(adt(somebody, { id: 'MSG2' })));
    expect(answer).toContain(
      'MSA|AE|MSG2|PID-3[2].1: this identifier already names another of your patients',
    );
    expect(answer).toContain('ERR||PID^1^3^2^1|');
  });

  it('keeps what it cannot read at all, and says so', async () => {
    const answer = await skein.mllp('hello');
    expect(answer).toContain('AR');
    expect(await count("intake where status = 'rejected'")).toBe(1);
  });
});

describe('a charity’s CSV', () => {
  const HEADER = 'reference,referred_on,given_name,family_name,date_of_birth,postcode';

  it('stores the good rows and names the bad one', async () => {
    await register('charity', 'third-sector-partner', 'CHX', 'third-sector-csv');
    const file = [
      HEADER,
      'C-1,2026-09-01,Yaw,Osei,1990-05-05,ZZ99 3VZ',
      'C-2,2026-09-01,,,not a date,',
      'C-3,2026-09-02,Sam,Bell,1988-01-02,',
    ];
    const reply = await skein.intake('charity', 'text/csv', file.join('\n'));
    expect(reply.status).toBe(200);
    const rows = reply.body.rows as { position: string; status: string }[];
    expect(rows.map(({ position, status }) => [position, status])).toEqual([
      ['row 2', 'accepted'],
      ['row 3', 'held'],
      ['row 4', 'accepted'],
    ]);
    expect(await total('/fhir/Patient')).toBe(2);
    const again = await skein.intake('charity', 'text/csv', file.join('\n'));
    expect(again.body.rows).toEqual(rows);
    expect(await count('message')).toBe(1);
  });

  it('is asked after by its sender, under the sender’s own id', async () => {
    await register('charity', 'third-sector-partner', 'CHX', 'third-sector-csv');
    await register('other', 'third-sector-partner', 'CHY', 'third-sector-csv');
    const file = `${HEADER}\nC-1,2026-09-01,Yaw,Osei,1990-05-05,`;
    await skein.send(
      'POST',
      '/intake/charity',
      { 'content-type': 'text/csv', 'idempotency-key': 'file-7' },
      file,
    );
    const mine = await skein.get('/intake/messages?identifier=file-7', 'charity');
    expect([mine.status, JSON.stringify(mine.body)]).toEqual([200, expect.stringContaining('accepted')]);
    expect((await skein.get('/intake/messages?identifier=file-7', 'other')).status).toBe(404);
  });
});

describe('rebuild', () => {
  it('changes nothing on an unchanged store, and restores a view that was damaged', async () => {
    await register('PAS', 'maternity', 'RXM');
    await register('visitors', 'health-visiting', 'RXV');
    await skein.mllp(adt(BABY, { mother: MOTHER.nhs }));
    await skein.bars(barsReferral(MOTHER), undefined, 'visitors');
    const ctx = { ...testContext(database), mappings: await loadMappings(), profiles: ownProfiles() };
    expect(await rebuild(ctx)).toMatchObject({ statements: 0, changed: 0 });
    await database.pool.query("update resource set digest = 'x', content = '{}' where type = 'Group'");
    await database.pool.query("update statement set content = content - 'birthDate' where type = 'Patient'");
    expect(await rebuild(ctx)).toMatchObject({ statements: 2 });
    expect(await total('/fhir/Patient?birthdate=1994-03-02')).toBe(1);
    expect(await rebuild(ctx)).toMatchObject({ statements: 0, changed: 0 });
  });
});
