/** An issuer of invented people on this machine: one press signs in as any of them, and proves nothing. */
import { generateKeyPairSync, type KeyObject, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { text } from 'node:stream/consumers';
import type Provider from 'oidc-provider';
import type { Asking, Claims } from 'oidc-provider';
import { DONE_PATH, SIGNED_OUT_PATH } from '../access/sign-in/issuer.ts';
import { choosePage, errorPage, leavePage } from './issuer-pages.ts';
import { IssuerStore } from './issuer-store.ts';
import { PEOPLE, type Person } from './people.ts';

/** `key`: what Skein proves itself by here. */
export type DemoIssuer = {
  url: string;
  clientId: string;
  keyId: string;
  key: KeyObject;
  close: () => Promise<void>;
};

const CLIENT_ID = 'skein-demo';
const KEY_ID = 'demo-1';
const CHOOSE = '/who/';
const HOURS_8 = 8 * 3_600;

/** Null where what it is made of was not installed: a package for development. */
export async function startIssuer(
  port: number,
  skeinUrl: string,
  people = PEOPLE,
): Promise<DemoIssuer | null> {
  const Made = await loadProvider();
  if (!Made) return null;
  const url = `http://127.0.0.1:${port}`;
  const own = newPair('issuer');
  const skein = newPair(KEY_ID);
  const provider = new Made(url, configure({ own: own.private, skein: skein.public, skeinUrl, people }));
  const pages = provider.callback();
  const server = createServer((request, response) => {
    if (!request.url?.startsWith(CHOOSE)) return pages(request, response);
    choose(provider, people, { request, response }).catch(() => response.writeHead(400).end(errorPage()));
  });
  await once(server.listen(port, '127.0.0.1'), 'listening');
  const close = async () => {
    server.closeAllConnections();
    await new Promise((done) => server.close(done));
  };
  return { url, clientId: CLIENT_ID, keyId: KEY_ID, key: skein.key, close };
}

async function loadProvider(): Promise<typeof Provider | null> {
  try {
    return (await import('oidc-provider')).default;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ERR_MODULE_NOT_FOUND') return null;
    throw error;
  }
}

function newPair(kid: string) {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const named = { kid, alg: 'ES256', use: 'sig' };
  const jwkOf = (key: KeyObject) => ({ ...key.export({ format: 'jwk' }), ...named });
  return { key: privateKey, private: jwkOf(privateKey), public: jwkOf(publicKey) };
}

type Parts = { own: object; skein: object; skeinUrl: string; people: Person[] };

function configure({ own, skein, skeinUrl, people }: Parts): object {
  const client = {
    ...{ client_id: CLIENT_ID, redirect_uris: [`${skeinUrl}${DONE_PATH}`], require_auth_time: true },
    ...{ post_logout_redirect_uris: [`${skeinUrl}${SIGNED_OUT_PATH}`], jwks: { keys: [skein] } },
    ...{ token_endpoint_auth_method: 'private_key_jwt', token_endpoint_auth_signing_alg: 'ES256' },
    ...{ id_token_signed_response_alg: 'ES256', grant_types: ['authorization_code'] },
  };
  const ttl = { AccessToken: 60, AuthorizationCode: 60, IdToken: 60, Interaction: 600 };
  return {
    adapter: IssuerStore,
    ...{ clients: [client], jwks: { keys: [own] }, cookies: { keys: [randomBytes(32).toString('hex')] } },
    ttl: { ...ttl, Grant: HOURS_8, Session: HOURS_8 },
    claims: {
      ...{ openid: ['sub'], profile: ['name'], nationalrbacaccess: ['nhsid_nrbac_roles'] },
      selectedrole: ['selected_roleid'],
    },
    findAccount: (_asking: Asking, accountId: string) => ({
      accountId,
      claims: () => claimsOf(people, accountId),
    }),
    interactions: { url: (_asking: Asking, { uid }: { uid: string }) => `${CHOOSE}${uid}` },
    loadExistingGrant: grantAll,
    renderError: (asking: Asking) => show(asking, errorPage()),
    features: {
      devInteractions: { enabled: false },
      rpInitiatedLogout: {
        logoutSource: (asking: Asking, form: string) => show(asking, leavePage(form)),
        postLogoutSuccessSource: (asking: Asking) => show(asking, errorPage()),
      },
    },
  };
}

function show(asking: Asking, page: string): void {
  asking.body = page;
}

/** Whoever signs in here agrees: there is nobody else to ask. */
async function grantAll({ oidc }: Asking) {
  const { session, client, params, provider } = oidc;
  const grant = new provider.Grant({
    accountId: session?.accountId ?? '',
    clientId: client?.clientId ?? '',
  });
  grant.addOIDCScope(String(params?.scope ?? ''));
  await grant.save();
  return grant;
}

function claimsOf(people: Person[], accountId: string): Claims {
  const { name, organisation, role } = people.find(({ id }) => id === accountId) as Person;
  const roles = [{ person_roleid: accountId, org_code: organisation, role_code: `S0010:G0020:${role}` }];
  return { sub: accountId, name, selected_roleid: accountId, nhsid_nrbac_roles: roles };
}

type Exchange = { request: IncomingMessage; response: ServerResponse };

async function choose(provider: Provider, people: Person[], { request, response }: Exchange): Promise<void> {
  const chosen = request.method === 'POST' ? new URLSearchParams(await text(request)).get('as') : null;
  const person = people.find(({ id }) => id === chosen);
  if (person) return provider.interactionFinished(request, response, { login: { accountId: person.id } });
  // Throws for a sign-in that never began, or is over.
  await provider.interactionDetails(request, response);
  response.writeHead(200, { 'content-type': 'text/html; charset=utf-8', 'cache-control': 'no-store' });
  response.end(choosePage(people));
}
