import { randomUUID } from 'node:crypto';
import fastify, {
  type FastifyBaseLogger,
  type FastifyInstance,
  type FastifyReply,
  type FastifyRequest,
  LogController,
} from 'fastify';
import { authenticate } from './access/authenticate/authenticate.ts';
import { requireRouteScope } from './access/authenticate/route-scopes.ts';
import { openHumans } from './access/human/open.ts';
import { auditAnswers } from './audit/keep-answers.ts';
import type { Context } from './context.ts';
import { readJsonBodies } from './doors/body.ts';
import { limitHttp } from './doors/connections.ts';
import { parseQuery } from './doors/query.ts';
import { collectRoutes, methodsAt } from './doors/route-list.ts';
import { isTransient, Rejected } from './errors.ts';
import { toOutcome } from './fhir/outcome.ts';
import type { Issue, Recipient } from './model.ts';
import { countRequest, lateLoops, registry } from './observe/metrics.ts';
import { readMetrics } from './observe/scrape.ts';
import { queueNotices } from './store/queue.ts';
import { storeProblems } from './store/state.ts';

declare module 'fastify' {
  interface FastifyRequest {
    /** Who is asking; every way out passes it to access. */
    recipient: Recipient;
  }
}

/** What is wrong here and turns no work away, in a line each. */
export type Notices = () => Promise<string[]>;
const noNotices: Notices = async () => [];
/** `ready`: what is wrong besides; `pager`: why somebody is to be woken (docs/adr/0037). */
export type Watch = { ready: Notices; pager: Notices };
const NOTHING: Watch = { ready: noNotices, pager: noNotices };

/** What a stage adds to the server. */
export type Part = (app: FastifyInstance, ctx: Context) => void;

const MESSAGE_ROUTES = new Set(['/fhir/$process-message', '/fhir', '/intake/:system']);
const BODY_LIMIT = 16 * 1024 * 1024;
const REQUEST_MS = 60_000;
/** A client that is there sends its headers in one go. */
const HEADERS_MS = 10_000;
/** Without a byte either way: longer than the largest file takes to be stored, or an answer to be fetched. */
const SILENT_MS = 10 * 60_000;
/** Behind a proxy all callers have one address: most of the room is one peer's where nobody else wants it. */
const LIMITS = { most: 4_096, mostOfPeer: 3_072 };
const LATE_LOOP_MS = 10_000;

/**
 * The HTTP server: who asks is settled first, errors become OperationOutcomes in one place. `parts` register
 * in their order; what `watch` knows is told by `/health`.
 */
export function buildApp(ctx: Context, parts: Part[], watch: Watch = NOTHING): FastifyInstance {
  const app = fastify({
    loggerInstance: ctx.log as FastifyBaseLogger,
    logController: new LogController({ disableRequestLogging: true }),
    bodyLimit: BODY_LIMIT,
    requestTimeout: REQUEST_MS,
    connectionTimeout: SILENT_MS,
    http: { headersTimeout: HEADERS_MS, connectionsCheckingInterval: HEADERS_MS / 5 },
    forceCloseConnections: 'idle',
    requestIdHeader: false,
    // No other request has it, of whatever process: the audit names it beside the log.
    genReqId: () => randomUUID(),
    // `$` need not be escaped in a path, and clients that do mean the same; so do those that end a base URL
    // with a slash.
    rewriteUrl: ({ url = '/' }) => url.replace(/^[^?]+/, (path) => path.replaceAll('%24', '$')),
    routerOptions: { ignoreTrailingSlash: true, querystringParser: parseQuery },
    frameworkErrors: sendError,
    // What comes while we stop is taken like the rest: its connection closes after it, and nobody has to send
    // it again.
    return503OnClosing: false,
  });
  limitHttp(app.server, LIMITS, (reason) => ctx.log.warn({ event: 'http.refused', reason }));
  const recipientOf = authenticate(ctx);
  const humans = openHumans(ctx.config, ctx.log as FastifyBaseLogger);
  app.addHook('onClose', () => humans.close());
  app.decorateRequest('recipient');
  app.decorateRequest('session', null);
  app.addHook('onRequest', async (request) => {
    request.recipient = await humans.withHuman(request, await recipientOf(request));
    requireRouteScope(request);
  });
  auditAnswers(app, ctx);
  app.addHook('onResponse', async (request, reply) => recordRequest(request, reply));
  readJsonBodies(app);
  app.setErrorHandler(sendError);
  const routes = collectRoutes(app);
  app.setNotFoundHandler((request, reply) => {
    const methods = methodsAt(routes, request.url.split('?')[0] as string);
    if (methods.length === 0) return sendIssues(reply, 404, [issue('not-found', 'there is nothing here')]);
    const text = `${request.method} is not served here, ${methods.join(' and ')} ${methods.length > 1 ? 'are' : 'is'}`;
    return sendIssues(reply.header('allow', methods.join(', ')), 405, [issue('not-supported', text)]);
  });
  for (const part of parts) part(app, ctx);
  registerHealth(app, ctx, watch);
  return app;
}

