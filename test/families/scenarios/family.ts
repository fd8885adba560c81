/**
 * One family as a clinician would check it: who sends what, what holds once all is in, and what no service may learn.
 * It is told in the given order and in others: 2, or as many as FAMILY_ORDERS says; with FAMILY_THOROUGH every version
 * of everything is read, too.
 */

import type { Task } from '@medplum/fhirtypes';
import { describe, expect, test } from 'vitest';
import { setClock } from '../../../src/admin/clock.ts';
import { testContext } from '../../support/context.ts';
import type { Household, Send, Services } from '../../support/household.ts';
import { SERVED } from '../../support/served.ts';
import { ago, journeys, people, relations, say, told } from '../../support/telling.ts';
import { expectClinicalTable } from './clinicians-table.ts';

/** Codes of events that a service was told. Empty where it may hear nothing at all. */
type Codes = Record<string, string[]>;
type Check = (household: Household, order: number) => Promise<void>;

export type Family = {
  services: Services;
  /** What happens, in plain words, and the message that says it. */
  sent: [string, Send][];
  /** By given name: everybody whom the store holds. */
  people?: string[];
  /** Members and today's stage of each journey of two or more. */
  journeys?: string[];
  /** In whose compartment: what the other is to them. */
  relations?: string[];
  /** Codes of the prompts that wait for each service at the end. */
  prompts?: Record<string, string[]>;
  /** What a service reads at the end. */
  reads?: Record<string, RegExp>;
  /** What a service never reads at the end. */
  readsNever?: Record<string, RegExp>;
  /** What never reaches a service, neither in passing. */
  never?: Record<string, RegExp>;
  /** Told at least once, in the given order. */
  hears?: Codes;
  /** Told at least once, whatever the order. */
  hearsAlways?: Codes;
  neverHears?: Codes;
  /** The same in the given order alone. */
  neverHearsAsTold?: Codes;
  /** Whatever else must hold, in any order. */
  also?: Check;
  /** What does not hold today: the rule it breaks, and in which order (0: the given one). */
  broken?: { rule: string; order?: number; check: Check }[];
  /** Orders in which something of the above is broken; `broken` says what. */
  except?: number[];
  /** What rests on parts that do not exist yet. */
  notBuilt?: string[];
};

const ORDERS = Array.from({ length: 1 + Number(process.env.FAMILY_ORDERS ?? 2) }, (_, seed) => seed);
const THOROUGH = process.env.FAMILY_THOROUGH !== undefined;

/** All that a service can read now: every search, every person by id, every journey it finds. */
export async function readsNow(household: Household, system: string): Promise<string> {
  const { skein, find } = household;
  const found = await Promise.all(SERVED.map((type) => find(type, '', system)));
  const groups = found.flat().filter(({ resourceType }) => resourceType === 'Group');
  const paths = [
    ...groups.map(({ id }) => `/fhir/Group/${id}/$journey?_since=2020-01-01`),
    ...(await find('Patient')).map(({ id }) => `/fhir/Patient/${id}`),
  ];
  const bodies: string[] = [];
  for (const path of paths) {
    const { status, body } = await skein.get(path, system);
    // When it was composed is another time at each look.
    const text = JSON.stringify({ ...body, link: undefined });
    if (status === 200) bodies.push(text.replaceAll(/"date":"[^"]+T[^"]+"/g, ''));
  }
  return [JSON.stringify(found), ...bodies].join('\n');
}

/** The same, all that it was ever sent, and what it is told when it asks again. */
async function reached(household: Household, system: string): Promise<string> {
  if (THOROUGH) return household.allThatReaches(system);
  const again = await household.skein.get(
    `/fhir/Subscription/${household.subscriptions.get(system)}/$events`,
    system,
  );
  const sent = household.posts(system).map(({ body }) => body);
  return [await readsNow(household, system), JSON.stringify(again.body), ...sent].join('\n');
}

const PROMPTS = 'https://skein.example/fhir/CodeSystem/prompt';
/** What a service is asked to think about now. */
async function promptsOf({ find }: Household, system: string): Promise<string[]> {
  const tasks = (await find('Task', '&status=requested', system)) as unknown as Task[];
  const codes = tasks.flatMap(({ code }) => code?.coding ?? []).filter(({ system: of }) => of === PROMPTS);
  return codes.flatMap(({ code }) => code ?? []).sort();
}

