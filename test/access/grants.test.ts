import { randomUUID } from 'node:crypto';
import { beforeAll, describe, expect, it } from 'vitest';
import { decide, type Grants } from '../../src/access/decide/decide.ts';
import { loadGrants, loadGrantsForServices } from '../../src/access/decide/grants.ts';
import { fewVisibleSql, visibleSql } from '../../src/access/decide/visible-sql.ts';
import { addSystem } from '../../src/access/register/systems.ts';
import type { Recipient, Role, System } from '../../src/model.ts';
import { type TestDatabase, testDatabase } from '../support/database.ts';

type Bind = (value: unknown, cast: string) => string;

let database: TestDatabase;
const teams: Record<string, System> = {};

beforeAll(async () => {
  database = await testDatabase();
  for (const sector of ['parent-infant', 'camhs-0-5', 'adult-services', 'cmht']) {
    const { system } = await addSystem(database.pool, database.key, {
      ...{ name: sector, ods: 'RXX', team: sector, sector, kind: sector, source: null },
    });
    teams[sector] = system;
  }
});

const recipient = (team: string): Recipient => ({ kind: 'system', system: teams[team] as System });

async function journeyOf(members: Partial<Record<Role, string>>): Promise<string> {
  const journey = randomUUID();
  for (const [role, person] of Object.entries(members)) {
    await database.pool.query('insert into member (journey, person, role) values ($1, $2, $3)', [
      journey,
      person,
      role,
    ]);
  }
  return journey;
}

async function involve(
  person: string,
  team: string,
  state: string,
  daysAgo: number | null = null,
): Promise<void> {
  await database.pool.query(
    `insert into involvement (person, service, state, until, journey) values ($1, $2, $3,
       now() - make_interval(days => $4), (select journey from member where person = $1 limit 1))`,
    [person, teams[team]?.service.id, state, daysAgo],
  );
}

const grantsOf = (team: string, persons: string[]) => loadGrants(database.pool, recipient(team), persons);
const level = (grants: Grants, person: string) => decide(grants, 'INV', person);

describe('loadGrants', () => {
  it('opens the mother of a journey through the infant, and the infant through the mother', async () => {
    const [mother, infant] = [randomUUID(), randomUUID()];
    const journey = await journeyOf({ mother, infant });
    await involve(infant, 'camhs-0-5', 'open');
    await involve(mother, 'cmht', 'open');
    const camhs = await grantsOf('camhs-0-5', [mother, infant]);
    expect(camhs).toMatchObject({ sector: 'camhs-0-5', everything: false });
    expect([level(camhs, mother), level(camhs, infant)]).toEqual(['E', 'F']);
    expect(decide(camhs, 'DEM', mother, [journey])).toBe('S');
    const cmht = await grantsOf('cmht', [mother, infant]);
    expect([level(cmht, mother), level(cmht, infant)]).toEqual(['F', 'E']);
  });

  it('opens nobody through an own patient who is there as the partner', async () => {
    const [mother, partner, infant] = [randomUUID(), randomUUID(), randomUUID()];
    await journeyOf({ mother, partner, infant });
    await involve(partner, 'adult-services', 'open');
    const grants = await grantsOf('adult-services', [mother, partner, infant]);
    expect([mother, partner, infant].map((person) => level(grants, person))).toEqual(['-', 'F', '-']);
  });

  it('opens the partner to nobody', async () => {
    const [mother, partner, infant] = [randomUUID(), randomUUID(), randomUUID()];
    await journeyOf({ mother, partner, infant });
    await involve(mother, 'parent-infant', 'open');
    await involve(infant, 'parent-infant', 'open');
    expect(level(await grantsOf('parent-infant', [partner]), partner)).toBe('-');
  });

  it.each(['pending', 'closed'])('opens no other member through %s care', async (state) => {
    const [mother, infant] = [randomUUID(), randomUUID()];
    await journeyOf({ mother, infant });
    await involve(infant, 'camhs-0-5', state, state === 'closed' ? 1 : null);
    expect(level(await grantsOf('camhs-0-5', [mother]), mother)).toBe('-');
  });

  it('looks roles up per journey: the first child opens the mother in the first journey only', async () => {
    const [mother, first, second] = [randomUUID(), randomUUID(), randomUUID()];
    const one = await journeyOf({ mother, infant: first });
    const two = await journeyOf({ mother, infant: second });
    await involve(first, 'camhs-0-5', 'open');
    const grants = await grantsOf('camhs-0-5', [mother, second]);
    expect(decide(grants, 'STG', mother, [one])).toBe('E');
    expect(decide(grants, 'STG', mother, [two])).toBe('-');
    expect(level(grants, second)).toBe('-');
  });

  it.each([
    [1, 'F'],
    [89, 'F'],
    [91, 'E'],
    [null, 'E'],
  ])('care closed %s days ago leaves the own patient at %s', async (daysAgo, expected) => {
    const person = randomUUID();
    await involve(person, 'cmht', 'closed', daysAgo);
    expect(level(await grantsOf('cmht', [person]), person)).toBe(expected);
  });

  it('answers many services at once as it answers each alone', async () => {
    const [mother, infant] = [randomUUID(), randomUUID()];
    await journeyOf({ mother, infant });
    await involve(infant, 'camhs-0-5', 'open');
    await involve(mother, 'parent-infant', 'open');
    const asked = ['camhs-0-5', 'parent-infant', 'cmht', 'camhs-0-5'].map((team, index) => {
      const { id: service, sector } = (teams[team] as System).service;
      return { service, sector, persons: index === 3 ? [mother] : [infant] };
    });
    const found = await loadGrantsForServices(database.pool, asked);
    expect(found.size).toBe(3);
    const levels = asked.map(({ service, persons }) =>
      level(found.get(service) as Grants, persons[0] as string),
    );
    expect(levels).toEqual(['F', 'S', '-', 'E']);
  });

  it('asks nothing of the database for the operator or for nobody', async () => {
    expect(await loadGrants(database.pool, { kind: 'operator', name: 'loopback' }, [randomUUID()])).toEqual({
      everything: true,
    });
    expect(await grantsOf('cmht', [])).toMatchObject({ persons: new Map() });
  });
});

