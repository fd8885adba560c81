/** An issuer of people that tests run themselves: OpenID Connect as it should be, or wrong in one way. */
import { createHash, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, writeFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { encode, inSeconds } from './clients.ts';
import { type HumanPair, type MayDo, newHumanPair, signText, type Who } from './humans.ts';

export const CLIENT_ID = 'skein-pages';

/** Whom it says the next one is, and what is wrong with that. */
export type Saying = {
  who: Who;
  claims: object;
  /** When it last saw proof, in seconds from now; null: it does not say. */
  provedBefore: number | null;
  signer: HumanPair;
};
export type TestIssuer = {
  url: string;
  settings: Record<string, string>;
  pair: HumanPair;
  /** Changed by tests. */
  saying: Saying;
  asked: URLSearchParams[];
  /** ID tokens by which a session was ended here. */
  ended: string[];
  stop: () => Promise<void>;
};

type Grant = { asked: URLSearchParams; saying: Saying };

/** Whoever is given it stops it. */
export async function startIssuer(who: Who, roles: MayDo[]): Promise<TestIssuer> {
  const pair = newHumanPair('issuer-1');
  const granted = new Map<string, Grant>();
  const server = createServer((request, response) => {
    answer(issuer, granted, { request, response }).catch((error: unknown) =>
      response.destroy(error as Error),
    );
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const issuer: TestIssuer = {
    ...{ url, pair, asked: [], ended: [], settings: await settingsFor(url, roles) },
    saying: { who, claims: {}, provedBefore: 1, signer: pair },
    stop: async () => {
      server.closeAllConnections();
      await new Promise((done) => server.close(done));
    },
  };
  return issuer;
}

async function settingsFor(url: string, roles: MayDo[]): Promise<Record<string, string>> {
  const folder = await mkdtemp(join(tmpdir(), 'skein-test-'));
  const [key, file] = [join(folder, 'key.pem'), join(folder, 'roles.yaml')];
  const own = newHumanPair('pages-1');
  await writeFile(key, own.privateKey.export({ type: 'pkcs8', format: 'pem' }));
  await writeFile(file, JSON.stringify({ roles }));
  return {
    ...{ HUMAN_ISSUER: url, HUMAN_AUDIENCE: 'skein-test', HUMAN_JWKS: `${url}/jwks`, HUMAN_ROLES: file },
    ...{ SIGN_IN_CLIENT_ID: CLIENT_ID, SIGN_IN_KEY_FILE: key, SIGN_IN_KEY_ID: own.kid },
  };
}

type Exchange = { request: IncomingMessage; response: ServerResponse };

async function answer(issuer: TestIssuer, granted: Map<string, Grant>, { request, response }: Exchange) {
  const { url, saying, pair } = issuer;
  const { pathname, searchParams } = new URL(request.url ?? '', url);
  const json = (body: object, status = 200) =>
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
  const goTo = (to: URL) => response.writeHead(302, { location: to.href }).end();
  if (pathname === '/.well-known/openid-configuration') return json(describe(url));
  if (pathname === '/jwks') return json({ keys: [pair.jwk] });
  if (pathname === '/authorize') {
    issuer.asked.push(searchParams);
    const code = randomUUID();
    granted.set(code, { asked: searchParams, saying: { ...saying } });
    const to = new URL(searchParams.get('redirect_uri') ?? '');
    to.search = new URLSearchParams({ code, state: searchParams.get('state') ?? '' }).toString();
    return goTo(to);
  }
  if (pathname === '/token') {
    const form = new URLSearchParams(await text(request));
    const grant = granted.get(form.get('code') ?? '');
    granted.delete(form.get('code') ?? '');
    const challenge = createHash('sha256')
      .update(form.get('code_verifier') ?? '')
      .digest('base64url');
    const isGood = grant?.asked.get('code_challenge') === challenge && form.has('client_assertion');
    if (!grant || !isGood) return json({ error: 'invalid_grant' }, 400);
    return json({
      access_token: encode(JSON.stringify(rolesOf(grant.saying.who))),
      token_type: 'Bearer',
      id_token: idToken(url, grant),
    });
  }
  if (pathname === '/userinfo') {
    const token = /^Bearer (\S+)$/.exec(request.headers.authorization ?? '')?.[1] ?? '';
    return json(JSON.parse(Buffer.from(token, 'base64url').toString()));
  }
  if (pathname === '/end') {
    issuer.ended.push(searchParams.get('id_token_hint') ?? '');
    return goTo(new URL(searchParams.get('post_logout_redirect_uri') ?? ''));
  }
  return json({}, 404);
}

const describe = (url: string) => ({
  issuer: url,
  authorization_endpoint: `${url}/authorize`,
  token_endpoint: `${url}/token`,
  userinfo_endpoint: `${url}/userinfo`,
  jwks_uri: `${url}/jwks`,
  end_session_endpoint: `${url}/end`,
  id_token_signing_alg_values_supported: ['ES256'],
});

/** CIS2 names the roles when it is asked for more, and the one selected in the ID token. */
const rolesOf = ({ sub, organisation, role, name = 'Sample Person' }: Who) => ({
  ...{ sub, name },
  nhsid_nrbac_roles: [{ person_roleid: '555', org_code: organisation, role_code: `S0010:G0020:${role}` }],
});

function idToken(url: string, { asked, saying: { who, claims, provedBefore, signer } }: Grant): string {
  const times = { iat: inSeconds(-1), exp: inSeconds(300) };
  const proved = provedBefore === null ? {} : { auth_time: inSeconds(-provedBefore) };
  const own = { iss: url, aud: CLIENT_ID, sub: who.sub, nonce: asked.get('nonce'), selected_roleid: '555' };
  const head = { alg: signer.alg, kid: signer.kid, typ: 'JWT' };
  const parts = [head, { ...own, ...times, ...proved, ...claims }];
  const said = parts.map((part) => encode(JSON.stringify(part))).join('.');
  return `${said}.${signText(said, signer.privateKey, signer.alg)}`;
}
