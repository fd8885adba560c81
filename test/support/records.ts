/** Source records as mappings make them, for tests of link and save. All people are synthetic; numbers are from the 999 range. */
import type { Basic, Patient, RelatedPerson, Resource } from '@medplum/fhirtypes';
import { NHS_NUMBER } from '../../src/fhir/systems.ts';
import type { SourceRecord, Statement } from '../../src/model.ts';

const VERIFICATION =
  'https://fhir.hl7.org.uk/StructureDefinition/Extension-UKCore-NHSNumberVerificationStatus';

/** The n-th valid number of the 999 test range. */
export function nhsNumber(n: number): string {
  for (let base = 999_000_000 + n * 2; ; base++) {
    const sum = [...String(base)].reduce((total, digit, index) => total + Number(digit) * (10 - index), 0);
    const check = (11 - (sum % 11)) % 11;
    if (check < 10) return `${base}${check}`;
  }
}

export type Someone = {
  nhs?: string;
  verified?: boolean;
  local?: string;
  given?: string;
  family?: string;
  born?: string;
  postcode?: string;
  rest?: Partial<Patient>;
};

export function patient(
  local: string,
  { nhs, verified = true, local: mrn, given, family, born, rest }: Someone,
): Statement {
  const status = { url: VERIFICATION, valueCodeableConcept: { coding: [{ code: verified ? '01' : '02' }] } };
  const identifier = [
    ...(mrn ? [{ system: 'https://skein.example/Id/RXX', value: mrn }] : []),
    ...(nhs ? [{ system: NHS_NUMBER, value: nhs, extension: [status] }] : []),
  ];
  const resource: Patient = {
    resourceType: 'Patient',
    ...(identifier.length ? { identifier } : {}),
    ...(given || family
      ? { name: [{ ...(family ? { family } : {}), ...(given ? { given: [given] } : {}) }] }
      : {}),
    ...(born ? { birthDate: born } : {}),
    ...rest,
  };
  const [first] = identifier;
  return { local, resource, ...(first ? { identifier: `${first.system}|${first.value}` } : {}) };
}

export function relative(
  local: string,
  of: string,
  codes: string[],
  end: { nhs?: string; mrn?: string; given?: string } = {},
): Statement {
  const identifier = [
    ...(end.nhs ? [{ system: NHS_NUMBER, value: end.nhs }] : []),
    ...(end.mrn ? [{ system: 'https://skein.example/Id/RXX', value: end.mrn }] : []),
  ];
  const resource: RelatedPerson = {
    resourceType: 'RelatedPerson',
    patient: { reference: `#${of}` },
    relationship: [{ coding: codes.map((code) => ({ code })) }],
    ...(identifier.length ? { identifier } : {}),
    ...(end.given ? { name: [{ given: [end.given] }] } : {}),
  };
  return { local, resource };
}

export function resourceStatement(
  local: string,
  identifier: string | undefined,
  resource: Resource,
): Statement {
  return { local, resource, ...(identifier ? { identifier } : {}) };
}

/** A referral of `#patient` to `to` (a service id), with the planned spell that goes with it. */
export function referral(id: string, to: string, status: 'active' | 'revoked' = 'active'): Statement[] {
  const identifier = `https://skein.example/Id/referral|${id}`;
  const performer = { reference: `Organization/${to}` };
  return [
    resourceStatement('servicerequest', identifier, {
      resourceType: 'ServiceRequest',
      status,
      intent: 'plan',
      subject: { reference: '#patient' },
      performer: [performer],
    }),
    resourceStatement('episode', identifier, {
      resourceType: 'EpisodeOfCare',
      status: status === 'revoked' ? 'cancelled' : 'planned',
      patient: { reference: '#patient' },
      managingOrganization: performer,
      referralRequest: [{ reference: '#servicerequest' }],
    }),
  ];
}

export function episode(
  id: string,
  status: 'active' | 'finished',
  period = { start: '2026-09-01' },
): Statement {
  return resourceStatement('episode', `https://skein.example/Id/episode|${id}`, {
    resourceType: 'EpisodeOfCare',
    status,
    patient: { reference: '#patient' },
    period,
  });
}

export function record(
  saidAt: string,
  statements: Statement[],
  mode: 'snapshot' | 'delta' = 'snapshot',
): SourceRecord {
  return { position: '', saidAt, mapping: 'test@1', mode, statements, lineage: [] };
}

type Signalled = { status?: 'I' | 'R'; by?: string; cause?: string; day?: string };
/** What mappings/mns makes of a signal about a number. */
export function signalStatement(code: string, number: string, said: Signalled = {}): Statement {
  const { status, by, cause, day = '2026-09-01' } = said;
  const url = (name: string) => `https://skein.example/fhir/StructureDefinition/number-${name}`;
  const extension = [
    ...(status ? [{ url: url('status'), valueCode: status }] : []),
    ...(cause ? [{ url: url('change-cause'), valueCode: cause }] : []),
    ...(by ? [{ url: url('replaced-by'), valueIdentifier: { system: NHS_NUMBER, value: by } }] : []),
  ];
  const resource: Basic = {
    resourceType: 'Basic',
    ...(extension.length > 0 ? { extension } : {}),
    code: { coding: [{ system: 'https://skein.example/fhir/CodeSystem/national-signal', code }] },
    subject: { identifier: { system: NHS_NUMBER, value: number } },
    created: day,
  };
  return { local: 'signal', resource };
}
