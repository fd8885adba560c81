import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Bundle, Parameters } from '@medplum/fhirtypes';

/** One POST as it arrived. */
export type Posted = { path: string; headers: IncomingHttpHeaders; body: string; bundle: Bundle; at: number };
/** What to answer: a status, a full answer, or `hang` to never answer. */
export type Response = number | { status: number; headers?: Record<string, string>; body?: string } | 'hang';
export type Respond = (posted: Posted) => Response | Promise<Response>;

/** A real HTTP server that webhooks can be sent to. */
export type Receiver = {
  url: string;
  posts: Posted[];
  respond: Respond;
  /** Resolves when the posts so far satisfy `enough`; rejects after `ms`, saying what there was. */
  until(enough: (posts: Posted[]) => boolean, ms?: number): Promise<Posted[]>;
  close(): Promise<void>;
};

export async function startReceiver(respond: Respond = () => 200): Promise<Receiver> {
  const posts: Posted[] = [];
  const watchers = new Set<() => void>();
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const body = Buffer.concat(chunks).toString();
    const bundle = JSON.parse(body) as Bundle;
    const posted = { path: request.url ?? '', headers: request.headers, body, bundle, at: performance.now() };
    posts.push(posted);
    for (const watcher of watchers) watcher();
    answer(response, await receiver.respond(posted));
  });
  server.keepAliveTimeout = 60_000;
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const receiver: Receiver = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    posts,
    respond,
    until: (enough, ms = 10_000) =>
      new Promise((resolve, reject) => {
        const watcher = () => {
          if (!enough(posts)) return;
          watchers.delete(watcher);
          clearTimeout(timer);
          resolve(posts);
        };
        const timer = setTimeout(() => {
          watchers.delete(watcher);
          const seen = posts.map((post) => `${post.path} ${typeOf(post)} ${numbersOf([post])}`);
          reject(
            new Error(`not received within ${ms} ms; ${posts.length} posts: ${seen.slice(-20).join('; ')}`),
          );
        }, ms);
        watchers.add(watcher);
        watcher();
      }),
    close: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
  return receiver;
}

function answer(response: ServerResponse, given: Response): void {
  if (given === 'hang') return;
  const { status, headers = {}, body = '' } = typeof given === 'number' ? { status: given } : given;
  response.writeHead(status, headers).end(body);
}

/** The status Parameters, always entry 0. */
export function statusIn(bundle: Bundle): Parameters {
  return bundle.entry?.[0]?.resource as Parameters;
}

export function typeOf({ bundle }: Posted): string | undefined {
  return statusIn(bundle).parameter?.find(({ name }) => name === 'type')?.valueCode;
}

/** Event numbers in the order they arrived; `path` keeps those of one endpoint. */
export function numbersOf(posts: Posted[], path?: string): number[] {
  return posts
    .filter((post) => path === undefined || post.path === path)
    .flatMap(({ bundle }) => statusIn(bundle).parameter ?? [])
    .filter(({ name }) => name === 'notification-event')
    .map(({ part }) => Number(part?.find(({ name }) => name === 'event-number')?.valueString));
}
