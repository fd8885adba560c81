/** The API as OpenAPI 3.1, made from the routes: https://spec.openapis.org/oas/v3.1.0 */

import type { Route } from '../doors/route-list.ts';
import { paramsOf } from '../fhir/search-parameters.ts';
import { interactionOf } from '../read/capability-statement.ts';

type Content = Record<string, { schema: object }>;
type Parameter = {
  name: string;
  in: 'path' | 'query' | 'header';
  required: boolean;
  schema: object;
  description?: string;
};
export type Operation = {
  operationId: string;
  tags: string[];
  summary: string;
  parameters: Parameter[];
  requestBody?: { required: boolean; content: Content };
  responses: object;
};
export type OpenApi = {
  openapi: string;
  info: { title: string; version: string; description: string };
  servers: { url: string }[];
  paths: Record<string, Record<string, Operation>>;
  components: object;
};

const FHIR = 'application/fhir+json';
const text = { type: 'string' };
const fhirBody = (type: string): Content => ({
  [FHIR]: { schema: { $ref: `#/components/schemas/${type}` } },
});
const resource = (type: object, properties: object = {}) => ({
  type: 'object',
  required: ['resourceType', ...Object.keys(properties)],
  properties: { resourceType: type, ...properties },
});

const SCHEMAS = {
  Resource: resource(text),
  Bundle: resource({ const: 'Bundle' }, { type: text, entry: { type: 'array' } }),
  Subscription: resource(
    { const: 'Subscription' },
    { status: { const: 'requested' }, reason: text, criteria: text, channel: { type: 'object' } },
  ),
  OperationOutcome: resource({ const: 'OperationOutcome' }, { issue: { type: 'array' } }),
};

const said = (place: 'query' | 'header', required: boolean, names: Record<string, string>): Parameter[] =>
  Object.entries(names).map(([name, description]) => ({
    name,
    in: place,
    required,
    schema: text,
    description,
  }));

const BARS_HEADERS = [
  ...said('header', true, {
    'X-Request-Id': 'UUID; with X-Correlation-Id the id of the message: a retry repeats both',
    'X-Correlation-Id': 'UUID',
  }),
  ...said('header', false, {
    'NHSD-Target-Identifier': 'base64 of {"value": …, "system": …}',
    'NHSD-End-User-Organisation': 'base64 of a FHIR Organization',
    'NHSD-Requesting-Software': 'base64 of a FHIR Device',
    'NHSD-Requesting-Practitioner': 'base64 of a FHIR PractitionerRole',
  }),
];
const IDEMPOTENCY = said('header', false, {
  'Idempotency-Key': 'the id of the message; else its content is',
});

/** By method and URL: a description, the body it takes, and further parameters. */
const KNOWN: [RegExp, string, Content?, Parameter[]?][] = [
  [
    /^POST \/fhir\/\$process-message$/,
    'Send a message Bundle (BaRS). An answer means: stored',
    fhirBody('Bundle'),
    BARS_HEADERS,
  ],
  [/^POST \/fhir\/?$/, 'Send a transaction or batch Bundle', fhirBody('Bundle'), IDEMPOTENCY],
  [
    /^POST \/intake\/:/,
    'Send HL7 v2 (batches, too), CSV, XML, a form or an extract (JSON tables) as one system',
    {
      'x-application/hl7-v2+er7': { schema: text },
      'text/csv': { schema: text },
      'application/json': { schema: { type: 'object' } },
      'application/fhir+xml': { schema: text },
      ...fhirBody('Bundle'),
    },
    IDEMPOTENCY,
  ],
  [
    /^GET \/intake\/messages$/,
    'What became of my message, by my own id for it',
    undefined,
    [
      ...said('query', true, {
        identifier: 'MSH-10, X-Request-Id, Idempotency-Key or what the answer called it',
      }),
      ...said('query', false, { system: 'whose; only the operator may name one' }),
    ],
  ],
  [
    /^GET \/fhir\/MessageDefinition$/,
    'What messages are taken, and what they hold (BaRS)',
    undefined,
    said('query', false, { context: 'a service or a use case: all take the same', event: 'of which event' }),
  ],
  [/\$journey$/, 'One family’s journey, as far as you may see it'],
  [/\$status$/, 'State of subscriptions: last event number, errors'],
  [/\$events$/, 'Events again, by number, to catch up after an outage'],
  [
    /_search$/,
    'search, parameters in the body',
    { 'application/x-www-form-urlencoded': { schema: { type: 'object' } } },
  ],
  [/^(POST|PUT) \/fhir\/Subscription/, 'Subscribe to the topic', fhirBody('Subscription')],
];

