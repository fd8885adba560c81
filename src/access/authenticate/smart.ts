/**
 * AUTH=smart over HTTP: the token endpoint and how clients find it.
 * https://hl7.org/fhir/smart-app-launch/STU2.2/backend-services.html
 */
import type { FastifyInstance, FastifyReply } from 'fastify';
import type { Config } from '../../config.ts';
import type { Context } from '../../context.ts';
import { formOf, readFormBodies } from '../../doors/body.ts';
import { readPairs } from '../../doors/query.ts';
import { collectRoutes, type Route } from '../../doors/route-list.ts';
import { ALGORITHMS } from '../register/key-set.ts';
import { examine, type Proof } from './assertion.ts';
import { type KeySets, openKeySets } from './key-sets.ts';
import { SMART_CONFIGURATION_PATH, TOKEN_PATH, tokenUrl } from './public.ts';
import { scopesNeeded } from './route-scopes.ts';
import { covers, readScopes } from './scopes.ts';
import { grantToken, TOKEN_SECONDS, useAssertion } from './tokens.ts';

const MOST_BYTES = 32 * 1024;
const JWT_BEARER = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer';

/**
 * https://www.rfc-editor.org/rfc/rfc6749#section-5.2 : the same words whatever was wrong with the assertion,
 * so that nobody learns from them who is registered. The operator finds the reason in the log, and by `skein
 * auth doctor`.
 */
const ERRORS = {
  invalid_request: [400, 'grant_type, client_assertion_type and client_assertion are needed, once each'],
  unsupported_grant_type: [400, 'grant_type must be client_credentials'],
  invalid_client: [401, 'the client could not be authenticated'],
  invalid_scope: [400, 'a scope is not understood, or not granted to this client'],
} as const;
type OAuthError = keyof typeof ERRORS;

type Granted = { token: string; scopes: string[]; system: string };
/** `reason` goes to the log: nothing that was sent. */
type Refused = { error: OAuthError; reason?: string; system?: string };

/** Does nothing where AUTH is another. Call it after `registerRead`. */
export function registerSmart(app: FastifyInstance, ctx: Context): void {
  if (ctx.config.AUTH !== 'smart') return;
  const routes = collectRoutes(app);
  const keySets = openKeySets(ctx.config.WEBHOOK_ALLOW);
  app.addHook('onClose', () => keySets.close());
  app.get(SMART_CONFIGURATION_PATH, async () => describeSmart(ctx.config, routes));
  app.register(async (scope) => {
    readFormBodies(scope, MOST_BYTES);
    // What cannot be read is a wrong request in OAuth's own form; the rest is for the one error handler.
    scope.setErrorHandler(async (error, request, reply) => {
      const { statusCode, status = statusCode ?? 500 } = error as { statusCode?: number; status?: number };
      if (status < 400 || status >= 500) throw error;
      request.log.info({ event: 'token', outcome: 'invalid_request' });
      return sendError(reply, 'invalid_request');
    });
    scope.post(TOKEN_PATH, async (request, reply) => {
      // Two ways of saying who one is could say two things.
      const body = request.headers.authorization === undefined ? formOf(request) : '';
      const answer = await grant(ctx, keySets, body);
      const refused = 'error' in answer;
      const { system } = answer;
      const outcome = refused ? answer.error : 'granted';
      request.log.info({ event: 'token', outcome, system, reason: refused ? answer.reason : undefined });
      return refused ? sendError(reply, answer.error) : sendToken(reply, answer);
    });
  });
}

async function grant(ctx: Context, keySets: KeySets, body: string): Promise<Granted | Refused> {
  const given = readForm(body);
  if (!given) return { error: 'invalid_request' };
  const { grant_type, client_assertion_type, client_assertion, client_id, scope } = given;
  if (grant_type !== undefined && grant_type !== 'client_credentials')
    return { error: 'unsupported_grant_type' };
  if (!grant_type || client_assertion_type !== JWT_BEARER || !client_assertion)
    return { error: 'invalid_request' };
  const checking = { db: ctx.db, keySets, audience: tokenUrl(ctx.config), now: Date.now() };
  const { value, done } = await examine(checking, client_assertion).next();
  if (!done || !value) return { error: 'invalid_client', reason: done ? 'unproved' : value.code };
  return grantTo(ctx, value, { client_id, scope });
}

/** The parameters, none of them given twice; one without a value is not given (RFC 6749, section 3.2). */
function readForm(body: string): Record<string, string | undefined> | null {
  const pairs = [...readPairs(body)];
  if (new Set(pairs.map(([name]) => name)).size < pairs.length) return null;
  return Object.fromEntries(pairs.filter(([, value]) => value !== ''));
}

type Asked = { client_id: string | undefined; scope: string | undefined };

/**
 * To a client whose assertion is good: once, for what it asks; where it names no scope, for all it may have.
 */
async function grantTo(ctx: Context, { client, used }: Proof, asked: Asked): Promise<Granted | Refused> {
  const system = client.system.name;
  if (asked.client_id !== undefined && asked.client_id !== system)
    return { error: 'invalid_client', reason: 'client-id', system };
  if (!(await useAssertion(ctx.db, ctx.key, used)))
    return { error: 'invalid_client', reason: 'jti-used', system };
  const held = client.system.scopes ?? [];
  const scopes = asked.scope ? readScopes(asked.scope) : held;
  if (!scopes || scopes.length === 0 || !scopes.every((one) => covers(held, one)))
    return { error: 'invalid_scope', system };
  const token = await grantToken(ctx.db, client, scopes);
  return token ? { token, scopes, system } : { error: 'invalid_client', reason: 'changed', system };
}

function sendToken(reply: FastifyReply, { token, scopes }: Granted): FastifyReply {
  const body = {
    access_token: token,
    token_type: 'bearer',
    expires_in: TOKEN_SECONDS,
    scope: scopes.join(' '),
  };
  return unkept(reply).send(body);
}

function sendError(reply: FastifyReply, error: OAuthError): FastifyReply {
  const [status, error_description] = ERRORS[error];
  return unkept(reply).code(status).send({ error, error_description });
}

/** https://www.rfc-editor.org/rfc/rfc6749#section-5.1 */
const unkept = (reply: FastifyReply) =>
  reply.header('cache-control', 'no-store').header('pragma', 'no-cache');

/** https://hl7.org/fhir/smart-app-launch/STU2.2/conformance.html#metadata */
const describeSmart = (config: Config, routes: Route[]) => ({
  token_endpoint: tokenUrl(config),
  grant_types_supported: ['client_credentials'],
  token_endpoint_auth_methods_supported: ['private_key_jwt'],
  token_endpoint_auth_signing_alg_values_supported: ALGORITHMS,
  scopes_supported: scopesNeeded(routes),
  capabilities: ['client-confidential-asymmetric', 'permission-v2'],
});
