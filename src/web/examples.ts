/** Bodies that work as they stand, of invented people. */
import { TOPIC_URL } from '../fhir/systems.ts';

const BACKPORT = 'http://hl7.org/fhir/uv/subscriptions-backport/StructureDefinition';
const person = 'urn:uuid:6f1c1b0e-5f2d-4c1e-9d0a-2b7f3a1c5e10';

export const SUBSCRIPTION = {
  resourceType: 'Subscription',
  status: 'requested',
  reason: 'updates of the families in our care',
  criteria: TOPIC_URL,
  channel: {
    type: 'rest-hook',
    endpoint: 'https://perinatal.example/skein',
    payload: 'application/fhir+json',
    _payload: { extension: [{ url: `${BACKPORT}/backport-payload-content`, valueCode: 'empty' }] },
  },
};

const PATIENT = {
  resourceType: 'Patient',
  identifier: [{ system: 'https://care.example/Id/patient', value: 'P-1' }],
  name: [{ family: 'Tregear', given: ['Una'] }],
  birthDate: '1990-01-01',
};

export const TRANSACTION = {
  resourceType: 'Bundle',
  type: 'transaction',
  timestamp: '2026-09-12T09:00:00Z',
  entry: [{ fullUrl: person, resource: PATIENT, request: { method: 'POST', url: 'Patient' } }],
};

/** Who is this, of our own patients? */
export const MATCHING = {
  resourceType: 'Parameters',
  parameter: [
    {
      name: 'resource',
      resource: {
        resourceType: 'Patient',
        name: [{ family: 'Sample', given: ['Robin'] }],
        birthDate: '1991-03-03',
      },
    },
    { name: 'count', valueInteger: 5 },
  ],
};

export const PARAMETERS = {
  resourceType: 'Parameters',
  parameter: [{ name: 'status', valueCode: 'error' }],
};

export const PARAMETERS_OF_REMOVAL = {
  resourceType: 'Parameters',
  parameter: [{ name: 'eventNumber', valueString: '12' }],
};

/** She refuses that anybody else knows the content of her care. */
export const CONSENT = {
  resourceType: 'Consent',
  status: 'active',
  scope: {
    coding: [{ system: 'http://terminology.hl7.org/CodeSystem/consentscope', code: 'patient-privacy' }],
  },
  category: [{ coding: [{ system: 'http://terminology.hl7.org/CodeSystem/v3-ActCode', code: 'INFA' }] }],
  patient: { reference: 'Patient/5b0f2a9c-1d7e-5c3a-9f40-6a1b2c3d4e5f' },
  provision: {
    type: 'deny',
    code: [
      { coding: [{ system: 'https://skein.example/fhir/CodeSystem/sharing-category', code: 'content' }] },
    ],
  },
};

export const PLACEMENT_SAID = {
  resourceType: 'Parameters',
  parameter: [{ name: 'placement', valueCode: 'placed' }],
};

/** Whatever day it is, it is one to come. */
const IN_A_QUARTER = new Date(Date.now() + 90 * 86_400_000).toISOString().slice(0, 10);
export const COMPETENCE_SAID = {
  resourceType: 'Parameters',
  parameter: [
    { name: 'third-sector-help', valueBoolean: true },
    { name: 'until', valueDate: IN_A_QUARTER },
    { name: 'clinician', valueString: 'Sample Clinician' },
  ],
};

export const PARENTAL_SAID = {
  resourceType: 'Parameters',
  parameter: [
    { name: 'holder', valueCode: 'mother' },
    { name: 'document', valueCode: 'birth-certificate' },
    { name: 'from', valueDate: '2026-03-02' },
    { name: 'clinician', valueString: 'Sample Clinician' },
  ],
};

export const SAFE_CONTACT_SAID = {
  resourceType: 'Parameters',
  parameter: [
    { name: 'how', valueCode: 'text' },
    { name: 'from', valueTime: '09:00' },
    { name: 'to', valueTime: '15:00' },
    { name: 'voicemail', valueBoolean: false },
  ],
};

export const GLASS_BROKEN = {
  resourceType: 'Parameters',
  parameter: [
    { name: 'reason', valueString: 'brought in unconscious by ambulance, nobody with her' },
    { name: 'hours', valueInteger: 2 },
  ],
};

export const GLASS_BROKEN_FOR = {
  resourceType: 'Parameters',
  parameter: [
    { name: 'reason', valueString: 'brought in unconscious by ambulance, nobody with her' },
    {
      name: 'identifier',
      valueIdentifier: { system: 'https://fhir.nhs.uk/Id/nhs-number', value: '9990019401' },
    },
    { name: 'birthDate', valueDate: '1990-01-01' },
    { name: 'given', valueString: 'Una' },
  ],
};

/** Where there is no body, 100 on a page. */
export const PARAMETERS_OF_SNAPSHOT = {
  resourceType: 'Parameters',
  parameter: [{ name: '_count', valueInteger: 200 }],
};

export const PARAMETERS_OF_EVENTS = {
  resourceType: 'Parameters',
  parameter: [{ name: 'eventsSinceNumber', valueString: '3' }],
};

export const HL7_V2 = [
  'MSH|^~\\&|PAS|RXM|SKEIN|SKEIN|20260912090000||ADT^A28|EXAMPLE-1|P|2.4',
  'EVN|A28|20260912090000',
  'PID|1||P-1^^^RXM^MR||Tregear^Una||19900101|F',
  '',
].join('\r');

export const DUTY_CONTACT = {
  resourceType: 'HealthcareService',
  telecom: [{ system: 'phone', value: '01632 960130' }],
  availableTime: [
    {
      daysOfWeek: ['mon', 'tue', 'wed', 'thu', 'fri'],
      availableStartTime: '09:00:00',
      availableEndTime: '17:00:00',
    },
  ],
};

/** Of whoever decides an item of the worklist. */
export const DECISION = {
  resourceType: 'Parameters',
  parameter: [
    { name: 'by', valueString: 'A. Reviewer' },
    { name: 'reason', valueString: 'same address, and the midwife knows her' },
  ],
};

export const DEFERRAL = {
  resourceType: 'Parameters',
  parameter: [
    { name: 'by', valueString: 'A. Reviewer' },
    { name: 'until', valueDate: '2027-01-31' },
  ],
};

export const PROMPT_ENDED = {
  resourceType: 'Task',
  status: 'cancelled',
  intent: 'proposal',
  statusReason: {
    coding: [{ system: 'https://skein.example/fhir/CodeSystem/prompt-reason', code: 'in-hand' }],
  },
};

export const OUTCOME = {
  resourceType: 'OperationOutcome',
  issue: [
    {
      severity: 'error',
      code: 'required',
      details: { text: 'no birth date' },
      diagnostics: 'PID-7: no birth date',
      expression: ['Patient.birthDate'],
    },
  ],
};
