/** https://hl7.org/fhir/R4/http.html#read and #vread */
import type { Resource } from '@medplum/fhirtypes';
import { findVisible } from '../access/see/rows.ts';
import { showEach, showVersions } from '../access/see/versions.ts';
import { type Seen, seeEach, standIn } from '../access/see/visible.ts';
import { notFound } from './answer.ts';
import { withLineage } from './lineage.ts';
import type { Asking } from './search/candidates.ts';
import { TOPIC } from './topic.ts';

const isTopic = (type: string, id: string) => type === TOPIC.resourceType && id === TOPIC.id;

/** The present version. Throws Rejected(404) where there is none or it may not be seen. */
export async function readResource(asking: Asking, type: string, id: string): Promise<Resource> {
  if (isTopic(type, id)) return TOPIC;
  const seen = await seeOne(asking, type, id);
  const [resource] = await showEach(asking.db, asking.recipient, [seen]);
  return withLineage(asking.db, asking.recipient, seen.row, resource as Resource);
}

/** One version, seen with today's eyes: what may no longer be seen is 404 in its old versions too. */
export async function readVersion(
  asking: Asking,
  type: string,
  id: string,
  version: string,
): Promise<Resource> {
  const versions = await seeVersions(asking, type, id);
  const found = versions.find(({ meta }) => meta?.versionId === version);
  if (!found) throw notFound();
  return found;
}

/** All versions, oldest first. Throws as `seeOne` does. */
export async function seeVersions(asking: Asking, type: string, id: string): Promise<Resource[]> {
  if (isTopic(type, id)) return [TOPIC];
  return showVersions(asking.db, asking.recipient, await seeOne(asking, type, id));
}

/**
 * The journey, person or whatever it is, as it is now. Throws Rejected(404) where there is none or it may not
 * be seen.
 */
export async function seeOne({ db, recipient }: Asking, type: string, id: string): Promise<Seen> {
  const row = await findVisible({ db, recipient }, { type, id });
  // What is not there is asked about like what is, so that the time of an answer does not tell the one from
  // the other.
  const [seen] = await seeEach(db, recipient, [row ?? standIn(type)]);
  if (!row || !seen) throw notFound();
  return seen;
}
