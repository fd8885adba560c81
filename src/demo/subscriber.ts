/** A subscriber: a receiver on loopback that checks every signature and reads the API as itself. */

import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import type { Bundle, Parameters, ParametersParameter, Subscription } from '@medplum/fhirtypes';
import { Webhook } from 'standardwebhooks';
import { BACKPORT, TOPIC_URL } from '../fhir/systems.ts';
import { answered, type Client, openClient } from './client.ts';
import type { Team } from './family.ts';
import { StoryBroken } from './say.ts';

/** One event of a notification. An empty payload has neither code nor focus. */
export type Notice = { number: number; code: string | null; focus: string | null };
/** A subscriber. `bodies` are the notifications byte for byte, `notices` their events in order of arrival. */
export type Subscriber = {
  name: string;
  client: Client;
  bodies: string[];
  notices: Notice[];
  close(): Promise<unknown>;
};

/** Creates a Subscription as this service, with its own endpoint, and waits for the handshake. */
export async function subscribe(
  base: string,
  { name }: Team,
  content: 'empty' | 'id-only',
): Promise<Subscriber> {
  const client = openClient(base, name);
  const [secret, handshake] = [Promise.withResolvers<string>(), Promise.withResolvers<void>()];
  const [bodies, notices]: [string[], Notice[]] = [[], []];
  const receive = async (request: IncomingMessage): Promise<void> => {
    const body = await text(request);
    // Throws where id, timestamp, body and signature do not belong together.
    new Webhook(await secret.promise).verify(body, request.headers as Record<string, string>);
    bodies.push(body);
    notices.push(...readNotices(JSON.parse(body) as Bundle));
    handshake.resolve();
  };
  const server = createServer((request, response) => {
    const end = (status: number) => response.writeHead(status).end();
    receive(request).then(
      () => end(204),
      () => end(401),
    );
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const { port } = server.address() as AddressInfo;
  const answer = await client.post(
    '/fhir/Subscription',
    subscription(`http://127.0.0.1:${port}/notify`, content),
  );
  answered(answer, 201);
  const { extension } = answer.body as Subscription;
  secret.resolve(extension?.find(({ url }) => url.endsWith('/webhook-secret'))?.valueString ?? '');
  await within(handshake.promise, `the handshake of ${name}`);
  return { name, client, bodies, notices, close: async () => server.close() };
}

/** https://hl7.org/fhir/uv/subscriptions-backport/STU1.1/StructureDefinition-backport-subscription.html */
function subscription(endpoint: string, content: string): string {
  const _payload = {
    extension: [{ url: `${BACKPORT}/StructureDefinition/backport-payload-content`, valueCode: content }],
  };
  return JSON.stringify({
    resourceType: 'Subscription',
    status: 'requested',
    reason: 'updates of the families in our care',
    criteria: TOPIC_URL,
    channel: { type: 'rest-hook', endpoint, payload: 'application/fhir+json', _payload },
  });
}

function readNotices(bundle: Bundle): Notice[] {
  const { parameter = [] } = (bundle.entry?.[0]?.resource ?? {}) as Partial<Parameters>;
  return parameter.filter(({ name }) => name === 'notification-event').map(readNotice);
}

function readNotice({ extension, part = [] }: ParametersParameter): Notice {
  const value = (name: string) => part.find((one) => one.name === name);
  return {
    number: Number(value('event-number')?.valueString),
    code: extension?.find(({ url }) => url.endsWith('/event-code'))?.valueCode ?? null,
    focus: value('focus')?.valueReference?.reference?.split('/').slice(-2).join('/') ?? null,
  };
}

/** Waits for `work`, at most 20 s; then throws StoryBroken. */
export async function within<T>(work: Promise<T>, what: string): Promise<T> {
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(() => late.reject(new StoryBroken(`${what} did not come within 20 s`)), 20_000);
  return Promise.race([work, late.promise]).finally(() => clearTimeout(timer));
}
