/**
 * A local server that answers in the shapes of the public sandbox of the PDS FHIR API; people are synthetic.
 * The token endpoint takes what the real one takes: a JWT of the registered key, RS512, for itself, for five minutes at most.
 */
import { createPublicKey, generateKeyPairSync, verify } from 'node:crypto';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fastify, { type FastifyReply } from 'fastify';
import { Config } from '../../src/config.ts';

const NHS_NUMBER = 'https://fhir.nhs.uk/Id/nhs-number';
const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
const KEY_FILE = join(mkdtempSync(join(tmpdir(), 'pds-')), 'key.pem');
writeFileSync(KEY_FILE, privateKey.export({ type: 'pkcs8', format: 'pem' }));
const CLIENT = 'an-api-key';
const KEY_ID = 'skein-1';

export type PdsPerson = {
  nhs: string;
  given: string[];
  family: string;
  born: string;
  sex?: string;
  postcode?: string;
  security?: string;
  died?: { day: string; status: '1' | '2' | 'U' };
  use?: string;
};

const coding = (code: string) => ({
  coding: [{ system: 'https://fhir.hl7.org.uk/CodeSystem/x', version: '1.0.0', code }],
});

/** As the sandbox writes one; what the service leaves out of a restricted record is left out. */
export function pdsPatient({
  nhs,
  given,
  family,
  born,
  sex = 'female',
  postcode,
  security = 'U',
  died,
  use = 'usual',
}: PdsPerson) {
  const extension = [
    {
      url: 'https://fhir.hl7.org.uk/StructureDefinition/Extension-UKCore-NHSNumberVerificationStatus',
      valueCodeableConcept: coding('01'),
    },
  ];
  const notice = {
    url: 'https://fhir.hl7.org.uk/StructureDefinition/Extension-UKCore-DeathNotificationStatus',
    extension: [
      { url: 'deathNotificationStatus', valueCodeableConcept: coding(died?.status ?? '2') },
      { url: 'systemEffectiveDate', valueDateTime: `${died?.day}T00:00:00+00:00` },
    ],
  };
  return {
    resourceType: 'Patient',
    id: nhs,
    identifier: [{ system: NHS_NUMBER, value: nhs, extension }],
    meta: {
      versionId: '2',
      security: [{ system: 'http://terminology.hl7.org/CodeSystem/v3-Confidentiality', code: security }],
    },
    name: [{ id: '123', use, period: { start: '2020-01-01' }, given, family, prefix: ['Mrs'] }],
    gender: sex,
    birthDate: born,
    ...(postcode && security === 'U'
      ? {
          address: [{ id: '456', use: 'home', line: ['1 Trevelyan Square'], postalCode: postcode }],
          telecom: [{ id: '789', system: 'phone', value: '01632960587', use: 'home' }],
        }
      : {}),
    ...(died ? { deceasedDateTime: `${died.day}T00:00:00+00:00`, extension: [notice] } : {}),
  };
}

export const searchset = (people: PdsPerson[], score = 1) => ({
  resourceType: 'Bundle',
  type: 'searchset',
  timestamp: '2026-11-01T12:00:00+00:00',
  total: people.length,
  ...(people.length > 0
    ? {
        entry: people.map((one) => ({
          fullUrl: `https://pds.example/Patient/${one.nhs}`,
          search: { score },
          resource: pdsPatient(one),
        })),
      }
    : {}),
});

export const problem = (code: string) => ({
  resourceType: 'OperationOutcome',
  issue: [
    {
      severity: 'error',
      code: 'value',
      details: {
        coding: [
          {
            system: 'https://fhir.nhs.uk/R4/CodeSystem/Spine-ErrorOrWarningCode',
            version: '1',
            code,
            display: code,
          },
        ],
      },
    },
  ],
});

type Asked = { path: string; query: Record<string, string>; headers: Record<string, unknown> };
/** What is answered to a question; `before` runs while it is under way. */
export type Answer = {
  status?: number;
  body: unknown;
  headers?: Record<string, string>;
  before?: () => Promise<unknown>;
};

