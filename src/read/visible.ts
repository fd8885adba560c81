/** The one way from rows to what a recipient is shown: every read goes through here, and so through access. */
import type { Resource } from '@medplum/fhirtypes';
import { loadGrants } from '../access/decide/grants.ts';
import { project } from '../access/project/project.ts';
import type { Recipient, ResourceRow } from '../model.ts';
import type { Db } from '../store/pool.ts';
import { findRows } from './rows.ts';

/** Each row as the recipient may see it, in the order of the rows; null where it may not know of it. Rows are present versions. */
export async function seeEach(
  db: Db,
  recipient: Recipient,
  rows: ResourceRow[],
): Promise<(Resource | null)[]> {
  const seen = await projectEach(db, recipient, rows);
  return rows.map((row, index) => {
    const resource = seen[index];
    return resource ? stamp(resource, row) : null;
  });
}

/** Those of the rows that the recipient may see. */
export async function seeAll(db: Db, recipient: Recipient, rows: ResourceRow[]): Promise<Resource[]> {
  return (await seeEach(db, recipient, rows)).flatMap((seen) => seen ?? []);
}

/**
 * Earlier versions, under the grants of today. An earlier journey is shown
 * only where the reader may know of everybody in it: it may be a wrong link since undone, and its stages are somebody's birth date.
 */
export async function seePast(db: Db, recipient: Recipient, rows: ResourceRow[]): Promise<Resource[]> {
  const seen = await projectEach(db, recipient, rows);
  return rows.flatMap((row, index) => {
    const resource = seen[index];
    const whole = resource?.resourceType !== 'Group' || (resource.member ?? []).length === row.persons.length;
    return resource && whole ? [stamp(resource, row)] : [];
  });
}

async function projectEach(db: Db, recipient: Recipient, rows: ResourceRow[]): Promise<(Resource | null)[]> {
  if (rows.length === 0) return [];
  const grants = await loadGrants(db, recipient, [...new Set(rows.flatMap(({ persons }) => persons))]);
  const projected = rows.map((row) => project(recipient, grants, row));
  return recipient.kind === 'operator' ? projected : narrowTargets(db, recipient, projected);
}

/**
 * A Provenance names all that its record changed: its reader is told of what of that it may see. The rest of the list would tell
 * of other care, and what is missing from it, of a journey that there was before.
 */
async function narrowTargets(
  db: Db,
  recipient: Recipient,
  resources: (Resource | null)[],
): Promise<(Resource | null)[]> {
  const named = resources.flatMap((one) => (one?.resourceType === 'Provenance' ? one.target : []));
  const rows = await findRows(db, [...new Set(named.flatMap(({ reference }) => reference ?? []))]);
  const seen = new Set(
    (await seeAll(db, recipient, rows)).map(({ resourceType, id }) => `${resourceType}/${id}`),
  );
  return resources.map((one) => {
    if (one?.resourceType !== 'Provenance') return one;
    const target = one.target.filter(({ reference }) => seen.has(reference ?? ''));
    return target.length > 0 ? { ...one, target } : null;
  });
}

function stamp(resource: Resource, row: ResourceRow): Resource {
  const meta = { ...resource.meta, versionId: String(row.version), lastUpdated: row.updatedAt.toISOString() };
  return { ...resource, id: row.id, meta };
}
