/**
 * A topic-based Subscription as R4 carries it, read and checked:
 * https://hl7.org/fhir/uv/subscriptions-backport/STU1.1/StructureDefinition-backport-subscription.html
 */
import type { Subscription } from '@medplum/fhirtypes';
import { z } from 'zod';
import type { Filter } from '../../access/decide/may-tell.ts';
import { PAYLOADS, type Payload } from '../../access/decide/policy.ts';
import { Rejected } from '../../errors.ts';
import { TOPIC_URL, TOPIC_VERSION } from '../../fhir/systems.ts';
import type { Issue } from '../../model.ts';
import { splitHeader } from '../send/send.ts';
import { FILTER_EXTENSION, readFilters } from './filters.ts';

const BACKPORT = 'http://hl7.org/fhir/uv/subscriptions-backport/StructureDefinition';
const PAYLOAD_TYPE = /^application\/fhir\+json(; ?fhirVersion=4\.0)?$/;
const TOKEN = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;
/**
 * Ours to set, or a matter between two connected machines:
 * https://www.rfc-editor.org/rfc/rfc9110#section-7.6.1
 */
const RESERVED_HEADERS =
  /^(host|content-.*|connection|keep-alive|proxy-.*|te|trailer|transfer-encoding|upgrade|expect|webhook-.*)$/;
const DEFAULT_TIMEOUT = 15;
const MAX_TIMEOUT = 30;
export const MAX_COUNT = 50;

const extensionList = z.array(
  z.looseObject({
    url: z.string(),
    valueString: z.string().optional(),
    valueCode: z.string().optional(),
    valueCoding: z.looseObject({ code: z.string().optional() }).optional(),
  }),
);
const extensions = z.looseObject({ extension: extensionList.optional() }).optional();
/**
 * Within what a store and every reader of it hold: an offset may put the first and last years into another
 * one.
 */
const instant = z.iso.datetime({ offset: true }).refine((text) => {
  const year = new Date(text).getUTCFullYear();
  return year >= 1900 && year <= 9999;
}, 'no such time');
const Shape = z.looseObject({
  resourceType: z.literal('Subscription'),
  status: z.enum(['requested', 'active', 'error', 'off']).default('requested'),
  reason: z.string().min(1).default('updates of the families in our care'),
  criteria: z.string(),
  _criteria: extensions,
  end: instant.optional(),
  modifierExtension: z.unknown().optional(),
  channel: z.looseObject({
    type: z.string(),
    _type: extensions,
    modifierExtension: z.unknown().optional(),
    endpoint: z.string().max(2_000),
    payload: z.string(),
    _payload: extensions,
    header: z.array(z.string().max(4_000)).max(20).optional(),
    extension: extensionList.optional(),
  }),
});
type Shape = z.infer<typeof Shape>;

/** What a Subscription asks for, in Skein's terms. Seconds; `off`: the client switches it off. */
export type Wish = {
  resource: Subscription;
  content: Payload;
  endpoint: URL;
  headers: string[];
  heartbeat: number | null;
  timeout: number;
  maxCount: number;
  endsAt: string | null;
  filters: Filter[];
  off: boolean;
};

/**
 * Throws Rejected: 400 when it is no Subscription at all, 422 for what is not supported, each issue naming
 * its element.
 */
export function readSubscription(body: unknown, ceiling: Payload): Wish {
  const parsed = Shape.safeParse(body);
  if (!parsed.success) throw new Rejected(400, parsed.error.issues.map(shapeIssue));
  const shape = parsed.data;
  const endpoint = URL.parse(shape.channel.endpoint);
  const content = contentOf(shape);
  const { filters, issues } = readFilters(criteriaOf(shape));
  const found = [...issues, ...checkChannel(shape, endpoint), ...checkContent(content, ceiling)];
  found.push(...checkNumbers(shape), ...checkModifiers(shape));
  if (shape.criteria !== TOPIC_URL && shape.criteria !== `${TOPIC_URL}|${TOPIC_VERSION}`) {
    found.push(unsupported('Subscription.criteria', `the topic is not supported; use ${TOPIC_URL}`));
  }
  if (found.length > 0) throw new Rejected(422, found);
  const { id, meta, status, error, ...resource } = shape;
  return {
    resource: resource as unknown as Subscription,
    content: content as Payload,
    endpoint: endpoint as URL,
    headers: shape.channel.header ?? [],
    heartbeat: numberOf(shape, 'heartbeat-period') || null,
    timeout: Math.min(numberOf(shape, 'timeout') || DEFAULT_TIMEOUT, MAX_TIMEOUT),
    maxCount: Math.min(numberOf(shape, 'max-count') || 1, MAX_COUNT),
    endsAt: shape.end ? new Date(shape.end).toISOString() : null,
    filters,
    off: status === 'off',
  };
}

