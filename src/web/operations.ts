/** What is said of each operation by hand: words, bodies, headers and parameters. */
import { HL7_TYPE } from '../formats/hl7v2.ts';
import {
  COMPETENCE_SAID,
  CONSENT,
  DECISION,
  DEFERRAL,
  DUTY_CONTACT,
  GLASS_BROKEN,
  GLASS_BROKEN_FOR,
  HL7_V2,
  MATCHING,
  PARAMETERS,
  PARAMETERS_OF_EVENTS,
  PARAMETERS_OF_REMOVAL,
  PARAMETERS_OF_SNAPSHOT,
  PARENTAL_SAID,
  PLACEMENT_SAID,
  PROMPT_ENDED,
  SAFE_CONTACT_SAID,
  SUBSCRIPTION,
  TRANSACTION,
} from './examples.ts';

export type Content = Record<string, { schema: object; example?: unknown }>;
export type Parameter = {
  name: string;
  in: 'path' | 'query' | 'header';
  required: boolean;
  schema: object;
  description?: string;
};

export const FHIR = 'application/fhir+json';
export const text = { type: 'string' };
export const schemaOf = (name: string) => ({ $ref: `#/components/schemas/${name}` });
export const fhirBody = (type: string, example?: object): Content => ({
  [FHIR]: { schema: schemaOf(type), ...(example ? { example } : {}) },
});
export const said = (
  place: 'query' | 'header',
  required: boolean,
  names: Record<string, string>,
): Parameter[] =>
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
const USER = said('header', false, {
  'X-Skein-User': 'Bearer and the token of the person who asks, of the issuer that HUMAN_ISSUER names',
});
const IF_MATCH = said('header', false, { 'If-Match': 'the ETag of the version that you decided by' });
export const IF_NONE_MATCH = said('header', false, {
  'If-None-Match': 'the ETag of the version that you have',
});

