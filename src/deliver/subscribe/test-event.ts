/** A notification that tells of nothing, for whoever sets up a receiver: `skein subscription test`. */
import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import type { Bundle, Parameters } from '@medplum/fhirtypes';
import type { Context } from '../../context.ts';
import { Rejected } from '../../errors.ts';
import { isId } from '../../fhir/ids.ts';
import { SKEIN_DEFINITIONS } from '../../fhir/systems.ts';
import type { Db } from '../../store/pool.ts';
import { aboutOf } from '../number/compose.ts';
import { notificationBundle } from '../number/notification.ts';
import { openSender, type Reply, targetOf } from '../send/send.ts';
import type { Stored } from './stored.ts';
import { findSubscription } from './subscriptions.ts';

/** On the one `notification-event` of a test. */
const TEST_URL = `${SKEIN_DEFINITIONS}test-event`;
const WAIT_MS = 10_000;

/**
 * Sends it now, between two notifications and never beside one, and gives what came back. It is outside of
 * the numbers (0: a receiver that keeps the last number takes it for a repeat): one with a number would
 * be missing from what `$events` gives, or be kept for 90 days as if it had happened. It changes neither the
 * status nor the tries. Throws Rejected: 404 where there is none, 422 where it is off.
 */
export async function sendTest(ctx: Context, id: string): Promise<Reply> {
  const operator = { kind: 'operator', name: 'operator' } as const;
  const stored = isId(id) ? await findSubscription(ctx.db, operator, id) : null;
  if (!stored || stored.deleted) throw refuse(404, 'not-found', 'no such Subscription is known here');
  if (stored.status === 'off') throw refuse(422, 'business-rule', 'this Subscription is off');
  const lease = await takeLease(ctx.db, stored);
  const sender = openSender(ctx.config.WEBHOOK_ALLOW);
  try {
    const { rows } = await ctx.db.query<{ id: string }>(AUDIT, [id, stored.content]);
    const name = randomUUID();
    const body = JSON.stringify(compose(ctx, stored, name));
    const reply = await sender.send(targetOf(ctx.vault, stored), { id: name, body }, new AbortController());
    await ctx.db.query(SETTLE, [rows[0]?.id, reply.outcome, reply.status]);
    return reply;
  } finally {
    await sender.close();
    await ctx.db.query(RELEASE, [id, lease]);
  }
}

function compose(ctx: Context, stored: Stored, id: string): Bundle {
  const at = new Date().toISOString();
  const what = { type: 'event-notification' as const, status: stored.status, count: stored.lastNumber };
  const bundle = notificationBundle(aboutOf(ctx, stored, what), { id, at });
  const status = bundle.entry?.[0]?.resource as Parameters;
  const event = {
    extension: [{ url: TEST_URL, valueBoolean: true }],
    name: 'notification-event',
    part: [
      { name: 'event-number', valueString: '0' },
      { name: 'timestamp', valueInstant: at },
    ],
  };
  status.parameter = [...(status.parameter ?? []), event];
  return bundle;
}

const AUDIT = `insert into attempt (subscription_id, kind, content) values ($1, 'test', $2) returning id`;
const SETTLE = 'update attempt set outcome = $2, status = $3, settled_at = now() where id = $1';
const LEASE = `update subscription set lease_owner = $2, lease_until = now() + make_interval(secs => $3)
  where id = $1 and coalesce(lease_until, '-infinity') <= now()`;
const RELEASE =
  'update subscription set lease_owner = null, lease_until = null where id = $1 and lease_owner = $2';

/** Alone with it, as a worker is: for as long as one exchange may take, and a little. */
async function takeLease(db: Db, { id, timeout }: Stored): Promise<string> {
  const lease = randomUUID();
  const deadline = performance.now() + WAIT_MS;
  for (;;) {
    const { rowCount } = await db.query(LEASE, [id, lease, timeout + 2]);
    if (rowCount === 1) return lease;
    if (performance.now() > deadline) throw refuse(409, 'lock-error', 'it is being sent to all the time');
    await delay(50);
  }
}

const refuse = (status: number, code: string, text: string): Rejected =>
  new Rejected(status, [{ severity: 'error', code, text }]);
