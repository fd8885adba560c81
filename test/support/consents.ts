/** What people agree to and refuse, and what is found of whether they may, as a service says it over HTTP. */
import type { Household } from './household.ts';

const CATEGORY = 'https://skein.example/fhir/CodeSystem/sharing-category';
export type Terms = {
  patient: string;
  type?: 'permit' | 'deny';
  code?: string[];
  /** Systems of the household whose services are named. */
  to?: string[];
  period?: object;
  status?: string;
  /** Whatever else the Consent has. */
  more?: object;
};
export const consentOf = (household: Household, { patient, type = 'deny', ...terms }: Terms) => {
  const { code, to, period, status = 'active', more = {} } = terms;
  const coded = (system: string, value: string) => ({ coding: [{ system, code: value }] });
  const actor = to?.map((system) => ({
    role: { coding: [{ code: 'IRCP' }] },
    reference: { reference: `Organization/${household.serviceOf(system)}` },
  }));
  return {
    resourceType: 'Consent',
    status,
    scope: coded('http://terminology.hl7.org/CodeSystem/consentscope', 'patient-privacy'),
    category: [coded('http://terminology.hl7.org/CodeSystem/v3-ActCode', 'INFA')],
    patient: { reference: `Patient/${patient}` },
    ...more,
    provision: {
      type,
      ...(period ? { period } : {}),
      ...(actor ? { actor } : {}),
      ...(code ? { code: code.map((one) => coded(CATEGORY, one)) } : {}),
    },
  };
};

export const post = (household: Household, path: string, system: string, body: object, headers = {}) =>
  household.skein.send(
    'POST',
    `/fhir/${path}`,
    { 'content-type': 'application/fhir+json', 'x-skein-system': system, ...headers },
    JSON.stringify(body),
  );

export const parameters = (...parameter: object[]) => ({ resourceType: 'Parameters', parameter });
export const serviceOf = (household: Household, system: string) => ({
  name: 'service',
  valueReference: { reference: `Organization/${household.serviceOf(system)}` },
});

/** For `more`: in what capacity a Consent is given; with a holder by parental responsibility. */
export const givenBy = (holder: string | null, ...others: object[]) => ({
  extension: [
    {
      url: 'https://skein.example/fhir/StructureDefinition/given-by',
      extension: holder
        ? [
            { url: 'capacity', valueCode: 'parental-responsibility' },
            { url: 'holder', valueCode: holder },
          ]
        : others,
    },
  ],
});
