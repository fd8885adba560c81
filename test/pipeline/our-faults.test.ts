/** A fault of ours is never the sender's: nothing is lost by it, and nobody is told that the message is wrong. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { addSystem, findSystem } from '../../src/access/register/systems.ts';
import { loadMappings, type Mapping, type Mappings } from '../../src/map/language/load-mappings.ts';
import type { System } from '../../src/model.ts';
import { openLog } from '../../src/observe/log.ts';
import { replayHeld } from '../../src/pipeline/rebuild.ts';
import { intake } from '../../src/pipeline.ts';
import { ownProfiles } from '../../src/validate/profiles.ts';
import { testContext } from '../support/context.ts';
import { type TestDatabase, testDatabase } from '../support/database.ts';
import { adt, barsReferral } from '../support/messages.ts';
import { nhsNumber } from '../support/records.ts';
import { startSkein } from '../support/skein.ts';

const BABY = { nhs: nhsNumber(2), given: 'Kofi', family: 'Osei', born: '2026-08-20', local: 'B1' };
const HL7 = 'x-application/hl7-v2+er7';
const FAMILY = 'reference,referred_on,given_name,family_name,date_of_birth,postcode';
const csv = (rows: number) =>
  [FAMILY, ...Array.from({ length: rows }, (_, n) => `C-${n},2026-09-01,Sam,Bell${n},1988-01-02,`)].join(
    '\n',
  );

let database: TestDatabase;
let skein: Awaited<ReturnType<typeof startSkein>>;
beforeEach(async () => {
  database = await testDatabase();
  skein = await startSkein(database);
  const team = { ods: 'RAA', sector: 'maternity', kind: null, source: null };
  await addSystem(database.pool, database.key, { ...team, name: 'PAS|RXM', team: 'wards' });
  await addSystem(database.pool, database.key, { ...team, name: 'RXV', team: 'visiting' });
});
afterEach(() => skein.stop());

/** The database refuses to store what is understood of a message: `code` as PostgreSQL would say it. */
async function breakStore(when: string, code = 'P0001'): Promise<void> {
  await database.pool.query(`
    create function refuse() returns trigger language plpgsql as $$ begin raise exception using errcode = '${code}'; end $$;
    create trigger refuse before insert on record for each row when (${when}) execute function refuse()`);
}
const mendStore = () => database.pool.query('drop trigger refuse on record; drop function refuse()');

const replay = async (mappings?: Mappings) =>
  replayHeld({
    ...testContext(database),
    mappings: mappings ?? (await loadMappings()),
    profiles: ownProfiles(),
  });
const stateOf = async (id: string) => {
  const { body } = await skein.get(`/intake/messages?identifier=${id}`);
  return body as unknown as { status: string; messageId: string; units: { status: string }[] }[];
};
const stored = async () => (await database.pool.query('select count(*)::int as n from message')).rows[0].n;

describe('a message that meets a bug of ours', () => {
  beforeEach(() => breakStore("new.mapping not like 'fhir-r4%'"));

  it('is kept as failed: 500 with the id of the message, which a replay takes', async () => {
    const { status, body } = await skein.intake('PAS|RXM', `${HL7}`, adt(BABY));
    const [kept] = await stateOf('MSG1');
    expect([status, kept?.status]).toEqual([500, 'failed']);
    expect(body.text).toContain('MSA|AE|MSG1|an error of ours');
    expect(body.text).toContain(kept?.messageId);
    expect(await replay()).toEqual({ tried: 1, accepted: 0, failed: 1 });
    await mendStore();
    expect(await replay()).toEqual({ tried: 1, accepted: 1, failed: 0 });
    expect((await stateOf('MSG1'))[0]).toMatchObject({ status: 'accepted', messageId: kept?.messageId });
    expect(await stored()).toBe(1);
  });

  it('is tried again when it is sent again, and stays one message', async () => {
    expect(await skein.mllp(adt(BABY))).toContain('MSA|AE|MSG1|an error of ours');
    expect(await skein.mllp(adt(BABY))).toContain('MSA|AE|MSG1|');
    await mendStore();
    expect(await skein.mllp(adt(BABY))).toContain('MSA|AA|MSG1\r');
    expect(await stored()).toBe(1);
  });

  it('may be corrected under its id', async () => {
    await skein.mllp(adt(BABY));
    await mendStore();
    expect(await skein.mllp(adt({ ...BABY, family: 'Bell' }))).toContain('MSA|AA|MSG1');
    expect(await replay()).toEqual({ tried: 0, accepted: 0, failed: 0 });
  });

  it('is answered with its id over BaRS, in the code of BaRS', async () => {
    const ids = { request: crypto.randomUUID(), correlation: crypto.randomUUID() };
    const { status, body } = await skein.bars(barsReferral(BABY, { from: 'RXV' }), ids);
    const [kept] = await stateOf(ids.request);
    expect([status, kept?.status]).toEqual([500, 'failed']);
    expect(JSON.stringify(body)).toContain('REC_SERVER_ERROR');
    expect(JSON.stringify(body)).toContain(`kept as message ${kept?.messageId}`);
  });

  it('stops no replay: those behind it are taken', async () => {
    await mendStore();
    const wrong = (id: string, given: string) =>
      adt(
        { ...BABY, given, local: id, nhs: nhsNumber(Number(id.slice(3)) + 10) },
        { id, event: 'A31' },
      ).replaceAll('A31', 'A99');
    for (const id of ['MSG1', 'MSG2', 'MSG3']) await skein.mllp(wrong(id, `Kofi${id}`));
    const mended = await loadMappings();
    const throwing = { ...mended, of: (sources: string) => mended.of(sources).map(refusingFirst) };
    expect(await replay(throwing)).toEqual({ tried: 3, accepted: 0, failed: 1 });
    expect((await stateOf('MSG1'))[0]?.status).toBe('failed');
    expect((await stateOf('MSG3'))[0]?.status).toBe('held');
  });

  it('of many rows costs only the row that meets it', async () => {
    await mendStore();
    await breakStore("new.position = 'row 12'");
    const sent = () => skein.intake('PAS|RXM', 'text/csv', csv(30));
    const first = await sent();
    const rows = first.body.rows as { position: string; status: string }[];
    expect(first.status).toBe(200);
    expect(
      rows.flatMap(({ position, status }) => (status === 'accepted' ? [] : [`${position} ${status}`])),
    ).toEqual(['row 12 failed']);
    await mendStore();
    expect(
      ((await sent()).body.rows as { status: string }[]).every(({ status }) => status === 'accepted'),
    ).toBe(true);
    expect(await stored()).toBe(1);
  });
});

