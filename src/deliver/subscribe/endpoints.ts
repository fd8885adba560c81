/** Where notifications may be sent to, as far as can be told before one is sent. */
import { lookup } from 'node:dns/promises';
import { isIP } from 'node:net';
import { type Guard, guardAddresses } from '../../doors/address-guard.ts';
import type { Db } from '../../store/pool.ts';

/** Of a name that cannot be looked up now its protocol decides; every attempt is judged again. */
export async function mayBeSentTo(endpoint: URL, permits: Guard['permits']): Promise<boolean> {
  const host = endpoint.hostname.replace(/^\[(.*)\]$/, '$1');
  const addresses = isIP(host)
    ? [host]
    : await lookup(host, { all: true }).then(
        (found) => found.map((one) => one.address),
        () => null,
      );
  return addresses?.every((address) => permits(address, endpoint.protocol)) ?? endpoint.protocol === 'https:';
}

const KEPT = `select coalesce(y.name, 'the operator') as system, s.id, s.endpoint from subscription s
  left join system y on y.id = s.system_id where s.status <> 'off' order by 1, 2`;

/**
 * Subscriptions whose endpoint WEBHOOK_ALLOW (`allow`) allowed when they were made and does no longer, a line
 * each with its system and id: nothing is sent to them, and they end in error.
 */
export async function describeUnreachable(db: Db, allow: string[]): Promise<string[]> {
  const { permits } = guardAddresses(allow);
  const { rows } = await db.query<{ system: string; id: string; endpoint: string }>(KEPT);
  const judged = await Promise.all(
    rows.map(async (row) => ({ ...row, may: await mayBeSentTo(new URL(row.endpoint), permits) })),
  );
  return judged
    .filter(({ may }) => !may)
    .map(
      ({ system, id }) =>
        `WEBHOOK_ALLOW: nothing is sent to ${system} by Subscription/${id}: its endpoint is neither public https nor allowed by the setting that is in force here`,
    );
}
