/**
 * Subscription over HTTP: https://hl7.org/fhir/R4/http.html,
 * https://hl7.org/fhir/uv/subscriptions-backport/STU1.1/
 */
import type { Bundle, OperationOutcome, Parameters, Subscription } from '@medplum/fhirtypes';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { payloadCeiling } from '../../access/decide/decide.ts';
import type { Payload } from '../../access/decide/policy.ts';
import type { Context } from '../../context.ts';
import { type Guard, guardAddresses } from '../../doors/address-guard.ts';
import { Rejected } from '../../errors.ts';
import { searchset } from '../../fhir/bundle.ts';
import type { Recipient } from '../../model.ts';
import { placeOf } from '../../store/secrets.ts';
import type { Vault } from '../../store/vault.ts';
import { fhirBase } from '../number/notification.ts';
import { attemptsOf, rotateSecret } from './attempts.ts';
import { SECRET_URL } from './elements.ts';
import { mayBeSentTo } from './endpoints.ts';
import { eventsOf, statusesOf } from './operations.ts';
import { confirmRemoval } from './removal.ts';
import { searchSubscriptions } from './search.ts';
import { noteSignOfLife } from './sign-of-life.ts';
import { snapshotOf } from './snapshot.ts';
import { openSecrets, type Stored, withHeaders } from './stored.ts';
import { readSubscription, type Wish } from './subscription.ts';
import { createSubscription, findSubscription, switchOff, updateSubscription } from './subscriptions.ts';

export { SECRET_URL };

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

type WithId = { Params: { id: string } };

/**
 * Create, read, search, update, delete, and the operations. Needs `request.recipient`; a system reaches its
 * own only.
 */
export function registerSubscriptions(app: FastifyInstance, ctx: Context): void {
  const guard = guardAddresses(ctx.config.WEBHOOK_ALLOW);
  const base = fhirBase(ctx.config);

  const wishOf = async (request: FastifyRequest): Promise<Wish> => {
    const wish = readSubscription(
      request.body,
      payloadCeiling(request.recipient, await approvedFor(ctx, request.recipient)),
    );
    await checkEndpoint(wish.endpoint, guard.permits);
    return wish;
  };
  /** Deleted or not: to delete it again changes nothing. */
  const kept = async (request: FastifyRequest<WithId>): Promise<Stored> => {
    const { id } = request.params;
    const stored = UUID.test(id) ? await findSubscription(ctx.db, request.recipient, id) : null;
    if (stored) {
      await noteSignOfLife(ctx, request.recipient, [stored]);
      return stored;
    }
    throw new Rejected(404, [
      { severity: 'error', code: 'not-found', text: 'no such Subscription is known here' },
    ]);
  };
  const ownOf = async (request: FastifyRequest<WithId>): Promise<Stored> => {
    const stored = await kept(request);
    if (!stored.deleted) return stored;
    throw new Rejected(410, [
      { severity: 'error', code: 'deleted', text: 'this Subscription was deleted: make another' },
    ]);
  };

  app.post('/fhir/Subscription', async (request, reply) => {
    const stored = await createSubscription(ctx, request.recipient, await wishOf(request));
    ctx.signals.emit('settled');
    // Of no version: earlier ones are not kept.
    reply.code(201).header('location', `${base}/Subscription/${stored.id}`);
    return answer(ctx, reply, { stored, secret: openSecrets(ctx.vault, stored).secret });
  });
  app.get<WithId>('/fhir/Subscription/:id', async (request, reply) =>
    answer(ctx, reply, { stored: await ownOf(request) }),
  );
  app.put<WithId>('/fhir/Subscription/:id', async (request, reply) => {
    const former = await ownOf(request);
    checkId(request, former);
    const target = { id: former.id, versions: versionsIn(request) };
    const stored = await updateSubscription(ctx, target, await wishOf(request));
    if (!stored) throw otherVersion();
    ctx.signals.emit('settled');
    return answer(ctx, reply, { stored });
  });
  app.delete<WithId>('/fhir/Subscription/:id', async (request, reply) => {
    const { id } = await kept(request);
    if (!(await switchOff(ctx.db, { id, versions: versionsIn(request) }))) throw otherVersion();
    return reply.code(204).send();
  });
  app.get('/fhir/Subscription', async (request, reply) => {
    const { page, self, next } = await searchSubscriptions(ctx.db, request);
    await noteSignOfLife(ctx, request.recipient, page);
    const entry = page.map((stored) => ({
      fullUrl: `${base}/Subscription/${stored.id}`,
      resource: resourceOf(ctx.vault, stored),
      search: { mode: 'match' as const },
    }));
    const link = [
      { relation: 'self', url: base + self },
      ...next.map((url) => ({ relation: 'next', url: base + url })),
    ];
    return fhir(reply, searchset(link, entry));
  });
  app.post<WithId>('/fhir/Subscription/:id/$confirm-removal', async (request, reply) =>
    fhir(reply, await confirmRemoval(ctx, request, await ownOf(request))),
  );
  app.post<WithId>('/fhir/Subscription/:id/$rotate-secret', async (request, reply) => {
    const own = await ownOf(request);
    return answer(ctx, reply, { stored: own, secret: await rotateSecret(ctx, request, own) });
  });
  app.get<WithId>('/fhir/Subscription/:id/$attempts', async (request, reply) =>
    fhir(reply, await attemptsOf(ctx, request, await ownOf(request))),
  );
  for (const method of ['GET', 'POST'] as const) {
    const url = '/fhir/Subscription';
    app.route({
      method,
      url: `${url}/$status`,
      handler: async (request, reply) => fhir(reply, await statusesOf(ctx, request)),
    });
    app.route<WithId>({
      ...{ method, url: `${url}/:id/$status` },
      handler: async (request, reply) => fhir(reply, await statusesOf(ctx, request, await ownOf(request))),
    });
    app.route<WithId>({
      ...{ method, url: `${url}/:id/$snapshot` },
      handler: async (request, reply) => fhir(reply, await snapshotOf(ctx, request, await ownOf(request))),
    });
    app.route<WithId>({
      ...{ method, url: `${url}/:id/$events` },
      handler: async (request, reply) => fhir(reply, await eventsOf(ctx, request, await ownOf(request))),
    });
  }
}

