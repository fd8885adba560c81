/** All that services can learn by looking and by being told, cell by cell, so that two moments can be compared. */

import type { Found, Household } from './household.ts';
import { SERVED } from './served.ts';

/** `content`: what it says. `version`: the same with version ids, times of change, ETag and history. */
export type Cell = { content: string; version: string };
export type Gaze = Map<string, Cell>;
export type Difference = { reader: string; what: string; before: string; after: string };

const TYPES = [...SERVED, 'Organization', 'Provenance'];
const SEARCHES = [
  ...TYPES.map((type) => `${type}?_count=200`),
  'Patient?_count=200&_sort=-_lastUpdated',
  'EpisodeOfCare?_count=200&_sort=date&_include=EpisodeOfCare:organization',
  'Patient?_count=200&_revinclude=EpisodeOfCare:patient&_revinclude=RelatedPerson:patient',
  'Group?_count=200&_include=Group:member',
];
/** What a cell holds that did not exist when it was looked for. */
const NOTHING: Cell = { content: '404', version: '404' };

type Body = Record<string, unknown> & { entry?: { resource: Found }[]; link?: { relation: string }[] };

/** Every search, every person and journey there is by id, and whatever a search found by id with its history. */
export async function gaze(household: Household, readers: string[]): Promise<Gaze> {
  const seen: Gaze = new Map();
  const shared = (await everyId(household)).filter((id) => /^(Patient|Group)/.test(id));
  await Promise.all(
    readers.map(async (reader) => {
      const found = new Set(shared);
      for (const query of SEARCHES)
        for (const id of await look(household, seen, { reader, path: query })) found.add(id);
      for (const operation of ['$events', '$status']) {
        const path = `Subscription/${household.subscriptions.get(reader)}/${operation}`;
        await look(household, seen, { reader, path });
      }
      for (const id of found) await lookAt(household, seen, { reader, path: id });
      for (const path of pagesAbout(shared)) await lookAtPage(household, seen, { reader, path });
      const told = household.posts(reader).map(({ body }) => body);
      seen.set(`${reader} was told`, { content: told.join('\n'), version: `${told.length}` });
    }),
  );
  return seen;
}

/** Pages that a service opens, of what there is. */
const pagesAbout = (ids: string[]): string[] => [
  ...['/pages/families', '/pages/referrals'],
  ...ids.flatMap((id) => {
    const [type, own] = id.split('/');
    return type === 'Group' ? `/pages/journey/${own}` : `/pages/helping/${own}`;
  }),
];

/** What is new at each look: up to when it was seen, and the version that a form answers. */
const OF_NOW = / name="(?:at|version)" value="[^"]*"/g;

async function lookAtPage({ skein }: Household, seen: Gaze, { reader, path }: Look): Promise<void> {
  const { status, body } = await skein.get(path, reader);
  // What is not there says when, and a reference.
  const content = status === 200 ? String(body.text ?? '').replace(OF_NOW, '') : `${status}`;
  seen.set(`${reader} ${path}`, { content, version: `${status}` });
}

type Look = { reader: string; path: string };

/** A resource by id; where it is there, its history, and of a journey the whole. */
async function lookAt(household: Household, seen: Gaze, { reader, path }: Look): Promise<void> {
  if ((await look(household, seen, { reader, path })).length === 0) return;
  if (path.startsWith('Group/'))
    await look(household, seen, { reader, path: `${path}/$journey?_since=2020-01-01` });
  const { body } = await household.skein.get(`/fhir/${path}/_history`, reader);
  const version = JSON.stringify({ ...without(body), link: undefined });
  seen.set(`${reader} ${path}/_history`, { content: '', version });
}

/** Looks once; ids of what was found. */
async function look(household: Household, seen: Gaze, { reader, path }: Look): Promise<string[]> {
  const { status, body, headers } = await household.skein.get(`/fhir/${path}`, reader);
  const found = status === 200;
  const version = found
    ? JSON.stringify([headers.get('etag'), headers.get('last-modified'), without(body)])
    : `${status}`;
  // In which order things last changed says what their versions say.
  const dated = path.includes('_lastUpdated');
  const content = found && !dated ? unversioned(JSON.stringify(without(body))) : `${status}`;
  seen.set(`${reader} ${path}`, { content, version });
  if (!found) return [];
  const resources = body.resourceType === 'Bundle' ? ((body as Body).entry ?? []) : [{ resource: body }];
  return resources.flatMap(({ resource }) =>
    TYPES.includes(`${resource?.resourceType}`) ? `${resource?.resourceType}/${resource?.id}` : [],
  );
}

/** Ids of the store that no search shows to a reader, and that it can read nevertheless. */
export async function readUnseen(household: Household, seen: Gaze, reader: string): Promise<string[]> {
  const readable: string[] = [];
  for (const id of await everyId(household)) {
    if (seen.has(`${reader} ${id}`)) continue;
    const { status } = await household.skein.get(`/fhir/${id}`, reader);
    if (status !== 404) readable.push(`${reader} ${id}`);
  }
  return readable;
}

/** Without what is new in every answer: ids of the Bundle and its Parameters, times, sealed links (that they are there stays). */
function without(body: Body): Body {
  if (body.resourceType !== 'Bundle') return body;
  const link = body.link?.map(({ relation }) => ({ relation }));
  const entry = body.entry?.map((one) => {
    if (one.resource.resourceType === 'Parameters') return { resource: { ...one.resource, id: '' } };
    return one.resource.resourceType === 'Composition' ? { resource: { ...one.resource, date: '' } } : one;
  });
  return { ...body, id: undefined, timestamp: undefined, meta: undefined, entry, ...(link ? { link } : {}) };
}

/** Without version ids and times of change. */
export const unversioned = (text: string) => text.replace(/"(versionId|lastUpdated)":"[^"]*",?/g, '');

async function everyId({ database }: Household): Promise<string[]> {
  const sql = `select type, id from resource where type = any($1)
    union select type, id from resource_history where type = any($1) order by type, id`;
  const { rows } = await database.pool.query<{ type: string; id: string }>(sql, [TYPES]);
  return rows.map(({ type, id }) => `${type}/${id}`);
}

/** Where two moments differ in `of`, for these readers. */
export function differences(before: Gaze, after: Gaze, of: keyof Cell): Difference[] {
  return [...new Set([...before.keys(), ...after.keys()])].flatMap((key) => {
    const [was, is] = [before, after].map((seen) => (seen.get(key) ?? NOTHING)[of]) as [string, string];
    if (was === is) return [];
    const [reader = '', ...what] = key.split(' ');
    return [{ reader, what: what.join(' '), before: was, after: is }];
  });
}

/** One line for each: where the texts part, with some of both. */
export function tell({ reader, what, before, after }: Difference): string {
  let same = 0;
  while (same < before.length && before[same] === after[same]) same += 1;
  const part = (text: string) => text.slice(Math.max(0, same - 60), same + 120);
  return `${reader}: ${what}\n    was …${part(before)}\n    is  …${part(after)}`;
}
