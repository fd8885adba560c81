/** `$status` and `$events`: https://hl7.org/fhir/uv/subscriptions-backport/STU1.1/operations.html */
import { randomUUID } from 'node:crypto';
import type { Bundle, Resource } from '@medplum/fhirtypes';
import type { FastifyRequest } from 'fastify';
import { z } from 'zod';
import { lesser, scopeCeiling } from '../../access/decide/decide.ts';
import { PAYLOADS, type Payload } from '../../access/decide/policy.ts';
import type { Context } from '../../context.ts';
import { givenTwice, queryOf } from '../../doors/query.ts';
import { Rejected } from '../../errors.ts';
import type { Event } from '../../model.ts';
import { askAccess } from '../number/ask-access.ts';
import { aboutOf } from '../number/compose.ts';
import { messageOf } from '../number/judged.ts';
import { fhirBase, notificationBundle, statusOf, type Told } from '../number/notification.ts';
import { number, numbering } from '../number/number.ts';
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
  const { id: ids, status: statuses } = parametersOf(request);
  const wanted = own
    ? [own]
    : await findSubscriptions(ctx.db, request.recipient, { ids: ids && uuidsOf(ids), statuses });
  if (!own) await noteSignOfLife(ctx, request.recipient, wanted);
  const base = fhirBase(ctx.config);
  const entry = (await countAll(ctx, wanted)).map((stored) => ({
    fullUrl: `${base}/Subscription/${stored.id}/$status`,
    resource: {
      ...statusOf(
        aboutOf(ctx, stored, { type: 'query-status', status: stored.status, count: stored.lastNumber }),
      ),
      id: randomUUID(),
    } as Resource,
    search: { mode: 'match' as const },
  }));
  return {
    resourceType: 'Bundle',
    type: 'searchset',
    link: [{ relation: 'self', url: `${base}/Subscription/$status` }],
    entry,
  };
}

/**
 * What the subscription was told, asked of access again today: a denied event keeps its number and says
 * nothing.
 */
export async function eventsOf(ctx: Context, request: FastifyRequest, own: Stored): Promise<Bundle> {
  const given = parametersOf(request);
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
async function countAll(ctx: Context, wanted: Stored[]): Promise<Stored[]> {
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

/** A value of a Parameters is a text or a number; what is neither is no value of a parameter taken here. */
const Value = z.union([z.string(), z.number()]).transform(String);
const Parameter = z.object({ name: z.string() }).catchall(z.unknown());
const Parameters = z.looseObject({ parameter: z.array(Parameter).default([]) });
type Given = Record<string, string[] | undefined>;

/** Query parameters and a Parameters body alike; each may be repeated or hold several values. */
export function parametersOf(request: FastifyRequest): Given {
  const body = Parameters.safeParse(request.body ?? {});
  if (!body.success) throw refuse('structure', 'parameter', 'send Parameters');
  const inBody = body.data.parameter.map(({ name, ...rest }): [string, string] => {
    const given = Object.entries(rest).find(([key]) => key.startsWith('value'))?.[1] ?? '';
    const value = Value.safeParse(given);
    if (!value.success) throw refuse('structure', name, 'a parameter has a text or a number as its value');
    return [name, value.data];
  });
  const given: Record<string, string[]> = Object.create(null);
  for (const [name, value] of [...queryOf(request), ...inBody])
    given[name] = [...(given[name] ?? []), ...value.split(',')];
  return given;
}

/** Of a parameter that has one value. */
function singleOf(given: Given, name: string): string | undefined {
  const values = given[name] ?? [];
  if (values.length > 1) throw givenTwice(name);
  return values[0];
}

function uuidsOf(ids: string[]): string[] {
  return ids
    .map((id) => id.replace(/^Subscription\//, ''))
    .filter((id) => /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(id));
}

export function numberOf(given: Given, name: string): number | null {
  const text = singleOf(given, name);
  if (text === undefined) return null;
  if (/^\d{1,15}$/.test(text)) return Number(text);
  throw refuse('value', name, `${name} must be an event number`);
}

/** Only narrows what the subscription was granted. */
function contentOf(given: Given, granted: Payload): Payload {
  const text = singleOf(given, 'content');
  if (text === undefined) return granted;
  const asked = PAYLOADS.find((one) => one === text);
  if (asked) return lesser(asked, granted);
  throw refuse('value', 'content', `content must be one of ${PAYLOADS.join(', ')}`);
}

function refuse(code: string, field: string, text: string): Rejected {
  return new Rejected(400, [{ severity: 'error', code, field, text }]);
}