/** What each service of a family is told while a trial goes on by so many days. */
export async function toldBy(household: Household, days: number): Promise<Codes> {
  const systems = [...household.subscriptions.keys()];
  const before = new Map(systems.map((system) => [system, household.told(system).length]));
  const ctx = testContext(household.database);
  await setClock(ctx, ago(-days));
  await household.settle();
  await setClock(ctx, null);
  return Object.fromEntries(systems.map((one) => [one, household.told(one).slice(before.get(one))]));
}

/** Words that are there and should not be, each with what stands around it. */
function leaks(text: string, words: RegExp): string[] {
  const found = text.matchAll(new RegExp(words.source, 'g'));
  return [...found].slice(0, 3).map(({ index }) => text.slice(Math.max(0, index - 90), index + 60));
}

async function expectReading(household: Household, { reads = {}, readsNever = {}, never = {} }: Family) {
  for (const [system, words] of Object.entries(reads))
    expect(words.test(await readsNow(household, system)), `${system} reads ${words}`).toBe(true);
  for (const [system, words] of Object.entries(readsNever))
    expect(leaks(await readsNow(household, system), words), `${system} reads`).toEqual([]);
  for (const [system, words] of Object.entries(never))
    expect(leaks(await reached(household, system), words), `reached ${system}`).toEqual([]);
}

function expectHearing(
  household: Household,
  { hears = {}, hearsAlways = {}, neverHears = {}, neverHearsAsTold = {} }: Family,
  order: number,
) {
  for (const codes of [hearsAlways, order === 0 ? hears : {}])
    for (const [system, expected] of Object.entries(codes))
      expect(household.told(system), `${system} hears`).toEqual(expect.arrayContaining(expected));
  const never = [neverHears, order === 0 ? neverHearsAsTold : {}].flatMap((codes) => Object.entries(codes));
  for (const [system, codes] of never) {
    const heard = household.told(system);
    if (codes.length === 0) expect(heard, `${system} hears nothing`).toEqual([]);
    expect(
      heard.filter((code) => codes.includes(code)),
      `${system} never hears`,
    ).toEqual([]);
  }
}

async function expectAll(household: Household, family: Family, order: number): Promise<void> {
  if (family.people) expect(await people(household)).toEqual([...family.people].sort());
  if (family.journeys) expect(await journeys(household)).toEqual([...family.journeys].sort());
  if (family.relations) expect(await relations(household)).toEqual([...family.relations].sort());
  for (const [system, codes] of Object.entries(family.prompts ?? {}))
    expect(await promptsOf(household, system), `prompts of ${system}`).toEqual([...codes].sort());
  await expectReading(household, family);
  expectHearing(household, family, order);
  if (order === 0) await expectClinicalTable(household, Object.keys(family.services));
  await family.also?.(household, order);
}

async function during(household: Household, check: (household: Household) => Promise<void>): Promise<void> {
  try {
    await check(household);
  } finally {
    await household.stop();
  }
}

export function tellFamily(title: string, family: Family): void {
  const messages = family.sent.map(([, send]) => send);
  const orders = ORDERS.filter((order) => !family.except?.includes(order));
  describe(title, () => {
    if (orders.length > 0)
      test.each(orders)('holds in order %i', async (order) => {
        const household = await told(family.services, messages, order);
        await during(household, () => expectAll(household, family, order));
      });
    for (const { rule, order = 0, check } of family.broken ?? [])
      test.fails(`broken in order ${order}: ${rule}`, async () => {
        // A message that is not taken is no proof that the rule is broken.
        const household = await told(family.services, messages, order).catch(() => undefined);
        if (household) await during(household, () => check(household, order));
      });
    for (const part of family.notBuilt ?? []) test.todo(part);
  });
}

type Claim = { services: Services; before: Family['sent']; after: Family['sent']; readers: string[] };
/** What comes after changes nothing that these services read, and tells them nothing. */
export function tellUnmoved(title: string, { services, before, after, readers }: Claim): void {
  test(`${title}: nothing changes for ${readers.join(', ')}`, async () => {
    const household = await told(
      services,
      before.map(([, send]) => send),
      0,
    );
    await during(household, async () => {
      const look = () =>
        Promise.all(
          readers.map(async (one) => [one, await readsNow(household, one), household.posts(one).length]),
        );
      const seen = await look();
      for (const [, send] of after) await say(household, send);
      await household.settle();
      expect(await look()).toEqual(seen);
    });
  });
}
