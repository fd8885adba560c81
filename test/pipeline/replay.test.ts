import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { addSystem } from '../../src/access/register/systems.ts';
import { loadMappings, type Mappings } from '../../src/map/language/load-mappings.ts';
import { readText } from '../../src/map/language/yaml-file.ts';
import { replayHeld } from '../../src/pipeline/rebuild.ts';
import { ownProfiles } from '../../src/validate/profiles.ts';
import { testContext } from '../support/context.ts';
import { type TestDatabase, testDatabase } from '../support/database.ts';
import { adt, barsReferral } from '../support/messages.ts';
import { nhsNumber } from '../support/records.ts';
import { startSkein } from '../support/skein.ts';

const BABY = { nhs: nhsNumber(2), given: 'Kofi', family: 'Osei', born: '2026-08-20', local: 'B1' };

let database: TestDatabase;
let skein: Awaited<ReturnType<typeof startSkein>>;
beforeEach(async () => {
  database = await testDatabase();
  skein = await startSkein(database);
  const team = { name: 'one', ods: 'RAA', team: 'one', sector: 'maternity', kind: null, source: null };
  await addSystem(database.pool, database.key, team);
});
afterEach(() => skein.stop());

const replay = async (mappings?: Mappings) =>
  replayHeld({
    ...testContext(database),
    mappings: mappings ?? (await loadMappings()),
    profiles: ownProfiles(),
  });
const whenReceived = async (id: string) => {
  const { body } = await skein.get(`/intake/messages?identifier=${id}`);
  return (body as unknown as { receivedAt: string }[])[0]?.receivedAt;
};

describe('a held message', () => {
  it('was received when it came, however often it is tried again: a later replay still finds it', async () => {
    await skein.mllp(adt(BABY, { id: 'MSG1' }).replace('|20260820|', '|2026-13-45|'));
    const came = await whenReceived('MSG1');
    expect(await replay()).toEqual({ tried: 1, accepted: 0, failed: 0 });
    expect(await whenReceived('MSG1')).toBe(came);
  });

  it('of a sender that nobody knew is taken once it is registered with the source that reads it', async () => {
    const referral = JSON.stringify(barsReferral(BABY));
    expect((await skein.intake('trust', 'application/fhir+json', referral)).status).toBe(422);
    const team = {
      name: 'trust',
      ods: 'RXV',
      team: 'trust',
      sector: 'maternity',
      kind: null,
      source: 'bars-referral',
    };
    await addSystem(database.pool, database.key, team);
    expect(await replay()).toEqual({ tried: 1, accepted: 1, failed: 0 });
    expect((await skein.intake('trust', 'application/fhir+json', referral)).status).toBe(200);
  });

  it('is found among however many', async () => {
    const ids = Array.from({ length: 45 }, (_, index) => `H${index}`);
    for (const id of ids) await skein.mllp(adt(BABY, { id }).replace('|20260820|', '|2026-13-45|'));
    expect(await replay()).toEqual({ tried: 45, accepted: 0, failed: 0 });
  });

  it('that a mended mapping takes at last takes nothing back of what its sender has said since', async () => {
    const notTaken = adt(BABY, { id: 'MSG1', event: 'A31' }).replaceAll('A31', 'A99');
    expect(await skein.mllp(notTaken)).toContain('MSA|AE|MSG1');
    // Sent again by hand, under an id of its own and with the time of the first.
    expect(await skein.mllp(adt({ ...BABY, family: 'Bell' }, { id: 'MSG2', event: 'A31' }))).toContain(
      'MSA|AA|MSG2',
    );
    const mended = await loadMappings(undefined, (url) =>
      readText(url).replace('ADT: [A01', 'ADT: [A99, A01'),
    );
    expect(await replay(mended)).toEqual({ tried: 1, accepted: 1, failed: 0 });
    const { body } = await skein.get('/fhir/Patient');
    expect(body.entry).toMatchObject([{ resource: { name: [{ family: 'Bell', given: ['Kofi'] }] } }]);
    expect(await replay(mended)).toEqual({ tried: 0, accepted: 0, failed: 0 });
    expect(await skein.mllp(notTaken)).toContain('MSA|AA|MSG1');
  });
});
