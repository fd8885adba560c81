/** One hospital, one connection: ADT, REF and SIU of one sender through the real doors. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { addSystem } from '../../src/access/register/systems.ts';
import { type TestDatabase, testDatabase } from '../support/database.ts';
import { type AdtOptions, adt } from '../support/messages.ts';
import { nhsNumber } from '../support/records.ts';
import { startSkein } from '../support/skein.ts';

const MOTHER = { nhs: nhsNumber(1), given: 'Amara', family: 'Osei', born: '1994-03-02', local: 'M1' };
const HL7 = 'x-application/hl7-v2+er7';

let database: TestDatabase;
let skein: Awaited<ReturnType<typeof startSkein>>;
beforeEach(async () => {
  database = await testDatabase();
  skein = await startSkein(database);
});
afterEach(() => skein.stop());

const register = (name: string, ods: string, source: string | null, sector = 'maternity') =>
  addSystem(database.pool, database.key, { name, ods, team: name, sector, kind: null, source });

type Found = { resourceType: string; id: string; status?: string; active?: boolean } & Record<
  string,
  unknown
>;
async function all(type: string): Promise<Found[]> {
  const { body } = await skein.get(`/fhir/${type}?_count=100`);
  const entries = (body.entry ?? []) as { resource: Found }[];
  return entries.map(({ resource }) => resource).filter(({ resourceType }) => resourceType === type);
}
const told = async () => {
  const { rows } = await database.pool.query<{ code: string }>(
    "select event->>'code' as code from outbox order by id",
  );
  return rows.map(({ code }) => code);
};
const involved = async () =>
  (await database.pool.query("select 1 from involvement where state = 'open'")).rowCount;

const head = (type: string, id: string, at = '20260821090000') =>
  `MSH|^~\\&|PAS|RXM|SKEIN|SKEIN|${at}||${type}|${id}|P|2.5`;
const PID = `PID|1||M1^^^RXM^MR~${MOTHER.nhs}^^^NHS^NH||Osei^Amara||19940302|F${'|'.repeat(24)}NSTS01`;
const siu = (event: string, id: string, at?: string, times = '|20260901100000|20260901103000') =>
  [head(`SIU^${event}^SIU_S12`, id, at), 'SCH|P1^PAS|A1^CLINICS', `TQ1|1|||||${times}`, PID, ''].join('\r');
const ref = (event: string, id: string, at?: string) =>
  [
    head(`REF^${event}^REF_I12`, id, at),
    'RF1|P|R||||R1^PAS',
    'PRD|RP|||||||||Testhaven Maternity^^^^^^^^^RXM',
    'PRD|RT|||perinatal||||||Testhaven Perinatal^^^^^^^^^RXP',
    PID,
    '',
  ].join('\r');

describe('one sender of ADT, REF and SIU', () => {
  it.each([
    ['that registered itself', null],
    ['registered with all three', 'hl7v2-adt,hl7v2-ref,hl7v2-siu'],
  ])('%s is read by the mapping of each message', async (_, source) => {
    if (source) await register('PAS|RXM', 'RXM', source);
    for (const message of [adt(MOTHER, { id: '1' }), siu('S12', '2'), ref('I12', '3')])
      expect(await skein.mllp(message)).toContain('MSA|AA');
    expect((await all('Patient')).length).toBe(1);
    expect((await all('ServiceRequest')).map(({ status }) => status)).toEqual(['active']);
    expect((await all('Encounter')).map(({ status }) => status).sort()).toEqual(['in-progress', 'planned']);
    expect((await all('EpisodeOfCare')).map(({ status }) => status).sort()).toEqual(['active', 'planned']);
  });

  describe('in one batch', () => {
    const oru = [head('ORU^R01', '2'), PID, ''].join('\r');
    const nameless = adt({ ...MOTHER, local: 'M9' }, { id: '', visit: 'V9' });
    const batch = `FHS|^~\\&\rBHS|^~\\&|PAS|RXM|SKEIN|HUB|||||BATCH7\r${adt(MOTHER, { id: '1' })}${oru}${siu('S12', '3')}${nameless}BTS|4\rFTS|1\r`;
    const acks = (text: string) => [...text.matchAll(/\rMSA\|(\w+\|\w*)/g)].map(([, found]) => found);
    type Result = {
      identifier: string;
      status: string;
      rows: { issues: { field: string; text: string }[] }[];
    };
    const json = async (body: string) => {
      const sent = await skein.send(
        'POST',
        '/intake/PAS%7CRXM',
        { 'content-type': HL7, accept: 'application/json' },
        body,
      );
      return { status: sent.status, messages: (sent.body.messages ?? []) as Result[] };
    };
    const statusOf = async (identifier: string) =>
      (
        (await skein.get(`/intake/messages?identifier=${identifier}`)).body as unknown as { status: string }[]
      )[0]?.status;
    beforeEach(() => register('PAS|RXM', 'RXM', 'hl7v2-adt,hl7v2-siu'));

    it('is answered with a batch of acknowledgements, over MLLP and HTTP alike; a message that nobody takes costs the others nothing', async () => {
      const answered = await skein.mllp(batch);
      expect(answered).toMatch(
        /^BHS\|\^~\\&\|SKEIN\|HUB\|PAS\|RXM\|[^|]+\|\|\|\|[0-9A-F]{20}\|BATCH7\rMSH\|.*\rBTS\|4\r/s,
      );
      expect(acks(answered)).toEqual(['AA|1', 'AE|2', 'AA|3', 'AA|']);
      const { status, body } = await skein.intake('PAS%7CRXM', HL7, batch);
      expect([status, acks(String(body.text))]).toEqual([200, ['AA|1', 'AE|2', 'AA|3', 'AA|']]);
    });

    it('gives a result for each where JSON is asked for, and each is asked after by its own id', async () => {
      const { status, messages } = await json(batch);
      expect([status, messages.map((one) => one.status)]).toEqual([
        200,
        ['accepted', 'held', 'accepted', 'accepted'],
      ]);
      expect(messages.map(({ identifier }) => identifier)).toEqual([
        '1',
        '2',
        '3',
        expect.stringMatching(/^[0-9a-f]{64}$/),
      ]);
      expect(messages[1]?.rows[0]?.issues[0]).toMatchObject({
        field: 'MSH-9.1',
        text: 'MSH-9.1 "ORU" is not taken; ADT and SIU are',
      });
      const asked = await Promise.all(messages.map(({ identifier }) => statusOf(identifier)));
      expect(asked).toEqual(['accepted', 'held', 'accepted', 'accepted']);
    });

    it('takes nothing twice: alone, again, or with another line end after it', async () => {
      await skein.mllp(batch);
      const { rows: before } = await database.pool.query('select count(*)::int as n from message');
      expect(await skein.mllp(adt(MOTHER, { id: '1' }))).toContain('MSA|AA|1');
      expect(await skein.mllp(adt(MOTHER, { id: '1' }).trimEnd())).toContain('MSA|AA|1');
      expect(await skein.mllp(nameless)).toContain('MSA|AA|');
      expect((await json(batch)).status).toBe(200);
      const { rows: after } = await database.pool.query('select count(*)::int as n from message');
      expect([before, after]).toEqual([[{ n: 4 }], [{ n: 4 }]]);
    });

    it('refuses an id that was used for other content, and takes a correction of what was held', async () => {
      await skein.mllp(batch);
      const corrected = `${adt({ ...MOTHER, given: 'Esi' }, { id: '1' })}${siu('S12', '2').replace('APT', 'BPT')}`;
      const { status, messages } = await json(corrected);
      expect([status, messages.map((one) => one.status)]).toEqual([200, ['conflict', 'accepted']]);
      expect(acks(await skein.mllp(corrected))).toEqual(['AR|1', 'AA|2']);
      expect(await statusOf('2')).toBe('accepted');
    });

    it('keeps a message that cannot be read apart from the others, and answers each in its own mode', async () => {
      const enhanced = adt(MOTHER, { id: '6' }).replace('|P|2.4', '|P|2.4|||AL|AL');
      const answered = await skein.mllp(`BHS|^~\\&\rMSH|AB|\rPID|1\r${enhanced}`);
      expect(acks(answered)).toEqual(['AR|', 'CA|6', 'AA|6']);
      expect(answered).toContain('BTS|3');
    });
  });

  it('is held, with what is taken, where it registered for fewer', async () => {
    await register('PAS|RXM', 'RXM', 'hl7v2-adt');
    expect(await skein.mllp(siu('S12', '1'))).toMatch(
      /MSA\|AE\|1.*ERR\|\|MSH\^1\^9\^1\^1\|200.*"SIU" is not taken; ADT is/s,
    );
    expect(await skein.mllp(adt(MOTHER, { id: '2', event: 'A99' }))).toMatch(
      /ERR\|\|MSH\^1\^9\^1\^2\|200.*of ADT, A01/s,
    );
  });
});

describe('an admission', () => {
  const say = async (event: string, at: string, more: Partial<AdtOptions> = {}) =>
    expect(await skein.mllp(adt(MOTHER, { event, id: `${event}${at}`, at, ...more }))).toContain('MSA|AA');
  const statuses = async () => [(await all('EpisodeOfCare'))[0]?.status, (await all('Encounter'))[0]?.status];

  it('that is only expected opens no care', async () => {
    await say('A05', '20260820090000');
    expect(await statuses()).toEqual([undefined, 'planned']);
    expect(await involved()).toBe(0);
    await say('A01', '20260821090000');
    expect(await statuses()).toEqual(['active', 'in-progress']);
    expect((await all('Encounter')).length).toBe(1);
  });

  it('that was cancelled never was: no care remains, and whoever knew is told', async () => {
    await say('A01', '20260821090000');
    expect(await involved()).toBe(1);
    await say('A11', '20260821093000');
    expect(await statuses()).toEqual(['entered-in-error', 'cancelled']);
    expect(await involved()).toBe(0);
    expect(await told()).toContain('recheck');
  });

  it('goes on where its discharge was cancelled', async () => {
    await say('A01', '20260821090000');
    await say('A03', '20260823090000');
    expect(await involved()).toBe(0);
    await say('A13', '20260823093000');
    expect(await statuses()).toEqual(['active', 'in-progress']);
    expect((await all('EpisodeOfCare'))[0]?.period).not.toHaveProperty('end');
    expect(await involved()).toBe(1);
  });

  it('that is over stays so when something else about it is updated', async () => {
    await say('A08', '20260820090000');
    expect(await statuses()).toEqual(['active', 'in-progress']);
    await say('A03', '20260823090000');
    await say('A08', '20260825090000');
    expect(await statuses()).toEqual(['finished', 'finished']);
    expect(await involved()).toBe(0);
  });

  it('is of one person after two charts were merged, and a chart is not merged into itself', async () => {
    const former = { ...MOTHER, nhs: '', local: 'M2' };
    await say('A28', '20260820090000');
    expect(await skein.mllp(adt(former, { id: 'F1', at: '20260820090000' }))).toContain('MSA|AA');
    const merge = (number: string, id: string) =>
      `${head('ADT^A40^ADT_A39', id)}\rEVN|A40\r${PID}\rMRG|${number}^^^RXM^MR\r`;
    expect(await skein.mllp(merge('M1', 'X1'))).toMatch(
      /MSA\|AE.*ERR\|\|MRG\^1\^1\^1\^.*names the chart that it is merged with/s,
    );
    expect(await skein.mllp(merge('M2', 'X2'))).toContain('MSA|AA');
    const patients = (await all('Patient')).filter(({ active }) => active !== false);
    expect(patients.length).toBe(1);
    expect((await all('EpisodeOfCare'))[0]?.patient).toEqual({ reference: `Patient/${patients[0]?.id}` });
  });
});

describe('what is empty', () => {
  const person = (
    event: string,
    at: string,
    fields: { born?: string; phone?: string; language?: string },
  ) => {
    const { born = '', phone = '', language = '' } = fields;
    return [
      head(`ADT^${event}^ADT_A05`, `${event}${at}`, at),
      `EVN||${at}`,
      `PID|1||M1^^^RXM^MR||Osei^Amara||${born}|F|||||${phone}||${language}`,
      '',
    ].join('\r');
  };
  const view = async () => {
    const [{ birthDate, telecom, communication, gender } = {} as Found] = await all('Patient');
    return {
      birthDate,
      phone: (telecom as { value: string }[] | undefined)?.[0]?.value,
      communication,
      gender,
    };
  };

  it('is no news, and "" takes away: as far as what is served', async () => {
    const say = async (...told: Parameters<typeof person>) => {
      expect(await skein.mllp(person(...told))).toContain('MSA|AA');
      return view();
    };
    const known = await say('A28', '20260820090000', {
      born: '199403',
      phone: '07700900123',
      language: 'so',
    });
    expect(known).toMatchObject({ birthDate: '1994-03', phone: '07700900123', gender: 'female' });
    expect(known.communication).toHaveLength(1);
    expect(await say('A31', '20260821090000', {})).toEqual(known);
    const emptied = await say('A31', '20260822090000', { born: '""', phone: '""', language: '""' });
    expect(emptied).toEqual({ gender: 'female' });
  });

  it('a birth date stays the day that was written, whatever the time and zone beside it', async () => {
    for (const [at, born] of [
      ['20260820090000', '19940302003000+0500'],
      ['20260821090000', '19940302233000-0800'],
    ] as const) {
      expect(await skein.mllp(person('A31', at, { born }))).toContain('MSA|AA');
      expect((await view()).birthDate).toBe('1994-03-02');
    }
  });
});

describe('an appointment', () => {
  it('involves nobody, makes no infant, and follows what becomes of it', async () => {
    const say = async (event: string, at: string, times?: string) => {
      expect(await skein.mllp(siu(event, `${event}${at}`, at, times))).toContain('MSA|AA');
      const [appointment] = await all('Encounter');
      const end = (appointment?.period as { end?: string } | undefined)?.end?.slice(0, 16);
      return { status: appointment?.status, end, attended: JSON.stringify(appointment?.extension ?? '') };
    };
    expect(await say('S12', '20260801090000')).toMatchObject({ status: 'planned', end: '2026-09-01T10:30' });
    const missed = await say('S26', '20260901110000');
    expect(missed).toMatchObject({ status: 'cancelled', attended: expect.stringContaining('"3"') });
    const anew = await say('S13', '20260901120000', '|20260908100000|');
    expect(anew).toEqual({ status: 'planned', end: undefined, attended: '""' });
    expect(await say('S15', '20260902090000', '|20260908100000|')).toMatchObject({ status: 'cancelled' });
    expect(await all('Encounter')).toHaveLength(1);
    expect((await all('Patient')).map(({ birthDate }) => birthDate)).toEqual(['1994-03-02']);
    expect([await all('EpisodeOfCare'), await all('RelatedPerson'), await involved()]).toEqual([[], [], 0]);
  });
});

describe('a referral', () => {
  it('reaches the team that PRD names, and is withdrawn when it is cancelled', async () => {
    await register('perinatal', 'RXP', null, 'specialist-perinatal');
    expect(await skein.mllp(ref('I12', '1'))).toContain('MSA|AA');
    const { body } = await skein.get('/fhir/ServiceRequest', 'perinatal');
    const [seen] = ((body.entry ?? []) as { resource: Found }[]).map(({ resource }) => resource);
    expect(seen).toMatchObject({ resourceType: 'ServiceRequest', status: 'active', priority: 'routine' });
    // Made longer ago than an answer may take.
    expect(await told()).toEqual(['referral-received', 'prompt-raised']);
    expect(await skein.mllp(ref('I13', '2', '20260822090000'))).toContain('MSA|AA');
    expect(await skein.mllp(ref('I14', '3', '20260823090000'))).toContain('MSA|AA');
    expect((await all('ServiceRequest')).map(({ status }) => status)).toEqual(['revoked']);
    expect((await all('EpisodeOfCare')).map(({ status }) => status)).toEqual(['cancelled']);
    expect(await told()).toContain('recheck');
  });
});

describe('a merge of its own charts', () => {
  it('leaves a sender with one patient who stands, known by every identifier', async () => {
    await register('maternity', 'RXM', 'hl7v2-adt');
    const who = { nhs: nhsNumber(77), given: 'Kay', family: 'Kappa', born: '1990-01-01' };
    const say = async (message: string) =>
      (await skein.intake('maternity', 'application/hl7-v2', message)).body.text;
    expect(await say(adt({ ...who, local: 'K1' }, { id: 'K-1', visit: 'KV1' }))).toContain('MSA|AA');
    const merge = adt({ ...who, nhs: undefined, local: 'K2' }, { id: 'K-2', event: 'A40' });
    expect(await say(`${merge}\rMRG|K1^^^RXM^MR`)).toContain('MSA|AA');
    const { body } = await skein.get('/fhir/Patient', 'maternity');
    const found = ((body.entry ?? []) as { resource: Found }[]).map(({ resource }) => resource);
    const kay = found.filter((one) => JSON.stringify(one).includes('Kappa'));
    expect(kay).toMatchObject([{ active: true }]);
    for (const one of ['K1', 'K2', who.nhs]) expect(JSON.stringify(kay)).toContain(`"${one}"`);
  });
});
