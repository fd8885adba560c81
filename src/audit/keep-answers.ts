/**
 * Every answer that gives something, or refuses it, has its row in the audit before its bytes leave: no row,
 * no answer. One hook for all routes, so that a new one cannot forget it.
 */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { findCaller } from '../access/authenticate/known-caller.ts';
import { isPublic } from '../access/authenticate/public.ts';
import type { Context } from '../context.ts';
import { FHIR_JSON } from '../fhir/accept.ts';
import { isId } from '../fhir/ids.ts';
import { toOutcome } from '../fhir/outcome.ts';
import { type Given, givenBy } from './given.ts';
import { type Actor, actorOf, type Entry, record } from './record.ts';

declare module 'fastify' {
  interface FastifyRequest {
    /** The answer as a resource, for the audit; what is not modified is set by whoever answers so. */
    given: unknown;
  }
}

/**
 * What is sent here is kept itself, with its sender; its answer names that alone. Counters and style sheets
 * are nobody's.
 */
const NOT_GIVEN =
  /^(POST \/fhir(\/\$process-message)?|POST \/intake\/.*|GET \/metrics|GET \/pages\/assets\/.*)$/;
/** Done, these have their row from the transaction that did it. */
const OWN_ROW =
  /^(POST .*\/\$((place|lift)-hold|safe-contact|set-(placement|competence|parental-responsibility)|break-glass|confirm-removal|accept|reject|defer|undo)|POST \/fhir\/Consent|PUT \/fhir\/(HealthcareService|Consent)\/.*)$/;
const REFUSED = [401, 403, 404, 429];

/** Whether a route has rows in the audit at all; `HEAD` is `GET`. */
export const isAudited = (method: string, url: string): boolean =>
  !isPublic(url) && !NOT_GIVEN.test(`${method} ${url}`);

/** Call it before any route is registered. */
export function auditAnswers(app: FastifyInstance, ctx: Context): void {
  app.decorateRequest('given', null);
  app.addHook('preSerialization', async (request, _reply, payload) => {
    request.given = payload;
    return payload;
  });
  app.addHook('onSend', async (request, reply, payload) => {
    try {
      const entry = await entryOf(ctx, request, reply);
      if (entry) await record(ctx.db, entry);
      return payload;
    } catch (error) {
      request.log.error({ event: 'audit.failed', err: error });
      return withhold(reply);
    }
  });
}

/** 503, and nothing of what was to be said: neither its body nor a header. */
function withhold(reply: FastifyReply): string {
  for (const name of Object.keys(reply.getHeaders())) reply.removeHeader(name);
  reply.code(503).type(`${FHIR_JSON}; charset=utf-8`).header('retry-after', '1');
  const text = 'not now: what is asked cannot be put on record';
  return JSON.stringify(toOutcome([{ severity: 'error', code: 'transient', text }]));
}

/** Null where the answer needs no row. */
async function entryOf(ctx: Context, request: FastifyRequest, reply: FastifyReply): Promise<Entry | null> {
  const { url } = request.routeOptions;
  const method = request.method === 'HEAD' ? 'GET' : request.method;
  const status = reply.statusCode;
  const isGiven = status < 300 || status === 304;
  if (url === undefined || !isAudited(method, url) || !(isGiven || REFUSED.includes(status))) return null;
  if (isGiven && OWN_ROW.test(`${method} ${url}`)) return null;
  const actor = await actorFor(ctx, request);
  if (!actor) return null;
  const type = /^\/fhir\/([A-Z]\w+)/.exec(url)?.[1] ?? null;
  return {
    kind: isGiven ? (isRead(method, url) ? 'read' : 'change') : 'refusal',
    ...{ outcome: String(status), actor, interaction: interactionOf(method, url), type },
    ...(isGiven ? givenBy(request.given) : askedFor(request, type)),
    request: request.id,
  };
}

/** Who could not be let in is known by what it shows all the same, or is nobody that the register has. */
async function actorFor(ctx: Context, request: FastifyRequest): Promise<Actor | null> {
  if (request.recipient) return actorOf(request.recipient);
  const system = await findCaller(ctx, request);
  return system && actorOf({ kind: 'system', system });
}

/** Of what is not there, and what may not be known, alike. */
function askedFor({ params }: FastifyRequest, type: string | null): Given {
  const { id = '' } = (params ?? {}) as { id?: string };
  const ids = isId(id) ? [id] : [];
  return type === 'Patient' ? { ids, persons: ids, of: [] } : { ids, persons: [], of: ids };
}

const isRead = (method: string, url: string): boolean =>
  method === 'GET' || /\/(_search|\$(match|status|events|snapshot))$/.test(url);

const OF_METHOD: Record<string, string> = { POST: 'create', PUT: 'update', DELETE: 'delete' };

/** As https://hl7.org/fhir/R4/http.html calls it, an operation with its `$`; beside FHIR the path. */
function interactionOf(method: string, url: string): string {
  const operation = /\$[a-z-]+$/.exec(url)?.[0];
  if (operation) return operation;
  if (!url.startsWith('/fhir/')) return url.slice(1);
  if (url.endsWith('/_history/:vid')) return 'vread';
  if (url.endsWith('/_history')) return 'history';
  if (url.endsWith('/_search')) return 'search';
  if (method !== 'GET') return OF_METHOD[method] ?? method.toLowerCase();
  return url.endsWith('/:id') ? 'read' : 'search';
}
