/** Resources as Skein makes and takes them, all in order: one or more of each profile of ours, and some of base R4 alone. Synthetic. */
import type { Json } from '../../src/model.ts';

export type Node = { [name: string]: Json };
export const SKEIN = 'https://skein.example/fhir';
export const NHS = 'https://fhir.nhs.uk/Id/nhs-number';
const VERIFICATION =
  'https://fhir.hl7.org.uk/StructureDefinition/Extension-UKCore-NHSNumberVerificationStatus';
const VERIFICATION_CODES = 'https://fhir.hl7.org.uk/CodeSystem/UKCore-NHSNumberVerificationStatusEngland';

export const coded = (system: string, code: string): Node => ({
  coding: [{ system: `${SKEIN}/CodeSystem/${system}`, code }],
});
export const extension = (name: string, value: Node): Node => ({
  url: `${SKEIN}/StructureDefinition/${name}`,
  ...value,
});

export const nhsNumber: Node = {
  extension: [
    { url: VERIFICATION, valueCodeableConcept: { coding: [{ system: VERIFICATION_CODES, code: '01' }] } },
  ],
  system: NHS,
  value: '9990000018',
};

export const patient: Node = {
  resourceType: 'Patient',
  id: 'mother',
  meta: { security: [{ system: 'http://terminology.hl7.org/CodeSystem/v3-Confidentiality', code: 'R' }] },
  extension: [
    extension('reasonable-adjustment', {
      valueCodeableConcept: {
        coding: [{ system: 'http://terminology.hl7.org/CodeSystem/v2-0009', code: 'A2' }],
      },
    }),
    { url: 'http://hl7.org/fhir/StructureDefinition/patient-interpreterRequired', valueBoolean: true },
  ],
  identifier: [nhsNumber, { system: 'https://ehr.example/Id/mrn', value: 'M1' }],
  name: [{ use: 'official', family: 'Example', given: ['Ada'] }],
  telecom: [{ system: 'phone', value: '01130000000', use: 'mobile' }],
  gender: 'female',
  birthDate: '1991-04-02',
  address: [{ line: ['1 Example Street'], postalCode: 'ZZ99 3VZ' }],
  communication: [{ language: { coding: [{ system: 'urn:ietf:bcp:47', code: 'pl' }] }, preferred: true }],
};

export const infant: Node = {
  resourceType: 'Patient',
  id: 'infant',
  identifier: [{ system: 'https://ehr.example/Id/mrn', value: 'B1' }],
  birthDate: '2026-08-20',
  multipleBirthBoolean: false,
  link: [{ other: { reference: 'RelatedPerson/r1' }, type: 'seealso' }],
};

export const relatedPerson: Node = {
  resourceType: 'RelatedPerson',
  identifier: [nhsNumber],
  patient: { reference: 'Patient/infant' },
  relationship: [{ coding: [{ system: 'http://terminology.hl7.org/CodeSystem/v3-RoleCode', code: 'MTH' }] }],
  name: [{ family: 'Example', given: ['Ada'] }],
};

export const episode: Node = {
  resourceType: 'EpisodeOfCare',
  extension: [
    extension('service-tier', { valueCode: 'specialist' }),
    extension('port-of-entry', { valueCodeableConcept: coded('port-of-entry', 'health-visiting') }),
    extension('expected-delivery', { valueDate: '2026-08-28' }),
  ],
  status: 'active',
  patient: { reference: 'Patient/mother' },
  managingOrganization: { reference: 'Organization/perinatal' },
  period: { start: '2026-09-01' },
};

const stage = (code: string, period: Node): Node => ({
  code: coded('journey', 'stage'),
  valueCodeableConcept: coded('stage', code),
  exclude: false,
  period,
});

export const journey: Node = {
  resourceType: 'Group',
  active: true,
  type: 'person',
  actual: true,
  characteristic: [
    stage('pregnancy', { start: '2025-12-01', end: '2026-08-20' }),
    stage('birth-12m', { start: '2026-08-20' }),
  ],
  member: [
    { entity: { reference: 'Patient/mother' } },
    { entity: { reference: 'Patient/infant' }, inactive: false },
  ],
};

export const careTeam: Node = {
  resourceType: 'CareTeam',
  status: 'active',
  subject: { reference: 'Patient/mother' },
  participant: [{ member: { reference: 'Organization/perinatal' }, period: { start: '2026-09-01' } }],
};

