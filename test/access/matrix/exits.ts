/** Every way out for one reader: what it asks, and what it was sent. */

import type { Category } from '../../../src/model.ts';
import type { Household } from '../../support/household.ts';
import { SERVED } from '../../support/served.ts';
import { type Compartment, canary, type Mark } from './canaries.ts';

/** What came out of an exit for one reader, as text. `family`: the one that was asked about; null: all. */
export type Answer = { exit: string; family: number | null; text: string };

const FHIR = { 'content-type': 'application/fhir+json' };
const FORM = { 'content-type': 'application/x-www-form-urlencoded' };
const TYPES = [...SERVED, 'Provenance'];
const WITH = [
  'Patient?_revinclude=EpisodeOfCare:patient&_revinclude=Encounter:patient&_revinclude=ServiceRequest:patient',
  'Patient?_revinclude=RelatedPerson:patient&_revinclude=Task:patient&_revinclude=CareTeam:patient',
  'Group?_include=Group:member',
  'EpisodeOfCare?_include=EpisodeOfCare:patient&_include=EpisodeOfCare:organization',
  'Encounter?_include=Encounter:patient&_include=Encounter:episode-of-care',
  'Patient?_has:EpisodeOfCare:patient:status=active',
  'EpisodeOfCare?patient.birthdate=gt1900',
  ...[
    'Patient?_sort=-_lastUpdated',
    'EpisodeOfCare?_sort=date',
    'Patient?_summary=true',
    'Patient?_elements=name',
  ],
  ...[
    'Patient?_total=accurate&_count=0',
    'Encounter?_lastUpdated=gt2000',
    'EpisodeOfCare?status=active,onhold',
  ],
];
const PLAIN = [
  ...[
    '/fhir/Task/$worklist',
    '/fhir/AuditEvent',
    '/waits',
    '/pages',
    '/pages/families',
    '/fhir/HealthcareService',
  ],
  ...[
    '/fhir/Subscription',
    '/fhir/Subscription/$status',
    '/intake/messages?identifier=x',
    '/pages/messages',
    '/metrics',
  ],
  ...['/pages/referrals', '/pages/referrals?show=answered', '/pages/worklist', '/pages/deliveries'],
  ...['/pages/playground', '/pages/systems', '/pages/figures', '/pages/sharing'],
];

/** Parameters that would find somebody by what is planted: only who may know it may find by it. */
const PROBES: [type: string, param: string, category: Category, mark: Mark][] = [
  ['Patient', 'name', 'DEM', 'S'],
  ['Patient', 'given', 'DEM', 'S'],
  ['EpisodeOfCare', 'identifier', 'INV', 'F'],
  ['EpisodeOfCare', 'type', 'INV', 'S'],
  ['ServiceRequest', 'code', 'REF', 'S'],
];
export type Probe = (typeof PROBES)[number];
export const EXITS = [
  ...TYPES,
  ...WITH,
  ...PLAIN,
  ...PROBES.map(([type, param]) => `${type}?${param}=`),
  ...[
    '$events',
    '$status',
    '$snapshot',
    'notification',
    'POST _search',
    'batch',
    '$journey',
    'page of a journey',
    'page of a sheet',
    'page of a task',
    'page of a message',
  ],
];

/** Everything that the reader can ask for without naming anybody. */
export async function askWidely(household: Household, reader: string): Promise<Answer[]> {
  const { skein, find, posts } = household;
  const answers: Answer[] = [];
  const add = (exit: string, text: string) => answers.push({ exit, family: null, text });
  for (const type of TYPES) add(type, JSON.stringify(await find(type, '', reader)));
  for (const asked of WITH) add(asked, await allPages(household, `/fhir/${asked}`, reader));
  for (const path of PLAIN) add(path, JSON.stringify((await skein.get(path, reader)).body));
  const subscription = `/fhir/Subscription/${household.subscriptions.get(reader)}`;
  for (const operation of ['$events', '$status'])
    add(operation, JSON.stringify((await skein.get(`${subscription}/${operation}`, reader)).body));
  const headers = { 'x-skein-system': reader };
  const snapshot = await skein.send(
    'POST',
    `${subscription}/$snapshot`,
    { ...FHIR, ...headers },
    '{"resourceType":"Parameters"}',
  );
  add('$snapshot', JSON.stringify(snapshot.body));
  const searched = await skein.send(
    'POST',
    '/fhir/EpisodeOfCare/_search',
    { ...FORM, ...headers },
    '_count=200',
  );
  add('POST _search', JSON.stringify(searched.body));
  add(
    'notification',
    posts(reader)
      .map(({ body }) => body)
      .join('\n'),
  );
  return answers;
}

