/** What a FHIR sender says of somebody, piece by piece, for a transaction Bundle; people are synthetic. */
import { randomUUID } from 'node:crypto';
import type { Someone } from './records.ts';

export const NHS_NUMBER = 'https://fhir.nhs.uk/Id/nhs-number';
const ROLE = 'http://terminology.hl7.org/CodeSystem/v3-RoleCode';
const VERIFIED = {
  url: 'https://fhir.hl7.org.uk/StructureDefinition/Extension-UKCore-NHSNumberVerificationStatus',
  valueCodeableConcept: { coding: [{ code: '01' }] },
};

/** One resource of a Bundle, and how the others name it. */
export type Said = { fullUrl: string; resource: { resourceType: string } & Record<string, unknown> };
/** Whom a resource is about: something of this Bundle, a literal reference, or a number alone. */
export type Whom = Said | { reference: string } | { identifier: { system: string; value: string } };

export const say = (resource: Said['resource']): Said => ({ fullUrl: `urn:uuid:${randomUUID()}`, resource });
const reference = (whom: Whom) => ('fullUrl' in whom ? { reference: whom.fullUrl } : whom);
export const byNumber = (nhs: string) => ({ identifier: { system: NHS_NUMBER, value: nhs } });

/** A chart: what one system writes down of a person, its own number and words for them included. */
export function chart(system: string, who: Someone, rest: Record<string, unknown> = {}): Said {
  const { nhs, verified = true, given, family, born, postcode } = who;
  const own = { system: `https://${system}.example/Id/person`, value: `${system}-${who.local ?? nhs}` };
  const number = { system: NHS_NUMBER, value: nhs, ...(verified ? { extension: [VERIFIED] } : {}) };
  return say({
    resourceType: 'Patient',
    identifier: [own, ...(nhs ? [number] : [])],
    ...(given ? { name: [{ use: 'official', family, given: [given] }] } : {}),
    ...(born ? { birthDate: born } : {}),
    ...(postcode ? { address: [{ postalCode: postcode }] } : {}),
    ...rest,
  });
}

type EpisodeOptions = { id: string; status?: string; start?: string; end?: string; referral?: string };
/** Care that this system gives; with `referral` the care that answers it. */
export function episodeOf(whom: Whom, system: string, options: EpisodeOptions): Said {
  const { id, status = 'active', start, end, referral } = options;
  const cited = { identifier: { system: 'https://referrals.example/Id/referral', value: referral } };
  return say({
    resourceType: 'EpisodeOfCare',
    identifier: [{ system: `https://${system}.example/Id/episode`, value: id }],
    status,
    patient: reference(whom),
    ...(start ? { period: { start, ...(end ? { end } : {}) } } : {}),
    ...(referral ? { referralRequest: [cited] } : {}),
  });
}

export function contactOf(whom: Whom, system: string, id: string, day: string): Said {
  return say({
    resourceType: 'Encounter',
    identifier: [{ system: `https://${system}.example/Id/contact`, value: id }],
    status: 'finished',
    class: { system: 'http://terminology.hl7.org/CodeSystem/v3-ActCode', code: 'HH' },
    subject: reference(whom),
    period: { start: `${day}T10:00:00Z`, end: `${day}T11:00:00Z` },
  });
}

/** What a service looked at or asked, on one day, by a code that prompts ask about. */
export function observationOf(whom: Whom, system: string, code: string, day: string): Said {
  return say({
    resourceType: 'Observation',
    identifier: [{ system: `https://${system}.example/Id/observation`, value: `${code}-${day}` }],
    status: 'final',
    code: { coding: [{ system: 'https://skein.example/fhir/CodeSystem/observation', code }] },
    subject: reference(whom),
    effectiveDateTime: day,
  });
}

/** A contact, and whom it was for. */
export function contactFor(whom: Whom, system: string, day: string, focus: string): Said {
  const contact = contactOf(whom, system, `F-${focus}-${day}`, day);
  const coding = [{ system: 'https://skein.example/fhir/CodeSystem/care-focus', code: focus }];
  const url = 'https://skein.example/fhir/StructureDefinition/care-focus';
  Object.assign(contact.resource, { extension: [{ url, valueCodeableConcept: { coding } }] });
  return contact;
}

/** `from` and `to`: ids of services, as `serviceOf` gives them. */
type ReferralOptions = { id: string; from: string; to: string };
const organisation = (id: string) => ({ reference: `Organization/${id}` });
export function referralOf(whom: Whom, { id, from, to }: ReferralOptions, on: string): Said {
  const need = { system: 'https://skein.example/fhir/CodeSystem/presenting-need', code: 'moderate-anxiety' };
  return say({
    resourceType: 'ServiceRequest',
    identifier: [{ system: 'https://referrals.example/Id/referral', value: id }],
    status: 'active',
    intent: 'plan',
    subject: reference(whom),
    authoredOn: `${on}T10:00:00Z`,
    requester: organisation(from),
    performer: [organisation(to)],
    reasonCode: [{ coding: [need] }],
  });
}

/** `who` is `code` of the person that `whom` names. */
export function relationOf(whom: Whom, who: Someone, code: string): Said {
  return say({
    resourceType: 'RelatedPerson',
    identifier: [{ system: NHS_NUMBER, value: who.nhs, extension: [VERIFIED] }],
    patient: reference(whom),
    relationship: [{ coding: [{ system: ROLE, code }] }],
    ...(who.given ? { name: [{ family: who.family, given: [who.given] }] } : {}),
  });
}

export function transactionOf(said: Said[], at: string) {
  const entry = said.map(({ fullUrl, resource }) => {
    const request = { method: 'POST', url: resource.resourceType };
    return { fullUrl, resource, request };
  });
  return { resourceType: 'Bundle', type: 'transaction', timestamp: at, entry };
}
