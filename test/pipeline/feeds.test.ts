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
