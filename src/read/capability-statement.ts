/** What this server does, computed from its routes: https://hl7.org/fhir/R4/http.html#capabilities */
import type {
  CapabilityStatement,
  CapabilityStatementRestResource,
  CapabilityStatementRestResourceInteraction,
  CapabilityStatementRestResourceOperation,
  CapabilityStatementRestResourceSearchParam,
  MessageDefinition,
} from '@medplum/fhirtypes';
import { describeRetention } from '../access/decide/retention.ts';
import type { Config } from '../config.ts';
import type { Route } from '../doors/route-list.ts';
import { FHIR_JSON } from '../fhir/accept.ts';
import { INDEXED_TYPES, paramsOf } from '../fhir/search-parameters.ts';
import { TOPIC_URL } from '../fhir/systems.ts';
import { MESSAGES } from './message-definitions.ts';

const BACKPORT = 'http://hl7.org/fhir/uv/subscriptions-backport';

type Code = NonNullable<CapabilityStatementRestResourceInteraction['code']>;

const INTERACTIONS: [Code, RegExp][] = [
  ['read', /^GET \/:\w+$/],
  ['vread', /^GET \/:\w+\/_history\/:\w+$/],
  ['history-instance', /^GET \/:\w+\/_history$/],
  ['search-type', /^GET $/],
  ['create', /^POST $/],
  ['update', /^PUT \/:\w+$/],
  ['delete', /^DELETE \/:\w+$/],
];

/** The FHIR interaction on a type that a route is, if one. */
export function interactionOf({ method, url }: Route, type: string): Code | undefined {
  const path = `/fhir/${type}`;
  const own = url === path || url.startsWith(`${path}/`);
  return own
    ? INTERACTIONS.find(([, form]) => form.test(`${method} ${url.slice(path.length)}`))?.[0]
    : undefined;
}

const OPERATIONS: Record<string, string> = {
  $status: `${BACKPORT}/OperationDefinition/backport-subscription-status`,
  $events: `${BACKPORT}/OperationDefinition/backport-subscription-events`,
  $match: 'http://hl7.org/fhir/OperationDefinition/Patient-match',
  '$process-message': 'http://hl7.org/fhir/OperationDefinition/MessageHeader-process-message',
};

/** What an operation does that no standard defines. */
const EXPLAINED: Record<string, string> = {
  '$rotate-secret':
    'No body: the Subscription with a new signing secret, told this once. For 24 hours both secrets sign.',
  $attempts:
    'Parameters: status, failures in a row, last error, next try, and the last attempts (`_count`, at most 500).',
  $snapshot: [
    'POST: all that the subscriber may see now of what its filters let through, paged (`_count`, at most 500; GET',
    'along `next`). The first entry is the status: events after its events-since-subscription-start tell of',
    'whatever changes. 422 where the subscription is off.',
  ].join(' '),
  '$confirm-removal':
    'Parameters with `eventNumber`: what that event of the subscription took back is removed by its recipient.',
  '$place-hold':
    'No body: nobody learns of this person through others of a family any more; by its own services, at once.',
  '$set-placement':
    'Parameter placement (placed or with-birth-family): services of the birth family learn no more of the child than that there is care.',
  '$set-parental-responsibility':
    'Parameters holder, document, from, clinician, ended: who holds parental responsibility for a child.',
  '$set-competence':
    'Parameters service or third-sector-help, until, clinician, ended: a young person may decide about this help.',
  '$lift-hold':
    'A hold ends by the review of a second person (X-Skein-User); where no people are known here always 403.',
  '$break-glass':
    'Parameters reason and hours: a clinician (X-Skein-User) reads of one person in an emergency, and is reviewed.',
  '$safe-contact':
    'Parameters how, days, from, to, voicemail, letter, name: how the person is to be reached, before any number.',
  $worklist: [
    'A searchset of Tasks: who may be one person, and whose baby is whose, worst harm first, as far as its reader',
    'may know. Parameters: `status` (requested, on-hold), `_count`, `_offset`.',
  ].join(' '),
  $accept: 'Parameters by and reason: the two of this item are one person.',
  $reject: 'Parameters by and reason: they are two, or she is not the mother; whatever is sent later.',
  $defer: 'Parameters by, until (a date) and reason: the item is off the list until that day.',
  $undo: 'Parameters by and reason: as if the item had never been decided, or put off.',
  $journey: [
    'A searchset of one journey as its reader may see it: a Composition (stage, who is involved, open referrals,',
    'what is next, what has changed), duty contacts, then Group, persons, relations, services and care by date.',
    'Parameters: `_since` (default: when the same system last asked) and `_count` (at most 500).',
  ].join(' '),
};

