import type { KeyObject } from 'node:crypto';
import { Agent, type Dispatcher } from 'undici';
import { AddressRefused, guardAddresses } from '../../doors/address-guard.ts';
import { storeTime } from '../../store/store-time.ts';
import type { Vault } from '../../store/vault.ts';
import { openSecrets, type Stored } from '../subscribe/stored.ts';
import { sign, signingKey } from './sign.ts';

const DEADLINE = 'deadline';
const MAX_RESPONSE_BYTES = 64 * 1024;
/** In flight to one origin, from one process: its connections, and what the drain starts. */
export const MAX_PER_ORIGIN = 128;

/**
 * One subscription's endpoint. `headers`: names and values in turn; `timeout`: seconds for the whole
 * exchange. `former`: signs beside `key`, where the secret was changed of late.
 */
export type Target = {
  origin: string;
  path: string;
  headers: string[];
  key: KeyObject;
  former?: KeyObject | null;
  timeout: number;
};
/** `id` is the same for every try of one notification. `trace`: W3C traceparent of this try. */
export type Parcel = { id: string; body: string; trace?: string };
/** What came back: `outcome` is `ok` or a short reason without anybody's data; `retryAfter` in seconds. */
export type Reply = { ok: boolean; status: number | null; outcome: string; retryAfter: number | null };

export type Sender = {
  send(target: Target, parcel: Parcel, abort: AbortController): Promise<Reply>;
  close(): Promise<void>;
};

/**
 * One agent for all webhooks: kept-alive connections, no pipelining, no redirects, guarded addresses, small
 * responses only.
 */
export function openSender(allow: string[]): Sender {
  const agent = new Agent({
    connect: guardAddresses(allow).connector,
    connections: MAX_PER_ORIGIN,
    pipelining: 1,
    keepAliveTimeout: 30_000,
    maxResponseSize: MAX_RESPONSE_BYTES,
  });
  return {
    send: (target, parcel, abort) => post(agent, { target, parcel, abort }),
    close: () => agent.destroy(),
  };
}

type Posting = { target: Target; parcel: Parcel; abort: AbortController };

/**
 * The deadline is for the whole exchange and ends the run that `abort` belongs to. Dispatched without a
 * stream for the answer, of which the status alone is looked at: that halves what a request costs.
 */
function post(agent: Agent, { target, parcel, abort }: Posting): Promise<Reply> {
  const { signal } = abort;
  return new Promise((resolve) => {
    const exchange = new Exchange((given) => {
      clearTimeout(deadline);
      signal.removeEventListener('abort', stop);
      resolve(given instanceof Error ? failed(reasonOf(given, signal)) : given);
    });
    const stop = () => exchange.abort();
    const deadline = setTimeout(() => abort.abort(DEADLINE), target.timeout * 1000);
    signal.addEventListener('abort', stop);
    if (signal.aborted) stop();
    const { origin, path } = target;
    const sent = {
      origin,
      path,
      method: 'POST' as const,
      headers: headersOf(target, parcel),
      body: parcel.body,
    };
    agent.dispatch(sent, exchange);
  });
}

/** One request and its answer: its status, whatever else is said; or why there is none. */
class Exchange implements Dispatcher.DispatchHandler {
  readonly #end: (given: Reply | Error) => void;
  #controller: Dispatcher.DispatchController | null = null;
  #aborted = false;
  #reply: Reply | null = null;

  constructor(end: (given: Reply | Error) => void) {
    this.#end = end;
  }

  /** Before the request has begun, as soon as it would. */
  abort(): void {
    this.#aborted = true;
    this.#controller?.abort(new Error('aborted'));
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller;
    if (this.#aborted) controller.abort(new Error('aborted'));
  }

  onResponseStart(
    _controller: Dispatcher.DispatchController,
    status: number,
    headers: Record<string, string | string[] | undefined>,
  ): void {
    // 100 to 199 come before the answer.
    if (status < 200) return;
    const ok = status < 300;
    const outcome = ok ? 'ok' : `http-${status}`;
    this.#reply = { ok, status, outcome, retryAfter: retryAfterOf(headers['retry-after']) };
  }

  /** What it says is not ours to keep. */
  onResponseData(): void {}

  onResponseEnd(): void {
    if (this.#reply) this.#end(this.#reply);
  }

  /** The status has been given, so a body that breaks off changes nothing. */
  onResponseError(_controller: Dispatcher.DispatchController, error: Error): void {
    this.#end(this.#reply ? { ...this.#reply, outcome: `${this.#reply.outcome}, body cut off` } : error);
  }
}

const failed = (outcome: string): Reply => ({ ok: false, status: null, outcome, retryAfter: null });

function headersOf({ headers, key, former }: Target, { id, body, trace }: Parcel): string[] {
  const timestamp = Math.floor(storeTime() / 1000);
  // Several are parted by spaces: any of them may be the one that its receiver knows.
  const keys = former ? [key, former] : [key];
  const signature = keys.map((one) => sign(one, { id, timestamp, body })).join(' ');
  return [
    ...headers,
    'webhook-id',
    id,
    'webhook-timestamp',
    String(timestamp),
    'webhook-signature',
    signature,
    ...(trace === undefined ? [] : ['traceparent', trace]),
  ];
}

/**
 * What a stored subscription's endpoint is, made ready once for several POSTs. Throws where its secrets are
 * sealed by a key that is not here: nothing is sent that is signed by anything else.
 */
export function targetOf(vault: Vault, stored: Stored): Target {
  const { endpoint, contentType, timeout } = stored;
  const { headers, secret, formerSecret } = openSecrets(vault, stored);
  const given = [...headers.flatMap(splitHeader), 'content-type', contentType];
  const { origin, pathname, search } = new URL(endpoint);
  const former = formerSecret === null ? null : signingKey(formerSecret);
  return { origin, path: pathname + search, headers: given, key: signingKey(secret), former, timeout };
}

/** `Name: value` as in `Subscription.channel.header`. */
export function splitHeader(header: string): [string, string] {
  const colon = header.indexOf(':');
  return [header.slice(0, colon).trim().toLowerCase(), header.slice(colon + 1).trim()];
}

function retryAfterOf(header: string | string[] | undefined): number | null {
  if (typeof header !== 'string') return null;
  if (/^\d+$/.test(header)) return Number(header);
  const seconds = (Date.parse(header) - storeTime()) / 1000;
  return Number.isFinite(seconds) ? Math.max(0, seconds) : null;
}

function reasonOf(error: unknown, signal: AbortSignal): string {
  if (signal.aborted) return signal.reason === DEADLINE ? 'timeout' : 'aborted';
  if (error instanceof AddressRefused) return 'address-refused';
  const { code } = error as NodeJS.ErrnoException;
  return typeof code === 'string' ? code.toLowerCase() : 'network-error';
}
