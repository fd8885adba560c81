/** One exchange with a subscriber beside the work of the workers: a test, or something sent once more. */
import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { POLICY_DIGEST } from '../../access/decide/policy.ts';
import type { Context } from '../../context.ts';
import { rejected } from '../../errors.ts';
import type { Db } from '../../store/pool.ts';
import { basisFor } from '../number/claim.ts';
import type { Stored } from '../subscribe/stored.ts';
import { findSubscription } from '../subscribe/subscriptions.ts';
import { openSender, type Parcel, type Reply, targetOf } from './send.ts';

/** `first`, `last`: the numbers in it; null: none. */
type Letter = { first: number | null; last: number | null; parcel: Parcel };
/** `compose`: what is sent, of the subscription as it is once nobody else sends to it. */
type Sending = { kind: 'test' | 'event-notification'; compose: (now: Stored) => Promise<Letter> };

const OFF: Reply = { ok: false, status: null, outcome: 'switched-off', retryAfter: null };
const WAIT_MS = 10_000;
const AUDIT = `
insert into attempt (subscription_id, kind, first_number, last_number, content, basis, policy)
values ($1, $2, $3, $4, $5, $6, $7) returning id`;
const SETTLE = 'update attempt set outcome = $2, status = $3, settled_at = now() where id = $1';
const LEASE = `update subscription set lease_owner = $2, lease_until = now() + make_interval(secs => $3)
  where id = $1 and coalesce(lease_until, '-infinity') <= now()`;
const RELEASE =
  'update subscription set lease_owner = null, lease_until = null where id = $1 and lease_owner = $2';

/**
 * Sends it now, between two notifications of a worker and never beside one, with its attempt on record
 * before the bytes leave, and gives what came back: `switched-off` where it is off by then. Neither status
 * nor tries of the subscription change. Throws Rejected 409 where a worker sends to it all the time.
 */
export async function sendAlone(ctx: Context, stored: Stored, { kind, compose }: Sending): Promise<Reply> {
  const { id } = stored;
  const lease = await takeLease(ctx.db, stored);
  const sender = openSender(ctx.config.WEBHOOK_ALLOW);
  try {
    const now = await findSubscription(ctx.db, { kind: 'operator', name: 'operator' }, id);
    if (!now || now.deleted || now.status === 'off') return OFF;
    const { first, last, parcel } = await compose(now);
    const told = kind === 'test' ? [null, null] : [basisFor(now), POLICY_DIGEST];
    const { rows } = await ctx.db.query<{ id: string }>(AUDIT, [id, kind, first, last, now.content, ...told]);
    const reply = await sender.send(targetOf(ctx.vault, now), parcel, new AbortController());
    await ctx.db.query(SETTLE, [rows[0]?.id, reply.outcome, reply.status]);
    return reply;
  } finally {
    await sender.close();
    await ctx.db.query(RELEASE, [id, lease]);
  }
}

/** Alone with it, as a worker is: for as long as one exchange may take, and a little. */
async function takeLease(db: Db, { id, timeout }: Stored): Promise<string> {
  const lease = randomUUID();
  const deadline = performance.now() + WAIT_MS;
  for (;;) {
    const { rowCount } = await db.query(LEASE, [id, lease, timeout + 2]);
    if (rowCount === 1) return lease;
    if (performance.now() > deadline) throw rejected(409, 'lock-error', 'it is being sent to all the time');
    await delay(50);
  }
}
