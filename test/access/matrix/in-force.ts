/** What is to be in force of a family: how to reach each of them, and what the family is there for. */
import { expect } from 'vitest';
import { freezeNumber } from '../../../src/pipeline/numbers.ts';
import { testContext } from '../../support/context.ts';
import type { Household } from '../../support/household.ts';
import { COMPARTMENTS, type Compartment, canary } from './canaries.ts';
import { personOf, TAKER } from './facts.ts';
import type { Case, Condition } from './oracle.ts';

const FHIR = 'application/fhir+json';
const post = async (household: Household, path: string, body: object) => {
  const headers = { 'content-type': FHIR, 'x-skein-system': TAKER };
  const { status, body: answer } = await household.skein.send('POST', path, headers, JSON.stringify(body));
  expect([200, 201], JSON.stringify(answer)).toContain(status);
};
const parameters = (values: Record<string, object>) => {
  const parameter = Object.entries(values).map(([name, value]) => ({ name, ...value }));
  return { resourceType: 'Parameters', parameter };
};

/** How to reach each of them, and then what the family is there for. */
export async function putInForce(
  household: Household,
  place: { family: number; one: Case; readers: string[] },
): Promise<void> {
  const { family, one, readers } = place;
  const ids = {} as Record<Compartment, string>;
  for (const of of COMPARTMENTS) {
    const number = `&identifier=https://fhir.nhs.uk/Id/nhs-number|${personOf(family, of).nhs}`;
    ids[of] = (await household.find('Patient', number, TAKER))[0]?.id ?? 'nobody';
    const name = canary({ family, of, category: 'CON', mark: 'S' });
    await post(
      household,
      `/fhir/Patient/${ids[of]}/$safe-contact`,
      parameters({ how: { valueCode: 'phone' }, name: { valueString: name } }),
    );
  }
  const consent = (type: string, codes: string[], to: string[] = []) =>
    post(household, '/fhir/Consent', consentOf(household, { type, codes, to, patient: ids.M }));
  const steps: Partial<Record<Condition, () => Promise<unknown>>> = {
    hold: () => post(household, `/fhir/Patient/${ids.M}/$place-hold`, {}),
    placed: () =>
      post(
        household,
        `/fhir/Patient/${ids.I}/$set-placement`,
        parameters({ placement: { valueCode: 'placed' } }),
      ),
    'refused-content': () => consent('deny', ['content']),
    'refused-all': () => consent('deny', ['identification']),
    'refused-DEM': () => consent('deny', ['DEM']),
    agreed: () => consent('permit', [], readers),
    frozen: () =>
      freezeNumber(testContext(household.database), personOf(family, 'M').nhs, {
        by: 'A. Reviewer',
        cause: 'identity-change',
      }),
  };
  await steps[one.condition]?.();
}

const CATEGORY = 'https://skein.example/fhir/CodeSystem/sharing-category';
type Terms = { type: string; codes: string[]; to: string[]; patient: string };
function consentOf(household: Household, { type, codes, to, patient }: Terms) {
  const actor = to.map((system) => ({
    role: { coding: [{ code: 'IRCP' }] },
    reference: { reference: `Organization/${household.serviceOf(system)}` },
  }));
  return {
    resourceType: 'Consent',
    status: 'active',
    scope: {
      coding: [{ system: 'http://terminology.hl7.org/CodeSystem/consentscope', code: 'patient-privacy' }],
    },
    category: [{ coding: [{ system: 'http://terminology.hl7.org/CodeSystem/v3-ActCode', code: 'INFA' }] }],
    patient: { reference: `Patient/${patient}` },
    provision: {
      type,
      ...(actor.length > 0 ? { actor } : {}),
      ...(codes.length > 0
        ? { code: codes.map((one) => ({ coding: [{ system: CATEGORY, code: one }] })) }
        : {}),
    },
  };
}
