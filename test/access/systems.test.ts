import { beforeAll, describe, expect, it } from 'vitest';
import { findService, resolveService } from '../../src/access/register/services.ts';
import {
  addSystem,
  findSystem,
  findSystemByToken,
  listSystems,
  type NewSystem,
  registerUnknown,
} from '../../src/access/register/systems.ts';
import { hashToken } from '../../src/fhir/index-rows.ts';
import { type TestDatabase, testDatabase } from '../support/database.ts';

let database: TestDatabase;
beforeAll(async () => {
  database = await testDatabase();
});

const add = (system: Partial<NewSystem> & { name: string }) =>
  addSystem(database.pool, database.key, {
    ...{ ods: 'RXX', team: system.name, sector: 'camhs-0-5', kind: 'camhs-0-5', source: null },
    ...system,
  });
const resolve = (ods: string, team: string | null) => resolveService(database.pool, database.key, ods, team);
const organization = async (id: string) => {
  const found = await database.pool.query("select * from resource where type = 'Organization' and id = $1", [
    id,
  ]);
  return found.rows[0];
};

describe('addSystem', () => {
  it('registers a system that is then found by name and token', async () => {
    const { system, token } = await add({ name: 'camhs', source: 'fhir-r4', onHeld: 'AA' });
    expect(system).toMatchObject({ name: 'camhs', source: 'fhir-r4', dialect: null, onHeld: 'AA' });
    expect(system.service).toMatchObject({
      ods: 'RXX',
      team: 'camhs',
      sector: 'camhs-0-5',
      kind: 'camhs-0-5',
    });
    expect(await findSystem(database.pool, 'camhs')).toEqual(system);
    expect(await findSystemByToken(database.pool, token)).toEqual(system);
    expect(await listSystems(database.pool)).toContainEqual(system);
  });

  it('keeps what people call the team, and what its controller agreed that notifications may carry', async () => {
    const { system } = await add({
      name: 'camhs-epr',
      serviceName: 'CAMHS under five',
      payload: 'full-resource',
    });
    expect(system.service.name).toBe('CAMHS under five');
    const { rows } = await database.pool.query('select payload_ceiling from service where id = $1', [
      system.service.id,
    ]);
    expect(rows).toEqual([{ payload_ceiling: 'full-resource' }]);
  });

  it('keeps of the token only its hash', async () => {
    const { token } = await add({ name: 'hashed' });
    expect(Buffer.from(token, 'base64url')).toHaveLength(32);
    const { rows } = await database.pool.query("select system::text from system where name = 'hashed'");
    expect(rows[0].system).not.toContain(token);
    expect(await findSystemByToken(database.pool, `${token}x`)).toBeNull();
  });

  it.each(['police', 'probation', 'court', 'immigration', 'housing', 'employer'])(
    'refuses a system of the sector %s',
    async (sector) => {
      await expect(add({ name: 'refused', sector })).rejects.toMatchObject({
        status: 422,
        issues: [{ code: 'business-rule' }],
      });
      expect(await findSystem(database.pool, 'refused')).toBeNull();
    },
  );

  it.each([{ sector: 'astrology' }, { kind: 'astrology' }, { ods: ' ' }, { team: '' }])(
    'refuses %o',
    async (wrong) => {
      await expect(add({ name: 'wrong', ...wrong })).rejects.toMatchObject({
        status: 422,
        issues: [{ code: 'value' }],
      });
    },
  );

  it('refuses a name that is taken, and a second sector for one service', async () => {
    await add({ name: 'taken' });
    await expect(add({ name: 'taken' })).rejects.toMatchObject({ status: 409 });
    await expect(add({ name: 'other', team: 'taken', sector: 'cmht' })).rejects.toMatchObject({
      status: 409,
    });
    expect((await add({ name: 'second system', team: 'taken' })).system.service.name).toBe('taken');
  });

  it.each([
    ['its name is taken', { name: 'kept', ods: 'R13', team: 'new', sector: 'gp', payload: 'empty' as const }],
    ['its service has another sector', { name: 'unheard', ods: 'R14', team: 'kept', sector: 'gp' }],
  ])('leaves no trace where it refuses because %s', async (_why, refused) => {
    await add({ name: 'kept', ods: 'R14', payload: 'id-only' });
    await resolve('R13', 'new');
    const everything = async () =>
      (
        await database.pool.query(`
          select json_agg(x order by x::text)::text as all from (
            select to_json(s) as x from service s union all select to_json(y) from system y
            union all select to_json(r) from resource r union all select to_json(i) from index_string i) rows (x)`)
      ).rows;
    const before = await everything();
    await expect(add(refused)).rejects.toMatchObject({ status: 409 });
    expect(await everything()).toEqual(before);
    await database.pool.query("delete from system where name = 'kept'");
  });

  it('fills in a service that so far was only named by others, and keeps its former version', async () => {
    const stub = await resolve('R11', 'later');
    expect(stub).toMatchObject({ sector: null, kind: null });
    const { system } = await add({ name: 'later', ods: 'R11', sector: 'gp', kind: 'gp' });
    expect(system.service).toEqual({ ...stub, name: 'later', sector: 'gp', kind: 'gp' });
    expect(await resolve('R11', 'later')).toEqual(system.service);
    expect(await organization(stub.id)).toMatchObject({ version: 2, content: { name: 'later' } });
    const past = await database.pool.query('select version, content from resource_history where id = $1', [
      stub.id,
    ]);
    expect(past.rows).toMatchObject([{ version: 1, content: { name: 'R11 later' } }]);
  });

  it('makes the service an Organization that search can find', async () => {
    const { system } = await add({ name: 'indexed', ods: 'R12' });
    const row = await organization(system.service.id);
    expect(row).toMatchObject({ persons: [], authors: [], version: 1 });
    expect(row.content).toEqual({
      ...{ resourceType: 'Organization', id: system.service.id, active: true, name: 'indexed' },
      identifier: [
        { system: 'https://fhir.nhs.uk/Id/ods-organization-code', value: 'R12' },
        { system: 'https://skein.example/Id/service', value: 'R12|indexed' },
      ],
      type: [
        { coding: [{ system: 'https://skein.example/fhir/CodeSystem/service-kind', code: 'camhs-0-5' }] },
      ],
    });
    const hash = hashToken(database.key, 'https://fhir.nhs.uk/Id/ods-organization-code|R12');
    const tokens = await database.pool.query('select row_id from index_token where hash = $1', [hash]);
    expect(tokens.rows).toEqual([{ row_id: row.row_id }]);
    const strings = await database.pool.query('select value from index_string where row_id = $1', [
      row.row_id,
    ]);
    expect(strings.rows).toEqual([{ value: 'indexed' }]);
  });
});

