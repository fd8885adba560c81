/** Whole messages of each kind, as senders write them; people are synthetic. */
import { randomUUID } from 'node:crypto';
import type { Someone } from './records.ts';

const NHS_NUMBER = 'https://fhir.nhs.uk/Id/nhs-number';
const REFERRAL = { system: 'https://hv.example/Id/referral' };
const ODS = 'https://fhir.nhs.uk/Id/ods-organization-code';

function fhirPatient({ nhs, verified = true, given, family, born }: Someone) {
  const coding = [{ code: verified ? '01' : '02' }];
  const url = 'https://fhir.hl7.org.uk/StructureDefinition/Extension-UKCore-NHSNumberVerificationStatus';
  return {
    resourceType: 'Patient',
    identifier: [{ system: NHS_NUMBER, value: nhs, extension: [{ url, valueCodeableConcept: { coding } }] }],
    name: [{ family, given: [given] }],
    birthDate: born,
  };
}

export type ReferralOptions = {
  /** The sender's identifier; null: none. */
  id?: string | null;
  /** ODS code of the receiver; null: none is named. */
  to?: string | null;
  from?: string;
  at?: string;
  status?: string;
  reason?: string;
  event?: 'servicerequest-request' | 'servicerequest-response';
  /** Bundle.id. */
  bundle?: string;
  /** Of the ServiceRequest. */
  fullUrl?: string;
  resourceId?: string;
  /** MessageHeader.response.identifier. */
  answers?: string;
  priority?: string;
  /** The sender's identifier of the referral that this one goes on from. */
  basedOn?: string;
  /** Why it is made, as the national data sets code it. */
  why?: string;
};

const WHY = 'https://skein.example/fhir/CodeSystem/mhsds-referral-reason';

/** A referral, or with that event the answer to it. */
export function barsReferral(who: Someone, options: ReferralOptions = {}) {
  const {
    id = 'R-1',
    to = 'RXP',
    from = 'RXV',
    at = '2026-09-10T10:00:00+00:00',
    status = 'active',
    reason = 'new',
    event = 'servicerequest-request',
    bundle,
    resourceId,
    answers,
    priority,
    basedOn,
    why,
    fullUrl: request = `urn:uuid:${randomUUID()}`,
  } = options;
  const [person, sender, receiver, encounter] = Array.from({ length: 4 }, () => `urn:uuid:${randomUUID()}`);
  const entry = (fullUrl: string | undefined, resource: object) => ({ fullUrl, resource });
  const organisation = (value: string) => ({
    resourceType: 'Organization',
    identifier: [{ system: ODS, value }],
    name: value,
  });
  return {
    resourceType: 'Bundle',
    ...(bundle ? { id: bundle } : {}),
    type: 'message',
    timestamp: at,
    entry: [
      entry(`urn:uuid:${randomUUID()}`, {
        resourceType: 'MessageHeader',
        eventCoding: { system: 'https://fhir.nhs.uk/CodeSystem/message-events-bars', code: event },
        reason: { coding: [{ system: 'https://fhir.nhs.uk/CodeSystem/message-reason-bars', code: reason }] },
        source: { endpoint: `https://${from}.example`, name: from },
        sender: { reference: sender },
        destination: [{ endpoint: 'https://receiver.example', receiver: { reference: receiver } }],
        ...(answers ? { response: { identifier: answers, code: 'ok' } } : {}),
        focus: [{ reference: request }],
      }),
      entry(request, {
        resourceType: 'ServiceRequest',
        ...(resourceId ? { id: resourceId } : {}),
        ...(id ? { identifier: [{ ...REFERRAL, value: id }] } : {}),
        status,
        ...(priority ? { priority } : {}),
        ...(basedOn ? { basedOn: [{ identifier: { ...REFERRAL, value: basedOn } }] } : {}),
        ...(why ? { reasonCode: [{ coding: [{ system: WHY, code: why }] }] } : {}),
        intent: 'plan',
        subject: { reference: person },
        encounter: { reference: encounter },
        authoredOn: at,
        requester: { reference: sender },
        ...(to ? { performer: [{ reference: receiver }] } : {}),
      }),
      entry(person, fhirPatient(who)),
      entry(encounter, {
        resourceType: 'Encounter',
        identifier: [{ system: 'https://hv.example/Id/contact', value: `C-${id ?? encounter}` }],
        status: 'finished',
        class: { system: 'http://terminology.hl7.org/CodeSystem/v3-ActCode', code: 'HH' },
        subject: { reference: person },
        period: { start: at, end: at },
      }),
      entry(sender, organisation(from)),
      entry(receiver, to ? organisation(to) : { resourceType: 'Organization', name: 'the receiver' }),
    ],
  };
}

export type AdtOptions = {
  event?: string;
  id?: string;
  mother?: string;
  visit?: string;
  at?: string;
  verified?: boolean;
  nk1?: string;
};

export function adt(who: Someone, options: AdtOptions = {}): string {
  const {
    event = 'A01',
    id = 'MSG1',
    mother = '',
    visit = 'V1',
    at = '20260821090000',
    verified = true,
    nk1,
  } = options;
  const number = who.nhs ? `~${who.nhs}^^^NHS^NH` : '';
  const pid = [
    'PID',
    '1',
    '',
    `${who.local}^^^RXM^MR${number}`,
    '',
    `${who.family}^${who.given}`,
    '',
    (who.born ?? '').replaceAll('-', ''),
    'F',
  ];
  pid[11] = who.postcode ? `^^^^${who.postcode}` : '';
  pid[21] = mother ? `${mother}^^^NHS^NH` : '';
  pid[32] = verified ? 'NSTS01' : '';
  const pv1 = ['PV1', '1', 'I'];
  pv1[19] = `${visit}^^^RXM^VN`;
  pv1[44] = at;
  const segments = [
    `MSH|^~\\&|PAS|RXM|SKEIN|SKEIN|${at}||ADT^${event}|${id}|P|2.4`,
    `EVN|${event}|${at}`,
    Array.from(pid, (field) => field ?? '').join('|'),
    ...(nk1 ? [nk1] : []),
    ...(['A28', 'A31'].includes(event) ? [] : [Array.from(pv1, (field) => field ?? '').join('|')]),
  ];
  return `${segments.join('\r')}\r`;
}

/** A service's own account of a person in its care. */
export function episodeBundle(
  who: Someone,
  options: { id: string; status?: string; start?: string; referral?: string; at?: string },
) {
  const { id, status = 'active', start = '2026-09-12', referral, at = '2026-09-12T09:00:00Z' } = options;
  const person = `urn:uuid:${randomUUID()}`;
  const entry = (fullUrl: string, resource: object, url: string) => ({
    fullUrl,
    resource,
    request: { method: 'POST', url },
  });
  return {
    resourceType: 'Bundle',
    type: 'transaction',
    timestamp: at,
    entry: [
      entry(person, fhirPatient(who), 'Patient'),
      entry(
        `urn:uuid:${randomUUID()}`,
        {
          resourceType: 'EpisodeOfCare',
          identifier: [{ system: 'https://care.example/Id/episode', value: id }],
          status,
          patient: { reference: person },
          period: { start },
          ...(referral
            ? {
                referralRequest: [
                  { identifier: { system: 'https://hv.example/Id/referral', value: referral } },
                ],
              }
            : {}),
        },
        'EpisodeOfCare',
      ),
    ],
  };
}
