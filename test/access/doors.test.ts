/** The table of sharing, cell by cell, as a service reads it through the API: its own patient, and the others of the journey. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { addSystem } from '../../src/access/register/systems.ts';
import type { Category, Level } from '../../src/model.ts';
import { testDatabase } from '../support/database.ts';
import { adt, episodeBundle } from '../support/messages.ts';
import { nhsNumber } from '../support/records.ts';
import { type Reply, startSkein } from '../support/skein.ts';
import { EXPECTED } from './table.ts';

const NHS = 'https://fhir.nhs.uk/Id/nhs-number';
const day = (ago: number) => new Date(Date.now() - ago * 86_400_000).toISOString().slice(0, 10);
const MOTHER = { nhs: nhsNumber(501), given: 'Tamsin', family: 'Penrose', born: '1994-03-02' };
const INFANT = { nhs: nhsNumber(502), given: 'Kit', family: 'Trewin', born: day(60), local: 'B1' };
type Person = typeof MOTHER;

const database = await testDatabase();
const skein = await startSkein(database);
afterAll(() => skein.stop());

const sectors = [...new Set(EXPECTED.map(({ sector }) => sector))];
/** No agreement can be recorded yet: a cell that needs one is closed. */
function cell(sector: string, category: Category, column: 'own' | 'mother' | 'infant'): Level {
  const found = EXPECTED.find(
    (one) => one.sector === sector && one.category === category && one.column === column,
  );
  return !found || found.agreement ? '-' : found.level;
}

const ids = new Map<Person, string>();
const ok = ({ status, body }: Reply) => expect(status, JSON.stringify(body)).toBe(200);

/** What another service says of a person: an episode for a referral, and a contact. */
function account(who: Person, id: string) {
  const bundle = episodeBundle(who, { id, start: day(40), at: `${day(40)}T09:00:00Z`, referral: id });
  const subject = { reference: bundle.entry[0]?.fullUrl };
  const service = { identifier: { system: 'https://skein.example/Id/service', value: 'RXX|speaker' } };
  const entry = (resource: { resourceType: string } & object) => ({
    fullUrl: `urn:uuid:${crypto.randomUUID()}`,
    resource,
    request: { method: 'POST', url: resource.resourceType },
  });
  const referral = {
    ...{ resourceType: 'ServiceRequest', status: 'active', intent: 'plan', subject, authoredOn: day(41) },
    ...{
      identifier: [{ system: 'https://hv.example/Id/referral', value: id }],
      performer: [service],
      requester: service,
    },
  };
  const contact = {
    ...{ resourceType: 'Encounter', identifier: [{ system: 'https://care.example/Id/contact', value: id }] },
    ...{
      status: 'finished',
      class: { code: 'AMB' },
      subject,
      serviceProvider: service,
      period: { start: day(39) },
    },
  };
  return { ...bundle, entry: [...bundle.entry, entry(referral), entry(contact)] };
}

/** Another referral by the same service, to one that is named. */
function refer(who: Person, id: string, to: string) {
  const { entry, ...bundle } = episodeBundle(who, { id, at: `${day(31)}T09:00:00Z` });
  const resource = {
    ...{ resourceType: 'ServiceRequest', status: 'active', intent: 'plan', authoredOn: day(31) },
    identifier: [{ system: 'https://hv.example/Id/referral', value: id }],
    performer: [{ identifier: { system: 'https://skein.example/Id/service', value: to } }],
    subject: { reference: entry[0]?.fullUrl },
  };
  const request = { method: 'POST', url: 'ServiceRequest' };
  return { ...bundle, entry: [entry[0], { fullUrl: `urn:uuid:${crypto.randomUUID()}`, resource, request }] };
}

beforeAll(async () => {
  const register = (name: string, sector: string, ods: string, source: string | null = 'fhir-r4') =>
    addSystem(database.pool, database.key, { name, ods, team: name, sector, kind: null, source });
  await register('speaker', 'neonatal', 'RXX');
  await register('PAS', 'maternity', 'RXM', null);
  expect(await skein.mllp(adt(INFANT, { mother: MOTHER.nhs }))).toContain('MSA|AA');
  ok(await skein.transaction(account(MOTHER, 'M'), 'speaker'));
  ok(await skein.transaction(account(INFANT, 'I'), 'speaker'));
  for (const who of [MOTHER, INFANT]) {
    const { body } = await skein.get(`/fhir/Patient?identifier=${NHS}|${who.nhs}`);
    ids.set(who, (body.entry as { resource: { id: string } }[])[0]?.resource.id as string);
  }
  for (const [index, sector] of sectors.entries()) {
    for (const [own, who] of [
      ['m', MOTHER],
      ['i', INFANT],
    ] as const) {
      await register(`${sector}-${own}`, sector, `R${own === 'm' ? 'Y' : 'Z'}${index}`);
      const [name, id] = [`${sector}-${own}`, `${own}${index}`];
      const start = { id, start: day(30), at: `${day(30)}T09:00:00Z` };
      const charity = sector.startsWith('third-sector');
      // A charity's own word opens nothing: a statutory service refers to it, and it takes that up.
      if (charity)
        ok(await skein.transaction(refer(who, id, `R${own === 'm' ? 'Y' : 'Z'}${index}|${name}`), 'speaker'));
      ok(await skein.transaction(episodeBundle(who, charity ? { ...start, referral: id } : start), name));
    }
  }
});

