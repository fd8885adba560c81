/** What each route answers: every status that it has by itself, with what comes along. */
import { isPublic } from '../access/authenticate/public.ts';
import type { Config } from '../config.ts';
import type { Route } from '../doors/route-list.ts';
import { HL7_TYPE } from '../formats/hl7v2.ts';

/** `content`: a schema by media type; none: there is no body. */
export type Answer = { description: string; content?: Record<string, string>; headers?: string[] };
export type Answers = Record<string, Answer>;
export type Auth = Config['AUTH'];

const FHIR = 'application/fhir+json';
const JSON_TYPE = 'application/json';
const fhir = (description: string, schema: string, headers?: string[]): Answer => ({
  description,
  content: { [FHIR]: schema },
  ...(headers ? { headers } : {}),
});
const json = (description: string, schema: string): Answer => ({
  description,
  content: { [JSON_TYPE]: schema },
});
const refused = (description: string): Answer => fhir(description, 'OperationOutcome');

const REFUSALS: Record<number, Answer> = {
  400: refused('it cannot be read or understood; the issue names the place in your own terms'),
  403: refused('it is not for you; where a scope is needed for it, the issue names it'),
  404: refused('it does not exist, or you may not see it: the two are answered alike'),
  406: refused('another format than JSON was asked for'),
  409: refused('this id was used before for other content, or was processed already'),
  410: refused('its owner deleted it'),
  412: refused('it has been changed meanwhile: If-Match names another version'),
  413: refused('the body is too large'),
  415: refused('the Content-Type is not read here'),
  422: refused('it was read, and cannot be kept as it is; each issue names the element or field'),
};
const THROTTLED: Answer = {
  ...refused('this person has tried as often in this hour as they may'),
  headers: ['Retry-After'],
};
const BUSY: Answer = {
  ...refused('as many messages of this sender are in hand as may be: send it again'),
  headers: ['Retry-After'],
};
const refusals = (...statuses: number[]): Answers =>
  Object.fromEntries(statuses.map((status) => [status, REFUSALS[status] as Answer]));

const VERSION = ['ETag', 'Last-Modified', 'Cache-Control'];
const found = (schema: string, headers = ['Cache-Control']): Answers => ({
  200: fhir('found', schema, headers),
});
const page = (media: string, description: string): Answers => ({
  200: { description, content: { [media]: 'Text' } },
});
const TAKEN = { [HL7_TYPE]: 'Text', [JSON_TYPE]: 'Results' };
const untaken = (status: number): Answer => ({
  ...(REFUSALS[status] as Answer),
  content: { ...TAKEN, [FHIR]: 'OperationOutcome' },
});

