import { unescape as decode } from 'node:querystring';
import { z } from 'zod';

const LOOPBACK = ['127.0.0.1', '::1', 'localhost'];
const list = (text: string) =>
  text
    .split(',')
    .map((item) => item.trim())
    .filter(Boolean);

function isSecure(url: string): boolean {
  if (!URL.canParse(url)) return false;
  const { protocol, hostname } = new URL(url);
  return protocol === 'https:' || LOOPBACK.includes(hostname.replace(/^\[(.*)\]$/, '$1'));
}

/** A server that is reached by loopback or by a socket. */
export function isOnThisMachine(url: string): boolean {
  const { hostname, searchParams } = new URL(url);
  const host = searchParams.get('host') ?? hostname.replace(/^\[(.*)\]$/, '$1');
  return host === '' || host.startsWith('/') || LOOPBACK.includes(host);
}

const LEAST_PASSWORD = 12;
const DEFAULT_PASSWORD =
  /^(?=.*[a-z])(skein|postgres(ql)?|redis|root|admin|user|my|pass(word|wd)?|secret|change.?me|default|example|test|[^a-z])+$/i;

/**
 * A server that others reach needs a password that nobody guesses, or none: then it knows us by other means,
 * such as certificates.
 */
function isGuarded(url: string): boolean {
  if (isOnThisMachine(url)) return true;
  const { password, searchParams } = new URL(url);
  const given = searchParams.get('password') ?? decode(password);
  return given === '' || (given.length >= LEAST_PASSWORD && !DEFAULT_PASSWORD.test(given));
}
const guarded = [
  isGuarded,
  `its password is too short or a default: ${LEAST_PASSWORD} characters or more, made by chance`,
] as const;

/** People's data goes there: only over TLS, or to this machine. */
const tlsUrl = z
  .url({ protocol: /^https?$/, error: 'not an https:// URL' })
  .refine(isSecure, 'plain http is for loopback alone')
  .transform((url) => url.replace(/\/+$/, ''));

/**
 * Every setting Skein reads from the environment, with its default. README, `.env.example` and compose name
 * the same ones.
 */
