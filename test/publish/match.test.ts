import { randomUUID } from 'node:crypto';
import fc from 'fast-check';
import { afterEach, expect, test } from 'vitest';
import type { Event } from '../../src/model.ts';
import { sequence } from '../../src/publish/sequencer.ts';
import { appendEvents, episodeEvent, subscribeActive } from '../deliver/support.ts';
import { testDatabase } from '../support/database.ts';

const database = await testDatabase();
const { pool } = database;
const NOWHERE = 'https://receiver.example/hook';

afterEach(async () => {
  await pool.query('truncate outbox, pending, event, notification, subscription cascade');
});

async function publish(events: Event[]): Promise<void> {
  await appendEvents(pool, events);
  while ((await sequence(pool)) > 0);
}

/** Of one subscription, the kind of filter that it is found by. */
async function leadOf(id: string): Promise<string[]> {
  const { rows } = await pool.query<{ kind: string }>(
    'select distinct kind from subscription_filter where subscription_id = $1 and leads',
    [id],
  );
  return rows.map(({ kind }) => kind);
}

const PERSONS = Array.from({ length: 3 }, () => randomUUID());
const SERVICES = Array.from({ length: 2 }, () => randomUUID());
const VALUES = {
  event: ['episode-started', 'stage-changed', 'loss'],
  stage: ['pregnancy', 'birth-12m'],
  patient: PERSONS,
  service: SERVICES,
} as const;
type Clause = { kind: keyof typeof VALUES; values: string[] };

const someOf = (values: readonly string[], minLength: number) =>
  fc.uniqueArray(fc.constantFrom(...values), { minLength, maxLength: values.length });
const clauseOf = (kind: keyof typeof VALUES): fc.Arbitrary<Clause> =>
  fc.record({ kind: fc.constant(kind), values: someOf(VALUES[kind], 1) });
/** Of an event's one code and one stage there is one clause at most; of its persons and services any number. */
const filters = fc
  .tuple(
    fc.array(clauseOf('event'), { maxLength: 1 }),
    fc.array(clauseOf('stage'), { maxLength: 1 }),
    fc.array(fc.oneof(clauseOf('patient'), clauseOf('service')), { maxLength: 3 }),
  )
  .map((clauses) => clauses.flat());
const event = fc
  .record({
    code: fc.constantFrom(...VALUES.event),
    stage: fc.constantFrom(null, ...VALUES.stage),
    persons: someOf(PERSONS, 1),
    services: someOf(SERVICES, 0),
  })
  .map((over) => episodeEvent(over as Partial<Event>));

function holds({ kind, values }: Clause, { code, stage, persons, services }: Event): boolean {
  const facets = { event: [code], stage: [stage], patient: persons, service: services };
  return values.some((value) => (facets[kind] as (string | null)[]).includes(value));
}

test('whatever leads, a subscription gets exactly the events that all of its filters hold of', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(filters, { minLength: 1, maxLength: 6 }),
      fc.array(event, { minLength: 1, maxLength: 12 }),
      fc.boolean(),
      async (all, events, chosenAgain) => {
        await pool.query('truncate outbox, pending, subscription cascade');
        const ids: string[] = [];
        for (const clauses of all) {
          const texts = clauses.map(({ kind, values }) => `${kind}=${values.join(',')}`);
          ids.push(await subscribeActive(pool, NOWHERE, { filters: texts }));
        }
        if (chosenAgain) await pool.query('select skein_choose_leads(null)');
        await publish(events);
        for (const [index, clauses] of all.entries()) {
          const { rows } = await pool.query<{ id: string }>(
            `select e.event -> 'focus' ->> 'id' as id from pending p join event e on e.id = p.event_id
              where p.subscription_id = $1`,
            [ids[index]],
          );
          const wanted = events.filter((one) => clauses.every((clause) => holds(clause, one)));
          expect(rows.map(({ id }) => id).sort()).toEqual(wanted.map(({ focus }) => focus.id).sort());
        }
      },
    ),
    { numRuns: 40 },
  );
});

test('a person leads before whatever many events have, and a service before a stage', async () => {
  const ask = (...filters: string[]) => subscribeActive(pool, NOWHERE, { filters });
  const [person = '', service = ''] = [PERSONS[0], SERVICES[0]];
  expect(await leadOf(await ask('event=episode-started', `patient=Patient/${person}`))).toEqual(['patient']);
  expect(await leadOf(await ask('stage=pregnancy', `service=${service}`))).toEqual(['service']);
  expect(await leadOf(await ask('event=loss'))).toEqual(['event']);
});

test('of two filters the one leads that fewer of the last events fit, and the other once that changes', async () => {
  await publish(Array.from({ length: 20 }, () => episodeEvent({ stage: 'pregnancy' })));
  const filters = ['event=episode-started', 'stage=birth-12m'];
  const ids: string[] = [];
  for (let n = 0; n < 60; n += 1) ids.push(await subscribeActive(pool, NOWHERE, { filters }));
  const [first = ''] = ids;
  expect(await leadOf(first)).toEqual(['stage']);
  // From now on it is the stage that all events have, and the code that none has.
  await publish(Array.from({ length: 100 }, () => episodeEvent({ code: 'loss', stage: 'birth-12m' })));
  expect(await leadOf(first)).toEqual(['event']);
});
