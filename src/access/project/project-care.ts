import type {
  CareTeam,
  CodeableConcept,
  Encounter,
  EpisodeOfCare,
  Meta,
  Reference,
  Resource,
  ServiceRequest,
} from '@medplum/fhirtypes';
import { composeParticipants } from '../../fhir/compose-team.ts';
import { idOf } from '../../fhir/references.ts';
import {
  DISPUTE_TAG,
  EXPECTED_INFANTS,
  JOURNEY_TAG,
  KIND_SYSTEM,
  PREGNANCY_LOSS,
  REFERRAL_TAG,
  SKEIN_DEFINITIONS,
  STAGE_SYSTEM,
} from '../../fhir/systems.ts';
import type { Category, ResourceRow } from '../../model.ts';
import { decide, type Grants, highest, reaches, withoutGlass } from '../decide/decide.ts';
import { POLICY, SUBJECT } from '../decide/policy.ts';
import { isDiscreet, staysInside } from '../decide/stays-inside.ts';
import { codedOnly, MASKED, pick } from './coded.ts';

const TIER = 'https://skein.example/fhir/StructureDefinition/service-tier';
/**
 * Referred, not accepted: referrer and named receiver only; others learn when the episode starts (sharing
 * ground rule 5).
 */
const UNDECIDED = ['planned', 'cancelled'];

type Known = Exclude<Grants, { everything: true }>;
type Seen = { grants: Known; row: ResourceRow };

/** Why contacts stop is nobody's to read off care, nor why somebody was declined before. */
const AUTHORS_OWN = [PREGNANCY_LOSS, EXPECTED_INFANTS, `${SKEIN_DEFINITIONS}decline-reason`];

const stopOf = ({ meta }: Resource) => (meta?.tag ?? []).filter(({ system }) => system === STAGE_SYSTEM);
/** True of a planned contact that is to stop. */
export const isToStop = (resource: Resource): boolean => stopOf(resource).length > 0;

/** That its patient says it is not right, which whoever may see it is shown. */
export const disputesOf = ({ meta }: Resource) =>
  (meta?.tag ?? []).filter(({ system }) => system === DISPUTE_TAG);

/** The journey a resource belongs to; none where it carries no tag. */
export function journeysOf(resource: Resource): string[] {
  const tags = (resource.meta?.tag ?? []).filter(({ system }) => system === JOURNEY_TAG);
  return tags.flatMap(({ code }) => code ?? []);
}

/**
 * The resource with the tag of its journey, where the recipient may know this person in that journey, of its
 * own contact whether that is to stop, and that it is disputed. By broken glass nobody is known in a journey;
 * and what tells a person of the journeys of others would be a tag of their own care.
 */
export function withVisibleTags<T extends Resource>({ grants, row }: Seen, resource: T): T {
  const { meta: _meta, ...rest } = resource;
  const others = withoutGlass(grants);
  const known = journeysOf(row.content).filter(
    (journey) => grants.sector !== SUBJECT && decide(others, 'INV', row.persons[0] ?? '', [journey]) !== '-',
  );
  const stop = row.authors.includes(grants.service) ? stopOf(row.content) : [];
  const journeys = known.map((code) => ({ system: JOURNEY_TAG, code }));
  const tag: Meta['tag'] = [...journeys, ...stop, ...disputesOf(row.content)];
  return { ...(rest as T), ...(tag.length > 0 ? { meta: { tag } } : {}) };
}

/**
 * Category INV. E: a service of this kind, dates; S: which, tier; F: as said, in codes. Which referral it
 * answers is between the parties of that: a label may keep it with them where the care is known. Of a
 * safeguarding lead whoever may know SAF knows that there is one.
 */
export function projectEpisode({ grants, row }: Seen): EpisodeOfCare | null {
  const episode = row.content as EpisodeOfCare;
  const levelOf = (category: Category) => decide(grants, category, row.persons[0] ?? '', journeysOf(episode));
  const isLed = isLead(grants, row.service) && levelOf('SAF') !== '-';
  const level = highest([levelOf('INV'), isLed ? 'E' : '-']);
  const author = row.authors.includes(grants.service);
  if (level === '-' || (UNDECIDED.includes(episode.status ?? '') && !author)) return null;
  const type = kindIn(grants, row.service);
  const seen: EpisodeOfCare = {
    ...pick(episode, ['resourceType', 'id', 'status', 'patient', 'period']),
    ...(type ? { type: [type] } : {}),
  };
  if (level === 'E' || isDiscreet(grants, row.service)) return seen;
  const { diagnosis: _clinical, referralRequest, type: said = [], ...coded } = codedOnly(episode);
  const full = author && referralRequest ? { ...coded, referralRequest } : coded;
  const types = type || said.length > 0 ? { type: [...(type ? [type] : []), ...said] } : {};
  const told = (full.extension ?? []).filter(({ url }) => author || !AUTHORS_OWN.includes(url));
  const { extension: _all, ...rest } = full;
  if (level === 'F') return { ...rest, ...types, ...(told.length > 0 ? { extension: told } : {}) };
  const extension = told.filter(({ url }) => url === TIER);
  return {
    ...seen,
    ...types,
    ...pick(full, ['managingOrganization']),
    ...(extension.length > 0 ? { extension } : {}),
  };
}