describe('visibleSql', () => {
  it('finds the rows of own patients, of their journeys, of what was sent or addressed, and no others', async () => {
    const [mother, infant, stranger] = [randomUUID(), randomUUID(), randomUUID()];
    await journeyOf({ mother, infant });
    await involve(infant, 'camhs-0-5', 'open');
    const { id: service } = (teams['camhs-0-5'] as System).service;
    const rows = [
      { name: 'own', persons: [infant] },
      { name: 'mother', persons: [mother] },
      { name: 'stranger', persons: [stranger] },
      { name: 'sent', persons: [stranger], authors: [service] },
      { name: 'addressed', persons: [stranger], service },
      { name: 'relative', persons: [stranger, mother] },
      { name: 'sent by others too', persons: [stranger], authors: [randomUUID(), service] },
    ];
    for (const { name, persons, authors = [], service = null } of rows) {
      await database.pool.query(
        `insert into resource (type, id, version, content, persons, authors, service, digest, state)
         values ('Patient', $1, 1, '{}', $2, $3, $4, '', $5)`,
        [randomUUID(), persons, authors, service, name],
      );
    }
    const find = async (sql: (bind: Bind) => string) => {
      const values: unknown[] = [];
      const condition = sql((value, cast) => `$${values.push(value)}::${cast}`);
      const found = await database.pool.query(
        `select state from resource r where type = 'Patient' and ${condition} order by 1`,
        values,
      );
      return found.rows.map(({ state }) => state);
    };
    const one = (who: Recipient) => find((bind) => visibleSql(who, bind));
    const few = (who: Recipient, most: number) =>
      find((bind) => `row_id = any(${`(${fewVisibleSql(who, { type: 'Patient', most }, bind)})::bigint[]`})`);
    const seen = ['addressed', 'mother', 'own', 'relative', 'sent', 'sent by others too'];
    expect(await one(recipient('camhs-0-5'))).toEqual(seen);
    expect(await few(recipient('camhs-0-5'), 100)).toEqual(seen);
    expect(await one(recipient('cmht'))).toEqual([]);
    expect(await few(recipient('cmht'), 100)).toEqual([]);
    // Of whom more is known than that there is no list: mother and infant are two.
    expect(await few(recipient('camhs-0-5'), 1)).toEqual([]);
    const operator: Recipient = { kind: 'operator', name: 'loopback' };
    expect(await one(operator)).toHaveLength(7);
    expect(fewVisibleSql(operator, { type: 'Patient', most: 6 }, () => '')).toBeNull();
  });
});
