/** Where somebody is told that a subscription fails: `skein subscription contact`. */
import { OPERATOR, record } from '../../audit/record.ts';
import type { Context } from '../../context.ts';
import { guardAddresses } from '../../doors/address-guard.ts';
import { rejected } from '../../errors.ts';
import { isId } from '../../fhir/ids.ts';
import { transaction } from '../../store/pool.ts';
import { mayBeSentTo } from './endpoints.ts';

const SET = `update subscription set contact = $2 where id = $1 and deleted_at is null`;

/**
 * Keeps it in place of the one before, with its row in the audit; null: none. Throws Rejected: 422 for an
 * address that warnings may not be sent to, 404 where there is no such subscription.
 */
export async function setContact(
  { db, config }: Pick<Context, 'db' | 'config'>,
  id: string,
  contact: string | null,
): Promise<void> {
  if (contact !== null) {
    const url = URL.canParse(contact) ? new URL(contact) : null;
    const isPlain = url !== null && url.username === '' && url.password === '' && url.hash === '';
    if (!isPlain || !(await mayBeSentTo(url, guardAddresses(config.WEBHOOK_ALLOW).permits)))
      throw rejected(422, 'value', 'the contact must be a URL at a public address, by https');
  }
  await transaction(db, async (client) => {
    const { rowCount } = isId(id) ? await client.query(SET, [id, contact]) : { rowCount: 0 };
    if (rowCount === 0) throw rejected(404, 'not-found', 'no such Subscription is known here');
    const changed = { kind: 'registration' as const, outcome: 'done', interaction: 'subscription-contact' };
    await record(client, { ...changed, actor: OPERATOR, type: 'Subscription', ids: [id] });
  });
}