type Page = { link?: { relation: string; url: string }[]; entry?: unknown[] };
/** The texts of all pages, without their links, which repeat what was asked. */
async function allPages({ skein }: Household, path: string, reader: string): Promise<string> {
  const texts: string[] = [];
  for (let next: string | undefined = path; next; ) {
    const { body } = await skein.get(next, reader);
    const { link, entry } = body as Page;
    texts.push(JSON.stringify(entry ?? []));
    const url = link?.find(({ relation }) => relation === 'next')?.url;
    next = url?.slice(url.indexOf('/fhir/'));
  }
  return texts.join('\n');
}

/** Asks by what is planted in so many families; the ids of what was found. */
export async function probe(household: Household, reader: string, families: number): Promise<Answer[]> {
  const answers: Answer[] = [];
  for (const [type, param, category, mark] of PROBES) {
    const values = Array.from({ length: families }, (_, family) =>
      (['M', 'P', 'I'] as const).map((of: Compartment) => canary({ family, of, category, mark })),
    ).flat();
    const found: string[] = [];
    for (let from = 0; from < values.length; from += 30) {
      const asked = values.slice(from, from + 30).join(',');
      for (const { id } of await household.find(type, `&${param}=${asked}`, reader)) found.push(id);
    }
    answers.push({ exit: `${type}?${param}=`, family: null, text: found.join(' ') });
  }
  return answers;
}

/** Asks for each of these by its id, in a batch and, of a journey, for the whole and its page. */
export async function askById(
  household: Household,
  reader: string,
  { family, ids, journey, tasks }: Named,
): Promise<Answer[]> {
  const { skein } = household;
  const urls = [
    ...ids,
    ...ids.slice(0, PAST).flatMap((id) => [`${id}/_history`, `${id}/_history/1`]),
    `Group/${journey}`,
    `Group/${journey}/$journey`,
  ];
  const entry = urls.map((url) => ({ request: { method: 'GET', url } }));
  const batch = { resourceType: 'Bundle', type: 'batch', entry };
  const { body } = await skein.send(
    'POST',
    '/fhir',
    { ...FHIR, 'x-skein-system': reader },
    JSON.stringify(batch),
  );
  type Single = { response: { status: string; outcome?: unknown }; resource?: unknown };
  const singles = (body as { entry: Single[] }).entry;
  const texts = singles.map(({ response, resource }, place) => {
    const asked = urls[place]?.split('/')[1] ?? '';
    // Whoever asks for an id has it: that a refusal repeats it tells nothing.
    return response.status.startsWith('200')
      ? JSON.stringify(withoutLinks(resource))
      : JSON.stringify(response).replaceAll(asked, '');
  });
  const pageOf = async (path: string, id: string) => {
    const { status, body } = await skein.get(`/pages/${path}/${id}`, reader);
    const text = String(body.text ?? '');
    return status === 200 ? text : text.replaceAll(id, '');
  };
  const pagesOf = async (paths: string[], named: string[]) =>
    (await Promise.all(named.flatMap((id) => paths.map((path) => pageOf(path, id))))).join('\n');
  const persons = ids.flatMap((id) => (id.startsWith('Patient/') ? id.slice('Patient/'.length) : []));
  return [
    { exit: 'batch', family, text: texts.slice(0, -1).join('\n') },
    { exit: '$journey', family, text: texts.at(-1) ?? '' },
    { exit: 'page of a journey', family, text: await pageOf('journey', journey) },
    { exit: 'page of a sheet', family, text: await pagesOf(['helping'], persons) },
    { exit: 'page of a task', family, text: await pagesOf(['referrals', 'prompts'], tasks) },
  ];
}

/** The text of each of these messages, as the engineer of its own system is shown it. */
export async function askMessages({ skein }: Household, reader: string, paths: string[]): Promise<Answer[]> {
  const texts: string[] = [];
  for (const path of paths) {
    const { status, body } = await skein.get(`${path}?show=text`, reader);
    if (status === 200) texts.push(String(body.text ?? ''));
  }
  return [{ exit: 'page of a message', family: null, text: texts.join('\n') }];
}

/** Of how many the past is read, too: those that were told first. */
const PAST = 4;

export type Named = { family: number; ids: string[]; journey: string; tasks: string[] };
const withoutLinks = (resource: unknown) => ({ ...(resource as Page), link: undefined });