/** By method and URL, the first that fits. */
const ANSWERS: [RegExp, Answers][] = [
  [
    /^POST \/fhir\/\$process-message$/,
    {
      200: fhir('stored', 'Bundle', ['X-Request-Id', 'X-Correlation-Id']),
      ...refusals(400, 406, 409, 413, 415, 422),
      429: BUSY,
    },
  ],
  [
    /^POST \/fhir\/?$/,
    {
      200: fhir('stored, or a batch answered', 'Bundle'),
      ...refusals(400, 406, 409, 413, 415, 422),
      429: BUSY,
    },
  ],
  [
    /^POST \/intake\//,
    {
      200: { description: 'stored; HL7 v2 is acknowledged unless JSON is asked for', content: TAKEN },
      202: {
        ...json('kept, and read meanwhile: ask at Content-Location', 'Kept'),
        headers: ['Content-Location', 'Preference-Applied'],
      },
      ...refusals(413, 415),
      400: untaken(400),
      403: untaken(403),
      409: untaken(409),
      422: untaken(422),
      429: BUSY,
    },
  ],
  [
    /^GET \/intake\/messages$/,
    {
      200: json('found', 'Deliveries'),
      ...refusals(400, 404),
    },
  ],
  [
    /^POST \/fhir\/Subscription$/,
    {
      201: fhir('made; with its signing secret, this once', 'Subscription', ['Location', ...VERSION]),
      ...refusals(400, 415, 422),
    },
  ],
  [
    /^PUT \/fhir\/Subscription\//,
    { ...found('Subscription', VERSION), ...refusals(400, 404, 410, 412, 415, 422) },
  ],
  [
    /^DELETE \/fhir\/Subscription\//,
    { 204: { description: 'off: nothing more is sent' }, ...refusals(404, 412) },
  ],
  [/^GET \/fhir\/Subscription\/:id$/, { ...found('Subscription', VERSION), ...refusals(404, 410) }],
  [/^GET \/fhir\/Subscription\/:id\/\$status$/, { ...found('Bundle'), ...refusals(400, 404, 410) }],
  [/^GET \/fhir\/Subscription\/:id\/\$events$/, { ...found('Bundle'), ...refusals(400, 404, 410) }],
  [
    /^POST \/fhir\/Subscription\/:id\/\$rotate-secret$/,
    { ...found('Subscription', VERSION), ...refusals(400, 404, 410, 415) },
  ],
  [/^GET \/fhir\/Subscription\/:id\/\$attempts$/, { ...found('Resource'), ...refusals(400, 404, 410) }],
  [/^GET \/fhir\/Subscription\/:id\/\$snapshot$/, { ...found('Bundle'), ...refusals(400, 404, 410) }],
  [
    /^POST \/fhir\/Subscription\/:id\/\$snapshot$/,
    { ...found('Bundle'), ...refusals(400, 404, 410, 415, 422) },
  ],
  [
    /^POST \/fhir\/Subscription\/:id\/\$confirm-removal$/,
    { ...found('OperationOutcome'), ...refusals(400, 404, 410, 415, 422) },
  ],
  [/^POST \/fhir\/Subscription\/:id\/\$/, { ...found('Bundle'), ...refusals(400, 404, 410, 415) }],
  [/^GET \/fhir\/Subscription\/\$status$/, { ...found('Bundle'), ...refusals(400) }],
  [/^POST \/fhir\/Subscription\/\$status$/, { ...found('Bundle'), ...refusals(400, 415) }],
  [/^GET \/fhir\/Subscription$/, { ...found('Bundle'), ...refusals(400) }],
  [/^GET \/fhir\/metadata$/, { ...found('Resource'), ...refusals(406) }],
  [/\$match$/, { ...found('Bundle'), ...refusals(400, 406, 413, 415) }],
  [
    /^POST \/fhir\/Consent$/,
    {
      201: fhir('kept, and in force', 'Resource', ['Location', 'Cache-Control']),
      ...refusals(400, 403, 404, 406, 413, 415, 422),
    },
  ],
  [/^PUT \/fhir\/Consent\//, { ...found('Resource'), ...refusals(400, 403, 404, 406, 413, 415, 422) }],
  [/^GET \/fhir\/Consent\//, { ...found('Resource'), ...refusals(404, 406) }],
  [
    /\$break-glass$/,
    { ...found('Resource'), ...refusals(400, 403, 404, 406, 413, 415, 422), 429: THROTTLED },
  ],
  [/\$place-hold$/, { ...found('OperationOutcome'), ...refusals(403, 404, 406, 413) }],
  [/\$lift-hold$/, { ...found('OperationOutcome'), ...refusals(403, 404, 406, 413, 422) }],
  [
    /\$set-parental-responsibility$/,
    { ...found('OperationOutcome'), ...refusals(400, 403, 404, 406, 413, 415, 422) },
  ],
  [/\$set-competence$/, { ...found('OperationOutcome'), ...refusals(400, 403, 404, 406, 413, 415, 422) }],
  [/\$set-placement$/, { ...found('OperationOutcome'), ...refusals(400, 403, 404, 406, 413, 415, 422) }],
  [/\$safe-contact$/, { ...found('OperationOutcome'), ...refusals(400, 403, 404, 406, 413, 415, 422) }],
  [/^GET \/fhir\/Task\/\$worklist$/, { ...found('Bundle'), ...refusals(400, 406) }],
  [
    /\$(accept|reject|defer|undo)$/,
    { ...found('OperationOutcome'), ...refusals(400, 403, 404, 406, 413, 415, 422) },
  ],
  [/\$journey$/, { ...found('Bundle'), ...refusals(400, 404, 406) }],
  [/^GET \/fhir\/HealthcareService\//, { ...found('Resource'), ...refusals(404, 406) }],
  [/^PUT \/fhir\/HealthcareService\//, { ...found('Resource'), ...refusals(400, 404, 406, 415, 422) }],
  [/^PUT \/fhir\/Task\//, { ...found('Resource', VERSION), ...refusals(400, 404, 406, 412, 415, 422) }],
  [/\/_history$/, { ...found('Bundle'), ...refusals(400, 404, 406) }],
  [/\/_search$/, { ...found('Bundle'), ...refusals(400, 406, 413, 415) }],
  [
    /^GET \/fhir\/\w+\/:id/,
    {
      ...found('Resource', VERSION),
      304: { description: 'you have it: If-None-Match names this version', headers: ['ETag'] },
      ...refusals(400, 404, 406),
    },
  ],
  [/^GET \/fhir\/AuditEvent$/, { ...found('Bundle'), ...refusals(400, 403, 406) }],
  [/^GET \/fhir\/\w+$/, { ...found('Bundle'), ...refusals(400, 406) }],
  [
    /^GET \/waits$/,
    { 200: { ...json('found', 'WaitsReport'), headers: ['Cache-Control'] }, ...refusals(400) },
  ],
  [/^GET \/health\/live$/, { 200: json('it runs', 'Live') }],
  [
    /^GET \/health\/ready$/,
    {
      200: json('it works', 'Ready'),
      503: json('it does not; each reason names the setting', 'Ready'),
    },
  ],
  [
    /^GET \/health\/pager$/,
    { 200: json('nobody', 'Pager'), 503: json('somebody, for these reasons', 'Pager') },
  ],
  [
    /^GET \/metrics$/,
    { ...page('application/openmetrics-text', 'OpenMetrics, as Prometheus reads it'), ...refusals(403) },
  ],
  [/^GET \/docs\/openapi.json$/, { 200: json('this', 'Description') }],
  [
    /^POST \/oauth2\/token$/,
    {
      200: { ...json('who sent it is who it says', 'AccessToken'), headers: ['Cache-Control'] },
      400: json('invalid_request, invalid_scope or unsupported_grant_type', 'OAuthError'),
      401: json('invalid_client: skein auth doctor says why', 'OAuthError'),
    },
  ],
  [/^GET .*\/smart-configuration$/, { 200: json('found', 'SmartConfiguration') }],
  [/^GET \/docs$/, page('text/html', 'this, as a page')],
];

const NAMED = refused('without AUTH only this machine is answered; or X-Skein-System names no system');
const TOKEN: Answer = {
  ...refused('a bearer token of a registered system is needed'),
  headers: ['WWW-Authenticate'],
};

/** What a route answers where it asks so who is there. */
export function answersOf({ method, url }: Route, auth: Auth): Answers {
  const own = ANSWERS.find(([form]) => form.test(`${method} ${url}`))?.[1] ?? {};
  if (auth === 'none') return { ...own, 403: own[403] ?? NAMED };
  return isPublic(url) ? own : { ...own, ...refusals(403), 401: TOKEN };
}
