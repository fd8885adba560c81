/** A notification that tells of nothing, for whoever sets up a receiver: `skein subscription test`. */
import { randomUUID } from 'node:crypto';
import type { Bundle, Parameters } from '@medplum/fhirtypes';
import { OPERATOR, record } from '../../audit/record.ts';
import type { Context } from '../../context.ts';
import { rejected } from '../../errors.ts';
import { SKEIN_DEFINITIONS } from '../../fhir/systems.ts';
import { aboutOf } from '../number/compose.ts';
import { notificationBundle } from '../number/notification.ts';
import { findOne } from '../operate/deliveries.ts';
import { sendAlone } from '../send/alone.ts';
import type { Reply } from '../send/send.ts';
import type { Stored } from './stored.ts';

/** On the one `notification-event` of a test. */
const TEST_URL = `${SKEIN_DEFINITIONS}test-event`;

/**
 * Sends it now, between two notifications and never beside one, and gives what came back. It is outside of
 * the numbers (0: a receiver that keeps the last number takes it for a repeat): one with a number would
 * be missing from what `$events` gives, or be kept for 90 days as if it had happened. It changes neither the
 * status nor the tries. Throws Rejected: 404 where there is none, 422 where it is off.
 */
export async function sendTest(ctx: Context, id: string): Promise<Reply> {
  const stored = await findOne(ctx.db, id);
  if (stored.status === 'off') throw rejected(422, 'business-rule', 'this Subscription is off');
  const asked = { kind: 'registration' as const, outcome: 'done', interaction: 'delivery-test' };
  await record(ctx.db, { ...asked, actor: OPERATOR, type: 'Subscription', ids: [id] });
  return sendAlone(ctx, stored, {
    kind: 'test',
    compose: async (now) => {
      const name = randomUUID();
      const parcel = { id: name, body: JSON.stringify(composeTest(ctx, now, name)) };
      return { first: null, last: null, parcel };
    },
  });
}

function composeTest(ctx: Context, stored: Stored, id: string): Bundle {
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
