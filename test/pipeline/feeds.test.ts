/** What British hospitals really send, through the real doors: the examples of the mappings, one after the other. */
import { readFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { addSystem, type NewSystem } from '../../src/access/register/systems.ts';
import { MAPPINGS_DIR } from '../../src/map/language/read-mappings.ts';
import { type TestDatabase, testDatabase } from '../support/database.ts';
import { nhsNumber } from '../support/records.ts';
import { startSkein } from '../support/skein.ts';

const HL7 = 'x-application/hl7-v2+er7';
const example = (name: string) =>
  readFileSync(new URL(`hl7v2-adt/examples/${name}.in.hl7`, MAPPINGS_DIR), 'latin1');

let database: TestDatabase;
let skein: Awaited<ReturnType<typeof startSkein>>;
beforeEach(async () => {
  database = await testDatabase();
  skein = await startSkein(database);
});
afterEach(() => skein.stop());

const register = (name: string, more: Partial<NewSystem> = {}) =>
  addSystem(database.pool, database.key, {
    ...{ name, ods: name, team: 'maternity', sector: 'maternity', kind: null, source: 'hl7v2-adt' },
    ...more,
  });

type Found = { resourceType: string; id: string; status?: string } & Record<string, unknown>;
async function all(type: string, asked = ''): Promise<Found[]> {
  const { body } = await skein.get(`/fhir/${type}?_count=100${asked}`);
  const entries = (body.entry ?? []) as { resource: Found }[];
  return entries.map(({ resource }) => resource).filter(({ resourceType }) => resourceType === type);
}
/** The code and the texts of the acknowledgement. */
const send = async (system: string, message: string) => {
  const { body } = await skein.intake(system, HL7, message);
  const text = String(body.text);
  return { code: /\rMSA\|(\w\w)/.exec(text)?.[1], text };
};

describe('an NHS number', () => {
  it('in PID-2 of one sender and in PID-3 of another is one woman', async () => {
    for (const name of ['RXB', 'RXC']) await register(name);
    expect((await send('RXB', example('a28-nhs-number-in-pid-2'))).code).toBe('AA');
    expect((await send('RXC', example('a28-nhs-number-in-pid-3'))).code).toBe('AA');
    expect(await all('Patient')).toHaveLength(1);
  });

  it.each([
    ['traced', 1],
    [null, 2],
  ] as const)(
    'without a tracing status, of a feed registered as %s, is of %i persons',
    async (numbers, persons) => {
      for (const name of ['RXB', 'RXC']) await register(name, { numbers });
      for (const [index, name] of ['RXB', 'RXC'].entries()) {
        const pid = `PID|1||L${index}^^^${name}^MR~${nhsNumber(7)}^^^NHS^NH||Invented^Nora||19900101|F`;
        const message = `MSH|^~\\&|EPR|${name}|SKEIN|X|20260301101500||ADT^A28|T${index}|P|2.4\r${pid}\r`;
        expect((await send(name, message)).code).toBe('AA');
      }
      expect(await all('Patient')).toHaveLength(persons);
    },
  );

  it('that nothing calls one is taken, with a warning that names the field', async () => {
    const { code, text } = await send(
      'RXJ',
      example('nhs-numbers-that-nothing-names').split(/(?=MSH)/)[0] ?? '',
    );
    expect(code).toBe('AA');
    expect(text).toMatch(/\rERR\|\|PID\^1\^3\^2\^1\|.*\|W\|.*a valid NHS number, and neither authority/);
  });
});

describe('an assigning authority with spaces in its name', () => {
  it('is taken, and found by its own number', async () => {
    await register('RXA');
    expect((await send('RXA', example('a28-authority-with-spaces'))).code).toBe('AA');
    const system = encodeURIComponent('https://skein.example/Id/RXA%205C4%20MRN');
    expect(await all('Patient', `&identifier=${system}|10769857`)).toHaveLength(1);
  });
});

describe('a stay', () => {
  beforeEach(() => register('RX'));
  const statuses = async (type: string) => (await all(type)).map(({ status }) => status);

  it('that was booked is not planned any more once it was cancelled', async () => {
    await send('RX', example('a05-of-a-booked-clinic'));
    expect(await statuses('Encounter')).toEqual(['planned']);
    expect((await send('RX', example('a38-the-clinic-was-cancelled'))).code).toBe('AA');
    expect(await statuses('Encounter')).toEqual(['cancelled']);
  });

  it('is where the last transfer took it, in any order', async () => {
    for (const name of ['a02-to-another-ward', 'a01-on-one-ward'])
      expect((await send('RX', example(name))).code).toBe('AA');
    expect(await all('Encounter')).toMatchObject([
      { status: 'in-progress', location: [{ location: { display: 'LABOUR WARD R2 1' } }] },
    ]);
  });

  it('without a number is one for each person, and ended by what ends it', async () => {
    const [first = '', end = '', again = ''] = example('a04-registered-twice-without-a-number').split(
      /(?=MSH)/,
    );
    for (const message of [first, again.replace('R3', 'R9')]) await send('RX', message);
    expect(await statuses('EpisodeOfCare')).toEqual(['active']);
    await send('RX', end.replace('20260302', '20260305'));
    expect(await statuses('EpisodeOfCare')).toEqual(['finished']);
  });
});

describe('charts that their sender merges under another name than A40', () => {
  const known = (local: string, id: string) =>
    `MSH|^~\\&|PAS|RQ1|SKEIN|SKEIN|20250701090000||ADT^A28|${id}|P|2.3\rPID|1||${local}^^^RQ1^MR||Doyle^Erin||19870515|F\r`;
  it('stay two, and their sender is told, where it says itself that they are two people', async () => {
    await register('RQ1');
    for (const name of ['a28-mothers-of-the-ward', 'a08-baby', 'a28-baby-under-a-second-number'])
      await send('RQ1', example(name));
    const { code, text } = await send('RQ1', example('a40-of-two-numbers'));
    expect(code).toBe('AE');
    expect(text).toMatch(/\rERR\|\|MRG\^1\^1\|.*\|E\|.*MRG-1: nothing was merged/);
    expect((await all('Patient')).filter((one) => one.active !== false)).toHaveLength(4);
  });

  it('are one person: A34, and A47 under the new number', async () => {
    await register('RQ1');
    await send('RQ1', known('Q100030', 'K1'));
    await send('RQ1', known('Q100031', 'K2'));
    const active = async () => (await all('Patient')).filter((one) => one.active !== false).length;
    expect(await active()).toBe(2);
    expect((await send('RQ1', example('a34-merge'))).code).toBe('AA');
    expect(await active()).toBe(1);
    expect((await send('RQ1', example('a47-another-number'))).code).toBe('AA');
    expect(await active()).toBe(1);
    expect(await all('Patient', '&identifier=https://skein.example/Id/RQ1|Q100032')).toHaveLength(1);
  });
});

describe('the time of a message', () => {
  const moved = (id: string, at: string, line: string) =>
    `MSH|^~\\&|MEDWAY|RXI|SKEIN|X|${at}||ADT^A31|${id}|P|2.4\rPID|1||M8^^^RXI^MR||Invented^Tina||19900101|F|||${line}^^Town\r`;
  const stands = async () =>
    (await all('Patient')).flatMap(({ address }) =>
      (address as { line: string[] }[]).flatMap(({ line }) => line),
    );
  beforeEach(() => register('RXI'));

  it.each(['20260301101500123+0000', '2026-03-01T10:15:00Z', '20260301101500.123BST'])(
    'written %s is older than a day later, whichever comes first',
    async (at) => {
      await send('RXI', moved('1', '20260302101500', 'New Road'));
      await send('RXI', moved('2', at, 'Old Road'));
      expect(await stands()).toEqual(['New Road']);
    },
  );

  it('that cannot be read is told, and replaces nothing that was said at one that can', async () => {
    await send('RXI', moved('1', '20260302101500', 'New Road'));
    const { code, text } = await send('RXI', moved('2', 'March', 'Old Road'));
    expect(code).toBe('AA');
    expect(text).toMatch(/\rERR\|\|MSH\^1\^7\|.*\|W\|/);
    expect(await stands()).toEqual(['New Road']);
  });

  it('that cannot be read leaves the messages in the order in which they came', async () => {
    for (const [id, line] of ['First Road', 'Second Road'].entries())
      await send('RXI', moved(String(id), 'March', line));
    expect(await stands()).toEqual(['Second Road']);
  });
});

describe('a newborn registered to the wrong mother, corrected, and numbered twice', () => {
  const STORY = [
    'a01-baby-of-the-wrong-mother',
    'a08-baby',
    'a28-baby-under-a-second-number',
    'a40-of-two-numbers',
    'a01-her-own-baby',
  ];
  const journeys = async () => {
    const people = new Map((await all('Patient')).map((one) => [`Patient/${one.id}`, one]));
    type Member = { entity: { reference: string }; inactive?: boolean };
    const named = ({ entity: { reference } }: Member) => {
      const { name, birthDate } = people.get(reference) as {
        name?: { family: string }[];
        birthDate?: string;
      };
      return `${name?.[0]?.family} ${birthDate}`;
    };
    // A journey that was dissolved has no members any more.
    return (await all('Group'))
      .flatMap(({ member }) => (member ? [member as Member[]] : []))
      .map((members) =>
        members
          .filter(({ inactive }) => !inactive)
          .map(named)
          .sort(),
      )
      .sort();
  };

  it.each([
    ['as it happened', STORY],
    ['backwards', STORY.toReversed()],
    ['the correction first', [1, 4, 0, 3, 2].map((index) => STORY[index] as string)],
  ])('ends with each mother and her own, %s', async (_, order) => {
    await register('RQ1');
    for (const name of ['a28-mothers-of-the-ward', ...order]) await send('RQ1', example(name));
    expect(await journeys()).toEqual([
      ['Vale 1990-01-01', 'Vale 2025-08-09'],
      ['Wynn 1993-07-12', 'Wynn 2025-08-01', 'Wynn 2025-08-01'],
    ]);
  });
});