const TOKEN_REQUEST = {
  type: 'object',
  required: ['grant_type', 'client_assertion_type', 'client_assertion'],
  properties: {
    grant_type: { const: 'client_credentials' },
    client_assertion_type: { const: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer' },
    client_assertion: { ...text, description: 'a JWT: RS384, ES384 or RS512' },
    scope: { ...text, description: 'system/Patient.rs …; where left out, all that the client may have' },
  },
};

const STATUS = 'State of subscriptions: last event number, errors';
const WHICH = said('query', false, {
  id: 'of these subscriptions, between commas',
  status: 'of those in one of these states',
});
const EVENTS = 'Events again, by number, to catch up after an outage';
const AGAIN = said('query', false, {
  eventsSinceNumber: 'the first wanted; 1 where left out',
  eventsUntilNumber: 'the last wanted; at most 1,000 are given at once',
  content: 'empty, id-only or full-resource, up to what the subscription has',
});

const SNAPSHOT = 'All that a subscription may see now, and the event number after which its events go on';
const PAGE = said('query', false, {
  _cursor: 'of the next link',
  _count: 'resources on a page: at most 500',
});

/** By method and URL: a description, the body it takes, and further parameters. */
export const KNOWN: [RegExp, string, Content?, Parameter[]?][] = [
  [
    /^POST \/fhir\/\$process-message$/,
    'Send a message Bundle (BaRS). An answer means: stored',
    fhirBody('Bundle'),
    BARS_HEADERS,
  ],
  [/^POST \/fhir\/?$/, 'Send a transaction or batch Bundle', fhirBody('Bundle', TRANSACTION), IDEMPOTENCY],
  [
    /^POST \/intake\/:/,
    'Send HL7 v2 (batches, too), CSV, XML, a form, an extract (JSON tables) or a national signal as one system',
    {
      [HL7_TYPE]: { schema: text, example: HL7_V2 },
      'text/csv': { schema: text },
      'application/json': { schema: { type: 'object' } },
      'application/fhir+xml': { schema: text },
      ...fhirBody('Bundle'),
    },
    [
      ...IDEMPOTENCY,
      ...said('header', false, { Prefer: 'respond-async: answer 202 once it is kept, and read it then' }),
    ],
  ],
  [
    /^GET \/fhir\/MessageDefinition$/,
    'What messages are taken, and what they hold (BaRS)',
    undefined,
    said('query', false, { context: 'a service or a use case: all take the same', event: 'of which event' }),
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
    /\$journey$/,
    'One family’s journey, as far as you may see it: a Composition for people first, then what it is made of',
    undefined,
    said('query', false, {
      _since: 'what has changed since this time; where left out, since you last asked',
      _count: 'entries on a page: at most 500',
    }),
  ],
  [
    /\$match$/,
    'Which of your own patients this may be, each with a grade, a score and the reasons; for statutory health',
    fhirBody('Resource', MATCHING),
  ],
  [
    /^GET \/waits$/,
    'How long people wait for your own service, by quarter; commissioners read those of all services',
    undefined,
    said('query', false, {
      period: 'a quarter, such as 2026-Q3; the present one where left out',
      service: 'id of one service; only who may ask about others needs it',
    }),
  ],
  [
    /^GET \/fhir\/AuditEvent$/,
    'Who was told what about a person, for whoever runs Skein',
    undefined,
    said('query', true, { patient: 'the id of a person' }),
  ],
  [/^GET \/fhir\/HealthcareService\//, 'How your own team on duty is reached'],
  [
    /^PUT \/fhir\/HealthcareService\//,
    'Say how your own team on duty is reached: one telephone and its hours',
    fhirBody('Resource', DUTY_CONTACT),
  ],
  [
    /^PUT \/fhir\/Task\//,
    'End a prompt of your own service: completed, cancelled or rejected, with the reason',
    fhirBody('Resource', PROMPT_ENDED),
    IF_MATCH,
  ],
  [
    /^GET \/fhir\/Task\/\$worklist$/,
    'Who may be one person, and whose baby is whose: for people to decide, worst harm first',
    undefined,
    said('query', false, {
      status: 'requested; or on-hold, for what is put off',
      _count: 'items on a page: 50, at most 200',
      _offset: 'how many to leave out, worst first',
    }),
  ],
  [/\$accept$/, 'They are one person: decided by whoever looked', fhirBody('Resource', DECISION)],
  [/\$reject$/, 'They are two, or she is not the mother: for good', fhirBody('Resource', DECISION)],
  [/\$defer$/, 'Put an item of the worklist off until a day', fhirBody('Resource', DEFERRAL)],
  [
    /\$undo$/,
    'Take back what was decided of an item, or that it was put off',
    fhirBody('Resource', DECISION),
  ],
  [/^GET .*Subscription\/\$status$/, STATUS, undefined, WHICH],
  [/^POST .*Subscription\/\$status$/, STATUS, fhirBody('Resource', PARAMETERS)],
  [/^GET .*\$status$/, STATUS],
  [/^POST .*\$status$/, STATUS, fhirBody('Resource', PARAMETERS)],
  [
    /\$rotate-secret$/,
    'A new signing secret, told this once; for 24 hours notifications are signed with the former one, too: no body',
  ],
  [
    /\$attempts$/,
    'How your webhook does: failures in a row, the last error, the next try, and the last attempts',
    undefined,
    said('query', false, { _count: 'attempts: 50, at most 500' }),
  ],
  [/^GET .*\$snapshot$/, `${SNAPSHOT}: a further page`, undefined, PAGE],
  [/^POST .*\$snapshot$/, SNAPSHOT, fhirBody('Resource', PARAMETERS_OF_SNAPSHOT)],
  [/^GET .*\$events$/, EVENTS, undefined, AGAIN],
  [/^POST .*\$events$/, EVENTS, fhirBody('Resource', PARAMETERS_OF_EVENTS)],
  [
    /_search$/,
    'Search, parameters in the body',
    { 'application/x-www-form-urlencoded': { schema: { type: 'object' } } },
  ],
  [
    /^POST \/fhir\/Consent$/,
    'Keep what a person of your care refuses, or agrees to, of the sharing of what is known of them',
    fhirBody('Resource', CONSENT),
  ],
  [
    /^PUT \/fhir\/Consent\//,
    'Change or withdraw (status inactive) a Consent of your own keeping',
    fhirBody('Resource', CONSENT),
  ],
  [/^GET \/fhir\/Consent\//, 'A Consent of your own keeping'],
  [
    /\/:id\/\$break-glass$/,
    'Look at somebody in an emergency, as a clinician who proves who they are: for some hours, reviewed by others',
    fhirBody('Resource', GLASS_BROKEN),
    USER,
  ],
  [
    /\$break-glass$/,
    'The same, of whoever has this NHS number, birth date and given name, all three exactly',
    fhirBody('Resource', GLASS_BROKEN_FOR),
    USER,
  ],
  [
    /\$place-hold$/,
    'Place a safety hold on a person of your care: no body, no reason, in force at once',
    undefined,
    USER,
  ],
  [
    /\$lift-hold$/,
    'End a hold, as a reviewer who is not the person who placed it; refused without X-Skein-User',
    undefined,
    USER,
  ],
  [
    /\$set-placement$/,
    'Say that a child in your care lives apart from its birth family (placed), or again with it',
    fhirBody('Resource', PLACEMENT_SAID),
    USER,
  ],
  [
    /\$set-parental-responsibility$/,
    'Say who holds parental responsibility for a child in your care, from when and by which document, or no more',
    fhirBody('Resource', PARENTAL_SAID),
    USER,
  ],
  [
    /\$set-competence$/,
    'Say that a young person in your care may decide about some help for themselves (Gillick), until a day',
    fhirBody('Resource', COMPETENCE_SAID),
    USER,
  ],
  [
    /\$safe-contact$/,
    'Say how a person in your care is to be reached safely; the last word stands',
    fhirBody('Resource', SAFE_CONTACT_SAID),
    USER,
  ],
  [
    /\$confirm-removal$/,
    'Say that what an event took back (withdrawn, member-unlinked, person-unmerged …) is removed',
    fhirBody('Resource', PARAMETERS_OF_REMOVAL),
  ],
  [/^POST \/fhir\/Subscription$/, 'Subscribe to the topic', fhirBody('Subscription', SUBSCRIPTION)],
  [
    /^PUT \/fhir\/Subscription/,
    'Change a subscription, or stop it with status off',
    fhirBody('Subscription', SUBSCRIPTION),
    IF_MATCH,
  ],
  [/^DELETE \/fhir\/Subscription/, 'Stop a subscription', undefined, IF_MATCH],
  [/^GET \/health\/live$/, 'Does the process run'],
  [/^GET \/health\/ready$/, 'Does everything work that it needs, and what is wrong besides'],
  [/^GET \/health\/pager$/, 'Is somebody to be woken'],
  [/^GET \/metrics$/, 'Counters and times for Prometheus'],
  [
    /^POST \/oauth2\/token$/,
    'An access token of five minutes, for an assertion that the client signed (SMART Backend Services)',
    { 'application/x-www-form-urlencoded': { schema: TOKEN_REQUEST } },
  ],
  [/^GET .*\/smart-configuration$/, 'Where and how clients prove who they are'],
  [/^GET \/docs\/openapi.json$/, 'This description'],
  [/^GET \/docs$/, 'This description, to read'],
  [/^GET \/fhir\/metadata$/, 'CapabilityStatement'],
];

export const INTERACTIONS: Record<string, string> = {
  read: 'Read one, as it is now',
  vread: 'Read one version',
  'history-instance': 'Versions of one',
  'search-type': 'Search',
};

export const FOR_ALL = {
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
export const OF_ONE = {
  _summary: 'true, text, data or false',
  _elements: 'names of elements, between commas: no others but what must be there',
};
export const OF_SUBSCRIPTIONS = {
  _id: 'ids, any of them',
  status: 'requested, active, error, off: any of them',
  url: 'the endpoint, exactly',
  _count: 'subscriptions on a page: at most 100',
};
export const PREFER = { Prefer: 'handling=lenient: leave out parameters that are not known' };
export const OF_HISTORY = {
  _count: 'versions on a page: at most 1000',
  _since: 'versions since a time',
  _at: 'versions that were the present one at a time or in a day, month or year',
};
