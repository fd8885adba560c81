/** One feed of a trust carries many of its teams: the operator's table says which message is whose. */
import fc from 'fast-check';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { forget } from '../../src/access/register/cache.ts';
import { addSystem } from '../../src/access/register/systems.ts';
import { type TestDatabase, testDatabase } from '../support/database.ts';
import { adt } from '../support/messages.ts';
import { runProgram } from '../support/process.ts';
import { nhsNumber } from '../support/records.ts';
import { startSkein } from '../support/skein.ts';

const MOTHER = { nhs: nhsNumber(1), given: 'Ada', family: 'Osei', born: '1996-02-03', local: 'M1' };
const BABY = { nhs: nhsNumber(2), given: 'Kofi', family: 'Osei', born: '2026-08-20', local: 'B1' };
const FEED = 'PAS|RXM';

let database: TestDatabase;
let skein: Awaited<ReturnType<typeof startSkein>>;
let sent = 0;

async function cli(...args: string[]): Promise<{ code: number | null; output: string }> {
  const program = runProgram(['bin/skein.js', ...args], { DATABASE_URL: database.url });
  return { code: await program.exit(), output: program.output() };
}
const add = (name: string, ods: string, team: string, sector: string | null, source: string | null = null) =>
  addSystem(database.pool, database.key, { name, ods, team, sector, kind: null, source });
const addTeam = (...args: string[]) => cli('system', 'team', 'add', ...args);

type Sent = {
  event?: string;
  day?: number;
  ward?: string;
  specialty?: string;
  visit?: string;
  mother?: string;
};
/** What the feed says of somebody, on a day of September, from a ward. */
function message(who: typeof MOTHER, { event = 'A01', day = 1, ward = '', specialty = '', ...rest }: Sent) {
  const id = `T${sent++}`;
  const at = `202609${String(day).padStart(2, '0')}090000`;
  const text = adt(who, { event, id, at, ...rest });
  const place = (line: string) => {
    const fields = line.split('|');
    fields[3] = ward && `${ward}^R1^1`;
    fields[10] = specialty;
    return fields.join('|');
  };
  return text.replace(/PV1[^\r]*/, place);
}
const send = (who: typeof MOTHER, options: Sent = {}, from = FEED) =>
  skein.mllp(message(who, options).replace('PAS|RXM', from));

/** Who cares for this person, and how: `maternity open`. */
async function careOf({ local }: typeof MOTHER): Promise<string[]> {
  const { rows } = await database.pool.query(
    `select v.team || ' ' || i.state as care from involvement i join service v on v.id = i.service
     where i.person in (select person from statement where type = 'Patient' and content::text like $1) order by 1`,
    [`%"${local}"%`],
  );
  return rows.map(({ care }) => care);
}
async function seen(type: string, as: string): Promise<Record<string, unknown>[]> {
  const { body } = await skein.get(`/fhir/${type}?_count=50`, as);
  return ((body.entry ?? []) as { resource: Record<string, unknown> }[]).map(({ resource }) => resource);
}

beforeAll(async () => {
  database = await testDatabase();
  skein = await startSkein(database);
  await add(FEED, 'RXM', 'pas', null, 'hl7v2-adt');
  await add('maternity-epr', 'RXM', 'maternity', 'maternity');
  await add('mbu-epr', 'RXM', 'mbu', 'mother-and-baby-unit');
  await add('adult-epr', 'RXM', 'adult', 'adult-services');
  await add('other', 'RXV', 'camhs', 'camhs-0-5');
});
afterAll(() => skein.stop());