export async function startPds() {
  const app = fastify({ logger: false, forceCloseConnections: true });
  const asked: Asked[] = [];
  const tokens: { ok: boolean }[] = [];
  const state = {
    answer: (_asked: Asked): Answer => ({ body: searchset([]) }),
    tokenSeconds: '599',
    tokenStatus: 200,
  };
  let base = '';
  app.addContentTypeParser(
    'application/x-www-form-urlencoded',
    { parseAs: 'string' },
    (_request, body, done) => {
      done(null, Object.fromEntries(new URLSearchParams(String(body))));
    },
  );
  app.post('/oauth2/token', async (request, reply) => {
    const form = request.body as Record<string, string>;
    const ok = isAssertion(form, `${base}/oauth2/token`);
    tokens.push({ ok });
    if (!ok || state.tokenStatus !== 200)
      return reply.code(ok ? state.tokenStatus : 401).send({ error: 'invalid_request' });
    return { access_token: `token-${tokens.length}`, expires_in: state.tokenSeconds, token_type: 'Bearer' };
  });
  const respond = async (one: Asked, reply: FastifyReply) => {
    asked.push(one);
    const known = one.headers.authorization === `Bearer token-${tokens.length}`;
    if (!known) return reply.code(401).send(problem('ACCESS_DENIED'));
    const { status = 200, body, headers = {}, before } = state.answer(one);
    await before?.();
    return reply
      .code(status)
      .headers(headers)
      .type('application/fhir+json')
      .send(typeof body === 'string' ? body : JSON.stringify(body));
  };
  app.get<{ Querystring: Record<string, string> }>('/FHIR/R4/Patient', (request, reply) =>
    respond({ path: 'Patient', query: { ...request.query }, headers: request.headers }, reply),
  );
  app.get<{ Params: { id: string } }>('/FHIR/R4/Patient/:id', (request, reply) =>
    respond({ path: `Patient/${request.params.id}`, query: {}, headers: request.headers }, reply),
  );
  base = await app.listen({ host: '127.0.0.1', port: 0 });
  const settings = {
    PDS_URL: `${base}/FHIR/R4`,
    PDS_TOKEN_URL: `${base}/oauth2/token`,
    PDS_CLIENT_ID: CLIENT,
    PDS_KEY_ID: KEY_ID,
    PDS_KEY_FILE: KEY_FILE,
  };
  return {
    asked,
    tokens,
    settings,
    config: Config.parse(settings),
    /** Whatever is asked. */
    answers: (answer: Answer | ((one: Asked) => Answer)) => {
      state.answer = typeof answer === 'function' ? answer : () => answer;
    },
    tokenStatus: (status: number) => {
      state.tokenStatus = status;
    },
    stop: () => app.close(),
  };
}
export type PdsServer = Awaited<ReturnType<typeof startPds>>;

/** https://digital.nhs.uk/developer/guides-and-documentation/security-and-authorisation/application-restricted-restful-apis-signed-jwt-authentication */
function isAssertion(form: Record<string, string>, audience: string): boolean {
  const { grant_type, client_assertion_type, client_assertion = '' } = form;
  const [head = '', claims = '', signature = ''] = client_assertion.split('.');
  const read = (part: string) =>
    JSON.parse(Buffer.from(part, 'base64url').toString()) as Record<string, unknown>;
  const [{ alg, typ, kid }, { iss, sub, aud, jti, exp }] = [read(head), read(claims)];
  const left = Number(exp) - Date.now() / 1_000;
  return (
    grant_type === 'client_credentials' &&
    client_assertion_type === 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer' &&
    alg === 'RS512' &&
    typ === 'JWT' &&
    kid === KEY_ID &&
    iss === CLIENT &&
    sub === CLIENT &&
    aud === audience &&
    typeof jti === 'string' &&
    jti.length === 36 &&
    left > 0 &&
    left <= 300 &&
    verify(
      'sha512',
      Buffer.from(`${head}.${claims}`),
      createPublicKey(publicKey.export({ type: 'spki', format: 'pem' })),
      Buffer.from(signature, 'base64url'),
    )
  );
}
