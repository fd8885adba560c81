/**
 * Asks the issuer who somebody is: OpenID Connect, authorization code with PKCE.
 * https://openid.net/specs/openid-connect-core-1_0.html#CodeFlowAuth
 */
import { importPKCS8 } from 'jose';
import * as oidc from 'openid-client';
import { Unavailable } from '../../errors.ts';
import { type Known, personOf } from '../human/examine.ts';
import type { SignIn } from './settings.ts';

/** What must fit what comes back. `again`: the issuer is to ask for proof although it knows them. */
export type Begun = { state: string; nonce: string; verifier: string; again: boolean };
/** `provedAt`: when the issuer last saw proof, where it says so. `code`: why it is not taken, for the log. */
export type Proved =
  | { person: Known; idToken: string; provedAt: Date | null }
  | { person: null; code: string; idToken: string | null };

export type Issuer = {
  begin(again: boolean): Promise<{ begun: Begun; url: string }>;
  /** `query`: as the browser came back with it. Throws Unavailable where the issuer does not answer. */
  finish(begun: Begun, query: string): Promise<Proved>;
  /** Where the session at the issuer is ended; null where it has no such place. */
  endUrl(idToken: string): Promise<string | null>;
};

export const DONE_PATH = '/pages/sign-in/done';
export const SIGNED_OUT_PATH = '/pages/signed-out';
const DEADLINE_SECONDS = 5;
/** Clocks may differ by so much. */
const SKEW_SECONDS = 30;

/** What the issuer says of itself is read when somebody first signs in. */
export function openIssuer(settings: SignIn): Issuer {
  let known: Promise<oidc.Configuration> | null = null;
  const configured = () => {
    known ??= discover(settings).catch((cause: unknown) => {
      known = null;
      throw new Unavailable('the issuer of people does not say where they sign in', { cause });
    });
    return known;
  };
  return {
    begin: async (again) => beginAt(await configured(), settings, again),
    finish: async (begun, query) => finishAt(await configured(), { settings, begun, query }),
    endUrl: async (idToken) => {
      const issuer = await configured();
      if (!issuer.serverMetadata().end_session_endpoint) return null;
      const back = { post_logout_redirect_uri: `${settings.base}${SIGNED_OUT_PATH}` };
      return oidc.buildEndSessionUrl(issuer, { ...back, id_token_hint: idToken }).href;
    },
  };
}

async function discover(settings: SignIn): Promise<oidc.Configuration> {
  const { issuer, clientId, key, keyId, algorithm } = settings;
  const url = new URL(issuer);
  const prove = oidc.PrivateKeyJwt({ key: await importPKCS8(key, algorithm), kid: keyId });
  // The setting allows plain http on loopback alone.
  const execute = [
    oidc.enableNonRepudiationChecks,
    ...(url.protocol === 'http:' ? [oidc.allowInsecureRequests] : []),
  ];
  const metadata = { [oidc.clockTolerance]: SKEW_SECONDS };
  return oidc.discovery(url, clientId, metadata, prove, { execute, timeout: DEADLINE_SECONDS });
}

async function beginAt(issuer: oidc.Configuration, { base, scope }: SignIn, again: boolean) {
  const begun: Begun = {
    ...{ state: oidc.randomState(), nonce: oidc.randomNonce(), again },
    verifier: oidc.randomPKCECodeVerifier(),
  };
  const url = oidc.buildAuthorizationUrl(issuer, {
    ...{ redirect_uri: `${base}${DONE_PATH}`, scope, state: begun.state, nonce: begun.nonce },
    code_challenge: await oidc.calculatePKCECodeChallenge(begun.verifier),
    code_challenge_method: 'S256',
    ...(again ? { prompt: 'login', max_age: '0' } : {}),
  });
  return { begun, url: url.href };
}

type Back = { settings: SignIn; begun: Begun; query: string };

/** ID token, then what the issuer adds on request: CIS2 names the roles there, and the one selected here. */
async function finishAt(issuer: oidc.Configuration, { settings, begun, query }: Back): Promise<Proved> {
  let idToken: string | null = null;
  try {
    const tokens = await oidc.authorizationCodeGrant(
      issuer,
      new URL(`${settings.base}${DONE_PATH}?${query}`),
      {
        ...{ expectedState: begun.state, expectedNonce: begun.nonce, pkceCodeVerifier: begun.verifier },
        ...{ idTokenExpected: true, ...(begun.again ? { maxAge: SKEW_SECONDS } : {}) },
      },
    );
    const claims = tokens.claims() as oidc.IDToken;
    idToken = tokens.id_token as string;
    const more = await oidc.fetchUserInfo(issuer, tokens.access_token, claims.sub);
    const person = personOf({ ...more, ...claims });
    if (!person) return { person, code: 'role-missing', idToken };
    const { auth_time: at } = claims;
    return { person, idToken, provedAt: at === undefined ? null : new Date(at * 1_000) };
  } catch (error) {
    const code = refusalOf(error);
    if (code === null) throw new Unavailable('the issuer of people does not answer', { cause: error });
    return { person: null, code, idToken };
  }
}

/** Null where nothing was refused: the issuer could not be asked. */
function refusalOf(error: unknown): string | null {
  if (error instanceof oidc.AuthorizationResponseError || error instanceof oidc.ResponseBodyError)
    return /^[a-z_]{1,40}$/.test(error.error) ? error.error : 'refused';
  const { code = '' } = error as { code?: string };
  return /^OAUTH_(?!TIMEOUT|ABORT)/.test(code) ? code : null;
}
