import { randomUUID } from 'node:crypto';
import type { Context } from '../context.ts';
import {
  type About,
  contentEntries,
  eventPart,
  fhirBase,
  type NotificationType,
  notificationBundle,
  type Told,
} from './notification.ts';
import type { Parcelled } from './number.ts';
import type { Parcel } from './send.ts';
import type { Status, Stored } from './stored.ts';

/**
 * Composes one numbered Bundle after another: the bytes, and the webhook-id. Both depend only on what was numbered and on
 * what may be said of it now, so every try of one notification is identical unless something was withheld meanwhile.
 * What all Bundles of a subscription have in common, most of them, is made JSON once.
 */
export function eventComposer(ctx: Context, stored: Stored): (parcelled: Parcelled) => Parcel {
  const about = aboutOf(ctx, stored, { type: 'event-notification', status: 'active', count: '%count' });
  const shell = JSON.stringify(notificationBundle(about, { id: '%id', at: '%at' })).split(
    /"(%at|urn:uuid:%id|%id|%count"\})/,
  );
  return ({ bundle, at, events }) => {
    const id = notificationId(stored.id, bundle);
    const parts = events.map((event) => `,${JSON.stringify(eventPart(about.base, event))}`).join('');
    const blanks: Record<string, string> = {
      '%at': at.toISOString(),
      '%id': id,
      'urn:uuid:%id': `urn:uuid:${id}`,
      '%count"}': `${bundle}"}${parts}`,
    };
    const entries = contentEntries(about.base, events)
      .map((entry) => `,${JSON.stringify(entry)}`)
      .join('');
    const text = shell.map((piece) => (piece in blanks ? `"${blanks[piece]}` : piece)).join('');
    return { id, body: entries === '' ? text : `${text.slice(0, -2)}${entries}]}` };
  };
}

/** Subscription and number in the form of a uuid: the same on every try, wherever it is made, and free to make. */
function notificationId(subscription: string, bundle: number): string {
  return subscription.slice(0, 24) + String(bundle).padStart(12, '0');
}

/** A handshake or heartbeat: no event, no number, a new id each time. */
export function composeSignal(ctx: Context, stored: Stored, type: 'handshake' | 'heartbeat'): Parcel {
  const about = aboutOf(ctx, stored, { type, status: stored.status, count: stored.lastNumber });
  const id = randomUUID();
  return { id, body: JSON.stringify(notificationBundle(about, { id, at: new Date().toISOString() })) };
}

type What = { type: NotificationType; status: Status; count: number | string; events?: Told[] };

/** What is said of a subscription; `error` only where somebody asks. */
export function aboutOf(ctx: Context, { id, content, error }: Stored, { type, status, count, events }: What): About {
  const asked = type === 'query-status' || type === 'query-event';
  const base = fhirBase(ctx.config);
  return { base, subscription: id, content, type, status, count, events, error: asked ? error : null };
}