describe('the table of teams', () => {
  it('is empty at first, and a message is its system’s own', async () => {
    expect((await cli('system', 'team', 'list', FEED)).output).toMatch(/no team .* all of it is RXM pas/);
    expect(await send(MOTHER, { ward: 'LABOUR' })).toContain('MSA|AA');
    expect(await careOf(MOTHER)).toEqual(['pas open']);
  });

  it('is written row by row, and read again', async () => {
    const rows = [
      ['--ward', 'LABOUR', '--service', 'maternity', '--sector', 'maternity'],
      ['--ward', 'mbu 1', '--service', 'mbu', '--sector', 'mother-and-baby-unit'],
      ['--hospital-service', '710', '--service', 'adult', '--sector', 'adult-services'],
      [
        '--hospital-service',
        '710',
        '--ward',
        'LABOUR',
        '--service',
        'mbu',
        '--sector',
        'mother-and-baby-unit',
      ],
    ];
    for (const row of rows) expect((await addTeam(FEED, ...row)).code).toBe(0);
    // Of another process: it would be known here within five seconds.
    forget();
    expect((await cli('system', 'team', 'list', FEED)).output).toBe(
      [
        'hospital-service 710, ward LABOUR: RXM mbu, sector mother-and-baby-unit',
        'ward LABOUR: RXM maternity, sector maternity',
        'ward MBU 1: RXM mbu, sector mother-and-baby-unit',
        'hospital-service 710: RXM adult, sector adult-services',
        'any other: RXM pas, sector none',
        '',
      ].join('\n'),
    );
  });

  it('refuses what cannot be meant', async () => {
    const refused = async (code: number, text: RegExp, ...args: string[]) =>
      expect(await addTeam(...args)).toEqual({ code, output: expect.stringMatching(text) });
    const maternity = ['--service', 'maternity', '--sector', 'maternity'];
    await refused(2, /SYSTEM is missing/, ...maternity);
    await refused(1, /no system "nobody" is registered/, 'nobody', '--ward', 'X', ...maternity);
    await refused(2, /one or more of --facility, --ward, --hospital-service/, FEED, ...maternity);
    await refused(1, /ward LABOUR.*has a team/, FEED, '--ward', 'labour ', ...maternity);
    await refused(1, /registered with another sector/, FEED, '--ward', 'X', '--service', 'maternity');
    await refused(
      2,
      /unknown sector: x; it is one of adult/,
      FEED,
      '--ward',
      'X',
      '--service',
      'y',
      '--sector',
      'x',
    );
  });

  it('names a service of another organisation only where the operator says whose', async () => {
    const to = ['--service', 'camhs', '--sector', 'camhs-0-5'];
    expect((await addTeam(FEED, '--ward', 'C1', ...to)).output).toMatch(/^ward C1: RXM camhs/);
    expect((await addTeam(FEED, '--ward', 'C2', '--ods', 'RXV', ...to)).output).toMatch(
      /^ward C2: RXV camhs/,
    );
    for (const ward of ['c1', 'C2'])
      expect((await cli('system', 'team', 'remove', FEED, '--ward', ward)).code).toBe(0);
    expect((await cli('system', 'team', 'remove', FEED, '--ward', 'C2')).code).toBe(1);
  });
});

describe('a message of a ward in the table', () => {
  beforeEach(async () => {
    MOTHER.local = `MO${sent}`;
    BABY.local = `BA${sent}`;
    MOTHER.nhs = nhsNumber(1000 + sent);
    BABY.nhs = nhsNumber(2000 + sent);
  });

  it('is of its team: its care, its chart, what it sees', async () => {
    await send(MOTHER, { ward: 'LABOUR', visit: 'W1' });
    expect(await careOf(MOTHER)).toEqual(['maternity open']);
    const [one] = await seen('EpisodeOfCare', 'maternity-epr');
    expect(one).toMatchObject({ status: 'active' });
    expect(await seen('Patient', 'maternity-epr')).toMatchObject([{ birthDate: MOTHER.born }]);
    expect(await seen('EpisodeOfCare', 'adult-epr')).toEqual([]);
  });

  it('goes by the row that asks most, then by the ward', async () => {
    await send(MOTHER, { ward: 'LABOUR', specialty: '710', visit: 'W2' });
    expect(await careOf(MOTHER)).toEqual(['mbu open']);
  });

  it('has the weight of its team: what maternity says of a birth stands, what adult services say does not', async () => {
    const edges = async () =>
      (
        await database.pool.query(
          "select from resource where type = 'RelatedPerson' and state is distinct from 'gone'",
        )
      ).rowCount;
    const before = await edges();
    await send(MOTHER, { specialty: '710', visit: 'W3' });
    await send(BABY, { specialty: '710', visit: 'W4', mother: MOTHER.nhs });
    expect(await edges()).toBe(before);
    await send(MOTHER, { ward: 'LABOUR', day: 2, visit: 'W5' });
    await send(BABY, { ward: 'LABOUR', day: 2, visit: 'W6', mother: MOTHER.nhs });
    expect(await edges()).toBe((before ?? 0) + 2);
  });

  it('moves the stay with the patient: the team that was left has had it, and has it no more', async () => {
    for (const order of [
      [0, 1, 2],
      [2, 1, 0],
    ]) {
      MOTHER.local = `MO${sent}`;
      MOTHER.nhs = nhsNumber(3000 + sent);
      const moves = [
        { ward: 'LABOUR', visit: `X${sent}` },
        { ward: 'MBU 1', visit: `X${sent}`, event: 'A02', day: 5 },
        { ward: '', visit: `X${sent}`, event: 'A08', day: 6 },
      ];
      for (const n of order) await send(MOTHER, moves[n] as Sent);
      expect(await careOf(MOTHER)).toEqual(['maternity closed', 'mbu open']);
      const { rows } = await database.pool.query(
        "select until from involvement i join service v on v.id = i.service where v.team = 'maternity' and i.state = 'closed' order by since desc, person desc",
      );
      expect(rows[0].until).toEqual(new Date('2026-09-05T08:00:00Z'));
    }
    await send(MOTHER, { ward: 'MBU 1', visit: `X${sent - 3}`, event: 'A03', day: 9 });
  });

  it('tells the team that the patient came to of a beginning, and the team that was left of its end', async () => {
    await send(MOTHER, { ward: 'LABOUR', visit: `V${sent}` });
    const [before] = (await database.pool.query('select max(id) as id from outbox')).rows;
    await send(MOTHER, { ward: 'MBU 1', visit: `V${sent - 1}`, event: 'A02', day: 5 });
    const { rows } = await database.pool.query(
      `select event ->> 'code' || ' ' || v.team || coalesce(' alone: ' || (event -> 'to' ->> 0 = v.id::text), '') as told
       from outbox join service v on v.id = (event -> 'services' ->> 0)::uuid
       where outbox.id > $1 and event ->> 'code' like 'episode-%' order by outbox.id`,
      [before.id],
    );
    expect(rows.map(({ told }) => told)).toEqual([
      'episode-ended maternity alone: true',
      'episode-started mbu',
    ]);
  });

  it('keeps one chart of a patient, whichever team speaks: a correction by one is a correction', async () => {
    await send(MOTHER, { ward: 'LABOUR', visit: 'Y1' });
    await send({ ...MOTHER, born: '1996-03-02' }, { ward: 'MBU 1', day: 2, visit: 'Y2' });
    const mine = (await seen('Patient', 'maternity-epr')).filter((one) =>
      JSON.stringify(one).includes(MOTHER.local),
    );
    expect(mine).toMatchObject([{ birthDate: '1996-03-02' }]);
    const disputes = await database.pool.query("select from assertion where kind = 'disputed-number'");
    expect(disputes.rowCount).toBe(0);
  });

  it('hears nothing of who a patient is from a team of a sealed kind', async () => {
    const sealed = ['--service', 'clinic', '--sector', 'adult-services', '--kind', 'reproductive-health'];
    expect((await addTeam(FEED, '--ward', 'CLINIC 9', ...sealed)).code).toBe(0);
    forget();
    await send(MOTHER, { ward: 'LABOUR', visit: `S${sent}` });
    const mine = async () =>
      (await seen('Patient', 'maternity-epr')).map(({ meta, ...rest }) => [meta, rest]);
    const before = await mine();
    await send({ ...MOTHER, family: 'Other' }, { ward: 'CLINIC 9', day: 4, visit: `S${sent}` });
    expect(await mine()).toEqual(before);
  });

  it('holds an identifier that a team gives to somebody else’s patient', async () => {
    await send(MOTHER, { ward: 'LABOUR', visit: 'Z1' });
    const other = { ...BABY, local: MOTHER.local };
    expect(await send(other, { ward: 'MBU 1', visit: 'Z2' })).toMatch(/MSA\|AE.*another of your patients/s);
  });
});

