import type {
  CareTeam,
  CodeableConcept,
  Encounter,
  EpisodeOfCare,
  Meta,
  Resource,
  ServiceRequest,
} from '@medplum/fhirtypes';
import { idOf } from '../../fhir/references.ts';
import { JOURNEY_TAG, REFERRAL_TAG } from '../../fhir/systems.ts';
import type { ResourceRow } from '../../model.ts';
import { decide, type Grants, reaches } from '../decide/decide.ts';
import { POLICY } from '../decide/policy.ts';
import { KIND_SYSTEM } from '../register/services.ts';
import { codedOnly, pick } from './coded.ts';

const TIER = 'https://skein.example/fhir/StructureDefinition/service-tier';
const MASKED = {
  extension: [{ url: 'http://hl7.org/fhir/StructureDefinition/data-absent-reason', valueCode: 'masked' }],
};
/** Referred, not accepted: referrer and named receiver only; others learn when the episode starts (sharing ground rule 5). */
const UNDECIDED = ['planned', 'cancelled'];

type Seen = { grants: Grants; row: ResourceRow };

/** Journeys a resource belongs to; undefined where it carries no tag, which is to say any. */
export function journeysOf(resource: Resource): string[] | undefined {
  const tags = (resource.meta?.tag ?? []).filter(({ system }) => system === JOURNEY_TAG);
  return tags.length > 0 ? tags.flatMap(({ code }) => code ?? []) : undefined;
}

/** The resource with the tags of those journeys only that the recipient may know this person in: their number would tell. */
export function withVisibleTags<T extends Resource>({ grants, row }: Seen, resource: T): T {
  const { meta: _meta, ...rest } = resource;
  const journeys = journeysOf(row.content) ?? [];
  const known = journeys.filter((journey) => decide(grants, 'INV', row.persons[0] ?? '', [journey]) !== '-');
  const meta: Meta = { tag: known.map((code) => ({ system: JOURNEY_TAG, code })) };
  return { ...(rest as T), ...(known.length > 0 ? { meta } : {}) };
}

/** Category INV. E: a service of this kind, dates; S: which, tier; F: as said, in codes. */
export function projectEpisode({ grants, row }: Seen): EpisodeOfCare | null {
  const episode = row.content as EpisodeOfCare;
  const level = decide(grants, 'INV', row.persons[0] ?? '', journeysOf(episode));
  const author = !grants.everything && row.authors.includes(grants.service);
  if (level === '-' || (UNDECIDED.includes(episode.status ?? '') && !author)) return null;
  const type = kindOf(grants, row.service);
  const seen: EpisodeOfCare = {
    ...pick(episode, ['resourceType', 'id', 'status', 'patient', 'period']),
    ...(type ? { type: [type] } : {}),
  };
  if (level === 'E') return seen;
  const { diagnosis: _clinical, type: said = [], ...full } = codedOnly(episode);
  const types = type || said.length > 0 ? { type: [...(type ? [type] : []), ...said] } : {};
  if (level === 'F') return { ...full, ...types };
  const extension = full.extension?.filter(({ url }) => url === TIER) ?? [];
  return {
    ...seen,
    ...types,
    ...pick(full, ['managingOrganization']),
    ...(extension.length > 0 ? { extension } : {}),
  };
}

/** Category ENC. E: that and when; S: coded what and where; F: as said, in codes. */
export function projectEncounter({ grants, row }: Seen): Encounter | null {
  const level = decide(grants, 'ENC', row.persons[0] ?? '', journeysOf(row.content));
  if (level === '-') return null;
  const { diagnosis: _clinical, ...encounter } = codedOnly(row.content as Encounter);
  if (level === 'F') return encounter;
  const seen = pick(encounter, ['resourceType', 'id', 'status', 'subject', 'period']);
  if (level === 'E') return { ...seen, class: MASKED } as Encounter;
  return { ...seen, ...pick(encounter, ['class', 'type', 'serviceProvider', 'episodeOfCare']) } as Encounter;
}

/** Category REF. E: a referral exists; S: coded need, from whom to whom; F: as said, in codes. */
export function projectReferral({ grants, row }: Seen): ServiceRequest | null {
  const level = decide(grants, 'REF', row.persons[0] ?? '', journeysOf(row.content));
  const referral = codedOnly(row.content as ServiceRequest);
  const takenUp = row.content.meta?.tag?.some(({ system }) => system === REFERRAL_TAG);
  const referrer =
    !grants.everything && idOf(referral.requester?.reference, 'Organization') === grants.service;
  if (level === '-' || !(takenUp || referrer)) return null;
  if (level === 'F') return referral;
  const seen = pick(referral, ['resourceType', 'id', 'status', 'intent', 'subject', 'authoredOn']);
  if (level === 'E') return seen as ServiceRequest;
  return {
    ...seen,
    ...pick(referral, ['code', 'category', 'priority', 'reasonCode', 'performer', 'requester']),
  } as ServiceRequest;
}

/** Category INV of its subject. E: kinds of service and dates; S and F: which services. */
export function projectTeam({ grants, row }: Seen): CareTeam | null {
  const team = row.content as CareTeam;
  const level = decide(grants, 'INV', row.persons[0] ?? '', journeysOf(team));
  if (level === '-') return null;
  const shown = (team.participant ?? []).filter(({ member }) => {
    const service = idOf(member?.reference, 'Organization');
    return service
      ? !staysInside(grants, { service, authors: [service] })
      : isKnown(grants, member?.reference);
  });
  // A team of none but those who stay unknown is itself a trace of them.
  if (shown.length === 0 && (team.participant ?? []).length > 0) return null;
  const participant = shown.map(({ member, period }) => {
    const role = kindOf(grants, idOf(member?.reference, 'Organization') ?? null);
    return {
      ...(role ? { role: [role] } : {}),
      ...(reaches(level, 'S') && member?.reference ? { member: { reference: member.reference } } : {}),
      ...(period ? { period } : {}),
    };
  });
  const seen = pick(team, ['resourceType', 'id', 'status', 'subject', 'period']);
  return { ...seen, ...(participant.length > 0 ? { participant } : {}) } as CareTeam;
}

function isKnown(grants: Grants, reference: string | undefined): boolean {
  return reaches(decide(grants, 'DEM', idOf(reference, 'Patient') ?? ''), 'E');
}

function kindOf(grants: Grants, service: string | null): CodeableConcept | null {
  const kind = grants.everything ? null : grants.services.get(service ?? '')?.kind;
  return kind ? { coding: [{ system: KIND_SYSTEM, code: kind }] } : null;
}

/**
 * True for what only author and addressee may know: care of a sealed kind, and what a charity holds of people who came to it by
 * themselves (sharing ground rule 5 and row rules).
 */
export function staysInside(
  grants: Grants,
  { service, authors }: Pick<ResourceRow, 'service' | 'authors'>,
): boolean {
  if (grants.everything || authors.includes(grants.service) || service === grants.service) return false;
  const sealed = [service, ...authors].some((one) =>
    POLICY.sealedKinds.includes(grants.services.get(one ?? '')?.kind ?? ''),
  );
  const isCharity = (one: string) =>
    POLICY.rows.get(grants.services.get(one)?.sector ?? '')?.group === 'third-sector';
  const selfReferred =
    authors.length > 0 && authors.every(isCharity) && (!service || authors.includes(service));
  return sealed || selfReferred;
}