const FOR_ALL = {
  _id: 'ids, any of them',
  _lastUpdated: 'when it last changed, e.g. ge2026-01-31',
  _sort: '_lastUpdated, _id or any date or string parameter; a leading - turns it',
  _count: 'resources on a page: 50, at most 200',
  _include: 'Type:parameter[:target], to bring what is referred to',
  '_include:iterate': 'the same, of what was brought, too',
  _revinclude: 'Type:parameter[:target], to bring what refers to it',
  '_revinclude:iterate': 'the same, of what was brought, too',
  _total: 'accurate or estimate: how many there are in all',
  _summary: 'true, text, data, count or false',
  _elements: 'names of elements, between commas: no others but what must be there',
};
const OF_HISTORY = {
  _count: 'versions on a page: at most 1000',
  _since: 'versions since a time',
  _at: 'versions that were the present one at a time or in a day, month or year',
};

export function describeApi(routes: Route[], base: string): OpenApi {
  const paths: OpenApi['paths'] = {};
  for (const route of routes) {
    const path = route.url.replace(/:(\w+)/g, '{$1}');
    paths[path] = { ...paths[path], [route.method.toLowerCase()]: describeRoute(route) };
  }
  const description =
    'FHIR R4 for one family’s journey. Answers hold what the caller may see; the rest is as if it were not.';
  return {
    openapi: '3.1.0',
    info: { title: 'Skein', version: '1', description },
    servers: [{ url: base.replace(/\/fhir$/, '') }],
    paths,
    components: { schemas: SCHEMAS },
  };
}

function describeRoute({ method, url }: Route): Operation {
  const route = `${method} ${url}`;
  const type = /^\/fhir\/([A-Z]\w+)/.exec(url)?.[1];
  const interaction = type && interactionOf({ method, url }, type);
  const [, words, content, more = []] = KNOWN.find(([form]) => form.test(route)) ?? [];
  return {
    operationId: route.replace(/\W+/g, '_'),
    tags: [type ?? url.split('/')[1] ?? ''],
    summary: words ?? interaction ?? '',
    parameters: [
      ...pathParameters(url),
      ...(interaction === 'search-type' && more.length === 0 ? searchParameters(type as string) : []),
      ...(interaction === 'history-instance' ? said('query', false, OF_HISTORY) : []),
      ...more,
    ],
    ...(content ? { requestBody: { required: true, content } } : {}),
    responses: {
      200: { description: 'done', ...(type ? { content: fhirBody('Resource') } : {}) },
      default: { description: 'refused', content: fhirBody('OperationOutcome') },
    },
  };
}

function pathParameters(url: string): Parameter[] {
  return [...url.matchAll(/:(\w+)/g)].map(([, name = '']) => ({
    name,
    in: 'path',
    required: true,
    schema: text,
  }));
}

function searchParameters(type: string): Parameter[] {
  const own = Object.fromEntries(paramsOf(type).map(({ code, kind }) => [code, kind]));
  const chained = type === 'ServiceRequest' ? { 'patient:identifier': 'of whom, by NHS number' } : {};
  const all = Object.entries({ ...own, ...chained, ...FOR_ALL });
  return all.map(([name, description]) => ({
    name,
    in: 'query',
    required: false,
    schema: text,
    description,
  }));
}