/** A mapping that throws at the first message it is asked about. */
let asked = 0;
beforeEach(() => {
  asked = 0;
});
const refusingFirst = (mapping: Mapping): Mapping => ({
  ...mapping,
  get takes() {
    if (asked++ === 0) throw new TypeError('a bug');
    return mapping.takes;
  },
});

describe('a message that asks for more than the store has', () => {
  it.each(['53200', '54000'])(
    'is held with the reason after few tries (%s), and never answered as passing',
    async (code) => {
      await breakStore("new.mapping like 'hl7v2%'", code);
      expect(await skein.mllp(adt(BABY))).toMatch(/MSA\|AE\|MSG1\|more than the store can take at once/);
      expect((await stateOf('MSG1'))[0]?.status).toBe('held');
      await mendStore();
      expect(await replay()).toEqual({ tried: 1, accepted: 1, failed: 0 });
    },
  );

  it('costs nobody it came with', async () => {
    await breakStore("new.mapping like 'hl7v2%'", '53200');
    const bars = Array.from({ length: 5 }, (_, n) =>
      skein.bars(barsReferral(BABY, { id: `R-${n}`, from: 'RXV' })),
    );
    const all = await Promise.all([skein.intake('PAS|RXM', HL7, adt(BABY)), ...bars]);
    expect(all.map(({ status }) => status)).toEqual([422, 200, 200, 200, 200, 200]);
  });
});

it('the log names a message by the id that its answer has', async () => {
  const lines: string[] = [];
  const log = openLog('info', { write: (line: string) => lines.push(line) });
  const ctx = { ...testContext(database, { log }), mappings: await loadMappings(), profiles: ownProfiles() };
  const system = (await findSystem(database.pool, 'PAS|RXM')) as System;
  const origin = { channel: 'intake', contentType: HL7, source: 'hl7v2-adt' } as const;
  const message = { ...origin, system, identifier: 'L1', contentHash: 'l1', body: Buffer.from(adt(BABY)) };
  await breakStore("new.mapping like 'hl7v2%'");
  const { messageId } = await intake(ctx, message);
  const named = lines.map((line) => JSON.parse(line)).filter((line) => line.messageId === messageId);
  expect(named.map(({ event }) => event)).toEqual(['message.failed', 'message']);
});

it('a passing fault keeps nothing, and is not called a bug', async () => {
  await breakStore("new.mapping like 'hl7v2%'", '40001');
  expect(await skein.mllp(adt(BABY))).toContain('MSA|AE|MSG1|not stored: send it again');
  expect(await stored()).toBe(0);
});

it('what cannot even be kept is an error of ours, whose sender keeps it', async () => {
  await database.pool.query(`
    create function refuse() returns trigger language plpgsql as $$ begin raise exception 'no'; end $$;
    create trigger refuse before insert on message for each row execute function refuse()`);
  const { status, body } = await skein.intake('PAS|RXM', 'text/csv', csv(1));
  expect([status, body.issue?.[0]?.code]).toEqual([500, 'exception']);
  expect(await skein.mllp(adt(BABY))).toContain('MSA|AE|MSG1|not stored: send it again');
});