function checkChannel({ channel }: Shape, endpoint: URL | null): Issue[] {
  const issues: Issue[] = [];
  const named = valuesOf(channel._type?.extension, 'backport-channel-type', 'valueCoding') as {
    code?: string;
  }[];
  if (channel.type !== 'rest-hook' || named.some(({ code }) => code !== 'rest-hook'))
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

const CONTENT_EXPRESSION = "Subscription.channel.payload.extension('backport-payload-content')";

function checkContent(content: Payload | null, ceiling: Payload): Issue[] {
  if (!content) {
    const text = `exactly one backport-payload-content of ${PAYLOADS.join(', ')} is needed`;
    return [{ severity: 'error', code: 'required', expression: CONTENT_EXPRESSION, text }];
  }
  if (PAYLOADS.indexOf(content) <= PAYLOADS.indexOf(ceiling)) return [];
  const text = `this service may ask for "${ceiling}" at most`;
  return [{ severity: 'error', code: 'business-rule', expression: CONTENT_EXPRESSION, text }];
}

function contentOf({ channel }: Shape): Payload | null {
  const given = valuesOf(channel._payload?.extension, 'backport-payload-content', 'valueCode');
  return given.length === 1 ? (PAYLOADS.find((one) => one === given[0]) ?? null) : null;
}

/** The filters of a stored Subscription, which were checked when it was created. */
export function filtersOf(resource: Subscription): Filter[] {
  return readFilters(criteriaOf(resource as Pick<Shape, '_criteria'>)).filters;
}

function criteriaOf({ _criteria }: Pick<Shape, '_criteria'>): { text: string; expression: string }[] {
  return (_criteria?.extension ?? []).flatMap((extension, index) => {
    if (extension.url !== FILTER_EXTENSION) return [];
    return [
      {
        text: extension.valueString ?? '',
        expression: `Subscription.criteria.extension[${index}]`,
      },
    ];
  });
}

const NUMBERS = ['heartbeat-period', 'timeout', 'max-count'] as const;
/**
 * The largest that FHIR's unsignedInt and positiveInt hold:
 * https://hl7.org/fhir/R4/datatypes.html#unsignedInt
 */
const MAX_INT = 2_147_483_647;

function checkNumbers({ channel }: Shape): Issue[] {
  return NUMBERS.filter(
    (name) =>
      !numbersOf(channel, name).every((value) => z.int().min(1).max(MAX_INT).safeParse(value).success),
  ).map((name) =>
    unsupported(`Subscription.channel.extension('backport-${name}')`, 'must be a whole number of 1 or more'),
  );
}

/**
 * Who sends a modifier means something by it that is not done here:
 * https://hl7.org/fhir/R4/extensibility.html#modifierExtension
 */
function checkModifiers({ modifierExtension, channel }: Shape): Issue[] {
  return [modifierExtension, channel.modifierExtension]
    .filter((one) => one !== undefined)
    .map(() => unsupported('Subscription.modifierExtension', 'no modifier extension is supported'));
}

function numberOf({ channel }: Shape, name: (typeof NUMBERS)[number]): number {
  return (numbersOf(channel, name)[0] as number | undefined) ?? 0;
}

function numbersOf({ extension }: Shape['channel'], name: string): unknown[] {
  return ['valueUnsignedInt', 'valuePositiveInt'].flatMap((value) =>
    valuesOf(extension, `backport-${name}`, value),
  );
}

function valuesOf(
  given: { url: string; [name: string]: unknown }[] | undefined,
  name: string,
  element: string,
): unknown[] {
  const url = `${BACKPORT}/${name}`;
  return (given ?? [])
    .filter((extension) => extension.url === url && element in extension)
    .map((extension) => extension[element]);
}

function unsupported(expression: string, text: string): Issue {
  return { severity: 'error', code: 'not-supported', expression, text };
}

function shapeIssue({ path, message }: z.core.$ZodIssue): Issue {
  const expression = ['Subscription', ...path].reduce<string>(
    (text, step) =>
      typeof step === 'number' ? `${text}[${step}]` : text ? `${text}.${String(step)}` : String(step),
    '',
  );
  return { severity: 'error', code: 'structure', expression, text: message };
}
