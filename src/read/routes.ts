/** Every FHIR read, search and the pages that describe the API. */
import type { Resource } from '@medplum/fhirtypes';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { tokenUrl } from '../access/authenticate/public.ts';
import type { Context } from '../context.ts';
import { serveBars } from '../doors/bars.ts';
import { formOf, readFormBodies, readJsonBodies } from '../doors/body.ts';
import { oneOf, queryOf, readPairs } from '../doors/query.ts';
import { collectRoutes, isPage } from '../doors/route-list.ts';
import { Rejected } from '../errors.ts';
import { acceptJson } from '../fhir/accept.ts';
import { INDEXED_TYPES } from '../fhir/search-parameters.ts';
import type { Recipient } from '../model.ts';
import { describeApi } from '../web/docs.ts';
import { docsPage } from '../web/docs-page.ts';
import { fhirBase, sendFhir, sendVersion } from './answer.ts';
import { capabilityStatement } from './capability-statement.ts';
import { readHistory } from './history.ts';
import { readJourney } from './journey/journey.ts';
import { keepLook } from './journey/looks.ts';
import { findMessageDefinitions } from './message-definitions.ts';
import { matchPatient } from './patient-match.ts';
import { readResource, readVersion } from './read.ts';
import { answerSearch, type SearchRequest } from './search/answer-search.ts';
import type { Asking } from './search/candidates.ts';
import { refuse } from './search/conditions.ts';
import { readShape, shaped, WHOLE } from './shape.ts';

type Named = { Params: { id: string; vid: string } };

/**
 * Reads by id what is found each time and stored in no row, of one type, as the recipient may see it; null
 * where there is none.
 */
export type Found = (recipient: Recipient, id: string) => Promise<Resource | null>;
export type Elsewhere = Record<string, Found>;

/**
 * Call it before the other parts: `metadata` and `/docs` describe the routes that are registered after its
 * first line.
 */
export function registerRead(app: FastifyInstance, ctx: Context, elsewhere: Elsewhere = {}): void {
  const routes = collectRoutes(app, (url) => !isPage(url));
  const base = fhirBase(ctx.config);
  const about = {
    ...{ base, date: new Date().toISOString() },
    ...{ auth: ctx.config.AUTH, tokenUrl: tokenUrl(ctx.config) },
  };
  const ask = (request: FastifyRequest): Asking => ({
    db: ctx.db,
    key: ctx.key,
    recipient: request.recipient,
  });

  app.register(async (fhir) => {
    fhir.addHook('onRequest', acceptJson);
    // The one body that a read has. Of any other nothing would be read, and all be found.
    readFormBodies(fhir, 65_536);
    serveBars(fhir);
    for (const type of INDEXED_TYPES) registerType(fhir, type, { base, ask, found: elsewhere[type] });
    fhir.get<Named>('/fhir/Group/:id/$journey', async (request, reply) => {
      const { id } = request.params;
      const { bundle, looked } = await readJourney(ask(request), { id, base, pairs: [...queryOf(request)] });
      // Once it has been answered: who could not be told what is new is told it again.
      if (looked)
        reply.raw.once('finish', () => {
          keepLook(ctx.db, request.recipient, id, looked).catch((error: unknown) =>
            ctx.log.warn({ event: 'journey.look', err: error }),
          );
        });
      return sendFhir(reply, bundle);
    });
    fhir.get('/fhir/MessageDefinition', async (request, reply) =>
      sendFhir(reply, findMessageDefinitions(base, [...queryOf(request)])),
    );
    fhir.get('/fhir/metadata', async (_request, reply) =>
      sendFhir(reply, capabilityStatement(routes, about)),
    );
  });
  app.register(async (scope) => {
    scope.addHook('onRequest', acceptJson);
    readJsonBodies(scope);
    scope.post('/fhir/Patient/$match', { bodyLimit: 65_536 }, async (request, reply) =>
      sendFhir(reply, await matchPatient(ask(request), request.body, base)),
    );
  });
  app.get('/docs/openapi.json', async () => describeApi(routes, base, ctx.config.AUTH));
  app.get('/docs', async (_request, reply) => docsPage(reply, describeApi(routes, base, ctx.config.AUTH)));
}

type Serving = { base: string; ask: (request: FastifyRequest) => Asking; found: Found | undefined };

function registerType(fhir: FastifyInstance, type: string, { base, ask, found }: Serving): void {
  const path = `/fhir/${type}`;
  fhir.get<Named>(`${path}/:id`, async (request, reply) => {
    const { id } = request.params;
    const resource = await readResource(ask(request), type, id).catch(async (error: unknown) => {
      const other = isNotFound(error) ? await found?.(request.recipient, id) : null;
      if (!other) throw error;
      return other;
    });
    return sendVersion(request, reply, shapedBy(request, resource));
  });
  fhir.get<Named>(`${path}/:id/_history/:vid`, async (request, reply) => {
    const { id, vid } = request.params;
    return sendVersion(request, reply, shapedBy(request, await readVersion(ask(request), type, id, vid)));
  });
  fhir.get<Named>(`${path}/:id/_history`, async (request, reply) =>
    sendFhir(
      reply,
      await readHistory(ask(request), { ...requested(request), type, base, id: request.params.id }),
    ),
  );
  fhir.get(path, async (request, reply) =>
    sendFhir(reply, await answerSearch(ask(request), searchOf(request, type, base))),
  );
  fhir.post(`${path}/_search`, async (request, reply) =>
    sendFhir(reply, await answerSearch(ask(request), searchOf(request, type, base))),
  );
}

const isNotFound = (error: unknown): boolean => error instanceof Rejected && error.status === 404;

function searchOf(request: FastifyRequest, type: string, base: string): SearchRequest {
  const { pairs, lenient } = requested(request);
  return { type, base, pairs: [...pairs, ...readPairs(formOf(request))], lenient };
}

function requested(request: FastifyRequest): Pick<SearchRequest, 'pairs' | 'lenient'> {
  const lenient = /\bhandling\s*=\s*lenient\b/.test(String(request.headers.prefer ?? ''));
  return { pairs: [...queryOf(request)], lenient };
}

/** As much of a resource that is read as the request wants. */
function shapedBy(request: FastifyRequest, resource: Resource): Resource {
  const query = queryOf(request);
  const given = ['_summary', '_elements'].flatMap((name) => {
    const value = oneOf(query, name);
    return value === undefined ? [] : [{ name, value }];
  });
  if (given.some(({ value }) => value === 'count')) throw refuse('_summary', 'only a search is counted');
  return shaped(
    resource,
    given.reduce((shape, one) => readShape(shape, resource.resourceType, one), WHOLE),
  );
}
