/** What one system's feed brings beside what is read here, and what its sender is told of what is held. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type TestDatabase, testDatabase } from '../support/database.ts';
import { adt } from '../support/messages.ts';
import { runProgram } from '../support/process.ts';
import { nhsNumber } from '../support/records.ts';
import { startSkein } from '../support/skein.ts';

const BABY = { nhs: nhsNumber(2), given: 'Kofi', family: 'Osei', born: '2026-08-20', local: 'B1' };
const HL7 = 'x-application/hl7-v2+er7';

let database: TestDatabase;
let skein: Awaited<ReturnType<typeof startSkein>>;

async function cli(...args: string[]): Promise<{ code: number | null; output: string }> {
  const program = runProgram(['bin/skein.js', ...args], { DATABASE_URL: database.url });
  return { code: await program.exit(), output: program.output() };
}
const add = (name: string, ...more: string[]) =>
  cli(
    'system',
    'add',
    '--name',
    name,
    '--ods',
    'RXM',
    '--team',
    name,
    '--source',
    'hl7v2-adt,hl7v2-siu',
    ...more,
  );
const stored = async () => (await database.pool.query('select count(*)::int as n from message')).rows[0].n;
const counted = async () =>
  (await database.pool.query('select event, n::int from ignored order by event')).rows.map(
    ({ event, n }) => `${event} ${n}`,
  );
/** A message of another type or event, from another application. */
const message = (type: string, id: string, from = 'PAS|RXM', more = '') =>
  adt(BABY, { id }).replace('PAS|RXM', from).replace('ADT^A01', type).replace('|P|2.4', `|P|2.4${more}`);

beforeAll(async () => {
  database = await testDatabase();
  skein = await startSkein(database);
  await add('PAS|RXM', '--ignore', 'ORU,MDM,ADT^A60');
  await add('LAB|RXM', '--held', 'event=AA,ours=CE');
  await add('OLD|RXM', '--held', 'CE');
});
afterAll(() => skein.stop());

describe('what a system is registered to have left out', () => {
  it('is answered AA, counted with the time of the last, and not kept', async () => {
    expect(await skein.mllp(message('ORU^R01', 'O1'))).toMatch(/MSA\|AA\|O1\r+$/);
    expect(await skein.mllp(message('ADT^A60', 'O2'))).toMatch(/MSA\|AA\|O2\r+$/);
    expect((await skein.intake('PAS|RXM', HL7, message('ORU^R01', 'O3'))).body.text).toContain('MSA|AA|O3');
    expect([await counted(), await stored()]).toEqual([['ADT^A60 1', 'ORU 2'], 0]);
    const { rows } = await database.pool.query(
      "select last_at > first_at as later from ignored where event = 'ORU'",
    );
    expect(rows).toEqual([{ later: true }]);
  });

  it('is no other message, and of no other system', async () => {
    expect(await skein.mllp(message('ADT^A01', 'O4'))).toContain('MSA|AA|O4');
    expect(await skein.mllp(message('RDE^O11', 'O5'))).toContain('MSA|AE|O5');
    expect(await skein.mllp(message('ORU^R01', 'O6', 'OLD|RXM'))).toContain('MSA|AE|O6');
  });

  it('is no event that has a meaning here: the registration is refused, and says who reads it', async () => {
    for (const list of ['ADT', 'ADT^A01', 'ORU,SIU^S12']) {
      const { code, output } = await add(`wrong ${list}`, '--ignore', list);
      expect([code, output]).toEqual([
        2,
        expect.stringMatching(/has a meaning here, hl7v2-(adt|siu) reads it/),
      ]);
    }
    expect((await add('wrong', '--ignore', 'lab results')).code).toBe(2);
  });

  it('may be changed later; what was held before is settled by a replay', async () => {
    expect(await skein.mllp(message('MFN^M02', 'O7'))).toContain('MSA|AE|O7');
    const set = await cli('system', 'set', '--name', 'PAS|RXM', '--ignore', 'ORU,MDM,ADT^A60,MFN');
    expect(set).toEqual({
      code: 0,
      output:
        'PAS|RXM: RXM PAS|RXM, sector none, source hl7v2-adt,hl7v2-siu, held AE, ignored ORU,MDM,ADT^A60,MFN\n',
    });
    await cli('replay', '--held');
    expect((await cli('messages', '--held', '--name', 'PAS|RXM')).output).not.toContain(' O7 ');
    expect((await cli('system', 'set', '--name', 'nobody', '--ignore', 'ORU')).code).toBe(1);
  });
});

