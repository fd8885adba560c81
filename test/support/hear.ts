/** link and save of records as the pipeline does them, from the record on: for tests that need no message. */
import { EVIDENCE } from '../../src/access/decide/evidence.ts';
import { keyedId } from '../../src/fhir/ids.ts';
import { identifyRecord, keysOf } from '../../src/link/identify.ts';
import type { Answer, Message, Service, SourceRecord, System } from '../../src/model.ts';
import { settle } from '../../src/pipeline/gather.ts';
import { messageKey } from '../../src/save/load.ts';
import { testContext } from './context.ts';
import type { TestDatabase } from './database.ts';

/** Registers a system of a service with this sector, by SQL alone. */
export async function register(
  { pool, key }: TestDatabase,
  sector: string | null,
  name = sector ?? 'nobody',
): Promise<System> {
  const service: Service = {
    id: keyedId(key, 'service', 'RXX', name),
    name,
    ods: 'RXX',
    team: name,
    sector,
    kind: null,
  };
  await pool.query(
    'insert into service (id, name, ods, team, sector, registered) values ($1, $2, $3, $4, $5, true)',
    [service.id, ...[name, 'RXX', name, sector]],
  );
  const { rows } = await pool.query<{ id: number }>(
    'insert into system (name, service_id) values ($1, $2) returning id',
    [name, service.id],
  );
  return { id: rows[0]?.id as number, name, service, source: null, dialect: null, onHeld: 'AE' };
}

const scopeOf = (key: Buffer, { id, service }: System) => ({
  ...{ key, systemId: id, receivedAt: new Date() },
  weight: EVIDENCE.weights.get(service.sector ?? '') ?? null,
});

/** One record, settled by the pipeline. */
export const hear = (database: TestDatabase, system: System, source: SourceRecord): Promise<Answer[]> =>
  hearTogether(database, [[system, source]]);

const messageOf = (system: System, identifier: string): Message => ({
  system,
  channel: 'fhir',
  contentType: 'application/fhir+json',
  body: Buffer.from('{}'),
  identifier,
  contentHash: identifier,
  source: 'test',
});

/** Records that arrive at the same moment, settled by the pipeline. */
export async function hearTogether(
  database: TestDatabase,
  heard: (readonly [System, SourceRecord])[],
): Promise<Answer[]> {
  const { key } = database;
  const ctx = testContext(database);
  const jobs = heard.map(([system, source]) => {
    const { record, issues } = identifyRecord(source, scopeOf(key, system));
    const lock = messageKey(key, system.id, record.stamp);
    const unit = { position: '', record: source, issues: [] };
    return {
      message: messageOf(system, record.stamp),
      unit,
      record,
      issues,
      lock,
      keys: [lock, ...keysOf(record)],
    };
  });
  return Promise.all(jobs.map((job) => settle(ctx, job)));
}
