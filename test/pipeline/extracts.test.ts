/** The extracts that trusts already produce, through the real door: what is stored, what is held, and what the answer says of each row. */
import { readFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { addSystem } from '../../src/access/register/systems.ts';
import { MAPPINGS_DIR } from '../../src/map/language/read-mappings.ts';
import { type TestDatabase, testDatabase } from '../support/database.ts';
import { adt } from '../support/messages.ts';
import { nhsNumber } from '../support/records.ts';
import { startSkein } from '../support/skein.ts';

type Row = Record<string, unknown>;
type Tables = Record<string, Row[]>;
type Found = { resourceType: string; id: string } & Record<string, unknown>;
const example = (source: string, name: string): Tables =>
  JSON.parse(readFileSync(new URL(`${source}/examples/${name}.in.json`, MAPPINGS_DIR), 'utf8'));

let database: TestDatabase;
let skein: Awaited<ReturnType<typeof startSkein>>;
beforeEach(async () => {
  database = await testDatabase();
  skein = await startSkein(database);
  const trust = { ods: 'RXX', kind: null };
  const systems = [
    { ...trust, name: 'mental-health', team: 'PERI', sector: 'specialist-perinatal', source: 'mhsds' },
    { ...trust, name: 'maternity', team: 'maternity', sector: 'maternity', source: 'msds' },
    { ...trust, name: 'PAS', team: 'wards', sector: 'maternity', source: null },
  ];
  for (const system of systems) await addSystem(database.pool, database.key, system);
});
afterEach(() => skein.stop());

async function send(system: string, tables: Tables) {
  const { status, body } = await skein.intake(system, 'application/json', JSON.stringify(tables));
  return { status, rows: body.rows as { position: string; status: string; issues: { text: string }[] }[] };
}
async function found(type: string): Promise<Found[]> {
  const { body } = await skein.get(`/fhir/${type}?_count=100`);
  const entries = (body.entry ?? []) as { resource: Found }[];
  return entries.map(({ resource }) => resource).filter(({ resourceType }) => resourceType === type);
}
const kinship = async () =>
  (await found('RelatedPerson'))
    .map(({ relationship }) => (relationship as { coding: { code: string }[] }[])[0]?.coding[0]?.code)
    .sort();

describe('an MHSDS extract', () => {
  const tables = example('mhsds', 'bad-rows-among-good');

  it('stores what is sound and names table, row and column of everything else', async () => {
    const { status, rows } = await send('mental-health', tables);
    expect(status).toBe(200);
    expect(rows.filter((row) => row.status === 'accepted').map(({ position }) => position)).toEqual([
      'MHS001MPI row 1',
      'MHS001MPI row 3',
      'MHS001MPI row 6',
    ]);
    const orphan = rows.find(({ position }) => position === 'MHS201CareContact row 3');
    expect(orphan).toMatchObject({
      status: 'held',
      issues: [{ text: 'MHS201CareContact row 3, ServiceRequestID: no such MHS101Referral in this file' }],
    });
    const types = ['Patient', 'ServiceRequest', 'EpisodeOfCare', 'Encounter'];
    expect(await Promise.all(types.map(async (type) => (await found(type)).length))).toEqual([3, 2, 2, 3]);
    expect((await send('mental-health', tables)).rows).toEqual(rows);
  });

  it('of which every row is bad is held, and nothing is stored', async () => {
    expect(await send('mental-health', example('mhsds', 'bad-all-held'))).toMatchObject({ status: 422 });
    expect(await found('Patient')).toEqual([]);
  });

  it('of a month without contacts does not undo what the month before said; a discharge ends it', async () => {
    const month = (day: string, contacts: Row[], more: Row = {}): Tables => ({
      MHS000Header: [{ OrgIDProvider: 'RXX', ReportingPeriodEndDate: day }],
      MHS001MPI: [{ LocalPatientID: 'P-1', PersonBirthDate: '1994-05-02' }],
      MHS101Referral: [
        {
          ServiceRequestID: 'R-1',
          LocalPatientID: 'P-1',
          ReferralRequestReceivedDate: '2026-01-12',
          CareProfTeamLocalID: 'PERI',
          ...more,
        },
      ],
      MHS201CareContact: contacts,
    });
    const contact = {
      CareContactID: 'C-1',
      ServiceRequestID: 'R-1',
      CareContDate: '2026-02-03',
      AttendStatus: '5',
    };
    const statuses: unknown[] = [];
    for (const tables of [
      month('2026-01-31', []),
      month('2026-02-28', [contact]),
      month('2026-03-31', []),
      month('2026-04-30', [], { ServDischDate: '2026-04-11' }),
      // The file of an older month, made again.
      month('2026-03-31', [], { OrgIDComm: 'QWO' }),
    ]) {
      expect((await send('mental-health', tables)).status).toBe(200);
      const [episode] = await found('EpisodeOfCare');
      statuses.push(episode?.status);
    }
    expect(statuses).toEqual(['planned', 'active', 'active', 'finished', 'finished']);
  });

  it('has no names: it is the one person with its number and birth date, and a baby’s mother still', async () => {
    const mother = { nhs: nhsNumber(1), given: 'Amara', family: 'Osei', born: '1994-05-02', local: 'M1' };
    const baby = { nhs: nhsNumber(2), given: 'Kofi', family: 'Osei', born: '2026-02-18', local: 'B1' };
    await send('mental-health', {
      MHS001MPI: [
        { LocalPatientID: 'P-1', PersonBirthDate: mother.born, NHSNumber: mother.nhs, NHSNumberStatus: '01' },
      ],
    });
    await skein.mllp(adt(mother, { event: 'A28', id: 'M1' }));
    await skein.mllp(adt(baby, { event: 'A28', id: 'B1', mother: mother.nhs }));
    expect((await found('Patient')).length).toBe(2);
    expect(await kinship()).toEqual(['CHILD', 'GESTM']);
  });
});

describe('an MSDS extract', () => {
  const tables = example('msds', 'booking-and-birth');
  const withBaby = (more: Row, day = '2026-02-28'): Tables => ({
    ...tables,
    MSD000Header: [{ RPEndDate: day }],
    MSD401BabyDemographics: (tables.MSD401BabyDemographics ?? []).map((row) => ({ ...row, ...more })),
  });
  const stages = async () =>
    JSON.stringify((await found('Group')).map(({ characteristic }) => characteristic));

  it('links the baby with the woman who gave birth to it, on the evidence of the record of birth', async () => {
    const { rows } = await send('maternity', tables);
    expect(rows.map(({ position, status }) => [position, status])).toEqual([
      ['MSD001MotherDemog row 1', 'accepted'],
    ]);
    expect(await kinship()).toEqual(['CHILD', 'GESTM']);
    const { rows: asserted } = await database.pool.query('select kind, evidence from assertion');
    expect(asserted).toContainEqual({ kind: 'parent', evidence: { kinds: 'gestational', tier: 'A' } });
    expect(await found('Group')).toEqual([
      expect.objectContaining({ member: [{}, {}].map(() => expect.anything()) }),
    ]);
    const [booking] = await found('EpisodeOfCare');
    expect(booking).toMatchObject({ status: 'active', period: { start: '2025-09-02' } });
    expect(JSON.stringify(booking)).toContain('"valueDate":"2026-02-20"');
  });

  it('makes one journey of twins, and of a second file about them nothing new', async () => {
    const twins = example('msds', 'twins');
    await send('maternity', twins);
    await send('maternity', {
      ...twins,
      MSD401BabyDemographics: (twins.MSD401BabyDemographics ?? []).toReversed(),
    });
    expect(await kinship()).toHaveLength(6);
    expect((await found('Patient')).length).toBe(4);
    expect((await found('Group')).length).toBe(1);
  });

  it('keeps what is wrong about one baby from its mother and its twin', async () => {
    const { rows } = await send('maternity', example('msds', 'bad-rows-among-good'));
    expect(rows.filter(({ status }) => status === 'accepted')).toHaveLength(2);
    expect(
      rows.find(({ position }) => position === 'MSD401BabyDemographics row 3')?.issues[0]?.text,
    ).toContain('05');
    expect((await found('Patient')).length).toBe(4);
  });

  it('of a stillbirth stops contacts from that day, until a later file says that the baby was born alive', async () => {
    await send('maternity', withBaby({ PregOutcome: '02' }));
    expect(await stages()).toContain('contact-stop');
    expect(await stages()).toContain('2026-02-18');
    await send('maternity', withBaby({ PregOutcome: '01' }, '2026-03-31'));
    expect(await stages()).not.toContain('contact-stop');
  });

  it('that gives a baby its mother’s number keeps it, and the number identifies nobody', async () => {
    const { rows } = await send('maternity', withBaby({ NHSNumberBaby: '9996000982' }));
    expect(rows[0]?.issues.map(({ text }) => text).join()).toContain('identifies nobody');
    expect((await found('Patient')).length).toBe(2);
  });
});