const DOCUMENTATION = [
  'An unknown search parameter is refused unless Prefer: handling=lenient is sent.',
  'Chains go one step along a reference: `patient.identifier`, also `patient:identifier`, and',
  '`subject:Patient.birthdate`. Modifiers: :not, :exact, :contains, :identifier and a type.',
  '`_include:iterate`, `_revinclude:iterate`, `_sort`, `_count`, `_total`, `_summary` and `_elements` are served;',
  '`_has`, :missing and :text are refused. A history takes `_count`, `_since` and `_at`.',
  'A batch has at most 100 entries.',
  describeRetention(),
].join(' ');

type Security = NonNullable<NonNullable<CapabilityStatement['rest']>[number]['security']>;

/** Who is let in, by AUTH. https://hl7.org/fhir/smart-app-launch/STU2.2/conformance.html */
const SECURITY: Record<Config['AUTH'], (tokenUrl: string) => Security> = {
  none: () => ({
    description: 'Nobody is asked who they are: this machine alone is answered (loopback), as its operator.',
  }),
  token: () => ({ description: 'A bearer token per system, given when it is registered.' }),
  smart: (tokenUrl) => ({
    extension: [
      {
        url: 'http://fhir-registry.smarthealthit.org/StructureDefinition/oauth-uris',
        extension: [{ url: 'token', valueUri: tokenUrl }],
      },
    ],
    service: [
      {
        coding: [
          {
            system: 'http://terminology.hl7.org/CodeSystem/restful-security-service',
            code: 'SMART-on-FHIR',
          },
        ],
      },
    ],
    description: 'SMART Backend Services (private_key_jwt), or a bearer token given at registration.',
  }),
};

/** `date` is when the server started: what it can do changes only then. */
export function capabilityStatement(
  routes: Route[],
  { base, date, auth, tokenUrl }: { base: string; date: string; auth: Config['AUTH']; tokenUrl: string },
): CapabilityStatement {
  const types = [...new Set(routes.flatMap(({ url }) => /^\/fhir\/([A-Z]\w+)/.exec(url)?.[1] ?? []))].sort();
  const takesMessages = routes.some(({ url }) => url === '/fhir/$process-message');
  const takesBundles = routes.some(({ method, url }) => method === 'POST' && /^\/fhir\/?$/.test(url));
  return {
    resourceType: 'CapabilityStatement',
    status: 'active',
    date,
    kind: 'instance',
    instantiates: [`${BACKPORT}/CapabilityStatement/backport-subscription-server-r4`],
    software: { name: 'Skein' },
    implementation: { description: 'Skein: one family, one thread through every service', url: base },
    fhirVersion: '4.0.1',
    format: [FHIR_JSON, 'json'],
    rest: [
      {
        mode: 'server',
        documentation: DOCUMENTATION,
        security: SECURITY[auth](tokenUrl),
        resource: types.map((type) => describeType(type, routes)),
        ...(takesBundles
          ? { interaction: [{ code: 'transaction' as const }, { code: 'batch' as const }] }
          : {}),
        ...orNothing('operation', operationsAt(routes, /^\/fhir\/(\$[\w-]+)$/)),
      },
    ],
    ...(takesMessages ? { messaging: [{ supportedMessage: MESSAGES.map(supported) }] } : {}),
  };
}

const supported = ({ url }: MessageDefinition) => ({ mode: 'receiver' as const, definition: url as string });