async function approvedFor(ctx: Context, recipient: Recipient): Promise<Payload | null> {
  if (recipient.kind === 'operator') return null;
  const { rows } = await ctx.db.query<{ approved: Payload | null }>(
    'select payload_ceiling as approved from service where id = $1',
    [recipient.system.service.id],
  );
  return rows[0]?.approved ?? null;
}

/**
 * Refused at once where every later try would be; a name that does not resolve today is left to the
 * handshake.
 */
async function checkEndpoint(endpoint: URL, permits: Guard['permits']): Promise<void> {
  if (await mayBeSentTo(endpoint, permits)) return;
  const text = 'the endpoint must be at a public address, by https';
  throw new Rejected(422, [
    { severity: 'error', code: 'business-rule', expression: 'Subscription.channel.endpoint', text },
  ]);
}

/**
 * What If-Match allows; null: whatever it is. No version of ours: none.
 * https://hl7.org/fhir/R4/http.html#concurrency
 */
function versionsIn({ headers }: FastifyRequest): number[] | null {
  const wanted = headers['if-match'];
  if (wanted === undefined || wanted.trim() === '*') return null;
  return wanted.split(',').flatMap((tag) => {
    const [, version] = /^(?:W\/)?"(\d{1,9})"$/.exec(tag.trim()) ?? [];
    return version ? [Number(version)] : [];
  });
}

function otherVersion(): Rejected {
  const text = 'it has been changed meanwhile: read it and decide again';
  return new Rejected(412, [{ severity: 'error', code: 'conflict', field: 'If-Match', text }]);
}

/** https://hl7.org/fhir/R4/http.html#update */
function checkId({ body }: FastifyRequest, { id }: Stored): void {
  const given = (body as Partial<Subscription> | null)?.id;
  if (given === undefined || given === id) return;
  throw new Rejected(400, [
    {
      severity: 'error',
      code: 'value',
      expression: 'Subscription.id',
      text: 'the id is not that of the URL',
    },
  ]);
}

function resourceOf(vault: Vault, stored: Stored): Subscription {
  const { id, status, error, version, updatedAt } = stored;
  const resource = withHeaders(stored.resource, (header) => vault.open(header, placeOf(id)));
  const meta = { versionId: String(version), lastUpdated: updatedAt.toISOString() };
  return { ...resource, id, meta, status, ...(error ? { error } : {}) };
}

/** With the signing secret in the one answer to its creation, or its change. */
function answer(
  { vault }: Pick<Context, 'vault'>,
  reply: FastifyReply,
  { stored, secret }: { stored: Stored; secret?: string },
): FastifyReply {
  const resource = resourceOf(vault, stored);
  if (secret) resource.extension = [...(resource.extension ?? []), { url: SECRET_URL, valueString: secret }];
  reply.header('etag', `W/"${stored.version}"`).header('last-modified', stored.updatedAt.toUTCString());
  return fhir(reply, resource);
}

function fhir(
  reply: FastifyReply,
  resource: Subscription | Bundle | OperationOutcome | Parameters,
): FastifyReply {
  return reply
    .type('application/fhir+json; charset=utf-8')
    .header('cache-control', 'private, no-store')
    .send(resource);
}
