import { randomUUID } from 'node:crypto';
import { POLICY_DIGEST } from '../../access/decide/policy.ts';
import type { Context } from '../../context.ts';
import type { Db } from '../../store/pool.ts';
import { MAX_PER_ORIGIN } from '../send/send.ts';
import { CLAIM, type Stored } from '../subscribe/stored.ts';
import type { Parcelled } from './judged.ts';
import { number, numbering } from './number.ts';

/** A dead worker's subscriptions are free again after this. */
export const LEASE_SECONDS = 2;
/** Events numbered at once for one subscription: as many as it can be sent before access is asked again. */
const NUMBER_LIMIT = 16;
/** In the error state nothing is sent, but counting goes on. */
const COUNT_LIMIT = 500;

export type RunKind = 'event-notification' | 'handshake' | 'heartbeat' | 'none';

/**
 * One leased subscription and what is to be sent to it now. `attempt`: its audit row, committed before
 * anything leaves.
 */
export type Claimed = {
  stored: Stored;
  lease: string;
  claimedAt: number;
  kind: RunKind;
  bundles: Parcelled[];
  more: boolean;
  attempt: string | null;
};

/**
 * Leases due subscriptions, numbers what is pending for them and commits the audit rows, all in one
 * transaction. A lease is fenced by its own id; two workers never hold one subscription. `inFlight`: runs by
 * origin, to be kept under the cap.
 */
export async function claim(
  ctx: Context,
  { limit, inFlight }: { limit: number; inFlight: Map<string, number> },
): Promise<Claimed[]> {
  const lease = randomUUID();
  return numbering(ctx.db, async (client) => {
    const claimedAt = performance.now();
    const { rows } = await client.query<Stored>({
      name: 'deliver-claim',
      text: CLAIM,
      values: [lease, LEASE_SECONDS, [...inFlight.keys()], [...inFlight.values()], MAX_PER_ORIGIN, limit],
    });
    if (rows.length === 0) return [];
    const counting = rows.filter(({ status }) => status !== 'requested');
    const failed = counting.filter(({ status }) => status === 'error');
    const numbered = [
      ...(await number(client, {
        stored: counting.filter(({ status }) => status === 'active'),
        limit: NUMBER_LIMIT,
        sending: true,
      })),
      ...(await number(client, { stored: failed, limit: COUNT_LIMIT, sending: false })),
    ];
    const found = new Map(numbered.map((one) => [one.stored.id, one]));
    const claimed = rows.map((stored): Claimed => {
      const one = found.get(stored.id);
      const bundles = stored.status === 'active' ? (one?.bundles ?? []) : [];
      const more = one?.more ?? false;
      return { stored, lease, claimedAt, kind: kindOf(stored, bundles), bundles, more, attempt: null };
    });
    return auditAttempts(client, claimed);
  });
}

function kindOf(stored: Stored, bundles: Parcelled[]): RunKind {
  if (stored.status === 'requested') return 'handshake';
  if (bundles.length > 0) return 'event-notification';
  return stored.status === 'active' && stored.heartbeatDue ? 'heartbeat' : 'none';
}

const AUDIT = `
insert into attempt (subscription_id, kind, first_number, last_number, content, policy)
select *, $6 from unnest($1::uuid[], $2::text[], $3::bigint[], $4::bigint[], $5::text[])
returning id, subscription_id as "subscriptionId"`;

async function auditAttempts(client: Db, claimed: Claimed[]): Promise<Claimed[]> {
  const sending = claimed.filter(({ kind }) => kind !== 'none');
  if (sending.length === 0) return claimed;
  const { rows } = await client.query<{ id: string; subscriptionId: string }>({
    name: 'deliver-audit',
    text: AUDIT,
    values: [
      ...[sending.map(({ stored }) => stored.id), sending.map(({ kind }) => kind)],
      ...[
        sending.map(({ bundles }) => bundles[0]?.events[0]?.number ?? null),
        sending.map(({ bundles }) => bundles.at(-1)?.bundle ?? null),
      ],
      sending.map(({ stored }) => stored.content),
      POLICY_DIGEST,
    ],
  });
  const byId = new Map(rows.map(({ id, subscriptionId }) => [subscriptionId, id]));
  return claimed.map((one) => ({ ...one, attempt: byId.get(one.stored.id) ?? null }));
}
