/**
 * What one large message costs everybody else: while it is understood others are answered, too, and more
 * than a message ever holds is held by its count.
 */
import { afterAll, expect, test, vi } from 'vitest';
import { addSystem } from '../../src/access/register/systems.ts';
import { loadMappings } from '../../src/map/language/load-mappings.ts';
import type { Message, System } from '../../src/model.ts';
import { intake } from '../../src/pipeline.ts';
import { ownProfiles } from '../../src/validate/profiles.ts';
import { testContext } from '../support/context.ts';
import { testDatabase } from '../support/database.ts';
import { register } from '../support/hear.ts';
import { episodeBundle } from '../support/messages.ts';
import { nhsNumber } from '../support/records.ts';
import { startSkein } from '../support/skein.ts';

const database = await testDatabase();
const skein = await startSkein(database);
afterAll(() => skein.stop());
// A connection that nothing else uses: what is asked by it is of the message alone.
const ctx = {
  ...testContext(database),
  db: database.pool,
  mappings: await loadMappings(),
  profiles: ownProfiles(),
};
const system: System = await register(database, 'health-visiting');

const TYPES: Record<string, string> = {
  ...{ hl7v2: 'application/hl7-v2', fhir: 'application/fhir+json' },
  ...{ 'third-sector-csv': 'text/csv', json: 'application/json' },
};
const ENTRIES = 3_000;
const ROWS = 1_000;
const women = (count: number) =>
  Array.from({ length: count }, (_, n) => ({
    ...{ nhs: nhsNumber(10_000 + n), given: `Given${n}`, family: `Family${n}`, born: '1994-03-02' },
    local: `L${n}`,
  }));

const entry = women(ENTRIES / 2).flatMap((who) => episodeBundle(who, { id: `E-${who.local}` }).entry);
const bundle = { resourceType: 'Bundle', type: 'transaction', timestamp: '2026-09-12T09:00:00Z', entry };
const file = [
  'reference,referred_on,given_name,family_name,date_of_birth,postcode',
  ...women(ROWS).map(({ local, given, family, born }) => `${local},2026-09-01,${given},${family},${born},`),
].join('\n');

test.each([
  ['a transaction of 3,000 entries', 'fhir-r4', 'application/fhir+json', JSON.stringify(bundle)],
  ['a file of 1,000 rows', 'third-sector-csv', 'text/csv', file],
])('while %s is understood /health is answered', async (_, source, contentType, text) => {
  const body = Buffer.from(text);
  const origin = { system, channel: 'intake', contentType, source } as const;
  const message: Message = { ...origin, body, identifier: source, contentHash: source };
  let answers = 0;
  // Nothing is asked of the store before all of the message is understood.
  let understood: number | null = null;
  for (const method of ['query', 'connect'] as const) {
    const real = database.pool[method].bind(database.pool) as (...args: unknown[]) => unknown;
    vi.spyOn(database.pool, method).mockImplementation((...args: unknown[]) => {
      understood ??= answers;
      return real(...args) as never;
    });
  }
  const taken = intake(ctx, message);
  while (understood === null) {
    expect((await fetch(`${skein.url}/health/live`)).status).toBe(200);
    answers += 1;
  }
  vi.restoreAllMocks();
  expect(understood).toBeGreaterThan(2);
  expect((await taken).status).toBe('accepted');
});

const times = (count: number, one: (n: number) => string, between = '\r') =>
  Array.from({ length: count }, (_, n) => one(n)).join(between);
const pid = (ids: string) => `PID|1||${ids}||Osei^Amara||19940302|F`;
const hl7 = (event: string, ...segments: string[]) =>
  [`MSH|^~\\&|PAS|RXM|SKEIN|SKEIN|20260912090000||ADT^${event}|M1|P|2.5`, ...segments, ''].join('\r');
const relatives = (count: number) => times(count, (n) => `NK1|${n}|Osei^Yaa|SIB`);
const pairs = (count: number) => times(count, (n) => `${pid(`A${n}^^^RXM`)}\rMRG|B${n}^^^RXM`);
const visit = (count: number) => `PV1|1|I|WARD${'|'.repeat(16)}V1\r${times(count, (n) => `DG1|${n}||X${n}`)}`;

const many = (count: number, one: (n: number) => object | string) =>
  Array.from({ length: count }, (_, n) => one(n));
const charts = (count: number, rest: object) => {
  const identifier = (n: number) => [{ system: 'urn:example', value: `T${n}` }];
  const of = (n: number) => ({ resourceType: 'Patient', identifier: identifier(n), ...rest });
  const request = { method: 'POST', url: 'Patient' };
  const all = many(count, (n) => ({ resource: of(n), request }));
  return JSON.stringify({ resourceType: 'Bundle', type: 'transaction', entry: all });
};
const csv = `reference,given_name,reason\nR1,Amara,${times(501, (n) => `need ${n}`, ';')}`;
const form = (rest: object) => JSON.stringify({ reference: 'R1', person: { givenName: 'Amara' }, ...rest });
const babies = many(5_001, () => ({ to: 'mother-of-baby', nhsNumber: nhsNumber(1) }));

test.each([
  ['hl7v2-adt', '14,000 relatives', hl7('A28', pid('M1'), relatives(14_000)), 'NK1\\[999\\]'],
  ['hl7v2-adt', '501 charts and what they were', hl7('A40', pairs(501)), 'MRG\\[500\\]'],
  ['hl7v2-adt', '501 identifiers', hl7('A28', pid(times(501, (n) => `M${n}^^^RXM`, '~'))), 'PID-3\\[501\\]'],
  ['hl7v2-adt', '501 diagnoses', hl7('A01', pid('M1'), visit(501)), 'DG1\\[501\\]-3'],
  ['fhir-r4', '5,001 entries', charts(5_001, {}), '/entry/5000'],
  [
    'fhir-r4',
    '501 telephones',
    charts(1, { telecom: many(501, (n) => ({ system: 'phone', value: `${n}` })) }),
    '/entry/0',
  ],
  ['fhir-r4', '501 words of a name', charts(1, { name: [{ given: many(501, () => 'A') }] }), '/entry/0'],
  ['third-sector-csv', '501 needs', csv, 'row 2'],
  ['third-sector-form', '501 needs', form({ need: many(501, (n) => `need ${n}`) }), '/need/500'],
  ['third-sector-form', '5,001 babies', form({ relationship: babies }), '/relationship/'],
])('%s: a message with %s is held by their count', async (mapping, what, body, place) => {
  const name = `${mapping} ${what}`.replace(/\W+/g, '-');
  const team = { name, ods: 'RXW', team: name, sector: null, kind: null, source: mapping };
  await addSystem(database.pool, database.key, team);
  const type = /^(hl7v2|fhir|third-sector-csv)/.exec(mapping)?.[1] ?? 'json';
  const { status, body: answer } = await skein.intake(name, TYPES[type] as string, body);
  expect([status, JSON.stringify(answer)]).toEqual([
    422,
    expect.stringMatching(new RegExp(`${place}.*more than`)),
  ]);
  expect(JSON.stringify(answer)).toContain('too-costly');
});

test('as many entries of one list as there may be are taken', async () => {
  const team = { name: 'just', ods: 'RXJ', team: 'just', sector: null, kind: null, source: 'fhir-r4' };
  await addSystem(database.pool, database.key, team);
  const body = charts(1, { telecom: many(500, (n) => ({ system: 'phone', value: `${n}` })) });
  expect((await skein.intake('just', TYPES.fhir as string, body)).status).toBe(200);
});