async function found(path: string, system: string): Promise<Record<string, unknown>[]> {
  const { body } = await skein.get(path, system);
  return ((body.entry ?? []) as { resource: Record<string, unknown> }[]).map(({ resource }) => resource);
}

/** The level at which a service finds each category of a person; by search, which its own words do not answer. */
async function levelsOf(system: string, who: Person): Promise<Partial<Record<Category, Level>>> {
  const id = ids.get(who) as string;
  const one = async (type: string, name: string) => {
    const all = await found(`/fhir/${type}?${name}=Patient/${id}&_count=200`, system);
    // Of the speaker's: what the service sent itself has another start, and of the maternity unit's there is nothing else.
    return all.find((resource) =>
      [day(40), day(41), day(39)].some((date) => JSON.stringify(resource).includes(date)),
    );
  };
  const level = (seen: object | undefined, full: string, summary: string): Level =>
    seen === undefined ? '-' : full in seen ? 'F' : summary in seen ? 'S' : 'E';
  const dem = async (): Promise<Level> => {
    if ((await found(`/fhir/Patient?identifier=${NHS}|${who.nhs}`, system)).length > 0) return 'F';
    if ((await found(`/fhir/Patient?family=${who.family}`, system)).length > 0) return 'S';
    return (await found(`/fhir/Patient?active=true&_id=${id}`, system)).length > 0 ? 'E' : '-';
  };
  return {
    DEM: await dem(),
    INV: level(await one('EpisodeOfCare', 'patient'), 'identifier', 'managingOrganization'),
    REF: level(await one('ServiceRequest', 'patient'), 'identifier', 'performer'),
    ENC: level(await one('Encounter', 'patient'), 'identifier', 'serviceProvider'),
  };
}

async function stageOf(system: string): Promise<Level> {
  const [group] = (await found('/fhir/Group', system)) as { characteristic?: object[] }[];
  const [stage] = group?.characteristic ?? [];
  return group === undefined ? '-' : stage && 'period' in stage ? 'S' : 'E';
}

test('counters of what everybody does are for nobody of a sector', async () => {
  expect((await skein.get('/metrics', 'third-sector-m')).status).toBe(403);
  await addSystem(database.pool, database.key, {
    ...{ name: 'monitor', ods: 'RXX', team: 'monitor', sector: null, kind: null, source: null },
  });
  for (const who of [undefined, 'monitor']) expect((await skein.get('/metrics', who)).status).toBe(200);
});

const ORDER = '-ESF';
const most = (...levels: Level[]) =>
  levels.sort((a, b) => ORDER.indexOf(a) - ORDER.indexOf(b)).at(-1) as Level;
const stage = (level: Level): Level => (level === 'F' ? 'S' : level);

describe.each(sectors)('%s', (sector) => {
  const column = (of: 'own' | 'mother' | 'infant') =>
    Object.fromEntries((['DEM', 'INV', 'REF', 'ENC'] as const).map((one) => [one, cell(sector, one, of)]));

  /** A search by a number finds the patient of whom it sent that number itself, whatever the table has. */
  const own = () => ({ ...column('own'), DEM: 'F' });

  test('finds of its own patient what the table has, and of the others', async () => {
    const [m, i] = [`${sector}-m`, `${sector}-i`];
    expect({ mother: await levelsOf(m, MOTHER), infant: await levelsOf(m, INFANT) }).toEqual({
      ...{ mother: own(), infant: column('infant') },
    });
    expect({ mother: await levelsOf(i, MOTHER), infant: await levelsOf(i, INFANT) }).toEqual({
      ...{ mother: column('mother'), infant: own() },
    });
    const stages = (one: 'own' | 'mother' | 'infant') => stage(cell(sector, 'STG', one));
    expect(await stageOf(m)).toBe(most(stages('own'), stages('infant')));
    expect(await stageOf(i)).toBe(most(stages('own'), stages('mother')));
  });
});
