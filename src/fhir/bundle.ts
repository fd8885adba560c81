/** Bundles that Skein answers with: https://hl7.org/fhir/R4/bundle.html */
import type { Bundle, BundleEntry, BundleLink, OperationOutcome, Resource } from '@medplum/fhirtypes';

type EntryMode = 'match' | 'include';

export function searchEntry(base: string, resource: Resource, mode: EntryMode): BundleEntry {
  return { fullUrl: `${base}/${resource.resourceType}/${resource.id}`, resource, search: { mode } };
}

/** An entry with a note about the search itself. */
export function outcomeEntry(text: string): BundleEntry {
  const resource: OperationOutcome = {
    resourceType: 'OperationOutcome',
    issue: [{ severity: 'information', code: 'informational', diagnostics: text }],
  };
  return { resource, search: { mode: 'outcome' } };
}

export function searchset(link: BundleLink[], entry: BundleEntry[]): Bundle {
  return { resourceType: 'Bundle', type: 'searchset', link, ...(entry.length > 0 ? { entry } : {}) };
}

/** A page of the versions of one resource, newest first. https://hl7.org/fhir/R4/http.html#history */
export function historyBundle(base: string, link: BundleLink[], versions: Resource[]): Bundle {
  const entry = versions.map((resource): BundleEntry => {
    const url = `${resource.resourceType}/${resource.id}`;
    const version = resource.meta?.versionId ?? '';
    return {
      fullUrl: `${base}/${url}`,
      resource,
      request: { method: 'PUT', url },
      response: {
        status: /^1\b/.test(version) ? '201' : '200',
        etag: etagOf(version),
        lastModified: resource.meta?.lastUpdated,
      },
    };
  });
  return { resourceType: 'Bundle', type: 'history', link, ...(entry.length > 0 ? { entry } : {}) };
}

/** A weak ETag: two encodings of one version are equal to a reader.
 * https://hl7.org/fhir/R4/http.html#versioning */
export function etagOf(version: string | number): string {
  return `W/"${version}"`;
}
