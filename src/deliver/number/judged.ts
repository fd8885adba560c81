import type { Resource } from '@medplum/fhirtypes';
import type { Event } from '../../model.ts';
import type { Stored } from '../subscribe/stored.ts';
import type { Verdict } from './ask-access.ts';
import type { Told } from './notification.ts';

/** A Bundle to be sent: its events, and the number that names it. */
export type Parcelled = { bundle: number; at: Date; events: Told[] };
/**
 * What one subscription has to send, oldest first. `pending`: more is to be numbered; `more`: or to be sent.
 */
export type Numbered = {
  stored: Stored;
  lastNumber: number;
  bundles: Parcelled[];
  more: boolean;
  pending: boolean;
};

export type PendingRow = {
  id: string;
  /** Null while pending. */
  number: number | null;
  bundle: number | null;
  numberedAt: Date | null;
  withheld: boolean;
  resources: Resource[] | null;
  priority: number;
  eventId: string;
};

/** `made`: its event is not stored yet, being about this recipient alone. */
export type Judged = PendingRow & {
  at: Date;
  event: Event;
  stored: Stored;
  verdict: Verdict;
  made: boolean;
};

/** The message that an event comes from, and whether this recipient sent it. */
export function messageOf({ message }: Event, { system }: Pick<Stored, 'system'>): Told['message'] {
  return message ? { id: message.id, own: system === null || system.id === message.system } : null;
}

export type Fresh = { judged: Judged; number: number; bundle: number };
/** `withheld`: what is not told, or not any more, by this decision. */
export type Result = Numbered & {
  gone: PendingRow[];
  fresh: Fresh[];
  emptied: number[];
  withheld: Judged[];
};