export const serviceRequest: Node = {
  resourceType: 'ServiceRequest',
  identifier: [{ system: 'https://ehr.example/Id/referral', value: 'R1' }],
  status: 'active',
  intent: 'order',
  priority: 'routine',
  extension: [extension('service-tier', { valueCode: 'targeted' })],
  subject: { reference: 'Patient/mother' },
  authoredOn: '2026-08-30T09:00:00Z',
  requester: { reference: 'Organization/health-visiting' },
  performer: [{ reference: 'Organization/perinatal' }],
  reasonCode: [coded('presenting-need', 'moderate-anxiety'), { text: 'in her words' }],
};

export const encounter: Node = {
  resourceType: 'Encounter',
  extension: [
    extension('contact-mode', { valueCodeableConcept: coded('contact-mode', 'video') }),
    extension('attendance', { valueCodeableConcept: coded('attendance', '5') }),
  ],
  status: 'finished',
  class: { system: 'http://terminology.hl7.org/CodeSystem/v3-ActCode', code: 'VR' },
  subject: { reference: 'Patient/mother' },
  period: { start: '2026-09-10T10:00:00Z', end: '2026-09-10T10:50:00Z' },
  serviceProvider: { reference: 'Organization/perinatal' },
};

export const prompt: Node = {
  resourceType: 'Task',
  status: 'requested',
  intent: 'proposal',
  code: coded('prompt', 'how-is-the-baby'),
  for: { reference: 'Patient/mother' },
  owner: { reference: 'Organization/perinatal' },
  authoredOn: '2026-10-10T09:00:00Z',
};

export const worklistItem: Node = {
  resourceType: 'Task',
  status: 'ready',
  intent: 'order',
  code: coded('worklist', 'suggested-relationship'),
  focus: { reference: 'RelatedPerson/r1' },
  owner: { reference: 'Organization/perinatal' },
  authoredOn: '2026-10-10T09:00:00Z',
};

/** By the short name of their profile: `https://skein.example/fhir/StructureDefinition/skein-<name>`. */
export const PROFILED: [string, Node][] = [
  ['patient', patient],
  ['patient', infant],
  ['related-person', relatedPerson],
  ['episode-of-care', episode],
  ['journey', journey],
  ['care-team', careTeam],
  ['service-request', serviceRequest],
  ['encounter', encounter],
  ['prompt', prompt],
  ['worklist-item', worklistItem],
];

const PLAIN: Node[] = [
  {
    resourceType: 'Organization',
    identifier: [{ system: 'https://fhir.nhs.uk/Id/ods-organization-code', value: 'RXA' }],
    name: 'Example Trust',
  },
  {
    resourceType: 'Practitioner',
    name: [{ family: 'Midwife', given: ['Mo'] }],
    telecom: [{ system: 'email', value: 'mo@example.org' }],
  },
  {
    resourceType: 'Observation',
    status: 'final',
    code: { coding: [{ system: 'http://loinc.org', code: '71354-5' }] },
    subject: { reference: 'Patient/mother' },
    effectiveDateTime: '2026-10-01T10:00:00Z',
    valueQuantity: { value: 11, unit: 'score', system: 'http://unitsofmeasure.org', code: '{score}' },
  },
  {
    resourceType: 'Provenance',
    target: [{ reference: 'Patient/mother/_history/2' }],
    recorded: '2026-09-01T10:00:00Z',
    agent: [{ who: { reference: 'Organization/perinatal' } }],
  },
  { resourceType: 'Location', status: 'active', name: 'Clinic 2', mode: 'instance' },
  {
    resourceType: 'Appointment',
    status: 'booked',
    start: '2026-11-01T10:00:00Z',
    end: '2026-11-01T10:30:00Z',
    participant: [{ actor: { reference: 'Patient/mother' }, status: 'accepted' }],
  },
  {
    resourceType: 'Consent',
    status: 'active',
    scope: { text: 'privacy' },
    category: [{ text: 'sharing' }],
    policyRule: { text: 'own agreement' },
  },
  {
    resourceType: 'Basic',
    code: { text: 'topic' },
    subject: { reference: 'Patient/mother' },
    created: '2026-09-01',
  },
  {
    resourceType: 'Subscription',
    status: 'requested',
    reason: 'family episodes',
    criteria: `${SKEIN}/SubscriptionTopic/family-episode`,
    channel: { type: 'rest-hook', endpoint: 'https://ehr.example/hook', payload: 'application/fhir+json' },
  },
];

/** Nineteen resources such as a day of referrals brings. */
export const TYPICAL: Node[] = [...PROFILED.map(([, resource]) => resource), ...PLAIN];
