/**
 * Version ids, times and histories as one recipient may know them. A row's versions number every change of it, also of what a
 * recipient may not see; its own versions are the successive different contents of that row's history, as it may see them today.
 */
import { hash } from 'node:crypto';
import type { Resource } from '@medplum/fhirtypes';
import { canonicalText } from '../fhir/references.ts';
import type { Recipient, ResourceRow } from '../model.ts';
import type { Db } from '../store/pool.ts';
import { findOwnTimes, findPasts, MOST_VERSIONS } from './rows.ts';
import { projectPast, type Seen, seeEach } from './visible.ts';

/** `at`: when the row first had the content that the recipient sees here. */
type Version = { id: string; at: Date; resource: Resource };

/** Those of some present rows that the recipient may see, each with its version and time. */
export async function showAll(db: Db, recipient: Recipient, rows: ResourceRow[]): Promise<Resource[]> {
  const seen = await seeEach(db, recipient, rows);
  return showEach(
    db,
    recipient,
    seen.filter((one) => one !== null),
  );
}

/** What is shown of each, with its version and time. A row of one version costs nothing, any others one query in all. */
export async function showEach(db: Db, recipient: Recipient, seen: Seen[]): Promise<Resource[]> {
  return (await findVersions(db, recipient, seen)).map((versions) => stamp(versions.at(-1) as Version));
}

/** All versions of one that the recipient sees, oldest first. */
export async function showVersions(db: Db, recipient: Recipient, seen: Seen): Promise<Resource[]> {
  if (recipient.kind === 'system')
    return ((await findVersions(db, recipient, [seen]))[0] as Version[]).map(stamp);
  const past = (await findPasts(db, [seen.row])).map((row) => versionOfRow({ row, resource: row.content }));
  return [...past, versionOfRow(seen)].map(stamp);
}

function stamp({ id, at, resource }: Version): Resource {
  return { ...resource, meta: { ...resource.meta, versionId: id, lastUpdated: at.toISOString() } };
}

/** The operator sees every change, so that versions are the row's own. */
function versionOfRow({ row, resource }: Pick<Seen, 'row' | 'resource'>): Version {
  return { id: String(row.version), at: row.updatedAt, resource: { ...resource, id: row.id } };
}

async function findVersions(db: Db, recipient: Recipient, seen: Seen[]): Promise<Version[][]> {
  if (recipient.kind === 'operator') return seen.map((one) => [versionOfRow(one)]);
  const changed = seen.filter(({ row }) => row.version > 1).map(({ row }) => row);
  const past = await findPasts(db, changed);
  const earlier = new Map<string, Projected[]>(changed.map(({ rowId }) => [rowId, []]));
  const projected = await projectPast(db, recipient, past);
  for (const [index, row] of past.entries())
    earlier.get(row.rowId)?.push({ row, content: projected[index] ?? null });
  const own = seen.filter(({ resource, projected }) => resource !== projected).map(({ row }) => row.id);
  const ownTimes = await findOwnTimes(db, recipient.system.service.id, own);
  return seen.map((one) => lineOf(one, earlier.get(one.row.rowId) ?? [], ownTimes.get(one.row.id) ?? []));
}

type Projected = { row: ResourceRow; content: Resource | null };

/** The present last, with the reader's own words in it; earlier ones only where something of the present is known beside those. */
function lineOf(seen: Seen, earlier: Projected[], ownTimes: Date[]): Version[] {
  const { row, resource, projected } = seen;
  const all = [...earlier, { row, content: projected }];
  const contents = projected ? keepChanges(all) : [];
  // Cut at its oldest end, a long history gives no count.
  const count = (place: number) => (all.length > MOST_VERSIONS ? '' : `${place + 1}-`);
  const name = (place: number, shown: Resource) =>
    count(place) + hash('sha256', canonicalText(shown), 'hex').slice(0, 12);
  const versions = contents.map(({ row: { id, updatedAt }, content }, place) => ({
    id: name(place, content),
    at: updatedAt,
    resource: { ...content, id },
  }));
  const last = versions.at(-1);
  const at = newestOf([last?.at ?? (all[0] as Projected).row.updatedAt, ...timesAmong(all, ownTimes)]);
  const present = {
    id: name(Math.max(0, versions.length - 1), resource),
    at,
    resource: { ...resource, id: row.id },
  };
  return [...versions.slice(0, -1), present];
}

/** Each content at its first appearance; what was hidden between two equal ones does not show. */
function keepChanges(all: Projected[]): { row: ResourceRow; content: Resource }[] {
  const kept: { row: ResourceRow; content: Resource }[] = [];
  let before = '';
  for (const { row, content } of all) {
    if (!content) continue;
    const text = canonicalText(content);
    if (text !== before) kept.push({ row, content });
    before = text;
  }
  return kept;
}

/** When the reader's own words changed the row: only times that the row has, by which a search in order of time finds it. */
function timesAmong(all: Projected[], ownTimes: Date[]): Date[] {
  const own = new Set(ownTimes.map((time) => time.getTime()));
  return all.map(({ row }) => row.updatedAt).filter((time) => own.has(time.getTime()));
}

const newestOf = (times: Date[]) => new Date(Math.max(...times.map((time) => time.getTime())));