describe('a message of no ward in the table', () => {
  it('is of the feed’s own service, and its sender is told which field is in no row', async () => {
    const who = { ...MOTHER, local: 'N1', nhs: nhsNumber(50) };
    const answer = await send(who, { ward: 'SECRET', visit: 'N1' });
    expect(answer.match(/no row of the table of teams/g)).toHaveLength(1);
    expect(answer).toMatch(/ERR\|.*PV1\^1\^3/);
    expect(answer).not.toContain('SECRET');
    expect(await careOf({ ...MOTHER, local: 'N1' })).toEqual(['pas open']);
  });

  it('changes nothing that a service of another system, or another team, may see', async () => {
    const wards = fc
      .string({ unit: 'grapheme-ascii', minLength: 1, maxLength: 12 })
      .filter(
        (ward) =>
          /^[\w ]+$/.test(ward) &&
          ward.trim() !== '' &&
          !['LABOUR', 'MBU 1'].includes(ward.trim().toUpperCase()),
      );
    await add('rxv-feed', 'RXV', 'feed', 'maternity');
    const views = async () =>
      Promise.all(
        ['other', 'maternity-epr', 'mbu-epr', 'adult-epr', 'rxv-feed'].map(async (name) => [
          await seen('Patient', name),
          await seen('EpisodeOfCare', name),
          await seen('Encounter', name),
        ]),
      );
    const before = await views();
    await fc.assert(
      fc.asyncProperty(wards, fc.constantFrom('A01', 'A04', 'A08'), async (ward, event) => {
        const who = { ...MOTHER, local: `P${sent}`, nhs: nhsNumber(5000 + sent) };
        expect(await send(who, { ward, event, visit: `P${sent}` })).toContain('MSA|AA');
        expect(await views()).toEqual(before);
      }),
      { numRuns: 12 },
    );
  });

  it('is of its own table: a ward of one feed means nothing in another', async () => {
    await add('PAS|RXW', 'RXW', 'pas', null, 'hl7v2-adt');
    const who = { ...MOTHER, local: 'O1', nhs: nhsNumber(60) };
    await send(who, { ward: 'LABOUR', visit: 'O1' }, 'PAS|RXW');
    expect(await careOf(who)).toEqual(['pas open']);
  });
});

it('a rebuild finds the same of every team', async () => {
  expect((await cli('rebuild')).output).toMatch(/: 0 changed, 0 statements differed/);
});