describe('resolveService', () => {
  it('takes an ODS code alone for the one service registered under it', async () => {
    const { system } = await add({ name: 'only', ods: 'R21' });
    expect((await resolve(' r21 ', null)).id).toBe(system.service.id);
  });

  it('takes an ODS code alone for no team where several are registered', async () => {
    await add({ name: 'one of two', ods: 'R22' });
    await add({ name: 'two of two', ods: 'R22' });
    expect(await resolve('R22', null)).toMatchObject({ team: '', sector: null });
  });

  it('makes one service of an unknown name, however many ask at once', async () => {
    const found = await Promise.all(Array.from({ length: 12 }, () => resolve('R23', 'unknown team')));
    expect(new Set(found.map(({ id }) => id)).size).toBe(1);
    expect(await organization(found[0]?.id as string)).toMatchObject({
      version: 1,
      content: { name: 'R23 unknown team' },
    });
  });

  it('never takes a team that is not registered for one that is', async () => {
    const { system } = await add({ name: 'registered', ods: 'R24' });
    expect((await resolve('R24', 'other')).id).not.toBe(system.service.id);
  });
});

describe('registerUnknown', () => {
  it('makes one system with no sector, however many messages arrive at once', async () => {
    for (const name of Array.from({ length: 60 }, (_, n) => `stranger ${n}`)) {
      const at = Array.from({ length: 10 }, () => registerUnknown(database.pool, database.key, name, 'R31'));
      const found = await Promise.all(at);
      expect(new Set(found.map(({ id }) => id)).size).toBe(1);
      expect(found[0]?.service).toMatchObject({ ods: 'R31', sector: null, kind: null });
    }
  });

  it('gives a registered system as it is', async () => {
    const { system } = await add({ name: 'known' });
    expect(await registerUnknown(database.pool, database.key, 'known')).toEqual(system);
  });

  it('does not become the registered team whose name it takes, nor the one service of its ODS code', async () => {
    const { system } = await add({ name: 'real', ods: 'R32', team: 'perinatal' });
    const posing = await registerUnknown(database.pool, database.key, 'perinatal', 'R32');
    expect(posing.service.id).not.toBe(system.service.id);
    expect((await resolve('R32', null)).id).toBe(system.service.id);
  });

  it('leaves its name to whoever registers it properly', async () => {
    const before = await registerUnknown(database.pool, database.key, 'late', 'R33');
    const { system } = await add({ name: 'late', ods: 'R33' });
    expect(system.id).toBe(before.id);
    expect(system.service.sector).toBe('camhs-0-5');
    expect((await findService(database.pool, before.service.id))?.sector).toBeNull();
  });
});
