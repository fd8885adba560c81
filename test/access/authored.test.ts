import { randomUUID } from 'node:crypto';
import { beforeAll, describe, expect, it } from 'vitest';
import { authoredPatients, withAuthored } from '../../src/access/project/authored.ts';
import { addSystem } from '../../src/access/register/systems.ts';
import type { System } from '../../src/model.ts';
import { type TestDatabase, testDatabase } from '../support/database.ts';

let database: TestDatabase;
let charity: System;
let second: System;
let other: System;

beforeAll(async () => {
  database = await testDatabase();
  const add = async (name: string, team: string) => {
    const added = { name, ods: 'RXX', team, sector: 'third-sector', kind: null, source: null };
    return (await addSystem(database.pool, database.key, added)).system;
  };
  charity = await add('charity', 'fathers');
  second = await add('charity forms', 'fathers');
  other = await add('other', 'other');
});

type Said = { base: string; times?: Record<string, string> };

async function say(system: System, person: string, content: object, { base, times }: Said): Promise<void> {
  await database.pool.query(
    `insert into statement (key, type, system_id, chart, record_id, first, base, times, content, person)
     values ($1, 'Patient', $2, $1, 0, $3, $3, $4, $5, $6)`,
    [randomUUID(), system.id, base, times ?? null, { resourceType: 'Patient', ...content }, person],
  );
}

const find = async (person: string) =>
  (await authoredPatients(database.pool, charity.service.id, [person])).get(person);

describe('authoredPatients', () => {
  it('puts together what the systems of one service said, the newest word per element', async () => {
    const person = randomUUID();
    await say(
      charity,
      person,
      { birthDate: '1990-01-01', name: [{ family: 'Old' }] },
      { base: '2026-01-01' },
    );
    await say(
      second,
      person,
      { name: [{ family: 'New' }], link: [{}] },
      { base: '', times: { name: '2026-02-01' } },
    );
    await say(other, person, { gender: 'male' }, { base: '2026-03-01' });
    expect(await find(person)).toEqual({
      ...{ resourceType: 'Patient', id: person, birthDate: '1990-01-01', name: [{ family: 'New' }] },
    });
  });

  it('knows nobody the service never spoke of', async () => {
    const person = randomUUID();
    await say(other, person, { gender: 'male' }, { base: '2026-03-01' });
    expect(await find(person)).toBeUndefined();
    expect(await authoredPatients(database.pool, charity.service.id, [])).toEqual(new Map());
  });
});

describe('withAuthored', () => {
  const sent = {
    resourceType: 'Patient' as const,
    id: 'p',
    birthDate: '1990-01-01',
    name: [{ family: 'Sent' }],
  };

  it('adds to what may be seen where that is silent', () => {
    const seen = { resourceType: 'Patient' as const, id: 'p', active: true, name: [{ family: 'Seen' }] };
    expect(withAuthored(seen, sent)).toEqual({ ...seen, birthDate: '1990-01-01' });
  });

  it('is what was sent where nothing else may be seen, and changes nothing where nothing was', () => {
    expect(withAuthored(null, sent)).toEqual(sent);
    expect(withAuthored(null, undefined)).toBeNull();
  });
});
