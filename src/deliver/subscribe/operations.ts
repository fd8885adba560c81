/** `$status` and `$events`: https://hl7.org/fhir/uv/subscriptions-backport/STU1.1/operations.html */
import { randomUUID } from 'node:crypto';
import type { Bundle, Resource } from '@medplum/fhirtypes';
import type { FastifyRequest } from 'fastify';
import { lesser, scopeCeiling } from '../../access/decide/decide.ts';
import type { Payload } from '../../access/decide/policy.ts';
import type { Context } from '../../context.ts';
import { searchset } from '../../fhir/bundle.ts';
import type { Event } from '../../model.ts';
import { askAccess } from '../number/ask-access.ts';
import { aboutOf } from '../number/compose.ts';
import { messageOf } from '../number/judged.ts';
import { fhirBase, notificationBundle, statusOf, type Told } from '../number/notification.ts';
import { number, numbering } from '../number/number.ts';
import { contentOf, numberOf, parametersOf, uuidsOf } from './parameters.ts';
import { noteSignOfLife } from './sign-of-life.ts';
import type { Stored } from './stored.ts';
import { findSubscriptions, lockSubscriptions } from './subscriptions.ts';

/** Events in one answer to `$events`; the next one starts at the following number. */
const MAX_EVENTS = 1_000;
const COUNT_LIMIT = 500;

/**
 * How many events there were, at this moment: a searchset of one status for each of the caller's
 * subscriptions.
 */
export async function statusesOf(ctx: Context, request: FastifyRequest, own?: Stored): Promise<Bundle> {
  const { id: ids, status: statuses } = parametersOf(request, ['id', 'status']);
  // Of one, the guide has them ignored.
  const wanted = own
    ? [own]
    : await findSubscriptions(ctx.db, request.recipient, { ids: ids && uuidsOf(ids), statuses });
  if (!own) await noteSignOfLife(ctx, request.recipient, wanted);
  const base = fhirBase(ctx.config);
  const entry = (await countAll(ctx, wanted)).map((stored) => {
    const id = randomUUID();
    const what = { type: 'query-status' as const, status: stored.status, count: stored.lastNumber };
    const resource = { ...statusOf(aboutOf(ctx, stored, what)), id } as Resource;
    return { fullUrl: `urn:uuid:${id}`, resource, search: { mode: 'match' as const } };
  });
  const url = `${base}/Subscription/${own ? `${own.id}/` : ''}$status`;
  return searchset([{ relation: 'self', url }], entry);
}

/**
 * What the subscription was told, asked of access again today: a denied event keeps its number and says
 * nothing.
 */
export async function eventsOf(ctx: Context, request: FastifyRequest, own: Stored): Promise<Bundle> {
  const given = parametersOf(request, ['eventsSinceNumber', 'eventsUntilNumber', 'content']);
  const since = numberOf(given, 'eventsSinceNumber') ?? 1;
  const until = numberOf(given, 'eventsUntilNumber') ?? Number.MAX_SAFE_INTEGER;
  const asked = contentOf(given, lesser(own.content, scopeCeiling(request.recipient)));
  const [stored] = await countAll(ctx, [own]);
  const events = await recall(ctx, stored as Stored, { since, until, asked });
  const about = {
    ...aboutOf(ctx, own, { type: 'query-event', status: own.status, count: stored?.lastNumber ?? 0, events }),
    content: asked,
  };
  return notificationBundle(about, { id: randomUUID(), at: new Date().toISOString() });
}

/** Numbers all that is pending for these subscriptions and gives them as they then are. */
export async function countAll(ctx: Context, wanted: Stored[]): Promise<Stored[]> {
  const ids = wanted.map(({ id }) => id);
  if (ids.length === 0) return [];
  for (;;) {
    const { stored, more } = await numbering(ctx.db, async (client) => {
      const locked = await lockSubscriptions(client, ids);
      const counting = locked.filter(({ status }) => status !== 'off');
      const numbered = await number(client, { stored: counting, limit: COUNT_LIMIT, sending: false });
      const last = new Map(numbered.map((one) => [one.stored.id, one.lastNumber]));
      return {
        stored: locked.map((one) => ({ ...one, lastNumber: last.get(one.id) ?? one.lastNumber })),
        more: numbered.some((one) => one.pending),
      };
    });
    if (!more) return stored;
  }
}

type Wanted = { since: number; until: number; asked: Payload };
type Row = { number: number; at: Date; event: Event };

async function recall(ctx: Context, stored: Stored, { since, until, asked }: Wanted): Promise<Told[]> {
  const { rows } = await ctx.db.query<Row>(
    `select n.number::float8 as number, e.at, e.event from notification n join event e on e.id = n.event_id
      where n.subscription_id = $1 and n.number between $2 and $3 order by n.number limit ${MAX_EVENTS}`,
    [stored.id, since, until],
  );
  const verdicts = await askAccess(
    ctx.db,
    rows.map(({ event, at }) => ({ stored, event, at, asked, numbered: true })),
  );
  return rows.map(({ number, at, event }, index) => {
    const { told = false, content = 'empty', resources = null } = verdicts[index] ?? {};
    const message = messageOf(event, stored);
    return { number, at, code: event.code, focus: event.focus, content, withheld: !told, resources, message };
  });
}
