/** Headers, encoded values, searches and subscriptions that no client means. */
import { EVENT_CODES } from '../../src/model.ts';
import { subscriptionTo } from '../subscription.ts';
import { example, FHIR, get, type Kind, post, uuid } from './aim.ts';
import { below, bend, bendJson, ODD, pickOf } from './bend.ts';
import type { Shot } from './shot.ts';

const CODED = ['nhsd-target-identifier', 'nhsd-end-user-organisation', 'nhsd-requesting-software'];
/** Base64 where it is read: headers of NHS England, cursors, attachments. */
const base64: Kind = (aim) => {
  const { random, n } = aim;
  const inside = pickOf(random, [
    '{"value":"x","system":"y"}',
    '{"identifier":[{"system":1}]}',
    '[]',
    '"',
    '{"a":'.repeat(500),
    ...ODD,
  ]);
  const encoded = Buffer.from(inside).toString(pickOf(random, ['base64', 'base64url']));
  const odd = pickOf(random, [
    '=',
    '====',
    '!',
    'A',
    encoded.slice(0, -1),
    `${encoded}=`,
    encoded,
    encoded.repeat(3),
  ]);
  const places: (() => Shot)[] = [
    () => get(`/fhir/Patient?_cursor=${encodeURIComponent(odd)}`),
    () => get(`/pages/families?_cursor=${encodeURIComponent(odd)}`),
    () =>
      post('/fhir/$process-message', example(aim, 'json').text, FHIR, {
        ...{ 'x-request-id': uuid(n, 2), 'x-correlation-id': uuid(n, 3) },
        [pickOf(random, CODED)]: odd.replaceAll(/[^\x21-\x7e]/g, ''),
      }),
    () =>
      post(
        '/intake/fhir-r4',
        JSON.stringify({
          ...{ resourceType: 'Bundle', type: 'transaction' },
          entry: [
            { resource: { resourceType: 'DocumentReference', content: [{ attachment: { data: odd } }] } },
          ],
        }),
      ),
  ];
  return pickOf(random, places)();
};
const NAMES = [
  'Host',
  'Content-Length',
  'Transfer-Encoding',
  'Accept',
  'Prefer',
  'X-Skein-System',
  'X-Skein-User',
];
const MORE_NAMES = [
  'Authorization',
  'If-None-Match',
  'If-Modified-Since',
  'Content-Type',
  'Idempotency-Key',
  'Cookie',
];
const VALUES = [
  'chunked',
  'chunked, chunked',
  '-1',
  '0',
  '5',
  '99999999999',
  'Bearer x',
  'Bearer a.b.c',
  'gp',
  'W/"1"',
  '"',
];
/** Requests that no client of HTTP would write. */
const headers: Kind = ({ random, ids }) => {
  const path = pickOf(random, [
    '/fhir/Patient',
    `/fhir/Patient/${ids.Patient}`,
    '/fhir',
    '/health/ready',
    '/fhir/metadata',
    '/pages',
  ]);
  const lines = Array.from({ length: 1 + below(random, 8) }, () => {
    const value = random() < 0.5 ? pickOf(random, VALUES) : pickOf(random, ODD);
    return `${pickOf(random, [...NAMES, ...MORE_NAMES, 'X-\u0001', '__proto__'])}: ${value}`;
  });
  const first = `${pickOf(random, ['GET', 'GET', 'POST', 'PUT', 'HEAD', 'TRACE', 'get', 'X'])} ${path} HTTP/1.1`;
  const many = random() < 0.05 ? Array.from({ length: 3_000 }, (_, n) => `X-${n}: ${n}`) : [];
  const head = [first, 'Host: 127.0.0.1', 'Connection: close', ...lines, ...many].join('\r\n');
  return { door: 'raw', bytes: `${random() < 0.1 ? bend(random, head) : head}\r\n\r\n{"a":1}` };
};

