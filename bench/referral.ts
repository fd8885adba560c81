import { instant, type Person, person } from './messages.ts';

const NHS_NUMBER = 'https://fhir.nhs.uk/Id/nhs-number';
const VERIFICATION =
  'https://fhir.hl7.org.uk/StructureDefinition/Extension-UKCore-NHSNumberVerificationStatus';
const VERIFICATION_CODES = 'https://fhir.hl7.org.uk/CodeSystem/UKCore-NHSNumberVerificationStatus';
const ODS = 'https://fhir.nhs.uk/Id/ods-organization-code';

/** One BaRS referral as it goes over the wire; the body is about 8 KB. */
export type Referral = { body: string; headers: Record<string, string>; person: Person };

/** The uuid that one part of the n-th message always has. */
function uuidOf(n: number, part: number): string {
  return `${n.toString(16).padStart(8, '0')}-0000-4000-8000-${part.toString(16).padStart(12, '0')}`;
}

/**
 * The n-th referral: ten entries, of which Skein makes six linked resources. Of the n-th woman, whom nobody has heard of before,
 * unless another is named.
 */
export function referral(n: number, { person: of = n } = {}): Referral {
  const at = instant(n);
  const urn = (part: Part) => `urn:uuid:${uuidOf(n, PARTS.indexOf(part))}`;
  const who = person(of);
  const meta = (profile: string) => ({
    lastUpdated: at,
    profile: [`https://fhir.nhs.uk/StructureDefinition/${profile}`],
  });
  const entry = [
    messageHeader(urn, meta, n),
    { resourceType: 'ServiceRequest', ...serviceRequest(urn, meta, { n, at }) },
    { resourceType: 'Patient', ...patient(meta, who, of) },
    { resourceType: 'Encounter', ...encounter(urn, meta, { n, at }) },
    { resourceType: 'CarePlan', ...carePlan(urn, meta, at) },
    organization(meta, 'RXA', 'Synthetic Health Visiting'),
    organization(meta, 'RXB', 'Synthetic Perinatal'),
    {
      resourceType: 'Practitioner',
      meta: meta('UKCore-Practitioner'),
      name: [{ family: 'Testworthy', given: ['Nia'] }],
    },
    { resourceType: 'PractitionerRole', ...practitionerRole(urn, meta) },
    { resourceType: 'Consent', ...consent(urn, meta, at) },
  ].map((resource, index) => ({ fullUrl: urn(PARTS[index] as Part), resource }));
  const bundle = {
    resourceType: 'Bundle',
    meta: meta('BARSBundleMessage'),
    identifier: { system: 'https://tools.ietf.org/html/rfc4122', value: uuidOf(n, 20) },
    type: 'message',
    timestamp: at,
    entry,
  };
  return { body: JSON.stringify(bundle), headers: headersOf(n), person: who };
}

const PARTS = [
  ...(['header', 'request', 'patient', 'encounter', 'plan'] as const),
  ...(['sender', 'receiver', 'nurse', 'role', 'consent'] as const),
];
type Part = (typeof PARTS)[number];
type Urn = (part: Part) => string;
type Meta = (profile: string) => object;
type Nth = { n: number; at: string };

const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64');
const TARGET = encode({ value: '2000000001', system: 'https://fhir.nhs.uk/Id/dos-service-id' });
const ORGANISATION = encode({
  resourceType: 'Organization',
  identifier: [{ system: ODS, value: 'RXA' }],
  name: 'Synthetic Health Visiting',
});
const SOFTWARE = encode({
  resourceType: 'Device',
  deviceName: [{ name: 'Synthetic sender', type: 'manufacturer-name' }],
  version: [{ value: '1' }],
});

function headersOf(n: number): Record<string, string> {
  return {
    'content-type': 'application/fhir+json; version=1.4.0',
    accept: 'application/fhir+json; version=1.4.0',
    'x-request-id': uuidOf(n, 21),
    'x-correlation-id': uuidOf(n, 22),
    'nhsd-target-identifier': TARGET,
    'nhsd-end-user-organisation': ORGANISATION,
    'nhsd-requesting-software': SOFTWARE,
  };
}

function messageHeader(urn: Urn, meta: Meta, n: number) {
  return {
    resourceType: 'MessageHeader',
    id: uuidOf(n, 23),
    meta: meta('BARSMessageHeader-servicerequest-request'),
    eventCoding: {
      system: 'https://fhir.nhs.uk/CodeSystem/message-events-bars',
      code: 'servicerequest-request',
    },
    destination: [
      {
        endpoint: 'https://fhir.nhs.uk/Id/dos-service-id|2000000001',
        receiver: { reference: urn('receiver') },
      },
    ],
    sender: { reference: urn('sender') },
    source: {
      name: 'Synthetic Health Visiting',
      software: 'Synthetic sender',
      version: '1',
      contact: { system: 'phone', value: '01632 960001' },
      endpoint: 'https://fhir.nhs.uk/Id/dos-service-id|2000000002',
    },
    reason: {
      coding: [{ system: 'https://fhir.nhs.uk/CodeSystem/message-reason-bars', code: 'new', display: 'New' }],
    },
    focus: [{ reference: urn('request') }],
    definition: 'https://fhir.nhs.uk/MessageDefinition/bars-message-servicerequest-request-referral',
  };
}

