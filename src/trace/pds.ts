/**
 * Client of the Personal Demographics Service FHIR API with application-restricted access: a signed JWT gets
 * a token (private_key_jwt, RS512), a search or a read gets an answer.
 * https://digital.nhs.uk/developer/guides-and-documentation/security-and-authorisation (signed JWT)
 */
import { createPrivateKey, type KeyObject, randomUUID, sign } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { Agent, type Dispatcher, request } from 'undici';
import { z } from 'zod';
import type { Config } from '../config.ts';
import { Rejected } from '../errors.ts';
import { parseJson } from '../formats/json.ts';
import { type PdsReply, readReply } from './answer.ts';
import type { Demographics } from './demographics.ts';

export type Pds = {
  /** Never throws for what the service does; `requestId` is kept with what follows, and known to it, too. */
  ask(who: Demographics, requestId: string): Promise<PdsReply>;
  close(): Promise<void>;
};

const DEADLINE_MS = 10_000;
/** The largest record seen in its sandbox is 13 kB. */
const MOST_BYTES = 256 * 1024;
/** The service takes five minutes at most; clocks differ. */
const JWT_SECONDS = 240;
/** A token is renewed so long before it ends. */
const SPARE_MS = 30_000;
const THROTTLED_MS = 30_000;

type Settings = Record<'url' | 'tokenUrl' | 'clientId' | 'keyId', string> & {
  key: KeyObject;
  deadlineMs: number;
};

/** Null where tracing is off. Throws, naming the setting, where the key cannot be read. */
export function openPds(config: Config, deadlineMs = DEADLINE_MS): Pds | null {
  const { PDS_URL, PDS_TOKEN_URL, PDS_CLIENT_ID, PDS_KEY_ID, PDS_KEY_FILE } = config;
  if (!PDS_URL || !PDS_TOKEN_URL || !PDS_CLIENT_ID || !PDS_KEY_ID || !PDS_KEY_FILE) return null;
  const key = readKey(PDS_KEY_FILE);
  const settings = { url: PDS_URL, tokenUrl: PDS_TOKEN_URL, clientId: PDS_CLIENT_ID, keyId: PDS_KEY_ID, key };
  return new Client({ ...settings, deadlineMs });
}

function readKey(file: string): KeyObject {
  try {
    const key = createPrivateKey(readFileSync(file));
    if (key.asymmetricKeyType === 'rsa') return key;
  } catch (cause) {
    throw new Error('PDS_KEY_FILE: no private key can be read there', { cause });
  }
  throw new Error('PDS_KEY_FILE: the key is no RSA key');
}

const TokenBody = z.object({ access_token: z.string().min(1), expires_in: z.coerce.number().positive() });

class Client implements Pds {
  readonly #settings: Settings;
  readonly #agent = new Agent({ pipelining: 1, connections: 2, maxResponseSize: MOST_BYTES });
  #token: { value: string; until: number } | null = null;

  constructor(settings: Settings) {
    this.#settings = settings;
  }

  close(): Promise<void> {
    return this.#agent.destroy();
  }

  async ask(who: Demographics, requestId: string): Promise<PdsReply> {
    try {
      const token = await this.#tokenNow();
      if (typeof token !== 'string') return token;
      const { status, text, retryAfterMs } = await this.#exchange(`${this.#settings.url}/${pathOf(who)}`, {
        method: 'GET',
        headers: {
          accept: 'application/fhir+json',
          authorization: `Bearer ${token}`,
          'x-request-id': requestId,
          'x-correlation-id': randomUUID(),
        },
      });
      if (status === 401) this.#token = null;
      const reply = readReply(status, text);
      return reply.kind === 'failed' ? { ...reply, ...retryAfterMs } : reply;
    } catch (error) {
      return { kind: 'failed', reason: reasonOf(error) };
    }
  }

  async #tokenNow(): Promise<string | PdsReply> {
    if (this.#token && Date.now() < this.#token.until) return this.#token.value;
    const assertion = signAssertion(this.#settings);
    const { status, text, retryAfterMs } = await this.#exchange(this.#settings.tokenUrl, {
      method: 'POST',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      body: new URLSearchParams({
        grant_type: 'client_credentials',
        client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
        client_assertion: assertion,
      }).toString(),
    });
    if (status !== 200) return { kind: 'failed', reason: `token-http-${status}`, ...retryAfterMs };
    const { access_token, expires_in } = TokenBody.parse(parseJson(Buffer.from(text)));
    this.#token = { value: access_token, until: Date.now() + expires_in * 1_000 - SPARE_MS };
    return access_token;
  }

  /** One total deadline, no redirects, and no more than a bounded answer. */
  async #exchange(url: string, options: Pick<Dispatcher.RequestOptions, 'method' | 'headers' | 'body'>) {
    const signal = AbortSignal.timeout(this.#settings.deadlineMs);
    const { statusCode, headers, body } = await request(url, { ...options, signal, dispatcher: this.#agent });
    const text = await body.text();
    return { status: statusCode, text, retryAfterMs: retryAfterOf(statusCode, headers['retry-after']) };
  }
}

/** A number is read; anybody else is searched for by current name and address, without near spellings. */
function pathOf({ family, given, birthDate, sex, postcode, number }: Demographics): string {
  if (number) return `Patient/${number}`;
  // More than one answer is not given in this mode of access: the service says that there were too many.
  const search = new URLSearchParams({ family, given, birthdate: `eq${birthDate}`, '_max-results': '1' });
  if (postcode) search.set('address-postalcode', postcode);
  else if (sex) search.set('gender', sex);
  return `Patient?${search}`;
}

function signAssertion({ tokenUrl, clientId, keyId, key }: Settings): string {
  const exp = Math.floor(Date.now() / 1_000) + JWT_SECONDS;
  const claims = { iss: clientId, sub: clientId, aud: tokenUrl, jti: randomUUID(), exp };
  const parts = [{ alg: 'RS512', typ: 'JWT', kid: keyId }, claims].map((part) =>
    Buffer.from(JSON.stringify(part)).toString('base64url'),
  );
  const signed = parts.join('.');
  return `${signed}.${sign('sha512', Buffer.from(signed), key).toString('base64url')}`;
}

function retryAfterOf(status: number, header: string | string[] | undefined): { retryAfterMs?: number } {
  const text = String(header ?? '');
  const ms = /^\d+$/.test(text) ? Number(text) * 1_000 : Date.parse(text) - Date.now();
  if (Number.isFinite(ms) && ms > 0) return { retryAfterMs: ms };
  return status === 429 ? { retryAfterMs: THROTTLED_MS } : {};
}

/**
 * A short word without anybody's data: an error's own text may quote what was asked. Throws what is no fault
 * of the service or the network.
 */
function reasonOf(error: unknown): string {
  if (error instanceof z.ZodError || error instanceof Rejected) return 'malformed';
  const { name, code } = error as NodeJS.ErrnoException;
  if (name === 'TimeoutError') return 'timeout';
  if (typeof code === 'string') return code.toLowerCase();
  throw error;
}
