import { randomUUID } from 'node:crypto';
import { basisOf, OPERATOR_BASIS, POLICY_DIGEST } from '../../access/decide/policy.ts';
import type { Context } from '../../context.ts';
import type { Db } from '../../store/pool.ts';
import { MAX_PER_ORIGIN } from '../send/send.ts';
import { CLAIM, isFailing, type Stored } from '../subscribe/stored.ts';
import type { Parcelled } from './judged.ts';
import { number, numbering } from './number.ts';

/** A dead worker's subscriptions are free again after this. */
export const LEASE_SECONDS = 2;
/**
 * Events numbered at once for one that takes them one after the other: as many as it can be sent before
 * access is asked again.
 */
const NUMBER_LIMIT = 16;
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
  /** A probe: a Bundle waits, and is tried when it is answered. */
  waiting: boolean;
  more: boolean;
  attempt: string | null;
};

/** Runs of one origin under way, and how many of them are not known to be quick. */
export type InFlight = Map<string, { count: number; slow: number }>;
type Limits = { limit: number; slowLimit: number; inFlight: InFlight };

/**
 * Leases due subscriptions, numbers what is pending for them and commits the audit rows, all in one
 * transaction. A lease is fenced by its own id; two workers never hold one subscription. `inFlight`: runs by
 * origin, to be kept under the cap. At most `limit`, of which `slowLimit` are not known to be quick.
 */
export async function claim(ctx: Context, { limit, slowLimit, inFlight }: Limits): Promise<Claimed[]> {
  const lease = randomUUID();
  const busy = [...inFlight.values()];
  return numbering(ctx.db, async (client) => {
    const claimedAt = performance.now();
    const { rows } = await client.query<Stored>({
      name: 'deliver-claim',
      text: CLAIM,
      values: [
        ...[lease, LEASE_SECONDS],
        ...[[...inFlight.keys()], busy.map(({ count }) => count), busy.map(({ slow }) => slow)],
        ...[MAX_PER_ORIGIN, limit, slowLimit],
      ],
    });
    if (rows.length === 0) return [];
    const counting = rows.filter(mayBeTold);
    const numbered = await number(client, { stored: counting, limit: NUMBER_LIMIT, sending: true });
    const found = new Map(numbered.map((one) => [one.stored.id, one]));
    const claimed = rows.map((stored): Claimed => {
      const { bundles = [], more = false } = found.get(stored.id) ?? {};
      const kind = kindOf(stored, bundles);
      const isProbe = kind === 'handshake' && bundles.length > 0;
      const sent = kind === 'event-notification' ? bundles : [];
      return { stored, lease, claimedAt, kind, bundles: sent, waiting: isProbe, more, attempt: null };
    });
    return auditAttempts(client, claimed);
  });
}

/** Not before its endpoint has answered a handshake. */
const mayBeTold = ({ status, answered }: Stored): boolean =>
  status === 'active' || (status === 'error' && answered);

/**
 * A failing one is tried when the schedule says so, when a sign of life came, or something urgent; else it is
 * probed. In error there is no schedule.
 */
function kindOf(stored: Stored, bundles: Parcelled[]): RunKind {
  const { status, scheduled, urgent, woken, heartbeatDue } = stored;
  if (status === 'requested' || !mayBeTold(stored)) return 'handshake';
  const isDue = !isFailing(stored) || (status === 'active' && scheduled);
  if (bundles.length > 0) return isDue || urgent || woken ? 'event-notification' : 'handshake';
  if (status === 'active' && isDue && heartbeatDue) return 'heartbeat';
  return isFailing(stored) ? 'handshake' : 'none';
}

/** The footing in law on which a subscriber is told; null: none is written down. */
export const basisFor = ({ system }: Stored): string | null =>
  basisOf(system === null ? OPERATOR_BASIS : system.service.sector);

/** Heartbeats that were answered well say nothing of anybody: they are counted in the day's last row. */
const AUDIT = `
with wanted as (
  select * from unnest($1::uuid[], $2::text[], $3::bigint[], $4::bigint[], $5::text[], $6::text[])
    as w (id, kind, first, last, content, basis)),
beating as (
  select a.id, a.at, w.id as subscription from wanted w cross join lateral (
    select * from attempt a where a.subscription_id = w.id and a.at >= date_trunc('day', now())
     order by a.id desc limit 1) a
   where w.kind = 'heartbeat' and a.kind = 'heartbeat' and a.outcome = 'ok' and a.policy = $7),
beaten as (
  update attempt a set times = a.times + 1, outcome = null, status = null, settled_at = null
    from beating b where a.id = b.id and a.at = b.at returning a.id, a.subscription_id),
made as (
  insert into attempt (subscription_id, kind, first_number, last_number, content, basis, policy)
  select *, $7 from wanted where id not in (select subscription from beating) returning id, subscription_id)
select id, subscription_id as "subscriptionId" from made union all select id, subscription_id from beaten`;

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
      sending.map(({ stored }) => basisFor(stored)),
      POLICY_DIGEST,
    ],
  });
  const byId = new Map(rows.map(({ id, subscriptionId }) => [subscriptionId, id]));
  return claimed.map((one) => ({ ...one, attempt: byId.get(one.stored.id) ?? null }));
}