export const Config = z.object({
  HOST: z
    .string()
    .default('127.0.0.1')
    .describe('address to listen on; loopback whatever it says with AUTH=none'),
  PORT: z.coerce.number().int().min(0).max(65535).default(8080).describe('HTTP port'),
  MLLP_PORT: z.coerce.number().int().min(0).max(65535).default(2575).describe('HL7 v2 MLLP port'),
  DATABASE_URL: z
    .url({ protocol: /^postgres(ql)?$/, error: 'not a postgres:// URL', abort: true })
    .refine(...guarded)
    .optional()
    .describe('PostgreSQL 15 or newer; without it an embedded server is started'),
  MIGRATE_URL: z
    .url({ protocol: /^postgres(ql)?$/, error: 'not a postgres:// URL', abort: true })
    .refine(...guarded)
    .optional()
    .describe('the same database as its owner, who migrates; without it the user of DATABASE_URL does'),
  DATA_DIR: z.string().default('.skein').describe('where the embedded server keeps its data'),
  REDIS_URL: z
    .url({ protocol: /^rediss?$/, error: 'not a redis:// URL', abort: true })
    .refine(...guarded)
    .optional()
    .describe('Redis for wake-ups; without it the queue uses PostgreSQL'),
  ROLES: z
    .string()
    .default('api,mllp,worker')
    .transform(list)
    .pipe(z.array(z.enum(['api', 'mllp', 'worker'])).min(1))
    .describe('which parts this process runs: api, mllp, worker'),
  AUTH: z
    .enum(['none', 'token', 'smart'])
    .default('none')
    .describe(
      'none: loopback only; token: a bearer token per system; smart: keys of its own, too (PUBLIC_URL)',
    ),
  WEBHOOK_ALLOW: z
    .string()
    .default('')
    .transform(list)
    .describe('addresses or CIDR ranges that webhooks and key sets may be at beyond public https'),
  MAPPINGS_DIR: z
    .string()
    .default('')
    .transform(list)
    .describe("folders of an installation's own mappings, beside those that ship"),
  FHIR_PACKAGES: z
    .string()
    .default('')
    .transform(list)
    .describe('FHIR packages (.tgz or folder) whose profiles are checked beside our own, such as UK Core'),
  MLLP_TLS_KEY: z
    .string()
    .optional()
    .describe('PEM file: private key of the MLLP server; with it MLLP speaks TLS'),
  MLLP_TLS_CERT: z.string().optional().describe('PEM file: certificate of the MLLP server'),
  MLLP_TLS_CA: z
    .string()
    .optional()
    .describe('PEM file: authority of client certificates; with it they are required'),
  SENDER_AT_ONCE: z.coerce
    .number()
    .int()
    .min(2)
    .max(1_000)
    .default(64)
    .describe(
      'messages of one sender in hand at once, in each process: more are answered 429, or MLLP waits',
    ),
  ALERT_URL: z
    .url({ protocol: /^https?$/, error: 'not an https:// URL' })
    .optional()
    .describe('webhook of whoever runs Skein: told of subscriptions that fail; ALERT_SECRET is needed'),
  ALERT_SECRET: z
    .string()
    .regex(/^whsec_[A-Za-z0-9+/]{32,}={0,2}$/, 'not whsec_ and 24 or more bytes in base64')
    .optional()
    .describe('whsec_ and 24 or more bytes in base64, by which its POSTs are signed'),
  OTEL_EXPORTER_OTLP_ENDPOINT: z
    .url({ protocol: /^https?$/, error: 'not an https:// URL' })
    .optional()
    .describe('base URL of an OpenTelemetry collector (OTLP over HTTP); with it traces are sent there'),
  PDS_URL: tlsUrl
    .optional()
    .describe('base URL of the PDS FHIR API; with it numbers are traced, and the next four are needed'),
  PDS_TOKEN_URL: tlsUrl.optional().describe('its OAuth 2.0 token endpoint'),
  PDS_CLIENT_ID: z.string().optional().describe('its API key of this installation'),
  PDS_KEY_ID: z
    .string()
    .optional()
    .describe('name (kid) of the key under which its public half is registered'),
  PDS_KEY_FILE: z
    .string()
    .optional()
    .describe('PEM file: private RSA key that token requests are signed with'),
  PDS_MIN_SCORE: z.coerce
    .number()
    .min(0.5)
    .max(1)
    .default(1)
    .describe('least score of an answer to a search that is looked at'),
  PDS_PER_SECOND: z.coerce
    .number()
    .positive()
    .max(50)
    .default(2)
    .describe('most questions in a second, of all processes together'),
  HUMAN_ISSUER: z
    .url({ protocol: /^https?$/, error: 'not an https:// URL' })
    .refine(isSecure, 'plain http is for loopback alone')
    .optional()
    .describe(
      'issuer (iss) of tokens of people; with it X-Skein-User is read, and the next three are needed',
    ),
  HUMAN_AUDIENCE: z.string().optional().describe('what aud of these tokens must be'),
  HUMAN_JWKS: z.string().optional().describe('JWK Set of the issuer: a file, or its https:// URL'),
  HUMAN_ROLES: z
    .string()
    .optional()
    .describe('YAML file: which role of which organisation may do what for which team'),
  SIGN_IN_CLIENT_ID: z
    .string()
    .optional()
    .describe(
      'what HUMAN_ISSUER calls this installation; with it people sign in to the pages, and the next two are needed',
    ),
  SIGN_IN_KEY_FILE: z
    .string()
    .optional()
    .describe('PEM file: private key (PKCS 8, RSA or P-256) that token requests of pages are signed with'),
  SIGN_IN_KEY_ID: z
    .string()
    .optional()
    .describe('name (kid) of the key under which its public half is registered'),
  SIGN_IN_SCOPE: z
    .string()
    .default('openid profile nationalrbacaccess selectedrole')
    .describe('scopes that are asked of the issuer, as NHS CIS2 names them'),
  SECRET_KEY: z
    .string()
    .optional()
    .describe(
      'key that secrets are encrypted with at rest: 32 bytes in base64; former ones after it, by commas',
    ),
  SECRET_KEY_FILE: z.string().optional().describe('file with the same, a key a line, in place of SECRET_KEY'),
  LEDGER_FILE: z
    .string()
    .optional()
    .describe(
      'file, kept with the backups, of whom a restored backup must not bring back; kept by the worker',
    ),
  ENCRYPT_MESSAGES: z
    .enum(['yes', 'no'])
    .default('no')
    .describe('yes: raw messages are encrypted at rest, a key for each (needs SECRET_KEY)'),
  PUBLIC_URL: z
    .url({ protocol: /^https?$/, error: 'not an http:// or https:// URL' })
    .optional()
    .describe('base URL that answers name; default http://HOST:PORT'),
  LOG_LEVEL: z
    .enum(['debug', 'info', 'warn', 'error', 'silent'])
    .default('info')
    .describe('least level logged'),
});
export type Config = z.infer<typeof Config>;

