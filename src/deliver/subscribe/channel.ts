/** The channel that is asked for: by what, to where, with which headers. */
import type { Issue } from '../../model.ts';
import { splitHeader } from '../send/send.ts';
import type { Shape } from './shape.ts';

export const BACKPORT = 'http://hl7.org/fhir/uv/subscriptions-backport/StructureDefinition';
const PAYLOAD_TYPE = /^application\/fhir\+json(; ?fhirVersion=4\.0)?$/;
const TOKEN = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;
/**
 * Ours to set, or a matter between two connected machines:
 * https://www.rfc-editor.org/rfc/rfc9110#section-7.6.1
 */
const RESERVED_HEADERS =
  /^(host|content-.*|connection|keep-alive|proxy-.*|te|trailer|transfer-encoding|upgrade|expect|webhook-.*)$/;
/** Where a code rest-hook means what it means here. */
const CHANNEL_TYPES = [
  undefined,
  'http://terminology.hl7.org/CodeSystem/subscription-channel-type',
  'http://hl7.org/fhir/subscription-channel-type',
];

export function checkChannel({ channel }: Shape, endpoint: URL | null): Issue[] {
  const issues: Issue[] = [];
  const named = valuesOf(channel._type?.extension, 'backport-channel-type', 'valueCoding') as {
    system?: string;
    code?: string;
  }[];
  const isRestHook = named.every(
    ({ system, code }) => code === 'rest-hook' && CHANNEL_TYPES.includes(system),
  );
  if (channel.type !== 'rest-hook' || !isRestHook)
    issues.push(unsupported('Subscription.channel.type', 'only rest-hook is supported'));
  if (!PAYLOAD_TYPE.test(channel.payload)) {
    issues.push(
      unsupported(
        'Subscription.channel.payload',
        'only application/fhir+json (fhirVersion 4.0) is supported',
      ),
    );
  }
  if (
    !endpoint ||
    !/^https?:$/.test(endpoint.protocol) ||
    endpoint.username ||
    endpoint.password ||
    endpoint.hash
  ) {
    const text = 'the endpoint must be an https URL without credentials or fragment';
    issues.push({ severity: 'error', code: 'value', expression: 'Subscription.channel.endpoint', text });
  }
  for (const [index, header] of (channel.header ?? []).entries()) {
    const [name, value] = splitHeader(header);
    if (
      header.includes(':') &&
      TOKEN.test(name) &&
      !RESERVED_HEADERS.test(name) &&
      /^[\t\x20-\x7e]*$/.test(value)
    )
      continue;
    const expression = `Subscription.channel.header[${index}]`;
    issues.push({
      severity: 'error',
      code: 'value',
      expression,
      text: 'no "Name: value" header, or one that is not yours to set',
    });
  }
  return issues;
}

/** Values of all extensions of one name that the guide defines. */
export function valuesOf(
  given: { url: string; [name: string]: unknown }[] | undefined,
  name: string,
  element: string,
): unknown[] {
  const url = `${BACKPORT}/${name}`;
  return (given ?? [])
    .filter((extension) => extension.url === url && element in extension)
    .map((extension) => extension[element]);
}

export function unsupported(expression: string, text: string): Issue {
  return { severity: 'error', code: 'not-supported', expression, text };
}
