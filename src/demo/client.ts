/** Clients for the demo: an HTTP client that acts as one system, and an MLLP sender. */
import { once } from 'node:events';
import { connect } from 'node:net';
import type { Bundle, OperationOutcome, Resource } from '@medplum/fhirtypes';
import { StoryBroken } from './say.ts';

export type Answer = { status: number; body: unknown };
export type Client = {
  base: string;
  system: string | null;
  /** Reads a resource; null for 404. Throws StoryBroken for any other refusal. */
  get<T>(path: string): Promise<T | null>;
  search<T extends Resource>(query: string): Promise<T[]>;
  post(path: string, body: string, headers?: Record<string, string>): Promise<Answer>;
};

/** Acts as the named system (X-Skein-System), or as the loopback operator, who sees everything. */
export function openClient(base: string, system: string | null = null): Client {
  const identity: Record<string, string> = system ? { 'x-skein-system': system } : {};
  const get = async <T>(path: string): Promise<T | null> => {
    const response = await fetch(`${base}${path}`, { headers: identity });
    if (response.status === 404) return null;
    if (!response.ok)
      throw new StoryBroken(`GET ${path} as ${system ?? 'operator'} answered ${response.status}`);
    return (await response.json()) as T;
  };
  const search = async <T extends Resource>(query: string): Promise<T[]> => {
    const { entry = [] } = (await get<Bundle<T>>(`/fhir/${query}`)) ?? {};
    return entry.flatMap(({ resource, search }) => (search?.mode === 'match' && resource ? [resource] : []));
  };
  const post: Client['post'] = async (path, body, more = {}) => {
    const headers = { 'content-type': 'application/fhir+json', ...identity, ...more };
    const response = await fetch(`${base}${path}`, { method: 'POST', headers, body });
    return { status: response.status, body: await response.json() };
  };
  return { base, system, get, search, post };
}

/** `HTTP 200`; throws StoryBroken with what Skein says is wrong where it answered otherwise. */
export function answered({ status, body }: Answer, wanted = 200): string {
  if (status === wanted) return `HTTP ${status}`;
  const { issue = [] } = body as Partial<OperationOutcome>;
  throw new StoryBroken(
    `HTTP ${status}: ${issue.map(({ diagnostics, details }) => diagnostics ?? details?.text).join('; ')}`,
  );
}

/** Sends HL7 v2 messages over one connection, each once the last is acknowledged; gives their MSA-1 codes. */
export async function sendMllp(port: number, messages: string[]): Promise<string[]> {
  const socket = connect(port, '127.0.0.1').setEncoding('utf8');
  const codes: string[] = [];
  for (const message of messages) {
    socket.write(`\x0b${message.replaceAll('\n', '\r')}\x1c\r`);
    let reply = '';
    while (!reply.includes('\x1c\r')) {
      reply += String((await once(socket, 'data', { signal: AbortSignal.timeout(10_000) }))[0]);
    }
    codes.push(/\rMSA\|(\w+)/.exec(reply)?.[1] ?? reply);
  }
  socket.end();
  return codes;
}
