/** `/pages/sign-in` and what belongs to it: who somebody is, what they act as now, and how they leave. */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { CHOOSE_PATH, type Refusal, type SigningIn } from '../../../access/sign-in/open.ts';
import { returnTo } from '../../../access/sign-in/return-to.ts';
import type { Session } from '../../../access/sign-in/signed-in.ts';
import type { Context } from '../../../context.ts';
import { formOf } from '../../../doors/body.ts';
import { oneOf, queryOf, readPairs } from '../../../doors/query.ts';
import { notFound } from '../../../read/answer.ts';
import { makeFrame, readViewer } from '../frame.ts';
import { sendPage } from '../views.ts';
import { SIGN_IN, SIGN_OUT, turnTo } from './guard.ts';

export function registerSignIn(scope: FastifyInstance, ctx: Context, signingIn: SigningIn): void {
  registerComing(scope, ctx, signingIn);
  scope.get(CHOOSE_PATH, async (request, reply) => {
    const session = sessionOf(request);
    const hats = await signingIn.hats(session);
    const to = returnTo(oneOf(queryOf(request), 'to'));
    const viewer = await readViewer(ctx, request);
    const frame = await makeFrame(ctx, viewer, { title: 'What you act as', here: CHOOSE_PATH });
    return sendPage(reply, 'acting-as', { frame, hats, to, chosen: session.hat?.id ?? null });
  });
  scope.post(CHOOSE_PATH, async (request, reply) => {
    const form = readPairs(formOf(request));
    if (!(await signingIn.choose(sessionOf(request), form.get('hat') ?? ''))) throw notFound();
    return turnTo(reply, returnTo(form.get('to') ?? undefined));
  });
  // The page that follows leads to the issuer: a form may lead to no other host.
  scope.post(SIGN_OUT, async (request, reply) => {
    const { to, cookies } = await signingIn.end(request, sessionOf(request));
    reply.header('set-cookie', cookies);
    const template = to === null ? 'signed-out' : 'leaving';
    return sendPage(reply, template, { title: 'Signed out', to, signIn: SIGN_IN });
  });
}

/** What is served to who is not signed in. */
function registerComing(scope: FastifyInstance, { config }: Context, signingIn: SigningIn): void {
  scope.get(SIGN_IN, async (request, reply) => {
    const query = new URLSearchParams({ to: returnTo(oneOf(queryOf(request), 'to')) });
    const isTrial = config.AUTH === 'none';
    return sendPage(reply, 'sign-in', { title: 'Sign in', start: `${SIGN_IN}/start?${query}`, isTrial });
  });
  scope.get(`${SIGN_IN}/start`, async (request, reply) => {
    const query = queryOf(request);
    const { to, cookies } = await signingIn.begin(oneOf(query, 'to'), oneOf(query, 'again') === '1');
    return turnTo(reply, to, cookies);
  });
  scope.get(`${SIGN_IN}/done`, async (request, reply) => {
    const finished = await signingIn.finish(request);
    return 'to' in finished ? turnTo(reply, finished.to, finished.cookies) : sendRefused(reply, finished);
  });
  scope.get('/pages/signed-out', async (_request, reply) =>
    sendPage(reply, 'signed-out', { title: 'Signed out', signIn: SIGN_IN }),
  );
}

function sendRefused(reply: FastifyReply, { refused, cookies }: Refusal): FastifyReply {
  reply.code(refused === 'stale' ? 400 : 403).header('set-cookie', cookies);
  return sendPage(reply, 'not-signed-in', { title: 'Not signed in', refused, signIn: SIGN_IN });
}

/** Of these routes: who is not signed in was turned away before. */
function sessionOf({ session }: FastifyRequest): Session {
  if (!session) throw notFound();
  return session;
}