const TYPES = [
  'Patient',
  'Group',
  'EpisodeOfCare',
  'Encounter',
  'ServiceRequest',
  'RelatedPerson',
  'CareTeam',
  'Task',
  'Organization',
  'Provenance',
  'Subscription',
  'AuditEvent',
  'Consent',
  'Basic',
];
const PARAMETERS = [
  '_id',
  '_lastUpdated',
  '_sort',
  '_count',
  '_include',
  '_revinclude',
  '_total',
  '_summary',
  '_elements',
  '_has:Encounter:patient:date',
  '_filter',
  '_since',
  '_format',
  '_tag',
  '_security',
  'identifier',
  'name',
  'family',
  'birthdate',
  'patient',
  'patient.name',
  'subject:Patient.birthdate',
  'date',
  'status',
  'member',
  'organization',
  'type',
  'code',
  'address-postalcode',
  'phone',
  'url',
  'criteria',
  'target',
  'recorded',
];
const MODIFIERS = [
  '',
  '',
  '',
  ':exact',
  ':contains',
  ':missing',
  ':not',
  ':of-type',
  ':identifier',
  ':text',
  ':in',
  ':Patient',
  ':',
];
const SEARCHED = [
  'Patient:link',
  'EpisodeOfCare:patient',
  'Group:member',
  'ge2020',
  'ap2026-01-01',
  'sa',
  'accurate',
  'count',
  '-birthdate',
  'true',
  'http://a|b',
  '|b',
  'a|',
  'a,b,c',
  'a\\,b',
  '1000000',
  '-1',
];
const PAGES = ['/pages/families', '/pages/messages', '/waits', '/intake/messages', '/fhir/Task/$worklist'];
const search: Kind = ({ random, ids }) => {
  const value = () =>
    pickOf(random, random() < 0.6 ? [...SEARCHED, ...Object.values(ids)] : ODD).toWellFormed();
  const pairs = Array.from({ length: 1 + below(random, 5) }, (): [string, string] => [
    `${pickOf(random, PARAMETERS)}${pickOf(random, MODIFIERS)}`,
    value(),
  ]);
  const query = `${new URLSearchParams(pairs)}`;
  const asked = random() < 0.1 ? query.replaceAll('%', () => pickOf(random, ['%', '%%', '%u', ''])) : query;
  const type = pickOf(random, TYPES);
  const id = ids[type] ?? 'x';
  const beyond = pickOf(random, ['', '', `/${id}`, `/${id}/_history`, `/${id}/_history/9`]);
  if (random() < 0.2) return post(`/fhir/${type}/_search`, asked, 'application/x-www-form-urlencoded');
  const pages = pickOf(random, [...PAGES, `/pages/journey/${ids.Group}`]);
  return get(`${random() < 0.15 ? pages : `/fhir/${type}${beyond}`}?${asked}`);
};

/** Subscriptions whose filters, criteria and channel are bent, and what is asked of one that there is. */
const filters: Kind = ({ random, ids }) => {
  const clause = () => {
    const name = pickOf(random, [
      'journey',
      'patient',
      'service',
      'stage',
      'event',
      'Patient?patient',
      'x',
      ...ODD,
    ]);
    const value = pickOf(random, [
      ...EVENT_CODES,
      'pregnancy',
      `Group/${ids.Group}`,
      `Patient/${ids.Patient}`,
      ...ODD,
    ]);
    return `${name}=${value}${random() < 0.3 ? `,${pickOf(random, ODD)}` : ''}`;
  };
  const whole = subscriptionTo('http://127.0.0.1:1/fuzz', pickOf(random, ['id-only', 'full-resource']));
  const extension = Array.from({ length: 1 + below(random, 4) }, () => {
    const url = 'http://hl7.org/fhir/uv/subscriptions-backport/StructureDefinition/backport-filter-criteria';
    return { url, valueString: Array.from({ length: 1 + below(random, 3) }, clause).join('&') };
  });
  const text = JSON.stringify({ ...whole, _criteria: { extension } });
  const body = random() < 0.5 ? text : bendJson(random, text);
  if (random() < 0.6) return post('/fhir/Subscription', body);
  const operation = pickOf(random, [
    '$events',
    '$status',
    '$snapshot',
    '$attempts',
    '$confirm-removal',
    '$rotate-secret',
  ]);
  const path = `/fhir/Subscription/${ids.Subscription}/${operation}`;
  if (random() < 0.5) return post(path, body);
  const names = ['eventsSinceNumber', 'eventsUntilNumber', 'content', 'id', 'status', '_after', '_count'];
  return get(`${path}?${new URLSearchParams([[pickOf(random, names), pickOf(random, ODD).toWellFormed()]])}`);
};

export const OF_REQUESTS: Record<string, Kind> = { base64, headers, search, filters };