describe('what a sender is told of a held message', () => {
  const AL = '|||AL|NE';

  it('goes by the kind of hold', async () => {
    expect(await skein.mllp(message('ORU^R01', 'H1', 'LAB|RXM'))).toContain('MSA|AA|H1');
    const wrong = message('ADT^A01', 'H2', 'LAB|RXM').replace('|20260820|', '|2026-13-45|');
    expect(await skein.mllp(wrong)).toContain('MSA|AE|H2|PID-7');
  });

  it('is CE only where an accept acknowledgement is asked for, with the reason', async () => {
    expect(await skein.mllp(message('ORU^R01', 'H3', 'OLD|RXM'))).toContain('MSA|AE|H3|');
    const enhanced = await skein.mllp(message('ORU^R01', 'H4', 'OLD|RXM', AL));
    expect(enhanced).toMatch(/MSA\|CE\|H4\|MSH-9\.1 "ORU" is not taken.*\rERR\|/);
  });

  it('is refused at registration where it is no code', async () => {
    for (const held of ['AR', 'event=XX', 'weather=AA', 'event=AA,event=AE'])
      expect((await add('wrong', '--held', held)).code).toBe(2);
  });
});

it('what is held is seen at once: by skein messages, and by a metric of each system and cause', async () => {
  const { output } = await cli('messages', '--held');
  expect(output).toMatch(/ OLD\|RXM H3 event: MSH-9\.1 "ORU" is not taken/);
  expect(output).toMatch(/ LAB\|RXM H2 content: PID-7/);
  const [held] = JSON.parse((await cli('messages', '--held', '--name', 'LAB|RXM', '--json')).output);
  const { body } = await skein.get(`/intake/messages?identifier=${held.identifier}`);
  expect((body as unknown as { messageId: string }[])[0]?.messageId).toBe(held.messageId);
  const { text } = (await skein.get('/metrics')).body;
  expect(text).toContain('skein_ignored_messages{system="PAS|RXM",event="ORU"} 2');
  expect(text).toMatch(/skein_holds\{system="OLD\|RXM",cause="event"\} 3/);
  expect(text).toMatch(/skein_holds\{system="LAB\|RXM",cause="content"\} 1/);
});

it('one id finds a message: that of its acknowledgement is that of skein messages', async () => {
  const ack = await skein.mllp(message('ADT^A01', 'F1', 'LAB|RXM').replace('|20260820|', '|2026-13-45|'));
  const [, id = ''] = /kept as message ([0-9a-f-]{36})/.exec(ack) ?? [];
  const { code, output } = await cli('messages', '--id', id);
  expect([code, output]).toEqual([0, expect.stringContaining(`${id} LAB|RXM F1: held\nby mllp, `)]);
  expect(output).toContain('held error: PID-7');
  expect((await cli('messages', '--id', crypto.randomUUID())).code).toBe(1);
});

describe('an acknowledgement', () => {
  it.each(['ACK', 'ACK^A01^ACK', 'MCF'])(
    '(%s) is never answered, and kept as a count alone',
    async (type) => {
      const before = await stored();
      const { status, body } = await skein.intake('PAS|RXM', HL7, message(type, `K-${type}`));
      expect([status, body.text]).toEqual([200, '']);
      // Over MLLP what is answered is the message behind it.
      const two = `${message(type, 'K1')}\x1c\r\v${message('ADT^A28', 'K2')}`;
      const answer = await skein.mllp(two);
      expect(answer).toContain('MSA|AA|K2');
      expect(answer).not.toContain('K1');
      expect(await stored()).toBeLessThanOrEqual(before + 1);
    },
  );
});
