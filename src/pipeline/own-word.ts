/** What Skein itself keeps of people (decisions, traces, safety): messages of its own, like any sender's. */
import { hash } from 'node:crypto';
import { serviceId } from '../access/register/services.ts';
import type { Message, Service } from '../model.ts';
import type { IdentifiedRecord, IdentifiedStatement } from '../store/facts.ts';

/** A service that nobody acts for, and that sees nothing; `sector`: under which its word counts. */
export function ownService(
  key: Buffer,
  { team, name, sector }: Pick<Service, 'team' | 'name' | 'sector'>,
): Service {
  // No message names it: codes of ODS are read as capitals.
  const ods = 'skein';
  return { id: serviceId(key, ods, team), name, ods, team, sector, kind: null };
}

type Own = { systemId: number; service: Service; source: string };

/** `identifier`: the id of the message; `said` is kept as it is, with who said it. */
export function ownMessage(
  { systemId: id, service, source }: Own,
  identifier: string,
  said: object,
): Message {
  const body = Buffer.from(JSON.stringify(said));
  return {
    system: { id, name: service.team, service, source, dialect: null, onHeld: 'AE' },
    ...{ channel: 'intake', contentType: 'application/json', body, identifier, source },
    contentHash: hash('sha256', body, 'hex'),
    receivedAt: new Date(),
  };
}

/** Said at the instant `at`, ISO. */
export function ownRecord(
  at: string,
  { source }: Pick<Own, 'source'>,
  statements: IdentifiedStatement[],
): IdentifiedRecord {
  const told = { position: '', saidAt: at, stamp: `${at}|${at}`, mapping: `${source}@1` };
  return { ...told, mode: 'snapshot', lineage: [], statements };
}