/** The base URL that answers name, without a slash at its end. */
export const publicUrl = ({ PUBLIC_URL, HOST, PORT }: Config): string =>
  (PUBLIC_URL ?? `http://${HOST}:${PORT}`).replace(/\/$/, '');

/**
 * The settings, or an Error with one line per wrong one. Empty means unset (compose files pass empty values);
 * the text of a wrong value is not repeated, for it may be a secret.
 */
export function readConfig(env: NodeJS.ProcessEnv): Config {
  const set = Object.fromEntries(
    Object.entries(env).filter(([, value]) => value !== undefined && value !== ''),
  );
  const read = Config.safeParse(set);
  if (!read.success)
    throw wrong(read.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`));
  const config = read.data;
  const { MLLP_TLS_KEY, MLLP_TLS_CERT, MLLP_TLS_CA } = config;
  // With half of it MLLP would listen in the clear, and whoever set it would think otherwise.
  if ((MLLP_TLS_KEY || MLLP_TLS_CERT || MLLP_TLS_CA) && !(MLLP_TLS_KEY && MLLP_TLS_CERT))
    throw wrong(['MLLP_TLS_KEY and MLLP_TLS_CERT are needed together, and by MLLP_TLS_CA']);
  if (Boolean(config.ALERT_URL) !== Boolean(config.ALERT_SECRET))
    throw wrong(['ALERT_URL and ALERT_SECRET are needed together']);
  const { PDS_URL, PDS_TOKEN_URL, PDS_CLIENT_ID, PDS_KEY_ID, PDS_KEY_FILE } = config;
  const pds = [PDS_URL, PDS_TOKEN_URL, PDS_CLIENT_ID, PDS_KEY_ID, PDS_KEY_FILE];
  if (pds.some(Boolean) && !pds.every(Boolean))
    throw wrong(['PDS_URL, PDS_TOKEN_URL, PDS_CLIENT_ID, PDS_KEY_ID and PDS_KEY_FILE are needed together']);
  const { HUMAN_ISSUER, HUMAN_AUDIENCE, HUMAN_JWKS, HUMAN_ROLES } = config;
  const people = [HUMAN_ISSUER, HUMAN_AUDIENCE, HUMAN_JWKS, HUMAN_ROLES];
  if (people.some(Boolean) && !people.every(Boolean))
    throw wrong(['HUMAN_ISSUER, HUMAN_AUDIENCE, HUMAN_JWKS and HUMAN_ROLES are needed together']);
  const { SIGN_IN_CLIENT_ID, SIGN_IN_KEY_FILE, SIGN_IN_KEY_ID } = config;
  const signIn = [SIGN_IN_CLIENT_ID, SIGN_IN_KEY_FILE, SIGN_IN_KEY_ID];
  if (signIn.some(Boolean) && !(signIn.every(Boolean) && HUMAN_ISSUER))
    throw wrong([
      'SIGN_IN_CLIENT_ID, SIGN_IN_KEY_FILE and SIGN_IN_KEY_ID are needed together, and HUMAN_ISSUER',
    ]);
  // The cookie of whoever is signed in travels to it.
  if (SIGN_IN_CLIENT_ID && !isSecure(publicUrl(config)))
    throw wrong(['SIGN_IN_CLIENT_ID needs PUBLIC_URL, an https:// URL (plain http is for loopback alone)']);
  if (config.ENCRYPT_MESSAGES === 'yes' && !config.SECRET_KEY && !config.SECRET_KEY_FILE)
    throw wrong(['ENCRYPT_MESSAGES=yes needs SECRET_KEY or SECRET_KEY_FILE']);
  if (config.MIGRATE_URL && !config.DATABASE_URL)
    throw wrong(['MIGRATE_URL is of the database of DATABASE_URL, which is not set']);
  // Clients name this URL in what they sign, and their tokens travel to it.
  if (config.AUTH === 'smart' && !isSecure(config.PUBLIC_URL ?? ''))
    throw wrong(['AUTH=smart needs PUBLIC_URL, an https:// URL (plain http is for loopback alone)']);
  return config.AUTH === 'none' && !LOOPBACK.includes(config.HOST)
    ? { ...config, HOST: '127.0.0.1' }
    : config;
}

const wrong = (problems: string[]) => new Error(`the configuration is wrong: ${problems.join('; ')}`);