/** Is a safeguarding lead at this service, by its sector? */
const isLead = ({ services }: Known, service: string | null): boolean =>
  POLICY.young.leads.includes(services.get(service ?? '')?.sector ?? '');

/** Category ENC. E: that and when; S: coded what and where; F: as said, in codes. */
export function projectEncounter({ grants, row }: Seen): Encounter | null {
  const level = decide(grants, 'ENC', row.persons[0] ?? '', journeysOf(row.content));
  if (level === '-') return null;
  const { diagnosis: _clinical, extension = [], ...encounter } = codedOnly(row.content as Encounter);
  const told = extension.filter(({ url }) => !AUTHORS_OWN.includes(url));
  if (level === 'F') return { ...encounter, ...(told.length > 0 ? { extension: told } : {}) };
  const seen = pick(encounter, ['resourceType', 'id', 'status', 'subject', 'period']);
  if (level === 'E' || isDiscreet(grants, row.service)) return { ...seen, class: MASKED } as Encounter;
  return { ...seen, ...pick(encounter, ['class', 'type', 'serviceProvider', 'episodeOfCare']) } as Encounter;
}

/** What became of a referral: asked, taken-up, declined or withdrawn. */
export const outcomeOf = (referral: Resource): string | undefined =>
  referral.meta?.tag?.find(({ system }) => system === REFERRAL_TAG)?.code;

/**
 * Category REF. E: a referral exists; S: coded need, from whom to whom; F: as said, in codes. What it is
 * based on and what it replaces is between its parties.
 */
export function projectReferral({ grants, row }: Seen): ServiceRequest | null {
  const level = decide(grants, 'REF', row.persons[0] ?? '', journeysOf(row.content));
  const referral = codedOnly(row.content as ServiceRequest);
  const referrer = idOf(referral.requester?.reference, 'Organization') === grants.service;
  if (level === '-' || !(outcomeOf(row.content) === 'taken-up' || referrer)) return null;
  const { basedOn: _basis, replaces: _former, ...alone } = referral;
  if (level === 'F') return alone;
  const seen = pick(referral, ['resourceType', 'id', 'status', 'intent', 'subject', 'authoredOn']);
  if (level === 'E' || isDiscreet(grants, row.service)) return seen as ServiceRequest;
  if (grants.sector === SUBJECT) return { ...seen, ...asToldHerself(grants, referral) } as ServiceRequest;
  return {
    ...seen,
    ...pick(referral, ['code', 'category', 'priority', 'reasonCode', 'performer', 'requester']),
  } as ServiceRequest;
}

/** What was asked of whom: why is clinical content, and who at a service asked is a member of its staff. */
function asToldHerself(grants: Known, asked: ServiceRequest): Partial<ServiceRequest> {
  const { code, category, requester, performer = [] } = asked;
  const isService = ({ reference }: Reference) => {
    const service = idOf(reference, 'Organization');
    return service !== undefined && !staysInside(grants, { service, authors: [] });
  };
  const services = performer.filter(isService);
  return {
    ...(code ? { code } : {}),
    ...(category ? { category } : {}),
    ...(requester && isService(requester) ? { requester } : {}),
    ...(services.length > 0 ? { performer: services } : {}),
  };
}

/** Category INV of its subject. E: kinds of service and dates; S and F: which services. */
export function projectTeam({ grants, row }: Seen): CareTeam | null {
  const team = row.content as CareTeam;
  const level = decide(grants, 'INV', row.persons[0] ?? '', journeysOf(team));
  if (level === '-') return null;
  const care = row.sources && 'care' in row.sources ? row.sources.care : [];
  const shown = composeParticipants(care.filter((one) => !staysInside(grants, one)));
  // A team of none but those who stay unknown is itself a trace of them.
  if (shown.length === 0) return null;
  const participant = shown.map(({ member, period }) => {
    const service = idOf(member?.reference, 'Organization') ?? null;
    const role = kindIn(grants, service);
    return {
      ...(role ? { role: [role] } : {}),
      ...(reaches(level, 'S') && !isDiscreet(grants, service) && member ? { member } : {}),
      ...(period ? { period } : {}),
    };
  });
  const seen = pick(team, ['resourceType', 'id', 'status', 'subject', 'period']);
  return { ...seen, participant } as CareTeam;
}

/** What a service does: its kind, which its sector says where nothing else was registered. */
export function kindOf(known: { kind: string | null; sector: string | null } | undefined) {
  const code = known?.kind ?? POLICY.serviceKinds.find((kind) => kind === known?.sector);
  return code ? { coding: [{ system: KIND_SYSTEM, code }] } : null;
}

const kindIn = (grants: Known, service: string | null): CodeableConcept | null =>
  isDiscreet(grants, service) ? null : kindOf(grants.services.get(service ?? ''));
