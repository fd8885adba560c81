import { expect, test } from 'vitest';
import { loadMappings, type Mapping } from '../../src/map/language/load-mappings.ts';
import { mapUnit } from '../../src/map/map-unit.ts';
import type { Json } from '../../src/model.ts';
import { ownProfiles } from '../../src/validate/profiles.ts';
import { validateRecord } from '../../src/validate/validate-record.ts';

const mapping = (await loadMappings()).get('fhir-r4') as Mapping;

/** Milliseconds of processor that this process spends on it. */
function spent(work: () => void): number {
  const before = process.cpuUsage();
  work();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000;
}

function bundle(count: number, resource: (index: number) => Json): Json {
  const entry = Array.from({ length: count }, (_, index) => ({
    ...{
      fullUrl: `urn:uuid:${index}`,
      resource: resource(index),
      request: { method: 'POST', url: 'Patient' },
    },
  }));
  return { resourceType: 'Bundle', type: 'transaction', entry };
}

test('five thousand faults are answered by a hundred, in little more than the time of none', () => {
  const broken = bundle(5_000, () => ({ resourceType: 'Patient', gender: 'F', name: [{ given: [1] }] }));
  const lost = bundle(5_000, (index) => ({
    resourceType: 'EpisodeOfCare',
    status: 'active',
    patient: { reference: `urn:uuid:lost-${index}` },
  }));
  const time = spent(() => {
    const { record } = mapUnit(mapping, { position: '', tree: broken }, { dialect: null });
    const issues = record && validateRecord(record, ownProfiles());
    expect(issues?.length).toBeGreaterThanOrEqual(100);
    expect(issues?.length).toBeLessThan(210);
    expect(mapUnit(mapping, { position: '', tree: lost }, { dialect: null }).issues).toHaveLength(100);
  });
  expect(time).toBeLessThan(5_000);
});

test('ten thousand references to practitioners cost no search each', () => {
  const request = (index: number) => ({
    status: 'active',
    intent: 'plan',
    subject: { identifier: { value: '1' } },
    requester: { reference: `urn:uuid:${index}` },
  });
  const tree = bundle(10_000, (index) =>
    index % 2 ? { resourceType: 'Practitioner' } : { resourceType: 'ServiceRequest', ...request(index + 1) },
  );
  expect(spent(() => mapUnit(mapping, { position: '', tree }, { dialect: null }))).toBeLessThan(5_000);
});
