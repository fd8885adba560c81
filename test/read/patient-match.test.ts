/** `Patient/$match`: of own patients only, for statutory health only; by what the caller may see. */
import type { Bundle, Patient } from '@medplum/fhirtypes';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { gather, type Household } from '../support/household.ts';
import { adt, episodeBundle } from '../support/messages.ts';
import { nhsNumber } from '../support/records.ts';

const ago = (days: number) => new Date(Date.now() - days * 86_400_000).toISOString().slice(0, 10);
const MOTHER = { nhs: nhsNumber(101), given: 'Tamsin', family: 'Penrose', born: '1994-03-02', local: 'M1' };
const NAMESAKE = { nhs: nhsNumber(105), given: 'Tamsin', family: 'Penrose', born: '1994-03-02', local: 'M2' };
const TWIN = { nhs: nhsNumber(102), given: 'Kit', family: 'Penrose', born: ago(20), local: 'B1' };
const OTHER_TWIN = { ...TWIN, nhs: nhsNumber(103), given: 'Kat', local: 'B2' };

let household: Household;
beforeAll(async () => {
  household = await gather({
    maternity: ['maternity', 'RXM', 'hl7v2-adt'],
    perinatal: ['specialist-perinatal', 'RXP', 'fhir-r4'],
    visiting: ['health-visiting', 'RXV', 'fhir-r4'],
    charity: ['third-sector', 'RXT', 'fhir-r4'],
    social: ['childrens-services', 'RXS', 'fhir-r4'],
  });
  const messages = [MOTHER, TWIN, OTHER_TWIN].map((who, n) =>
    adt(who, { id: `MSG${n}`, visit: `V${n}`, ...(n > 0 ? { mother: MOTHER.nhs } : {}) }),
  );
  for (const message of messages)
    expect((await household.skein.intake('maternity', 'application/hl7-v2', message)).body.text).toContain(
      'MSA|AA',
    );
  await care('perinatal', MOTHER);
  await care('charity', MOTHER);
  await care('social', MOTHER);
  await care('visiting', NAMESAKE);
});
afterAll(() => household.stop());

async function care(system: string, who: typeof MOTHER): Promise<void> {
  const id = `${who.local}-${system}`;
  const bundle = episodeBundle(who, { id, start: ago(15), at: `${ago(15)}T10:00:00Z` });
  expect((await household.skein.transaction(bundle, system)).status).toBe(200);
}

const NUMBER = 'https://fhir.nhs.uk/Id/nhs-number';
const STATUS = 'https://fhir.hl7.org.uk/StructureDefinition/Extension-UKCore-NHSNumberVerificationStatus';
const asked = ({ nhs, given, family, born }: Partial<typeof MOTHER>): Patient => ({
  resourceType: 'Patient',
  ...(nhs
    ? {
        identifier: [
          {
            extension: [{ url: STATUS, valueCodeableConcept: { coding: [{ code: '01' }] } }],
            ...{ system: NUMBER, value: nhs },
          },
        ],
      }
    : {}),
  ...(family || given
    ? { name: [{ ...(family ? { family } : {}), ...(given ? { given: [given] } : {}) }] }
    : {}),
  ...(born ? { birthDate: born } : {}),
});

async function match(system: string | undefined, who: object, more: object[] = []) {
  const body = { resourceType: 'Parameters', parameter: [{ name: 'resource', resource: who }, ...more] };
  const headers = {
    'content-type': 'application/fhir+json',
    ...(system ? { 'x-skein-system': system } : {}),
  };
  const sent = await household.skein.send('POST', '/fhir/Patient/$match', headers, JSON.stringify(body));
  const entries = (sent.body as unknown as Bundle).entry ?? [];
  return {
    status: sent.status,
    body: sent.body,
    graded: entries.map(({ resource, search }) => [
      (resource as Patient).identifier?.find(({ system }) => system === NUMBER)?.value,
      search?.extension?.[0]?.valueCode,
      search?.score,
    ]),
    reasons: entries.map(({ search }) => search?.extension?.slice(1).map(({ valueCode }) => valueCode)),
  };
}