function recordRequest(request: FastifyRequest, reply: FastifyReply): void {
  const { method, routeOptions } = request;
  const route = routeOptions.url ?? 'none';
  const status = reply.statusCode;
  const ms = Math.round(reply.elapsedTime);
  countRequest(method, route, { status, ms });
  // A message has its own wide line (src/pipeline.ts).
  const quiet =
    route.startsWith('/health') || route === '/metrics' || (method === 'POST' && MESSAGE_ROUTES.has(route));
  request.log[quiet ? 'debug' : 'info']({ event: 'http', method, route, status, ms });
}

const issue = (code: string, text: string): Issue => ({ severity: 'error', code, text });

function sendIssues(reply: FastifyReply, status: number, issues: Issue[], bars?: string): FastifyReply {
  return reply.code(status).type('application/fhir+json; charset=utf-8').send(toOutcome(issues, bars));
}

/**
 * Rejected: the sender mends it. Transient: again later. Anything else is our bug, and says nothing of
 * itself.
 */
function sendError(error: unknown, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  if (error instanceof Rejected) {
    if (error.status === 503 && !reply.hasHeader('retry-after')) reply.header('retry-after', '60');
    if (error.status === 401) reply.header('www-authenticate', 'Bearer');
    return sendIssues(reply, error.status, error.issues, error.bars);
  }
  if (isTransient(error)) {
    request.log.warn({ event: 'http.unavailable', err: error });
    reply.header('retry-after', '1');
    return sendIssues(reply, 503, [issue('transient', 'not now: nothing was stored, send it again')]);
  }
  const { statusCode = 500 } = error as { statusCode?: number };
  if (statusCode >= 400 && statusCode < 500)
    return sendIssues(reply, statusCode, [describeRefusal(statusCode)]);
  request.log.error({ event: 'http.bug', err: error });
  return sendIssues(reply, 500, [issue('exception', 'an error of ours: it has been logged')]);
}

/** What Fastify itself refuses. Its own text may quote the body. */
function describeRefusal(status: number): Issue {
  if (status === 413) return issue('too-long', 'the body is larger than is taken here');
  if (status === 415) return issue('not-supported', 'this Content-Type is not supported here');
  return issue('structure', 'the request cannot be read');
}

function registerHealth(app: FastifyInstance, ctx: Context, watch: Watch): void {
  app.get('/health/live', async () => ({ status: 'live' }));
  app.get('/health/ready', async (_request, reply) => {
    const reasons = await whyNotReady(ctx);
    if (reasons.length > 0)
      return reply.code(503).send({ status: 'not ready', reasons: [...reasons, ...(await queueNotices())] });
    return { status: 'ready', reasons: [...(await queueNotices()), ...(await watch.ready())] };
  });
  app.get('/health/pager', async (_request, reply) => {
    const unready = await whyNotReady(ctx);
    const reasons = unready.length > 0 ? unready : await watch.pager();
    return reasons.length > 0
      ? reply.code(503).send({ status: 'ring', reasons })
      : { status: 'quiet', reasons };
  });
  app.get('/metrics', async (request, reply) => {
    requireMonitor(request.recipient);
    return reply.type(registry.contentType).send(await readMetrics(ctx.db));
  });
}

/**
 * Counters that move with everybody's messages: for the operator, or a system registered without a sector to
 * watch them.
 */
function requireMonitor(recipient: Recipient): void {
  if (recipient.kind === 'operator' || recipient.system.service.sector === null) return;
  throw new Rejected(403, [issue('forbidden', 'metrics are not for a service of a sector')]);
}

async function whyNotReady(ctx: Context): Promise<string[]> {
  const late = lateLoops(LATE_LOOP_MS).map((loop) => `the ${loop} loop is late`);
  try {
    return [...late, ...(await storeProblems(ctx.db, ctx.config))];
  } catch (error) {
    ctx.log.warn({ event: 'health.database', err: error });
    return [...late, 'the database does not answer'];
  }
}
