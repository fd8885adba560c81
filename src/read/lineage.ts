/**
 * Where each element of a record came from, told with its Provenance: the sender's field and the rule, never
 * a value.
 */
import type { Extension, Resource } from '@medplum/fhirtypes';
import type { Lineage, Recipient, ResourceRow } from '../model.ts';
import type { Db } from '../store/pool.ts';

const LINEAGE_URL = 'https://skein.example/StructureDefinition/lineage';

/**
 * A Provenance with the lineage of its record, for the service that sent it and the operator; for others, and
 * other types, as it is.
 */
export async function withLineage(
  db: Db,
  recipient: Recipient,
  row: ResourceRow,
  resource: Resource,
): Promise<Resource> {
  if (resource.resourceType !== 'Provenance' || !isAuthor(recipient, row)) return resource;
  const { rows } = await db.query<{ lineage: Lineage[] }>(
    'select record.lineage from resource join record on record.id = resource.record_id where resource.row_id = $1',
    [row.rowId],
  );
  const lineage = rows.flatMap((found) => found.lineage).map(lineageExtension);
  return lineage.length > 0
    ? { ...resource, extension: [...(resource.extension ?? []), ...lineage] }
    : resource;
}

function isAuthor(recipient: Recipient, row: ResourceRow): boolean {
  return recipient.kind === 'operator' || row.authors.includes(recipient.system.service.id);
}

function lineageExtension({ element, source, rule }: Lineage): Extension {
  const parts = { element, source, rule };
  return {
    url: LINEAGE_URL,
    extension: Object.entries(parts).map(([url, valueString]) => ({ url, valueString })),
  };
}
