/** Where the time of one message goes: the pipeline's own steps, in this process, one after the other with a clock between. */

import { createHash } from 'node:crypto';
import { EventEmitter } from 'node:events';
import { EVIDENCE } from '../src/access/decide/evidence.ts';
import { nameServices } from '../src/access/register/name-services.ts';
import { addSystem } from '../src/access/register/systems.ts';
import { Config } from '../src/config.ts';
import type { Context } from '../src/context.ts';
import { identifyRecord, keysOf } from '../src/link/identify.ts';
import { link } from '../src/link/plan.ts';
import { provenanceOf } from '../src/link/views/provenance.ts';
import { loadMappings, type Mappings } from '../src/map/language/load-mappings.ts';
import { mapUnit } from '../src/map/map-unit.ts';
import type { Message, SourceRecord, System, Unit } from '../src/model.ts';
import { parseMessage } from '../src/parse/parse-message.ts';
import { rulesOf } from '../src/pipeline/recompute.ts';
import { messageKey, withFacts } from '../src/save/load.ts';
import { save } from '../src/save/save.ts';
import { readKey } from '../src/store/pool.ts';
import { ownProfiles } from '../src/validate/profiles.ts';
import { validateRecord } from '../src/validate/validate-record.ts';
import { admission } from './messages.ts';
import { referral } from './referral.ts';
import type { Database } from './store.ts';

export type Kind = 'referral' | 'admission';
export type Bench = { db: Database; key: Buffer; mappings: Mappings; system: System };

export async function openBench(db: Database, kind: Kind): Promise<Bench> {
  const key = await readKey(db.pool);
  const source = kind === 'referral' ? 'bars-referral' : 'hl7v2-adt';
  const added = {
    name: `bench ${kind}`,
    ods: 'RXA',
    team: kind,
    sector: 'health-visiting',
    kind: null,
    source,
  };
  const { system } = await addSystem(db.pool, key, added);
  return { db, key, mappings: await loadMappings(), system };
}

function messageOf(system: System, kind: Kind, n: number): Message {
  const isReferral = kind === 'referral';
  const body = Buffer.from(isReferral ? referral(n).body : admission(n));
  return {
    system,
    channel: isReferral ? 'bars' : 'mllp',
    contentType: isReferral ? 'application/fhir+json' : 'x-application/hl7-v2+er7',
    body,
    identifier: isReferral ? (referral(n).headers['x-request-id'] as string) : `ADT${n}`,
    contentHash: createHash('sha256').update(body).digest('hex'),
    source: system.source as string,
  };
}

/** Milliseconds per message of each stage, over `count` messages one at a time, after as many of warming up. */
export async function timeStages(bench: Bench, kind: Kind, count: number): Promise<Map<string, number>> {
  const spent = new Map<string, number>();
  let last = 0;
  const lap = (stage: string) => {
    const now = performance.now();
    if (stage !== 'start') spent.set(stage, (spent.get(stage) ?? 0) + now - last);
    last = performance.now();
  };
  for (let n = 0; n < count * 2; n++) {
    if (n === count) spent.clear();
    await takeOne(bench, messageOf(bench.system, kind, n), lap);
  }
  return new Map([...spent].map(([stage, ms]) => [stage, ms / count]));
}

async function takeOne(
  { db, key, mappings, system }: Bench,
  message: Message,
  lap: (stage: string) => void,
): Promise<void> {
  lap('start');
  const [unit] = parseMessage(message).units;
  lap('parse');
  const mapping = mappings.get(message.source);
  const mapped = mapping && mapUnit(mapping, unit as Unit, { dialect: system.dialect });
  if (!mapped?.record)
    throw new Error(`the bench's own message is not mapped: ${JSON.stringify(mapped?.issues)}`);
  lap('map');
  const issues = validateRecord(mapped.record, ownProfiles()).filter(({ severity }) => severity === 'error');
  if (issues.length > 0) throw new Error(`the bench's own message is not valid: ${JSON.stringify(issues)}`);
  lap('validate');
  const named = await nameServices(
    { ...NOWHERE, db: db.pool, key },
    mapped.record as SourceRecord,
    system.service,
  );
  lap('name services');
  const weight = EVIDENCE.weights.get(system.service.sector ?? '') ?? null;
  const scope = { key, systemId: system.id, receivedAt: new Date(), weight };
  const { record } = identifyRecord(named.record, scope);
  lap('identify');
  const { identifier } = message;
  const keys = [messageKey(key, system.id, identifier), ...keysOf(record)];
  await withFacts(db.pool, keys, { systemId: system.id, identifier }, async (client, { facts }) => {
    lap('begin, lock and load');
    const plan = link(rulesOf({ key }), facts, record, { systemId: system.id, service: system.service });
    const provenance = provenanceOf(key, record, message, plan);
    if (provenance) plan.insert.push(provenance);
    lap('link');
    const units = [{ position: '', status: 'accepted' as const, issues: [] }];
    const kept = { record, systemId: system.id };
    await save(
      client,
      { key, config: Config.parse({}) },
      {
        message,
        messageId: null,
        record: kept,
        plan,
        answer: { message, status: 'accepted', units },
      },
    );
    lap('save');
  });
  lap('commit');
}

/** The n-th message, to its end. */
export function takeMessage(bench: Bench, kind: Kind, n: number): Promise<void> {
  return takeOne(bench, messageOf(bench.system, kind, n), () => undefined);
}

const NOWHERE = { signals: new EventEmitter() } as unknown as Context;
