/** https://hl7.org/fhir/R4/http.html#read, #vread and #history (of one resource) */
import type { Bundle, Resource } from '@medplum/fhirtypes';
import { historyBundle } from '../fhir/bundle.ts';
import { notFound } from './answer.ts';
import { withLineage } from './lineage.ts';
import { findPast, findRows } from './rows.ts';
import type { Asking } from './search/candidates.ts';
import { TOPIC } from './topic.ts';
import { seeAll, seePast } from './visible.ts';

const isTopic = (type: string, id: string) => type === TOPIC.resourceType && id === TOPIC.id;

/** The present version. Throws Rejected(404) where there is none or it may not be seen. */
export async function readResource({ db, recipient }: Asking, type: string, id: string): Promise<Resource> {
  if (isTopic(type, id)) return TOPIC;
  const rows = await findRows(db, [`${type}/${id}`]);
  const [resource] = await seeAll(db, recipient, rows);
  if (!resource || !rows[0]) throw notFound();
  return withLineage(db, recipient, rows[0], resource);
}

/** One version, seen with today's eyes: what may no longer be seen is 404 in its old versions too. */
export async function readVersion(
  asking: Asking,
  type: string,
  id: string,
  version: string,
): Promise<Resource> {
  const versions = /^[1-9]\d{0,8}$/.test(version) ? await seeVersions(asking, type, id, Number(version)) : [];
  if (!versions[0]) throw notFound();
  return versions[0];
}

/** All versions, newest first. Throws Rejected(404) where the present one does not exist or may not be seen. */
export async function readHistory(asking: Asking, base: string, type: string, id: string): Promise<Bundle> {
  const versions = await seeVersions(asking, type, id, null);
  if (versions.length === 0) throw notFound();
  return historyBundle(base, `${base}/${type}/${id}/_history`, versions);
}

async function seeVersions(
  { db, recipient }: Asking,
  type: string,
  id: string,
  version: number | null,
): Promise<Resource[]> {
  if (isTopic(type, id)) return version === null || version === 1 ? [TOPIC] : [];
  const rows = await findRows(db, [`${type}/${id}`]);
  const present = await seeAll(db, recipient, rows);
  if (present.length === 0 || !rows[0]) return [];
  const past = await seePast(db, recipient, await findPast(db, rows[0], version));
  return [...(version === null || version === rows[0].version ? present : []), ...past];
}
