/** A family told by several services, through the real doors, in any order; and all that each of them can learn of it. */

import { addSystem } from '../../src/access/register/systems.ts';
import { EVENT_CODE_URL } from '../../src/deliver/number/notification.ts';
import { keyedId } from '../../src/fhir/ids.ts';
import { testDatabase } from './database.ts';
import { type Posted, startReceiver, statusIn } from './receiver.ts';
import { SERVED } from './served.ts';
import { type Reply, startSkein } from './skein.ts';

/** Name of a system (and its team): sector (null: none), ODS code, source, kind of service. */
export type Services = Record<string, [sector: string | null, ods: string, source: string, kind?: string]>;
export type Skein = Awaited<ReturnType<typeof startSkein>>;
/** Sends one message; what is answered is looked at by the test. */
export type Send = (skein: Skein) => Promise<Reply | string>;

const TYPES = [...SERVED, 'Provenance'];
type Entry = { resource: Found; search?: { mode?: string } };
type Link = { relation: string; url: string };
export type Found = { resourceType: string; id: string } & Record<string, unknown>;

/** `subscribes`: each of them to all that it may be told, from the beginning. */
export async function gather(
  services: Services,
  settings: Record<string, string> = {},
  { subscribes = true } = {},
) {
  const database = await testDatabase();
  const receiver = await startReceiver();
  const worker = { ROLES: 'api,mllp,worker', WEBHOOK_ALLOW: '127.0.0.1', ...settings };
  const skein = await startSkein(database, worker);
  const subscriptions = new Map<string, string>();
  for (const [name, [sector, ods, source, kind = null]] of Object.entries(services)) {
    await addSystem(database.pool, database.key, { name, ods, team: name, sector, kind, source });
    if (!subscribes) continue;
    subscriptions.set(name, await subscribe(skein, name, `${receiver.url}/${name}`, sector));
  }

  /** Nothing is under way any more: all that was committed is numbered or left out, and told. */
  async function settle(seconds = 10): Promise<void> {
    for (let turn = 0; turn < seconds * 40; turn++) {
      const { rows } = await database.pool.query<{ left: number }>(
        `select (select count(*) from outbox)::int + (select count(*) from pending)::int
           + (select count(*) from subscription where coalesce(delivered_number, 0) < coalesce(last_number, 0))::int as left`,
      );
      if (rows[0]?.left === 0) return;
      await new Promise((resolve) => setTimeout(resolve, 25));
    }
    throw new Error(`events are still on their way after ${seconds} s`);
  }

  /** All pages: what a service may not see can make the first one short. */
  async function find(type: string, query = '', system?: string): Promise<Found[]> {
    const found: Found[] = [];
    for (let path = `/fhir/${type}?_count=100${query}`; path; ) {
      const { body } = await skein.get(path, system);
      const { entry = [], link } = body as { entry?: Entry[]; link?: Link[] };
      found.push(...entry.filter(({ search }) => search?.mode !== 'outcome').map(({ resource }) => resource));
      const next = link?.find(({ relation }) => relation === 'next')?.url;
      path = next ? next.slice(next.indexOf('/fhir/')) : '';
    }
    return found;
  }

  /** Everything one system was ever sent, and everything it can read now: every search, and every id there is. */
  async function allThatReaches(system: string): Promise<string> {
    const { rows } = await database.pool.query<{ type: string; id: string; version: number }>(
      `select type, id, version from resource where type = any($1) union
       select type, id, version from resource_history where type = any($1)`,
      [TYPES],
    );
    const paths = [
      '/fhir/Patient?_revinclude=EpisodeOfCare:patient&_revinclude=RelatedPerson:patient&_revinclude=Group:member',
      '/fhir/Group?_include=Group:member',
      `/fhir/Subscription/${subscriptions.get(system)}/$events`,
      `/fhir/Subscription/${subscriptions.get(system)}/$status`,
      ...rows.flatMap(({ type, id, version }) => [
        `/fhir/${type}/${id}`,
        `/fhir/${type}/${id}/_history`,
        `/fhir/${type}/${id}/_history/${version}`,
        ...(type === 'Group' ? [`/fhir/Group/${id}/$journey`] : []),
        ...(type === 'Patient'
          ? [`/fhir/EpisodeOfCare?patient=${id}`, `/fhir/Group?member=Patient/${id}`]
          : []),
      ]),
    ];
    const bodies = posts(system).map(({ body }) => body);
    for (const type of TYPES) bodies.push(JSON.stringify(await find(type, '', system)));
    for (const path of paths) {
      const { status, body } = await skein.get(path, system);
      // A refusal may repeat the id that was asked for, and a search its own link.
      if (status === 200) bodies.push(JSON.stringify({ ...body, link: undefined }));
    }
    return bodies.join('\n');
  }

  const serviceOf = (system: string): string => {
    const [, ods = ''] = services[system] ?? [];
    return keyedId(database.key, 'service', ods, system);
  };
  const posts = (system: string): Posted[] => receiver.posts.filter(({ path }) => path === `/${system}`);
  const told = (system: string): string[] =>
    posts(system)
      .flatMap(
        ({ bundle }) => statusIn(bundle).parameter?.filter(({ name }) => name === 'notification-event') ?? [],
      )
      .flatMap(
        ({ extension }) => extension?.find(({ url }) => url === EVENT_CODE_URL)?.valueCode ?? 'unnamed',
      );
  const stop = async () => {
    await skein.stop();
    await receiver.close();
  };
  return {
    database,
    skein,
    settle,
    find,
    allThatReaches,
    posts,
    told,
    subscriptions,
    serviceOf,
    hook: receiver.url,
    stop,
  };
}
export type Household = Awaited<ReturnType<typeof gather>>;

/** Sectors that receive no ids (sharing ground rule 6), or nothing at all; no sector receives none either. */
const EMPTY =
  /^(third-sector|family-hub|early-years|childrens-services|commissioner|public-health|national|$)/;

export async function subscribe(
  skein: Skein,
  system: string,
  endpoint: string,
  sector: string | null,
): Promise<string> {
  const payload = EMPTY.test(sector ?? '') ? 'empty' : 'id-only';
  const backport = 'http://hl7.org/fhir/uv/subscriptions-backport/StructureDefinition';
  const { status, body } = await skein.send(
    'POST',
    '/fhir/Subscription',
    { 'content-type': 'application/fhir+json', 'x-skein-system': system },
    JSON.stringify({
      resourceType: 'Subscription',
      status: 'requested',
      reason: 'families in our care',
      criteria: 'https://skein.example/fhir/SubscriptionTopic/family-episode',
      channel: {
        type: 'rest-hook',
        endpoint,
        payload: 'application/fhir+json',
        _payload: { extension: [{ url: `${backport}/backport-payload-content`, valueCode: payload }] },
      },
    }),
  );
  if (status !== 201) throw new Error(`no subscription for ${system}: ${status} ${JSON.stringify(body)}`);
  return String(body.id);
}

/** The same list in another order; the same seed gives the same. */
export function shuffled<T>(list: readonly T[], seed: number): T[] {
  let state = seed * 2_654_435_761;
  const next = (below: number) => {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648;
    return Math.floor((state / 2_147_483_648) * below);
  };
  const out = [...list];
  for (let index = out.length - 1; index > 0; index--) {
    const other = next(index + 1);
    [out[index], out[other]] = [out[other] as T, out[index] as T];
  }
  return out;
}
