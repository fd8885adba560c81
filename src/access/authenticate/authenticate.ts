import { isIPv4 } from 'node:net';
import type { FastifyRequest } from 'fastify';
import type { Context } from '../../context.ts';
import { isPage } from '../../doors/route-list.ts';
import { Rejected } from '../../errors.ts';
import type { Recipient } from '../../model.ts';
import { findActive, findSystemByToken } from '../register/systems.ts';
import { readSessions } from '../sign-in/signed-in.ts';
import { bearerOf } from './bearer.ts';
import { isPublic, isPublicUrl } from './public.ts';
import { findByAccessToken, isAccessToken } from './tokens.ts';

/** Who a public answer is given to: a system that exists nowhere, with no sector. */
const NOBODY: Recipient = {
  kind: 'system',
  system: {
    id: 0,
    name: 'nobody',
    service: {
      id: '00000000-0000-0000-0000-000000000000',
      name: '',
      ods: '',
      team: '',
      sector: null,
      kind: null,
    },
    source: null,
    dialect: null,
    onHeld: 'AE',
  },
};

/**
 * Says who is asking, from the request's headers. AUTH=none: the loopback operator, or the system that
 * X-Skein-System names. AUTH=token: the system of the bearer token (RFC 6750); AUTH=smart: or of the access
 * token. Of a page, where people sign in: the person of its session. The register is asked each time, so that
 * whoever is disabled is refused at once. Throws Rejected 401 (answer it with `WWW-Authenticate: Bearer`) or
 * 403.
 */
export function authenticate(ctx: Context): (request: FastifyRequest) => Promise<Recipient> {
  const signedIn = readSessions(ctx);
  return async (request) => {
    if (ctx.config.AUTH === 'none') requireLoopback(request);
    // By the route that was found: a path may be written in more ways than one.
    const route = request.routeOptions.url ?? '';
    if (signedIn && isPage(route)) return isPublic(route) ? NOBODY : signedIn(request);
    if (ctx.config.AUTH === 'none') return actAs(ctx, request);
    if (isPublicUrl(request.url)) return NOBODY;
    const token = bearerOf(request);
    const recipient = token ? await ownerOf(ctx, token) : null;
    if (!recipient) throw refuse(401, 'login', 'a bearer token of a registered system is needed');
    return recipient;
  };
}

async function ownerOf({ config, db }: Context, token: string): Promise<Recipient | null> {
  if (isAccessToken(token)) return config.AUTH === 'smart' ? findByAccessToken(db, token) : null;
  const system = await findSystemByToken(db, token);
  return system && { kind: 'system', system };
}

async function actAs(ctx: Context, request: FastifyRequest): Promise<Recipient> {
  const name = request.headers['x-skein-system'];
  if (name === undefined) return { kind: 'operator', name: 'loopback' };
  const system = await findActive(ctx.db, String(name));
  if (!system) throw refuse(403, 'forbidden', 'X-Skein-System names no registered system');
  return { kind: 'system', system };
}

/**
 * Without authentication only this machine is answered. The name in Host is checked too, and Origin where a
 * browser sends one: a web page may otherwise reach loopback through a name of its own (DNS rebinding) or by
 * posting across sites. A form of ours sends the Origin `null`, since its page tells nobody where it was:
 * then the browser must say that it is of this site, which no other page can make it say.
 */
function requireLoopback({ socket, headers }: FastifyRequest): void {
  const remote = (socket.remoteAddress ?? '').replace(/^::ffff:/, '');
  const origin = headers.origin;
  const isOwnForm = origin === 'null' && headers['sec-fetch-site'] === 'same-origin';
  const local =
    isLoopback(remote) &&
    isLoopback(hostOf(`http://${headers.host ?? ''}`)) &&
    (!origin || isLoopback(hostOf(origin)) || isOwnForm);
  if (!local)
    throw refuse(403, 'forbidden', 'without AUTH only this machine is answered, by a loopback name');
}

function hostOf(url: string): string {
  return URL.parse(url)?.hostname.replace(/^\[|\]$/g, '') ?? '';
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || (isIPv4(host) && host.startsWith('127.'));
}

function refuse(status: number, code: string, text: string): Rejected {
  return new Rejected(status, [{ severity: 'error', code, text }]);
}
