/** A receiver of webhooks on loopback that checks every signature before it believes anything. */
import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import type { Bundle, Parameters, ParametersParameter, Subscription } from '@medplum/fhirtypes';
import { Webhook } from 'standardwebhooks';
import { BACKPORT, TOPIC_URL } from '../fhir/systems.ts';

/** One event of a notification. An empty payload has neither code nor focus. */
export type Notice = { number: number; at: string | null; code: string | null; focus: string | null };
/** `type`: handshake, heartbeat, event-notification. `body`: byte for byte. */
export type Notification = { type: string; notices: Notice[]; body: string };

/** `know`: the secret that notifications are signed with; until it is given they wait. */
export type Receiver = { endpoint: string; know: (secret: string) => void; close: () => Promise<unknown> };

/**
 * Listens on loopback (`port` 0: any that is free) and answers 204 to what is signed as it should be, 401 to
 * all else.
 */
export async function openReceiver(
  { port }: { port: number },
  heard: (notification: Notification) => void,
): Promise<Receiver> {
  const secret = Promise.withResolvers<string>();
  const receive = async (request: IncomingMessage): Promise<void> => {
    const body = await text(request);
    // Throws where id, timestamp, body and signature do not belong together.
    new Webhook(await secret.promise).verify(body, request.headers as Record<string, string>);
    heard(readNotification(body));
  };
  const server = createServer((request, response) => {
    const end = (status: number) => response.writeHead(status).end();
    receive(request).then(
      () => end(204),
      () => end(401),
    );
  });
  await once(server.listen(port, '127.0.0.1'), 'listening');
  const { port: taken } = server.address() as AddressInfo;
  return {
    endpoint: `http://127.0.0.1:${taken}/notify`,
    know: secret.resolve,
    close: async () => server.close(),
  };
}

type Wish = { status: 'requested' | 'off'; endpoint: string; content: string; filter?: string | undefined };

/** https://hl7.org/fhir/uv/subscriptions-backport/STU1.1/StructureDefinition-backport-subscription.html */
export function subscription({ status, endpoint, content, filter }: Wish): Subscription {
  const extend = (url: string, value: object) => ({
    extension: [{ url: `${BACKPORT}/StructureDefinition/${url}`, ...value }],
  });
  return {
    resourceType: 'Subscription',
    status,
    reason: 'updates of the families in our care',
    criteria: TOPIC_URL,
    ...(filter ? { _criteria: extend('backport-filter-criteria', { valueString: filter }) } : {}),
    channel: {
      ...{ type: 'rest-hook', endpoint, payload: 'application/fhir+json' },
      _payload: extend('backport-payload-content', { valueCode: content }),
    },
  } as Subscription;
}

/** The secret of a Subscription just made: it is given this once. */
export const secretIn = ({ extension }: Subscription): string =>
  extension?.find(({ url }) => url.endsWith('/webhook-secret'))?.valueString ?? '';

function readNotification(body: string): Notification {
  const { entry } = JSON.parse(body) as Bundle;
  const { parameter = [] } = (entry?.[0]?.resource ?? {}) as Partial<Parameters>;
  const type = parameter.find(({ name }) => name === 'type')?.valueCode ?? '';
  return {
    type,
    notices: parameter.filter(({ name }) => name === 'notification-event').map(readNotice),
    body,
  };
}

function readNotice({ extension, part = [] }: ParametersParameter): Notice {
  const value = (name: string) => part.find((one) => one.name === name);
  return {
    number: Number(value('event-number')?.valueString),
    at: value('timestamp')?.valueInstant ?? null,
    code: extension?.find(({ url }) => url.endsWith('/event-code'))?.valueCode ?? null,
    focus: value('focus')?.valueReference?.reference?.split('/').slice(-2).join('/') ?? null,
  };
}
