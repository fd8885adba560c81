/** The API as OpenAPI 3.1, made from the routes: https://spec.openapis.org/oas/v3.1.0 */

import { isPublic, TOKEN_PATH } from '../access/authenticate/public.ts';
import { needOf } from '../access/authenticate/route-scopes.ts';
import { scopeFor } from '../access/authenticate/scopes.ts';
import type { Route } from '../doors/route-list.ts';
import { paramsOf } from '../fhir/search-parameters.ts';

import { interactionOf } from '../read/capability-statement.ts';
import { type Answer, type Auth, answersOf } from './answers.ts';
import { OUTCOME } from './examples.ts';
import {
  type Content,
  FHIR,
  FOR_ALL,
  fhirBody,
  IF_NONE_MATCH,
  INTERACTIONS,
  KNOWN,
  OF_HISTORY,
  OF_ONE,
  OF_SUBSCRIPTIONS,
  type Parameter,
  PREFER,
  said,
  schemaOf,
  text,
} from './operations.ts';
import { SCHEMAS, SMART_SCHEMAS, securityOf } from './schemas.ts';

export type Operation = {
  operationId: string;
  tags: string[];
  summary: string;
  parameters: Parameter[];
  requestBody?: { required: boolean; content: Content };
  responses: Record<string, Described>;
  security?: object[];
};
type Described = { description: string; headers?: object; content?: Content };
export type OpenApi = {
  openapi: string;
  info: { title: string; version: string; description: string; license: object };
  servers: { url: string }[];
  security: object[];
  tags: { name: string; description: string }[];
  paths: Record<string, Record<string, Operation>>;
  webhooks: Record<string, Record<string, Operation>>;
  components: { schemas: object; headers: object; securitySchemes: object };
};

