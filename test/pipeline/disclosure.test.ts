import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { addSystem } from '../../src/access/register/systems.ts';
import { type TestDatabase, testDatabase } from '../support/database.ts';
import { adt, barsReferral, episodeBundle } from '../support/messages.ts';
import { nhsNumber, type Someone } from '../support/records.ts';
import { SERVED } from '../support/served.ts';
import { startSkein } from '../support/skein.ts';

const ANNA = { nhs: nhsNumber(1), given: 'Anna', family: 'Abbott', born: '1994-03-02' };
const BELLA = { nhs: nhsNumber(2), given: 'Bella', family: 'Bryce', born: '1991-07-09' };
const BABY = { nhs: nhsNumber(3), given: 'Kofi', family: 'Cole', born: '2026-08-20', local: 'B1' };
const SISTER = { nhs: nhsNumber(4), given: 'Esi', family: 'Dunn', born: '2025-01-10', local: 'B2' };

let database: TestDatabase;
let skein: Awaited<ReturnType<typeof startSkein>>;
beforeEach(async () => {
  database = await testDatabase();
  skein = await startSkein(database);
  await register('PAS', 'maternity', 'RXM');
});
afterEach(() => skein.stop());

async function register(name: string, sector: string, ods: string) {
  await addSystem(database.pool, database.key, { name, ods, team: name, sector, kind: null, source: null });
}

const TYPES = [...SERVED, 'Provenance'];

/** Everything one system can read: every search, and every id of the store by read, history, old version and journey. */
async function allThatReaches(system: string): Promise<string> {
  const { rows } = await database.pool.query<{ type: string; id: string; version: number }>(
    `select type, id, version from resource where type = any($1) union select type, id, version from resource_history
     where type = any($1)`,
    [TYPES],
  );
  const paths = [
    ...TYPES.map((type) => `/fhir/${type}?_count=100`),
    '/fhir/Patient?_revinclude=EpisodeOfCare:patient&_revinclude=RelatedPerson:patient&_revinclude=Group:member',
    '/fhir/Group?_include=Group:member',
    ...rows.flatMap(({ type, id, version }) => [
      `/fhir/${type}/${id}`,
      `/fhir/${type}/${id}/_history`,
      `/fhir/${type}/${id}/_history/${version}`,
      ...(type === 'Group' ? [`/fhir/Group/${id}/$journey`] : []),
      ...(type === 'Patient'
        ? [`/fhir/EpisodeOfCare?patient=${id}`, `/fhir/Group?member=Patient/${id}`]
        : []),
    ]),
  ];
  const bodies: string[] = [];
  for (const path of paths) {
    const { status, body } = await skein.get(path, system);
    // A refusal may repeat the id that was asked for, and a search its own link.
    if (status === 200) bodies.push(JSON.stringify({ ...body, link: undefined }));
  }
  return bodies.join('\n');
}

async function idOf({ nhs }: Someone): Promise<string> {
  const { body } = await skein.get(`/fhir/Patient?identifier=https://fhir.nhs.uk/Id/nhs-number|${nhs}`);
  return (body.entry as { resource: { id: string } }[])[0]?.resource.id as string;
}

describe('a baby put down to the wrong mother, then corrected', () => {
  beforeEach(async () => {
    await register('perinatal-a', 'specialist-perinatal', 'RXA');
    await register('perinatal-b', 'specialist-perinatal', 'RXB');
    await register('camhs', 'camhs-0-5', 'RXC');
    await skein.transaction(episodeBundle(ANNA, { id: 'A1' }), 'perinatal-a');
    await skein.transaction(episodeBundle(BELLA, { id: 'B1' }), 'perinatal-b');
    await skein.transaction(episodeBundle(BABY, { id: 'C1' }), 'camhs');
    await skein.mllp(adt(BABY, { mother: ANNA.nhs }));
    expect(await allThatReaches('perinatal-a')).toContain(await idOf(BABY));
    await skein.mllp(adt(BABY, { event: 'A08', id: 'MSG2', mother: BELLA.nhs, at: '20260825090000' }));
  });

  it('is gone from everything the first mother’s service can read, old versions too', async () => {
    const seen = await allThatReaches('perinatal-a');
    for (const word of [await idOf(BABY), await idOf(BELLA), 'Kofi', 'Bella', BABY.nhs, '2026-08-20']) {
      expect(seen).not.toContain(word);
    }
    expect(seen).toContain(await idOf(ANNA));
  });

  it('never shows the first mother to the second’s service', async () => {
    const seen = await allThatReaches('perinatal-b');
    expect(seen).toContain(await idOf(BABY));
    for (const word of [await idOf(ANNA), 'Anna', ANNA.nhs]) expect(seen).not.toContain(word);
  });

  it('leaves the infant’s own service with the right mother only', async () => {
    const seen = await allThatReaches('camhs');
    expect(seen).toContain('Bella');
    expect(seen).not.toContain('Anna');
  });
});

describe('two births of one mother', () => {
  it('are apart: the older child’s service learns nothing of the younger', async () => {
    await register('camhs', 'camhs-0-5', 'RXC');
    await skein.mllp(adt(SISTER, { mother: ANNA.nhs, at: '20250111090000', visit: 'V0', id: 'M0' }));
    await skein.mllp(adt(BABY, { mother: ANNA.nhs }));
    await register('visitors', 'health-visiting', 'RXV');
    await skein.bars(barsReferral(ANNA), undefined, 'visitors');
    await skein.transaction(episodeBundle(SISTER, { id: 'C1', start: '2026-09-01' }), 'camhs');
    const seen = await allThatReaches('camhs');
    expect(seen).toContain('Anna');
    for (const word of [await idOf(BABY), 'Kofi', BABY.nhs, '2026-08-20', 'R-1'])
      expect(seen).not.toContain(word);
  });
});

describe('before a referral is accepted', () => {
  it('its receiver sees what was addressed to it, and nothing of the rest of the family', async () => {
    await register('perinatal', 'specialist-perinatal', 'RXP');
    await register('visitors', 'health-visiting', 'RXV');
    await skein.mllp(adt(BABY, { mother: ANNA.nhs }));
    await skein.bars(barsReferral(ANNA), undefined, 'visitors');
    const seen = await allThatReaches('perinatal');
    expect(seen).toContain('Anna');
    for (const word of [await idOf(BABY), 'Kofi', '2026-08-20']) expect(seen).not.toContain(word);
  });

  it('nobody else learns that there is one', async () => {
    await register('perinatal', 'specialist-perinatal', 'RXP');
    await register('visitors', 'health-visiting', 'RXV');
    await register('camhs', 'camhs-0-5', 'RXC');
    await skein.mllp(adt(BABY, { mother: ANNA.nhs }));
    await skein.transaction(episodeBundle(BABY, { id: 'C1' }), 'camhs');
    const before = await allThatReaches('camhs');
    await skein.bars(barsReferral(ANNA), undefined, 'visitors');
    const seen = await allThatReaches('camhs');
    expect(seen).toContain('Anna');
    for (const type of ['ServiceRequest', 'planned', 'RXP', 'perinatal', 'R-1'])
      expect(seen).not.toContain(type);
    expect(before).not.toContain('ServiceRequest');
  });
});

describe('one trust under one code', () => {
  it('does not open one team to another', async () => {
    await register('maternity', 'maternity', 'RXT');
    await register('adult', 'cmht', 'RXT');
    await skein.transaction(episodeBundle(ANNA, { id: 'A1' }), 'maternity');
    expect(await allThatReaches('adult')).not.toContain('Anna');
  });
});
