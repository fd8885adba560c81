/**
 * Pages for people, made on the server (docs/adr/0028-pages.md). People sign in where an issuer is configured
 * (docs/adr/0040-sign-in.md). Without one they are a trial: on this machine alone, with AUTH=none, where the
 * operator sees them as any registered service would.
 */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { openSignIn } from '../../access/sign-in/open.ts';
import type { Context } from '../../context.ts';
import { readFormBodies } from '../../doors/body.ts';
import { isTransient, Rejected, rejected } from '../../errors.ts';
import { notFound } from '../../read/answer.ts';
import { type Deliveries, registerDeliveries } from './deliveries/routes.ts';
import { registerFamilies } from './families/routes.ts';
import { type ReadFigures, registerFigures } from './figures/routes.ts';
import { type Frame, isTrial, makeFrame, readViewer, type Viewer } from './frame.ts';
import { registerHelping } from './helping/routes.ts';
import { registerHome } from './home.ts';
import { registerJourney } from './journey/routes.ts';
import { type Messages, registerMessages } from './messages/routes.ts';
import { type Bench, registerPlayground } from './playground/routes.ts';
import { type EndPrompt, registerPromptPages } from './prompts/routes.ts';
import { type AnswerReferral, registerReferrals } from './referrals/routes.ts';
import { registerSharing, type Sharing } from './sharing/routes.ts';
import { guardPage, sendToSignIn } from './sign-in/guard.ts';
import { registerSignIn } from './sign-in/routes.ts';
import { registerSystemPages, type Systems } from './systems/routes.ts';
import { HEADERS, registerStyles, registerViews, sendPage } from './views.ts';
import { dateTime } from './words.ts';
import { registerWorklistPages, type Worklist } from './worklist/routes.ts';

/** What pages are made from beside the readers of `src/read`. */
export type Sources = {
  messages: Messages;
  deliveries: Deliveries;
  worklist: Worklist;
  sharing: Sharing;
  bench: Bench;
  systems: Systems;
  figures: ReadFigures;
  answers: { referral: AnswerReferral; prompt: EndPrompt };
};

/** A mapping and a message to try it on are the largest. */
const MOST_BYTES = 262_144;

/** Where nobody could sign in nothing is registered: the paths are answered like all that is not there. */
export function registerPages(app: FastifyInstance, ctx: Context, sources: Sources): void {
  const { messages, deliveries, worklist, sharing, bench, systems, figures, answers } = sources;
  const signingIn = openSignIn(ctx);
  if (!isTrial(ctx.config) && !signingIn) return;
  app.register(async (scope) => {
    registerViews(scope);
    registerStyles(scope);
    readFormBodies(scope, MOST_BYTES);
    scope.addHook('onRequest', async (request) => requireOwnSite(request));
    scope.setErrorHandler((error, request, reply) => sendProblem(ctx, error, { request, reply }));
    if (signingIn) registerSignIn(scope, ctx, signingIn);
    scope.addHook('preHandler', async (request, reply) => guardPage(request, reply, isTrial(ctx.config)));
    registerHome(scope, ctx, messages);
    registerFamilies(scope, ctx);
    registerJourney(scope, ctx);
    registerHelping(scope, ctx);
    registerReferrals(scope, ctx, answers.referral);
    registerPromptPages(scope, ctx, answers.prompt);
    registerMessages(scope, ctx, { messages, bench });
    registerDeliveries(scope, ctx, deliveries);
    registerPlayground(scope, ctx, bench);
    registerFigures(scope, ctx, figures);
    registerSystemPages(scope, ctx, systems);
    registerSharing(scope, ctx, sharing);
    registerWorklistPages(scope, ctx, worklist);
    scope.get('/pages/*', async () => {
      throw notFound();
    });
  });
}

/** No page of another site sends a form here: https://www.w3.org/TR/fetch-metadata/ */
function requireOwnSite({ method, headers }: FastifyRequest): void {
  const site = headers['sec-fetch-site'];
  if (method === 'POST' && site !== undefined && site !== 'same-origin')
    throw rejected(403, 'forbidden', 'a form is sent from a page of this server');
}

type Exchange = { request: FastifyRequest; reply: FastifyReply };

/** What is not there and what may not be seen are one page; the rest says who can mend it. */
async function sendProblem(
  ctx: Context,
  error: unknown,
  { request, reply }: Exchange,
): Promise<FastifyReply> {
  const status = statusOf(error);
  if (status === 401) return sendToSignIn(request, reply);
  reply.code(status).headers(HEADERS);
  if (status >= 500) request.log.error({ event: 'http.bug', err: error });
  const title = status === 404 ? 'Nothing here' : 'This page could not be made';
  const frame = await frameFor(ctx, request, title);
  if (!frame) return sendPage(reply, 'bare', { title, isRefused: status === 403 });
  const at = dateTime(new Date());
  return sendPage(reply, status === 404 ? 'nothing' : 'problem', {
    ...{ frame, at, isOurs: status >= 500, reference: request.id, home: frame.navigation[0]?.href },
  });
}

function statusOf(error: unknown): number {
  if (error instanceof Rejected) return error.status;
  if (isTransient(error)) return 503;
  const { statusCode = 500 } = error as { statusCode?: number };
  return statusCode >= 400 && statusCode < 500 ? statusCode : 500;
}

/** Null of who was not let in, and where the store does not answer. */
async function frameFor(ctx: Context, request: FastifyRequest, title: string): Promise<Frame | null> {
  const { recipient } = request;
  if (!recipient) return null;
  const asking = { db: ctx.db, key: ctx.key, recipient };
  const nobody: Viewer = { asking, service: null, name: 'the operator', as: null, person: null };
  try {
    const viewer = await readViewer(ctx, request).catch((error: unknown) => {
      // Of a service that nobody registered there is a page that says so.
      if (error instanceof Rejected) return nobody;
      throw error;
    });
    return await makeFrame(ctx, viewer, { title, here: '/pages' });
  } catch (error) {
    request.log.warn({ event: 'http.unavailable', err: error });
    return null;
  }
}
