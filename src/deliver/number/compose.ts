import { randomUUID } from 'node:crypto';
import type { Context } from '../../context.ts';
import { messageName } from '../../fhir/ids.ts';
import { storeTime } from '../../store/store-time.ts';
import type { Parcel } from '../send/send.ts';
import type { Status, Stored } from '../subscribe/stored.ts';
import type { Parcelled } from './judged.ts';
import {
  type About,
  fhirBase,
  type NotificationType,
  notificationBundle,
  type Told,
} from './notification.ts';

/**
 * The bytes of one numbered Bundle and its webhook-id. Both depend only on what was numbered and on what may
 * be said of it now, so every try of one notification is identical unless something was withheld meanwhile.
 */
export function composeEvents(ctx: Context, stored: Stored, { bundle, at, events }: Parcelled): Parcel {
  const about = aboutOf(ctx, stored, { type: 'event-notification', status: 'active', count: bundle, events });
  const id = notificationId(stored.id, bundle);
  return { id, body: JSON.stringify(notificationBundle(about, { id, at: at.toISOString() })) };
}

/**
 * Subscription and number in the form of a uuid: the same on every try, wherever it is made, and free to
 * make.
 */
function notificationId(subscription: string, bundle: number): string {
  return subscription.slice(0, 24) + String(bundle).padStart(12, '0');
}

/** A handshake or heartbeat: no event, no number, a new id each time. */
export function composeSignal(ctx: Context, stored: Stored, type: 'handshake' | 'heartbeat'): Parcel {
  const about = aboutOf(ctx, stored, { type, status: stored.status, count: stored.lastNumber });
  const id = randomUUID();
  return {
    id,
    body: JSON.stringify(notificationBundle(about, { id, at: new Date(storeTime()).toISOString() })),
  };
}

type What = { type: NotificationType; status: Status; count: number; events?: Told[] };

/** What is said of a subscription; `error` only where somebody asks. */
export function aboutOf(
  ctx: Context,
  { id, content, error }: Stored,
  { type, status, count, events }: What,
): About {
  const asked = type === 'query-status' || type === 'query-event';
  const base = fhirBase(ctx.config);
  const nameMessage = (row: string) => messageName(ctx.key, row);
  return {
    base,
    subscription: id,
    content,
    type,
    status,
    count,
    events,
    nameMessage,
    error: asked ? error : null,
  };
}
