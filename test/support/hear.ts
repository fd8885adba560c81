/** link and save of one record as the pipeline does them, from the record on: for tests that need no message. */
import { EVIDENCE } from '../../src/access/decide/evidence.ts';
import { keyedId } from '../../src/fhir/ids.ts';
import { identifyRecord, keysOf } from '../../src/link/identify.ts';
import { link } from '../../src/link/plan.ts';
import type { Service, SourceRecord, System } from '../../src/model.ts';
import { rulesOf } from '../../src/pipeline/recompute.ts';
import { withFacts } from '../../src/save/load.ts';
import { save } from '../../src/save/save.ts';
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

export async function hear({ pool, key }: TestDatabase, system: System, source: SourceRecord): Promise<void> {
  const { record } = identifyRecord(source, {
    ...{ key, systemId: system.id, receivedAt: new Date() },
    weight: EVIDENCE.weights.get(system.service.sector ?? '') ?? null,
  });
  const sender = { systemId: system.id, service: system.service };
  await withFacts(
    pool,
    keysOf(record),
    { systemId: system.id, identifier: '' },
    async (client, { facts }) => {
      const plan = link(rulesOf({ key }), facts, record, sender);
      const message = {
        system,
        channel: 'fhir' as const,
        contentType: 'application/fhir+json',
        body: Buffer.from('{}'),
        identifier: record.stamp,
        contentHash: record.stamp,
        source: 'test',
      };
      await save(client, key, {
        message,
        messageId: null,
        record: { record, systemId: system.id },
        plan,
        answer: null,
      });
    },
  );
}
