/** One id finds all that one message did: in its answer, the log, its sender's notifications, the command line. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { describeMessage } from '../../src/admin/messages.ts';
import { gather, type Household } from '../support/household.ts';
import { episodeBundle } from '../support/messages.ts';
import { statusIn } from '../support/receiver.ts';
import { nhsNumber } from '../support/records.ts';

const ago = (days: number) => new Date(Date.now() - days * 86_400_000).toISOString().slice(0, 10);
const MOTHER = { nhs: nhsNumber(101), given: 'Tamsin', family: 'Penrose', born: '1994-03-02', local: 'M1' };

let household: Household;
beforeAll(async () => {
  household = await gather({
    perinatal: ['specialist-perinatal', 'RXP', 'fhir-r4'],
    infancy: ['parent-infant', 'RXI', 'fhir-r4'],
  });
});
afterAll(() => household.stop());

async function care(system: string): Promise<string> {
  const bundle = episodeBundle(MOTHER, { id: `M1-${system}`, start: ago(20), at: `${ago(20)}T10:00:00Z` });
  const { body } = await household.skein.transaction(bundle, system);
  const text = JSON.stringify(body);
  await household.settle();
  return /stored as message ([0-9a-f-]{36})/.exec(text)?.[1] ?? text;
}

const namedTo = (system: string) =>
  household
    .posts(system)
    .flatMap(({ bundle }) => statusIn(bundle).parameter ?? [])
    .filter(({ name }) => name === 'notification-event')
    .map(
      ({ extension }) => extension?.find(({ url }) => url.endsWith('/event-message'))?.valueString ?? null,
    );

test('a notification names to the sender of a message, and to nobody else, which it comes from', async () => {
  const first = await care('perinatal');
  const second = await care('infancy');
  const [own, others] = [namedTo('perinatal'), namedTo('infancy')];
  expect(own).toContain(first);
  expect(own).not.toContain(second);
  expect(own).toContain(null);
  expect(others).toContain(second);
  expect(others).not.toContain(first);

  const { body } = await household.skein.get('/metrics');
  expect(JSON.stringify(body)).toContain(second);

  const events = await household.skein.get(
    `/fhir/Subscription/${household.subscriptions.get('perinatal')}/$events`,
    'perinatal',
  );
  expect(JSON.stringify(events.body)).toContain(first);
  expect(JSON.stringify(events.body)).not.toContain(second);

  const { pool, key } = household.database;
  const { data, text } = await describeMessage({ db: pool, key }, second);
  expect((data as { told: unknown[] }).told).toContainEqual(
    expect.objectContaining({ code: 'episode-started', system: 'perinatal', state: 'delivered' }),
  );
  expect(text).toMatch(/episode-started: number \d+ of infancy, subscription [0-9a-f-]{36}, delivered/);
});
