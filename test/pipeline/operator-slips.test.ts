/** A slip of whoever runs Skein is never the sender's: what comes meanwhile is kept, and taken when it is mended. */
import { cpSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { addSystem } from '../../src/access/register/systems.ts';
import { openMappings } from '../../src/map/language/load-mappings.ts';
import { MAPPINGS_DIR } from '../../src/map/language/read-mappings.ts';
import { replayHeld } from '../../src/pipeline/rebuild.ts';
import { askReload } from '../../src/run/reload.ts';
import { ownProfiles } from '../../src/validate/profiles.ts';
import { testContext } from '../support/context.ts';
import { type TestDatabase, testDatabase } from '../support/database.ts';
import { adt, barsReferral } from '../support/messages.ts';
import { nhsNumber } from '../support/records.ts';
import { startSkein } from '../support/skein.ts';

const BABY = { nhs: nhsNumber(2), given: 'Kofi', family: 'Osei', born: '2026-08-20', local: 'B1' };
const FORM = readFileSync(new URL('third-sector-csv/examples/two-rows.in.csv', MAPPINGS_DIR), 'utf8');

let database: TestDatabase;
let folder: string;
let skein: Awaited<ReturnType<typeof startSkein>>;
beforeEach(async () => {
  database = await testDatabase();
  folder = mkdtempSync(join(tmpdir(), 'skein-mappings-'));
  cpSync(MAPPINGS_DIR, folder, { recursive: true });
  const register = (name: string, source: string) =>
    addSystem(database.pool, database.key, {
      ...{ name, ods: 'RAA', team: name, sector: 'maternity', kind: null },
      source,
    });
  await register('PAS|RXM', 'hl7v2-adt,hl7v2-ref');
  await register('charity', 'third-sector-csv');
});
afterEach(async () => {
  await skein.stop();
  rmSync(folder, { recursive: true });
});

const dir = () => pathToFileURL(`${folder}/`);
const start = async () => (skein = await startSkein(database, {}, dir()));
const send = () => skein.intake('charity', 'text/csv', FORM);
const ready = async () => {
  const { status, body } = await skein.get('/health/ready');
  return { status, reasons: body.reasons as string[] };
};
const path = (name: string) => join(folder, name);
const spoil = (name: string) => writeFileSync(path(`${name}/mapping.yaml`), 'name: [');
const restore = (name: string) => cpSync(new URL(`${name}/`, MAPPINGS_DIR), path(name), { recursive: true });
const replay = async () =>
  replayHeld({ ...testContext(database), mappings: await openMappings(dir()), profiles: ownProfiles() });

describe('a mapping whose folder was renamed', () => {
  it('costs its sender nothing: 503, kept, and taken when it is sent again', async () => {
    renameSync(path('third-sector-csv'), path('third-sector-old'));
    await start();
    const first = await send();
    expect([first.status, first.headers.get('retry-after'), first.body.status]).toEqual([
      503,
      '60',
      'failed',
    ]);
    expect(JSON.stringify(first.body)).toContain('not loaded here (third-sector-csv)');
    restore('third-sector-csv');
    await askReload(database.pool);
    await expect.poll(async () => (await send()).status, { timeout: 10_000 }).toBe(200);
  });

  it('is told by /health/ready, which turns nobody else away', async () => {
    renameSync(path('third-sector-csv'), path('third-sector-old'));
    await start();
    const { status, reasons } = await ready();
    expect(status).toBe(200);
    expect(reasons).toContain('mapping third-sector-csv is not loaded, and a registered system sends by it');
    expect((await skein.bars(barsReferral(BABY))).status).toBe(200);
  });
});

describe('one mapping with a mistake in it', () => {
  it('stops its own source only, and is told with file and line', async () => {
    spoil('third-sector-csv');
    await start();
    expect((await ready()).reasons.join('\n')).toMatch(
      /cannot be read: third-sector-csv\/mapping\.yaml:1:\d+: /,
    );
    expect((await send()).status).toBe(503);
    expect(await skein.mllp(adt(BABY))).toContain('MSA|AA|MSG1');
    restore('third-sector-csv');
    expect(await replay()).toEqual({ tried: 1, accepted: 1, failed: 0 });
  });

  it('of several that read one feed leaves the others at work: what it would read is kept, and no wrong type', async () => {
    spoil('hl7v2-adt');
    await start();
    expect(await skein.mllp(adt(BABY))).toMatch(
      /MSA\|AE\|MSG1\|the mapping that reads it is not loaded here \(hl7v2-adt\)/,
    );
    restore('hl7v2-adt');
    expect(await replay()).toEqual({ tried: 1, accepted: 1, failed: 0 });
  });

  it('that comes while Skein runs changes nothing: what was loaded stays, and the mistake is told', async () => {
    await start();
    spoil('third-sector-csv');
    process.emit('SIGHUP');
    await expect
      .poll(async () => (await ready()).reasons.join(), { timeout: 10_000 })
      .toContain('mapping third-sector-csv is as it was');
    expect((await send()).status).toBe(200);
  });
});

describe('a changed mapping', () => {
  it.each(['SIGHUP', 'skein reload'])('is read again on %s, while messages go on', async (how) => {
    await start();
    const version = async () =>
      (await database.pool.query('select mapping from record order by id desc limit 1')).rows[0]?.mapping;
    await send();
    const file = path('third-sector-csv/mapping.yaml');
    writeFileSync(file, readFileSync(file, 'utf8').replace(/^version: .*$/m, 'version: 99.0.0'));
    if (how === 'SIGHUP') process.emit('SIGHUP');
    else await askReload(database.pool);
    let sent = 0;
    const again = async () => {
      await skein.intake('charity', 'text/csv', FORM.replaceAll('\n', `${' '.repeat(++sent)}\n`));
      return version();
    };
    await expect.poll(again, { timeout: 10_000 }).toBe('third-sector-csv@99.0.0');
  });
});
