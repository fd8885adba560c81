import { randomUUID } from 'node:crypto';
import type { Subscription } from '@medplum/fhirtypes';
import type pg from 'pg';
import { Config } from '../../src/config.ts';
import type { Context } from '../../src/context.ts';
import { number, numbering } from '../../src/deliver/number/number.ts';
import { readSubscription } from '../../src/deliver/subscribe/subscription.ts';
import { createSubscription, lockSubscriptions } from '../../src/deliver/subscribe/subscriptions.ts';
import { JOURNEY_TAG, REFERRAL_TAG, TOPIC_URL } from '../../src/fhir/systems.ts';
import type { Event, Recipient } from '../../src/model.ts';
import { sequence } from '../../src/publish/sequencer.ts';
import { NO_VAULT } from '../../src/store/vault.ts';
import { testContext } from '../support/context.ts';
import type { TestDatabase } from '../support/database.ts';

export const BACKPORT = 'http://hl7.org/fhir/uv/subscriptions-backport/StructureDefinition';
export const OPERATOR: Recipient = { kind: 'operator', name: 'loopback' };

export type Ask = {
  content?: string;
  filters?: string[];
  maxCount?: number;
  timeout?: number;
  heartbeat?: number;
  header?: string[];
};

/** A Subscription as a client would post it. */
export function subscriptionTo(endpoint: string, ask: Ask = {}): Subscription {
  const { content = 'id-only', filters = [], maxCount, timeout, heartbeat, header } = ask;
  const extension = [
    ...(maxCount ? [{ url: `${BACKPORT}/backport-max-count`, valuePositiveInt: maxCount }] : []),
    ...(timeout ? [{ url: `${BACKPORT}/backport-timeout`, valueUnsignedInt: timeout }] : []),
    ...(heartbeat ? [{ url: `${BACKPORT}/backport-heartbeat-period`, valueUnsignedInt: heartbeat }] : []),
  ];
  return {
    resourceType: 'Subscription',
    status: 'requested',
    reason: 'updates of the families in our care',
    criteria: TOPIC_URL,
    ...{
      _criteria: {
        extension: filters.map((valueString) => ({
          url: `${BACKPORT}/backport-filter-criteria`,
          valueString,
        })),
      },
    },
    channel: {
      type: 'rest-hook',
      endpoint,
      payload: 'application/fhir+json',
      ...{ _payload: { extension: [{ url: `${BACKPORT}/backport-payload-content`, valueCode: content }] } },
      ...(header ? { header } : {}),
      extension,
    },
  };
}

/** A context whose webhooks may reach loopback. */
export function loopbackContext(database: TestDatabase, env: Record<string, string> = {}): Context {
  const config = Config.parse({
    DATABASE_URL: database.url,
    WEBHOOK_ALLOW: '127.0.0.1',
    LOG_LEVEL: 'silent',
    ...env,
  });
  return testContext(database, { config });
}

/** Subscribes, as the operator unless told otherwise. */
export async function subscribe(
  db: pg.Pool,
  endpoint: string,
  ask: Ask & { as?: Recipient } = {},
): Promise<{ id: string; secret: string }> {
  return createSubscription(
    { db, vault: NO_VAULT },
    ask.as ?? OPERATOR,
    readSubscription(subscriptionTo(endpoint, ask), 'full-resource'),
  );
}

/** The same, with its handshake done. */
export async function subscribeActive(
  db: pg.Pool,
  endpoint: string,
  ask: Ask & { as?: Recipient } = {},
): Promise<string> {
  const { id } = await subscribe(db, endpoint, ask);
  await db.query(`update subscription set status = 'active', due_at = null where id = $1`, [id]);
  return id;
}

export function episodeEvent(over: Partial<Event> = {}): Event {
  const base = {
    code: 'episode-started',
    journey: null,
    persons: [randomUUID()],
    category: 'INV',
    services: [],
    stage: null,
  } as const;
  return {
    ...base,
    persons: [...base.persons],
    services: [],
    focus: { type: 'EpisodeOfCare', id: randomUUID() },
    ...over,
  };
}

/**
 * Stores the focus of each event that is not stored yet: of a referral, as its referrer's word; of a merge, as what is left of a
 * person; else as somebody else's word of the event's persons.
 */
export async function storeFocuses(db: Pick<pg.Pool, 'query'>, events: Event[]): Promise<void> {
  for (const { code, focus, journey, persons, services } of events) {
    const parties = code.startsWith('referral-') ? services : [];
    const merged = code === 'person-merged';
    const link = [{ other: { reference: `Patient/${persons[0]}` }, type: 'replaced-by' }];
    const patient = { reference: `Patient/${persons[0]}` };
    const tag = journey ? [{ system: JOURNEY_TAG, code: journey }] : [];
    const referral = [{ system: REFERRAL_TAG, code: 'taken-up' }];
    const characteristic = [{ valueCodeableConcept: { coding: [{ code: 'birth-12m' }] } }];
    const content = {
      ...{ resourceType: focus.type, id: focus.id, status: 'active', patient, subject: patient },
      ...{ meta: { tag: [...tag, ...referral] }, characteristic },
      ...(merged ? { active: false, link } : {}),
    };
    const compartments = merged ? [focus.id, ...persons] : persons;
    await db.query(
      `insert into resource (type, id, version, content, owner, persons, authors, service, state, digest)
       values ($1, $2, 1, $3, $4, $5, array[$6::uuid], $7, $8, '') on conflict do nothing`,
      [
        ...[focus.type, focus.id, content, persons[0] ?? focus.id, compartments],
        ...[parties[0] ?? randomUUID(), parties[1] ?? null, merged ? 'gone' : null],
      ],
    );
  }
}

export async function appendEvents(db: Pick<pg.Pool, 'query'>, events: Event[]): Promise<void> {
  await db.query(
    'insert into outbox (event) select e from unnest($1::jsonb[]) with ordinality as t (e, n) order by n',
    [events.map((event) => JSON.stringify(event))],
  );
}

/** Asks the database again and again, as a client would, until the answer is as wanted. */
export async function eventually<T>(
  ask: () => Promise<T>,
  wanted: (answer: T) => boolean,
  ms = 10_000,
): Promise<T> {
  const end = performance.now() + ms;
  for (;;) {
    const answer = await ask();
    if (wanted(answer)) return answer;
    if (performance.now() > end) throw new Error(`not so within ${ms} ms: ${JSON.stringify(answer)}`);
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
}

export function subscriptionRow(db: pg.Pool, id: string): Promise<Record<string, unknown>> {
  return db
    .query('select * from subscription where id = $1', [id])
    .then(({ rows }) => rows[0] as Record<string, unknown>);
}

export type Notified = { number: string; event: Event };

/** What a subscription was told, in its order. */
export async function notified(db: Pick<pg.Pool, 'query'>, id: string): Promise<Notified[]> {
  const { rows } = await db.query<Notified>(
    `select number, event from notification n join event e on e.id = n.event_id
      where subscription_id = $1 order by number`,
    [id],
  );
  return rows;
}

/** Publishes all that was committed, and gives numbers to all of it that these subscriptions are told, as a worker would. */
export async function numberAll(db: pg.Pool, ids: string[]): Promise<void> {
  while ((await sequence(db)) > 0);
  for (;;) {
    const results = await numbering(db, async (client) =>
      number(client, { stored: await lockSubscriptions(client, ids), limit: 1_000, sending: false }),
    );
    if (!results.some(({ pending }) => pending)) return;
  }
}
