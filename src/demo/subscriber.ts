/** A subscriber: a receiver on loopback that checks every signature and reads the API as itself. */

import type { Subscription } from '@medplum/fhirtypes';
import { type Notice, openReceiver, secretIn, subscription } from '../listen/receiver.ts';
import { answered, type Client, openClient } from './client.ts';
import type { Team } from './family.ts';
import { StoryBroken } from './say.ts';

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
  const handshake = Promise.withResolvers<void>();
  const [bodies, notices]: [string[], Notice[]] = [[], []];
  const { endpoint, know, close } = await openReceiver({ port: 0 }, (heard) => {
    bodies.push(heard.body);
    notices.push(...heard.notices);
    handshake.resolve();
  });
  const wish = subscription({ status: 'requested', endpoint, content });
  const answer = await client.post('/fhir/Subscription', JSON.stringify(wish));
  answered(answer, 201);
  know(secretIn(answer.body as Subscription));
  await within(handshake.promise, `the handshake of ${name}`);
  return { name, client, bodies, notices, close };
}

/** Waits for `work`, at most 20 s; then throws StoryBroken. */
export async function within<T>(work: Promise<T>, what: string): Promise<T> {
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(() => late.reject(new StoryBroken(`${what} did not come within 20 s`)), 20_000);
  return Promise.race([work, late.promise]).finally(() => clearTimeout(timer));
}