function serviceRequest(urn: Urn, meta: Meta, { n, at }: Nth) {
  return {
    id: uuidOf(n, 24),
    meta: meta('BARSServiceRequest-request-referral'),
    identifier: [{ system: 'https://hv.example/Id/referral', value: `REF-${n}` }],
    basedOn: [{ reference: urn('plan') }],
    status: 'active',
    intent: 'plan',
    category: [
      {
        coding: [
          {
            system: 'https://fhir.nhs.uk/CodeSystem/message-category-servicerequest',
            code: 'referral',
            display: 'Referral',
          },
        ],
      },
    ],
    priority: 'routine',
    code: {
      coding: [
        {
          system: 'http://snomed.info/sct',
          code: '901221000000102',
          display: 'Perinatal mental health service',
        },
      ],
    },
    subject: { reference: urn('patient') },
    encounter: { reference: urn('encounter') },
    occurrencePeriod: { start: at },
    authoredOn: at,
    requester: { reference: urn('role') },
    performer: [{ reference: urn('receiver') }],
    reasonCode: [{ text: 'Low mood since the birth, sleeping badly; would like to be seen with the baby.' }],
  };
}

function patient(meta: Meta, { nhs, given, family, born }: Person, n: number) {
  const coding = {
    system: VERIFICATION_CODES,
    code: 'number-present-and-verified',
    display: 'Number present and verified',
  };
  return {
    meta: meta('UKCore-Patient'),
    extension: [
      {
        url: 'https://fhir.hl7.org.uk/StructureDefinition/Extension-UKCore-EthnicCategory',
        valueCodeableConcept: {
          coding: [
            {
              system: 'https://fhir.hl7.org.uk/CodeSystem/UKCore-EthnicCategory',
              code: 'Z',
              display: 'Not stated',
            },
          ],
        },
      },
    ],
    identifier: [
      {
        extension: [{ url: VERIFICATION, valueCodeableConcept: { coding: [coding] } }],
        system: NHS_NUMBER,
        value: nhs,
      },
    ],
    name: [{ use: 'official', text: `Ms ${given} ${family}`, family, given: [given], prefix: ['Ms'] }],
    telecom: [
      { system: 'phone', value: `07700 900${String(n % 1000).padStart(3, '0')}`, use: 'mobile', rank: 1 },
      { system: 'email', value: `${given}.${family}@people.example`.toLowerCase(), use: 'home', rank: 2 },
    ],
    gender: 'female',
    birthDate: born,
    address: [
      {
        use: 'home',
        type: 'both',
        text: `${n % 200} Synthetic Street, Testham, ZZ99 3VZ`,
        line: [`${n % 200} Synthetic Street`],
        city: 'Testham',
        postalCode: 'ZZ99 3VZ',
      },
    ],
    communication: [
      {
        language: {
          coding: [
            {
              system: 'https://fhir.hl7.org.uk/CodeSystem/UKCore-HumanLanguage',
              code: 'en',
              display: 'English',
            },
          ],
        },
        preferred: true,
      },
    ],
  };
}

function encounter(urn: Urn, meta: Meta, { n, at }: Nth) {
  return {
    meta: meta('UKCore-Encounter'),
    identifier: [{ system: 'https://hv.example/Id/case', value: `CASE-${n}` }],
    status: 'finished',
    class: { system: 'http://terminology.hl7.org/CodeSystem/v3-ActCode', code: 'HH', display: 'home health' },
    subject: { reference: urn('patient') },
    episodeOfCare: [{ reference: `EpisodeOfCare/${uuidOf(n, 25)}` }],
    period: { start: at, end: instant(n + 3_600) },
  };
}

function carePlan(urn: Urn, meta: Meta, at: string) {
  return {
    meta: meta('UKCore-CarePlan'),
    status: 'active',
    intent: 'plan',
    subject: { reference: urn('patient') },
    encounter: { reference: urn('encounter') },
    period: { start: at },
    activity: [{ outcomeCodeableConcept: [{ text: SUMMARY }] }],
  };
}

const SUMMARY = Array.from(
  { length: 4 },
  (_, visit) =>
    `Visit ${visit + 1}: the health visitor saw mother and baby at home; feeding, sleep and support were talked through. ` +
    'No risk was seen; she asked for help with low mood and agreed to be referred. ',
).join('');

function organization(meta: Meta, ods: string, name: string) {
  return {
    resourceType: 'Organization',
    meta: meta('UKCore-Organization'),
    identifier: [{ system: ODS, value: ods }],
    name,
  };
}

function practitionerRole(urn: Urn, meta: Meta) {
  return {
    meta: meta('UKCore-PractitionerRole'),
    practitioner: { reference: urn('nurse') },
    organization: { reference: urn('sender') },
    code: [{ coding: [{ system: 'http://snomed.info/sct', code: '224570006', display: 'Health visitor' }] }],
    telecom: [{ system: 'phone', value: '01632 960001', use: 'work', rank: 1 }],
  };
}

function consent(urn: Urn, meta: Meta, at: string) {
  const scope = { system: 'http://terminology.hl7.org/CodeSystem/consentscope', code: 'patient-privacy' };
  const category = { system: 'http://terminology.hl7.org/CodeSystem/consentcategorycodes', code: 'infa' };
  return {
    meta: meta('UKCore-Consent'),
    status: 'active',
    scope: { coding: [{ ...scope, display: 'Privacy Consent' }] },
    category: [{ coding: [{ ...category, display: 'Information Access' }] }],
    patient: { reference: urn('patient') },
    dateTime: at,
    organization: [{ reference: urn('receiver') }],
    policyRule: {
      coding: [{ system: 'http://terminology.hl7.org/CodeSystem/v3-ActCode', code: 'EMRGONLY' }],
    },
  };
}
