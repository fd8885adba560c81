/** Of every page of whoever is signed in: its forms are of the session, it is of a role that they have. */
import { timingSafeEqual } from 'node:crypto';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { CHOOSE_PATH } from '../../../access/sign-in/open.ts';
import { returnTo } from '../../../access/sign-in/return-to.ts';
import { formOf } from '../../../doors/body.ts';
import { readPairs } from '../../../doors/query.ts';
import { rejected } from '../../../errors.ts';
import { notFound } from '../../../read/answer.ts';
import { mayOpen } from '../may-open.ts';
import { HEADERS } from '../views.ts';

export const SIGN_IN = '/pages/sign-in';
export const SIGN_OUT = '/pages/sign-out';

/**
 * A form holds what only a page of this session knows: else another site made it, or it is of a session
 * before (403). A page of a role that the person has not is answered like one that is not there. Who has not
 * chosen what they act as is asked first.
 */
export async function guardPage(
  request: FastifyRequest,
  reply: FastifyReply,
  isTrial: boolean,
): Promise<unknown> {
  const { session, method } = request;
  if (!session) return;
  if (method === 'POST' && !isSame(readPairs(formOf(request)).get('csrf') ?? '', session.csrf))
    throw rejected(403, 'forbidden', 'this form is not of the session that sends it');
  // Of the route that was found: a path may be written in more ways than one.
  const path = request.routeOptions.url ?? '';
  if (!session.hat && path !== CHOOSE_PATH && path !== SIGN_OUT)
    return turnTo(reply, `${CHOOSE_PATH}?${backTo(request)}`);
  if (!mayOpen(path, session.hat?.may ?? [], isTrial)) throw notFound();
}

function isSame(given: string, kept: string): boolean {
  const [one, other] = [Buffer.from(given), Buffer.from(kept)];
  return one.length === other.length && timingSafeEqual(one, other);
}

/** Of who is not signed in, or is not any more. */
export const sendToSignIn = (request: FastifyRequest, reply: FastifyReply): FastifyReply =>
  turnTo(reply, `${SIGN_IN}?${backTo(request)}`);

/** What a form held is not sent again. */
const backTo = ({ method, url }: FastifyRequest): URLSearchParams =>
  new URLSearchParams({ to: returnTo(method === 'GET' ? url : undefined) });

export function turnTo(reply: FastifyReply, to: string, cookies: string[] = []): FastifyReply {
  if (cookies.length > 0) reply.header('set-cookie', cookies);
  return reply.headers(HEADERS).redirect(to, 303);
}
