/**
 * The one way from rows to what a recipient is shown: every read goes through here, and so through access.
 */
import { randomUUID } from 'node:crypto';
import type { Resource } from '@medplum/fhirtypes';
import type { Recipient, ResourceRow } from '../../model.ts';
import type { Db } from '../../store/pool.ts';
import type { Grants } from '../decide/decide.ts';
import { loadGrants } from '../decide/grants.ts';
import { project } from '../project/project.ts';
import { projectContact, type ServiceContact } from '../project/project-contact.ts';
import { registeredServices } from '../register/services.ts';
import { findRows } from './rows.ts';

/** `resource` is shown, without version and time (`versions.ts` has those), under these grants. */
export type Seen = { row: ResourceRow; resource: Resource; grants: Grants };

/**
 * Each row as the recipient may see it, in the order of the rows; null where it may not know of it. Rows are
 * present versions.
 */
export async function seeEach(db: Db, recipient: Recipient, rows: ResourceRow[]): Promise<(Seen | null)[]> {
  const grants = await loadGrantsOf(db, recipient, rows);
  const seen = await projectUnder(db, recipient, { rows, grants });
  return rows.map((row, index) => {
    const resource = seen[index];
    return resource ? { row, resource, grants } : null;
  });
}

/** What of each row the recipient may see, under the grants of today, in the order of the rows. */
export async function projectEach(
  db: Db,
  recipient: Recipient,
  rows: ResourceRow[],
): Promise<(Resource | null)[]> {
  return projectUnder(db, recipient, { rows, grants: await loadGrantsOf(db, recipient, rows) });
}

/** How a recipient stands to everybody of these rows. */
export const loadGrantsOf = (db: Db, recipient: Recipient, rows: ResourceRow[]): Promise<Grants> =>
  loadGrants(db, recipient, [...new Set(rows.flatMap(({ persons }) => persons))]);

/** The same under grants that were loaded for all of the rows. */
export async function projectUnder(
  db: Db,
  recipient: Recipient,
  { rows, grants }: { rows: ResourceRow[]; grants: Grants },
): Promise<(Resource | null)[]> {
  if (rows.length === 0) return [];
  const projected = rows.map((row) => project(recipient, grants, row));
  const named = recipient.kind === 'system' && rows.some(({ type }) => type === 'Provenance');
  return named ? narrowTargets(db, recipient, projected) : projected;
}

/**
 * What of the services that give some care may be told besides that care, by row id. Rows are such as the
 * recipient sees.
 */
export async function seeContacts(
  db: Db,
  recipient: Recipient,
  rows: ResourceRow[],
): Promise<Map<string, ServiceContact>> {
  const persons = [...new Set(rows.flatMap((row) => row.persons))];
  const grants = await loadGrants(db, recipient, persons);
  const services = await registeredServices(db);
  return new Map(rows.map((row) => [row.rowId, projectContact(grants, services, row)]));
}

/**
 * A row about somebody who does not exist: what is not there is asked about like what is hidden, so that the
 * time of an answer does not tell the one from the other. Nothing is granted for it.
 */
export function standIn(type: string): ResourceRow {
  const id = randomUUID();
  return {
    ...{ rowId: '0', type, id, version: 1, updatedAt: new Date(0) },
    content: { resourceType: type, id } as Resource,
    ...{ persons: [id], authors: [], service: null, sources: null },
  };
}

/**
 * A Provenance names all that its record changed: its reader is told of what of that it may see. The rest of
 * the list would tell of other care, and what is missing from it, of a journey that there was before. One
 * that is hidden costs the same.
 */
async function narrowTargets(
  db: Db,
  recipient: Recipient,
  resources: (Resource | null)[],
): Promise<(Resource | null)[]> {
  const named = resources.flatMap((one) => (one?.resourceType === 'Provenance' ? one.target : []));
  const nobody = standIn('Patient');
  const names = named.flatMap(({ reference }) => reference ?? []);
  const rows = await findRows({ db, recipient }, [
    ...new Set(names.length > 0 ? names : [`Patient/${nobody.id}`]),
  ]);
  const found = await seeEach(db, recipient, rows.length > 0 ? rows : [nobody]);
  const seen = new Set(found.flatMap((one) => (one ? `${one.row.type}/${one.row.id}` : [])));
  return resources.map((one) => {
    if (one?.resourceType !== 'Provenance') return one;
    const target = one.target.filter(({ reference }) => seen.has(reference ?? ''));
    return target.length > 0 ? { ...one, target } : null;
  });
}
