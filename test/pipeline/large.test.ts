/** What one large message costs everybody else: while it is understood others are answered, too. */
import { afterAll, expect, test, vi } from 'vitest';
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
const ctx = { ...testContext(database), mappings: await loadMappings(), profiles: ownProfiles() };
const system: System = await register(database, 'health-visiting');

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
