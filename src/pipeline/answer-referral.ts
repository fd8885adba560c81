import { hash } from 'node:crypto';
import type { Bundle, BundleEntry, CodeableConcept, EpisodeOfCare, Resource } from '@medplum/fhirtypes';
import { SKEIN_DEFINITIONS } from '../fhir/systems.ts';
import type { Answer, System } from '../model.ts';
import { intake, type Pipeline } from '../pipeline.ts';

/** `reason`: a code of the lists of answers, which its referrer reads. */
export type ReferralAnswer = {
  system: System;
  /** Ids as the service that answers sees them. */
  referral: string;
  patient: string;
  /** Of the Task that says what became of it, when it was read: of one version one answer is taken. */
  version: string;
  act: 'accept' | 'decline' | 'signpost';
  reason: CodeableConcept | null;
};

const ANSWERED = 'https://skein.example/Id/answer-on-page';

/** Keeps what a service answers a referral on a page, as the message that its own system would send. */
export function answerReferral(ctx: Pipeline, given: ReferralAnswer): Promise<Answer> {
  const { system, referral, version, act, reason } = given;
  const body = Buffer.from(JSON.stringify(bundleOf(episodeOf(given))));
  const contentHash = hash('sha256', JSON.stringify([referral, act, reason]), 'hex');
  return intake(ctx, {
    ...{
      system,
      body,
      contentHash,
      channel: 'fhir',
      contentType: 'application/fhir+json',
      source: 'fhir-r4',
    },
    identifier: `ServiceRequest/${referral}/answer/${version}`,
  });
}

function episodeOf({ referral, patient, act, reason }: ReferralAnswer): EpisodeOfCare {
  const url = `${SKEIN_DEFINITIONS}decline-reason`;
  return {
    resourceType: 'EpisodeOfCare',
    identifier: [{ system: ANSWERED, value: referral }],
    ...(reason && act !== 'accept' ? { extension: [{ url, valueCodeableConcept: reason }] } : {}),
    status: act === 'accept' ? 'waitlist' : 'cancelled',
    patient: { reference: `Patient/${patient}` },
    referralRequest: [{ reference: `ServiceRequest/${referral}` }],
  };
}

function bundleOf(resource: Resource): Bundle {
  const request = { method: 'POST' as const, url: resource.resourceType };
  const entry: BundleEntry[] = [{ fullUrl: `urn:uuid:${crypto.randomUUID()}`, resource, request }];
  return { resourceType: 'Bundle', type: 'transaction', timestamp: new Date().toISOString(), entry };
}