function describeType(type: string, routes: Route[]): CapabilityStatementRestResource {
  const codes = new Set(routes.flatMap((route) => interactionOf(route, type) ?? []));
  const references = paramsOf(type).filter(({ kind }) => kind === 'reference');
  return {
    type: type as CapabilityStatementRestResource['type'],
    ...(type === 'Subscription' ? backport() : {}),
    interaction: [...codes].map((code) => ({ code })),
    versioning: codes.has('vread') ? 'versioned' : 'no-version',
    ...(codes.has('vread') ? { conditionalRead: 'not-match' as const, readHistory: true } : {}),
    ...(references.length > 0 ? { referencePolicy: ['literal' as const] } : {}),
    ...orNothing('searchInclude', [...new Set(references.map(({ code }) => `${type}:${code}`))]),
    ...orNothing('searchRevInclude', revIncludes(type)),
    ...orNothing('searchParam', codes.has('search-type') ? searchParams(type) : []),
    ...orNothing('operation', operationsAt(routes, new RegExp(`^/fhir/${type}/(?::\\w+/)?(\\$[\\w-]+)$`))),
  };
}

function backport(): Partial<CapabilityStatementRestResource> {
  return {
    extension: [
      {
        url: `${BACKPORT}/StructureDefinition/capabilitystatement-subscriptiontopic-canonical`,
        valueCanonical: TOPIC_URL,
      },
    ],
    supportedProfile: [`${BACKPORT}/StructureDefinition/backport-subscription`],
    documentation: [
      'Channel rest-hook alone, signed as Standard Webhooks has it; there is no websocket, message or email channel,',
      'and so no `$get-ws-binding-token`. Payload application/fhir+json, content empty, id-only or full-resource up',
      'to what the caller’s sector receives. One topic. Earlier versions are not kept; what was deleted is 410.',
    ].join(' '),
  };
}

function revIncludes(type: string): string[] {
  if (!(INDEXED_TYPES as string[]).includes(type)) return [];
  const names = INDEXED_TYPES.flatMap(paramsOf).map((param) => ({
    ...param,
    name: `${param.type}:${param.code}`,
  }));
  return [...new Set(names.filter(({ targets }) => targets.includes(type)).map(({ name }) => name))];
}

// Subscriptions are searched in their own table, by what the backport requires.
const OF_SUBSCRIPTION: CapabilityStatementRestResourceSearchParam[] = [
  { name: 'url', type: 'uri', definition: 'http://hl7.org/fhir/SearchParameter/Subscription-url' },
  { name: 'status', type: 'token', definition: 'http://hl7.org/fhir/SearchParameter/Subscription-status' },
  { name: '_id', type: 'token' },
];

const OF_MESSAGES: CapabilityStatementRestResourceSearchParam[] = [
  { name: 'context', type: 'token' },
  { name: 'event', type: 'token' },
];

function searchParams(type: string): CapabilityStatementRestResourceSearchParam[] {
  if (type === 'Subscription') return OF_SUBSCRIPTION;
  if (type === 'MessageDefinition') return OF_MESSAGES;
  if (type === 'AuditEvent') return [{ name: 'patient', type: 'reference' }];
  const params = paramsOf(type).map(({ code, kind, url }) => ({ name: code, type: kind, definition: url }));
  const own = params.filter(({ name }, index) => params.findIndex((other) => other.name === name) === index);
  return [...own, { name: '_id', type: 'token' }, { name: '_lastUpdated', type: 'date' }];
}

function operationsAt(routes: Route[], form: RegExp): CapabilityStatementRestResourceOperation[] {
  const names = new Set(routes.flatMap(({ url }) => form.exec(url)?.[1] ?? []));
  return [...names].map((name) => ({
    name: name.slice(1),
    ...(EXPLAINED[name] ? { documentation: EXPLAINED[name] } : {}),
    definition: OPERATIONS[name] ?? `https://skein.example/fhir/OperationDefinition/${name.slice(1)}`,
  }));
}

/** FHIR has no empty arrays. */
function orNothing<Name extends string, T>(name: Name, list: T[]): { [key in Name]?: T[] } {
  return (list.length > 0 ? { [name]: list } : {}) as { [key in Name]?: T[] };
}
