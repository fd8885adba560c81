import type { Bundle, MessageHeader, Organization, ServiceRequest } from '@medplum/fhirtypes';
import type { Json } from '../../model.ts';

export const ODS_CODE = 'https://fhir.nhs.uk/Id/ods-organization-code';

/**
 * A body as a Bundle, of which nothing is sure: it has been read as JSON, not checked. Null where it is none.
 */
export function asBundle(tree: Json): Bundle | null {
  const bundle = tree as unknown as Bundle | null;
  return bundle?.resourceType === 'Bundle' ? bundle : null;
}

export function headerOfBundle(bundle: Bundle | null): MessageHeader | undefined {
  const first = Array.isArray(bundle?.entry) ? bundle.entry[0]?.resource : undefined;
  return first?.resourceType === 'MessageHeader' ? first : undefined;
}

/** The ServiceRequest that a message is about. */
export function focusOf(bundle: Bundle | null): ServiceRequest | undefined {
  const [focus] = headerOfBundle(bundle)?.focus ?? [];
  const found = bundle?.entry?.find((entry) => entry?.fullUrl === focus?.reference)?.resource;
  return found?.resourceType === 'ServiceRequest' ? found : undefined;
}

/** What a message Bundle calls its sender: the ODS code of `sender`, else the endpoint it was sent from. */
export function senderNames(bundle: Bundle | null): {
  ods: string | undefined;
  endpoint: string | undefined;
} {
  const header = headerOfBundle(bundle);
  const reference = header?.sender?.reference;
  const found = reference
    ? bundle?.entry?.find((entry) => entry?.fullUrl === reference)?.resource
    : undefined;
  const { identifier } = (found ?? {}) as Organization;
  const ods = Array.isArray(identifier)
    ? identifier.find((item) => item?.system === ODS_CODE)?.value
    : undefined;
  return { ods: asText(ods), endpoint: asText(header?.source?.endpoint) };
}

const asText = (value: unknown) => (typeof value === 'string' ? value : undefined);