/** `auth` as this installation asks who is there. */
export function describeApi(routes: Route[], base: string, auth: Auth = 'none'): OpenApi {
  const paths: OpenApi['paths'] = {};
  for (const route of routes) {
    const path = route.url.replace(/:(\w+)/g, '{$1}');
    paths[path] = { ...paths[path], [route.method.toLowerCase()]: describeRoute(route, auth) };
  }
  const description =
    'FHIR R4 for one family’s journey. Answers hold what the caller may see; the rest is as if it were not. ' +
    'A status that is not listed (429, 500, 503) comes with an OperationOutcome, too.';
  const scopes = [...new Set(routes.flatMap(scopesAt))].sort();
  const root = base.replace(/\/fhir$/, '');
  const { schemes, headers, security } = securityOf(auth, `${root}${TOKEN_PATH}`, scopes);
  const names = new Set(
    Object.values(paths).flatMap((methods) => Object.values(methods).flatMap(({ tags }) => tags)),
  );
  return {
    openapi: '3.1.0',
    info: {
      title: 'Skein',
      version: '1',
      description,
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    servers: [{ url: root }],
    security,
    tags: [...names].sort().map((name) => ({ name, description: TAGS[name] ?? `FHIR ${name}` })),
    paths,
    webhooks: { notification: { post: NOTIFICATION } },
    components: {
      schemas: auth === 'smart' ? { ...SCHEMAS, ...SMART_SCHEMAS } : SCHEMAS,
      headers,
      securitySchemes: schemes,
    },
  };
}

const TAGS: Record<string, string> = {
  fhir: 'messages, transactions and what is served',
  intake: 'messages of other formats, and what became of any',
  oauth2: 'who is asking: SMART Backend Services',
  health: 'for whoever runs it',
  metrics: 'for whoever runs it',
  docs: 'this description',
};

/** Read whole, as they are now. */
const UNVERSIONED = ['Subscription', 'HealthcareService'];

function describeRoute({ method, url }: Route, auth: Auth): Operation {
  const route = `${method} ${url}`;
  const type = /^\/fhir\/([A-Z]\w+)/.exec(url)?.[1];
  const interaction = type && interactionOf({ method, url }, type);
  const [, words, content, more = []] = KNOWN.find(([form]) => form.test(route)) ?? [];
  const versioned = interaction === 'read' || interaction === 'vread';
  return {
    operationId: route.replace(/\W+/g, '_').replace(/_$/, ''),
    tags: [type ?? url.split('/')[1] ?? ''],
    summary: words ?? INTERACTIONS[interaction ?? ''] ?? route,
    parameters: [
      ...pathParameters(url),
      ...(interaction === 'search-type' && more.length === 0 ? searchParameters(type as string) : []),
      ...(interaction === 'history-instance' ? said('query', false, OF_HISTORY) : []),
      ...(versioned && !UNVERSIONED.includes(type ?? '')
        ? [...said('query', false, OF_ONE), ...IF_NONE_MATCH]
        : []),
      ...more,
    ],
    ...(content ? { requestBody: { required: true, content } } : {}),
    responses: {
      ...Object.fromEntries(
        Object.entries(answersOf({ method, url }, auth)).map(([status, answer]) => [
          status,
          described(answer),
        ]),
      ),
      default: described(ANY_OTHER),
    },
    ...(auth !== 'none' && isPublic(url) ? { security: [] } : {}),
    ...(auth === 'smart' && !isPublic(url)
      ? { security: [{ bearer: [] }, { smart: scopesAt({ method, url }) }] }
      : {}),
  };
}

function scopesAt(route: Route): string[] {
  const need = needOf(route);
  return need && need !== 'none' ? [scopeFor(need)] : [];
}

const ANY_OTHER: Answer = {
  description: 'refused, or not now',
  content: { [FHIR]: 'OperationOutcome' },
  headers: ['Retry-After'],
};

function described({ description, content, headers }: Answer): Described {
  const bodies = Object.entries(content ?? {}).map(([media, name]) => [
    media,
    { schema: schemaOf(name), ...(name === 'OperationOutcome' ? { example: OUTCOME } : {}) },
  ]);
  return {
    description,
    ...(headers
      ? {
          headers: Object.fromEntries(
            headers.map((name) => [name, { $ref: `#/components/headers/${name}` }]),
          ),
        }
      : {}),
    ...(content ? { content: Object.fromEntries(bodies) } : {}),
  };
}

/** What Skein sends to a subscriber: https://github.com/standard-webhooks/standard-webhooks */
const NOTIFICATION: Operation = {
  operationId: 'notification',
  tags: ['Subscription'],
  summary: 'Skein tells a subscriber, at the endpoint of its Subscription; docs/subscriptions.md',
  parameters: said('header', true, {
    'webhook-id': 'the same at every try: what has been seen already is answered 2xx and left',
    'webhook-timestamp': 'seconds since 1970; refuse what is older than five minutes',
    'webhook-signature': 'v1,… base64 of HMAC-SHA256 over id.timestamp.body by the secret',
  }),
  requestBody: { required: true, content: fhirBody('Bundle') },
  responses: {
    200: { description: 'taken, as is any 2xx: the next one may come' },
    410: { description: 'you are gone for good: the subscription is switched off' },
    default: {
      description: 'it is sent again, 13 times within about 75 hours, then the subscription is in error',
    },
  },
  security: [],
};

function pathParameters(url: string): Parameter[] {
  return [...url.matchAll(/:(\w+)/g)].map(([, name = '']) => ({
    name,
    in: 'path',
    required: true,
    schema: text,
  }));
}

function searchParameters(type: string): Parameter[] {
  if (type === 'Subscription') return said('query', false, OF_SUBSCRIPTIONS);
  const own = Object.fromEntries(paramsOf(type).map(({ code, kind }) => [code, kind]));
  const chained: Record<string, string> =
    type === 'ServiceRequest' ? { 'patient:identifier': 'of whom, by NHS number' } : {};
  return [...said('query', false, { ...own, ...chained, ...FOR_ALL }), ...said('header', false, PREFER)];
}
