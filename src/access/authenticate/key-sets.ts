/**
 * The keys of clients that keep them at a URL of their own, fetched as carefully as webhooks are sent: public
 * https addresses only (or those of WEBHOOK_ALLOW), no redirects, a small answer, a deadline.
 */
import { Agent, request } from 'undici';
import { guardAddresses } from '../../doors/address-guard.ts';
import { Rejected } from '../../errors.ts';
import type { Client } from '../register/clients.ts';
import { ALGORITHMS, type Key, readOthersKeySet } from '../register/key-set.ts';

const DEADLINE_MS = 5_000;
const MOST_BYTES = 64 * 1024;
/** Where the client does not say. It is never kept for longer than it says. */
const KEEP_SECONDS = 300;
const MOST_SECONDS = 3_600;
/** A kid that is not known has the set fetched again, so often and no oftener. */
const REFETCH_MS = 60_000;
/** After a fetch that failed the next one waits so long. */
const FAILED_SECONDS = 5;

/** `problem`: why the keys could not be had, in words for the operator. */
type Fetched = { keys: Key[]; keepSeconds: number; problem?: string };
/** `of`: which URL by which credentials of the client. */
type Known = { of: string; askedAt: number; set: Promise<Fetched> };

/** Whose keys they are: a client, or whoever vouches for people (docs/adr/0026-human-identity.md). */
export type KeyOwner = Pick<Client, 'jwks' | 'jwksUrl' | 'credentials'> & { system: { name: string } };

/** The keys of a client that have this kid (one, where it is well), or why they could not be had. */
export type Found = { keys: Key[]; problem?: string };

export type KeySets = {
  find(client: KeyOwner, kid: string): Promise<Found>;
  close(): Promise<void>;
};

/** `allow`: as WEBHOOK_ALLOW. `now`: milliseconds. `algorithms`: what keys must be for. */
export function openKeySets(
  allow: string[],
  now: () => number = Date.now,
  algorithms: readonly string[] = ALGORITHMS,
): KeySets {
  const agent = new Agent({
    connect: guardAddresses(allow).connector,
    connections: 2,
    pipelining: 1,
    maxResponseSize: MOST_BYTES,
  });
  const known = new Map<string, Known>();

  const ask = ({ system, jwksUrl, credentials }: KeyOwner): Known => {
    const set = fetchSet(agent, jwksUrl ?? '', algorithms);
    const fresh = { of: `${credentials} ${jwksUrl}`, askedAt: now(), set };
    known.set(system.name, fresh);
    return fresh;
  };
  /** What is known of it and may still be used; who asks meanwhile shares one fetch. */
  const current = async (client: KeyOwner): Promise<Known> => {
    const one = known.get(client.system.name);
    if (one?.of !== `${client.credentials} ${client.jwksUrl}`) return ask(client);
    const { keepSeconds } = await one.set;
    if (now() - one.askedAt < keepSeconds * 1_000) return one;
    const latest = known.get(client.system.name);
    return latest && latest !== one ? latest : ask(client);
  };
  return {
    find: async (client, kid) => {
      if (client.jwks) return pick({ keys: client.jwks.keys, keepSeconds: 0 }, kid);
      const one = await current(client);
      const found = pick(await one.set, kid);
      if (found.keys.length > 0 || found.problem || now() - one.askedAt < REFETCH_MS) return found;
      return pick(await ask(client).set, kid);
    },
    close: () => agent.destroy(),
  };
}

const pick = ({ keys, problem }: Fetched, kid: string): Found => ({
  keys: keys.filter((key) => key.kid === kid),
  ...(problem === undefined ? {} : { problem }),
});

async function fetchSet(agent: Agent, url: string, algorithms: readonly string[]): Promise<Fetched> {
  const failed = (problem: string): Fetched => ({ keys: [], keepSeconds: FAILED_SECONDS, problem });
  try {
    const signal = AbortSignal.timeout(DEADLINE_MS);
    const headers = { accept: 'application/json' };
    const answer = await request(url, { headers, signal, dispatcher: agent });
    const body = Buffer.from(await answer.body.arrayBuffer());
    if (answer.statusCode !== 200) return failed(`it answers ${answer.statusCode}`);
    return { ...readOthersKeySet(body, algorithms), keepSeconds: keepFor(answer.headers['cache-control']) };
  } catch (error) {
    return failed(reasonOf(error));
  }
}

/** Seconds, from Cache-Control: https://www.rfc-editor.org/rfc/rfc9111#section-5.2.2 */
function keepFor(header: string | string[] | undefined): number {
  const text = String(header ?? '').toLowerCase();
  if (/\bno-(store|cache)\b/.test(text)) return 0;
  const age = /\bmax-age="?(\d+)/.exec(text)?.[1];
  return age === undefined ? KEEP_SECONDS : Math.min(Number(age), MOST_SECONDS);
}

/** Whatever a URL of somebody else's answers, or does not, is no fault of ours. Throws what is. */
function reasonOf(error: unknown): string {
  if (error instanceof Rejected) return error.message;
  if (!(error instanceof Error)) throw error;
  const { name, code, message } = error as NodeJS.ErrnoException;
  if (name === 'TimeoutError') return `no answer within ${DEADLINE_MS / 1_000} seconds`;
  if (name === 'AddressRefused') return `${message}, and not one that WEBHOOK_ALLOW names`;
  if (typeof code === 'string') return code.toLowerCase();
  throw error;
}