test('an own patient is certain by number, birth date and given name, and the reason is said', async () => {
  const found = await match('perinatal', asked(MOTHER));
  expect([found.status, found.graded]).toEqual([200, [[MOTHER.nhs, 'certain', 1]]]);
  expect(found.reasons).toEqual([['number']]);
});

test('without a number it is no certainty, and a name alone is nobody', async () => {
  const { nhs: _, ...unnumbered } = MOTHER;
  const found = await match('perinatal', asked(unnumbered));
  expect(found.graded).toHaveLength(1);
  expect(['probable', 'possible']).toContain(found.graded[0]?.[1]);
  expect(found.graded[0]?.[2]).toBeLessThan(1);
  expect((await match('perinatal', asked({ family: 'Penrose' }))).graded).toEqual([]);
});

test('a twin is never the other twin', async () => {
  const found = await match('maternity', asked(TWIN));
  expect(found.graded[0]).toEqual([TWIN.nhs, 'certain', 1]);
  const other = found.graded.find(([number]) => number === OTHER_TWIN.nhs);
  expect(['certainly-not', undefined]).toContain(other?.[1]);
});

test('another number under the same name and birth date is never certain', async () => {
  const found = await match('visiting', asked(MOTHER));
  expect(found.graded.map(([, grade]) => grade)).not.toContain('certain');
  expect(JSON.stringify(found.body)).not.toContain(MOTHER.nhs);
});

test('nobody but own patients is found, not even one who may be seen through another', async () => {
  // Her infants are to be seen by the perinatal team, and are not its patients.
  const seen = await household.find('Patient', '', 'perinatal');
  expect(JSON.stringify(seen)).toContain('Kit');
  expect((await match('perinatal', asked(TWIN))).graded).toEqual([]);
  expect((await match('visiting', asked({ ...MOTHER, given: 'Ann', family: 'Bell' }))).graded).toEqual([]);
});

test.each(['charity', 'social'])('%s finds nobody, whomever it asks of', async (system) => {
  const known = await match(system, asked(MOTHER));
  const unknown = await match(system, asked({ ...MOTHER, nhs: nhsNumber(999) }));
  expect([known.status, known.body]).toEqual([200, unknown.body]);
  expect(known.graded).toEqual([]);
});

test('only certain matches, and so many as are asked for', async () => {
  const only = { name: 'onlyCertainMatches', valueBoolean: true };
  const { nhs: _, ...unnumbered } = MOTHER;
  expect((await match('perinatal', asked(unnumbered), [only])).graded).toEqual([]);
  expect((await match('perinatal', asked(MOTHER), [only])).graded).toHaveLength(1);
  expect((await match(undefined, asked(unnumbered))).graded.length).toBeGreaterThan(1);
  expect(
    (await match(undefined, asked(unnumbered), [{ name: 'count', valueInteger: 1 }])).graded,
  ).toHaveLength(1);
});

test.each([
  ['no patient', []],
  ['two patients', [asked(MOTHER), asked(MOTHER)]],
  ['something else', [{ resourceType: 'Group' }]],
  ['a name that is none', [{ resourceType: 'Patient', name: 'Tamsin' }]],
  ['an identifier that is none', [{ resourceType: 'Patient', identifier: [null] }]],
  ['a given name that is none', [{ resourceType: 'Patient', name: [{ given: [{}] }] }]],
  ['a birth date that is none', [{ resourceType: 'Patient', birthDate: ['1994'] }]],
  ['an address that is none', [{ resourceType: 'Patient', address: [{ line: 5 }] }]],
])('%s is refused', async (_what, patients) => {
  const parameter = patients.map((resource) => ({ name: 'resource', resource }));
  const body = JSON.stringify({ resourceType: 'Parameters', parameter });
  const headers = { 'content-type': 'application/fhir+json', 'x-skein-system': 'perinatal' };
  const sent = await household.skein.send('POST', '/fhir/Patient/$match', headers, body);
  expect([sent.status, JSON.stringify(sent.body)]).toEqual([400, expect.stringContaining('Parameters')]);
});
