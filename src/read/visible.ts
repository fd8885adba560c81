/** The one way from rows to what a recipient is shown: every read goes through here, and so through access. */
import type { Patient, Resource } from '@medplum/fhirtypes';
import { loadGrants } from '../access/decide/grants.ts';
import { authoredPatients, withAuthored } from '../access/project/authored.ts';
import { project } from '../access/project/project.ts';
import type { Recipient, ResourceRow } from '../model.ts';
import type { Db } from '../store/pool.ts';
import { findRows } from './rows.ts';

/**
 * `resource` is shown, without version and time (`versions.ts` has those). `projected` is what policy gives of it, without what the
 * reader itself sent: only that decides whether a search finds it, or its own words would tell a sender whether anybody has said
 * otherwise since. Null where its own words are all it may see.
 */
export type Seen = { row: ResourceRow; resource: Resource; projected: Resource | null };

/** Each row as the recipient may see it, in the order of the rows; null where it may not know of it. Rows are present versions. */
export async function seeEach(db: Db, recipient: Recipient, rows: ResourceRow[]): Promise<(Seen | null)[]> {
  const seen = await projectEach(db, recipient, rows);
  const authored = await findAuthored(db, recipient, rows);
  return rows.map((row, index) => {
    const projected = seen[index] ?? null;
    const resource =
      row.type === 'Patient' ? withAuthored(projected as Patient | null, authored.get(row.id)) : projected;
    return resource && { row, resource, projected };
  });
}

/**
 * Earlier versions, under the grants of today, in the order of the rows; what the reader sent itself since then is no part of them. An
 * earlier journey is shown only where the reader may know of everybody in it: it may be a wrong link since undone, and its stages are
 * somebody's birth date.
 */
export async function projectPast(
  db: Db,
  recipient: Recipient,
  rows: ResourceRow[],
): Promise<(Resource | null)[]> {
  const seen = await projectEach(db, recipient, rows);
  return rows.map((row, index) => {
    const resource = seen[index] ?? null;
    const whole = resource?.resourceType !== 'Group' || (resource.member ?? []).length === row.persons.length;
    return whole ? resource : null;
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
  const found = await seeEach(db, recipient, rows);
  const seen = new Set(found.flatMap((one) => (one ? `${one.row.type}/${one.row.id}` : [])));
  return resources.map((one) => {
    if (one?.resourceType !== 'Provenance') return one;
    const target = one.target.filter(({ reference }) => seen.has(reference ?? ''));
    return target.length > 0 ? { ...one, target } : null;
  });
}

/** What a service said itself of its patients it may read, whatever else it may know of them. */
async function findAuthored(
  db: Db,
  recipient: Recipient,
  rows: ResourceRow[],
): Promise<Map<string, Patient>> {
  if (recipient.kind === 'operator') return new Map();
  const service = recipient.system.service.id;
  const own = rows.filter(({ type, authors }) => type === 'Patient' && authors.includes(service));
  return authoredPatients(
    db,
    service,
    own.map(({ id }) => id),
  );
}
