/**
 * https://hl7.org/fhir/R4/http.html#transaction : a batch is so many requests in one. Each is answered as it
 * would be alone, by the same routes, and fails alone.
 */
import type { Bundle, BundleEntry, BundleEntryRequest, OperationOutcome, Resource } from '@medplum/fhirtypes';
import type { FastifyInstance, FastifyRequest, LightMyRequestResponse } from 'fastify';
import { parseJson } from '../../formats/json.ts';
import { headerOf, OF_BATCH, rejected } from './request.ts';

/** Each may be a search: more come in another batch. */
const MOST_ENTRIES = 100;

/** What says who is asking, and how. */
const HEADERS = [
  'authorization',
  'x-skein-system',
  'x-skein-user',
  'host',
  'origin',
  'prefer',
  'traceparent',
  'nhsd-end-user-organisation',
];

/** `Type…` or `metadata`, below the base URL: no way to anything but FHIR. */
const URL = /^\/?(?:[A-Z]\w*|metadata)(?:[/?]|$)(?!.*(?:^|\/)\.)/;

/** Throws Rejected(400) for a batch that cannot be read or is too large. */
export async function answerBatch(
  app: FastifyInstance,
  request: FastifyRequest,
  batch: Bundle,
): Promise<Bundle> {
  const entries: unknown[] = Array.isArray(batch.entry) ? batch.entry : [];
  if (entries.length > MOST_ENTRIES)
    throw rejected(400, 'too-costly', `a batch has at most ${MOST_ENTRIES} entries`);
  const entry: BundleEntry[] = [];
  for (const index of entries.keys()) entry.push(await answerEntry(app, request, batch, index));
  return { resourceType: 'Bundle', type: 'batch-response', ...(entry.length > 0 ? { entry } : {}) };
}

async function answerEntry(
  app: FastifyInstance,
  request: FastifyRequest,
  batch: Bundle,
  index: number,
): Promise<BundleEntry> {
  const { request: asked, resource } = (batch.entry?.[index] ?? {}) as BundleEntry;
  const { method, url } = (asked ?? {}) as { method?: unknown; url?: unknown };
  if (typeof method !== 'string' || typeof url !== 'string' || !URL.test(url))
    return refusedEntry('request.method and a request.url below the base are needed', index);
  const headers = { ...headersOf(request), ...conditionsOf(asked as BundleEntryRequest) };
  const payload = resource && /^(POST|PUT)$/.test(method) ? JSON.stringify(resource) : undefined;
  const alone = await app.inject({
    method: method as 'GET',
    url: `/fhir/${url.replace(/^\//, '')}`,
    headers: { ...headers, ...(payload ? JSON_BODY : {}) },
    ...(payload ? { payload } : {}),
  });
  // What is no resource of its own to write to comes as a transaction of one.
  if (!payload || ![404, 405].includes(alone.statusCode)) return entryOf(alone);
  return writtenEntry(await app.inject(asTransaction(request, headers, batch, index)));
}

const JSON_BODY = { 'content-type': 'application/fhir+json' };

function headersOf(request: FastifyRequest): Record<string, string> {
  const said = HEADERS.flatMap((name) => {
    const value = headerOf(request, name);
    return value === undefined ? [] : [[name, value]];
  });
  return Object.fromEntries([...said, [OF_BATCH.name, OF_BATCH.value]]);
}

function conditionsOf({ ifNoneMatch, ifModifiedSince }: BundleEntryRequest): Record<string, string> {
  return {
    ...(ifNoneMatch ? { 'if-none-match': String(ifNoneMatch) } : {}),
    ...(ifModifiedSince ? { 'if-modified-since': String(ifModifiedSince) } : {}),
  };
}

/** Said when its batch was. Its own id is the batch's and its place there; without one, its content. */
function asTransaction(
  request: FastifyRequest,
  headers: Record<string, string>,
  { timestamp, meta, entry = [] }: Bundle,
  index: number,
) {
  const key = headerOf(request, 'idempotency-key');
  const bundle = {
    resourceType: 'Bundle',
    type: 'transaction',
    ...(meta === undefined ? {} : { meta }),
    ...(timestamp === undefined ? {} : { timestamp }),
    entry: [entry[index]],
  };
  return {
    method: 'POST' as const,
    url: '/fhir',
    headers: { ...headers, ...JSON_BODY, ...(key ? { 'idempotency-key': `${key}#${index}` } : {}) },
    payload: JSON.stringify(bundle),
  };
}

function writtenEntry(answer: LightMyRequestResponse): BundleEntry {
  const told = bodyOf(answer) as Bundle | undefined;
  return told?.resourceType === 'Bundle' ? (told.entry?.[0] as BundleEntry) : entryOf(answer);
}

function entryOf(answer: LightMyRequestResponse): BundleEntry {
  const { statusCode, headers } = answer;
  const told = bodyOf(answer);
  const isOutcome = told?.resourceType === 'OperationOutcome';
  const modified = headers['last-modified'];
  return {
    ...(told && !isOutcome ? { resource: told } : {}),
    response: {
      status: String(statusCode),
      ...(headers.etag ? { etag: String(headers.etag) } : {}),
      ...(modified ? { lastModified: new Date(String(modified)).toISOString() } : {}),
      ...(isOutcome ? { outcome: told as OperationOutcome } : {}),
    },
  };
}

function bodyOf({ rawPayload }: LightMyRequestResponse): Resource | undefined {
  return rawPayload.length > 0 ? (parseJson(rawPayload) as unknown as Resource) : undefined;
}

function refusedEntry(text: string, index: number): BundleEntry {
  const issue = {
    severity: 'error' as const,
    code: 'invalid' as const,
    details: { text },
    diagnostics: `/entry/${index}: ${text}`,
  };
  return { response: { status: '400', outcome: { resourceType: 'OperationOutcome', issue: [issue] } } };
}
