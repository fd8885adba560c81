/**
 * Identifier systems, code systems, extensions and tags: every URL that two places of Skein must agree on.
 */

/** The NHS number of England and Wales, ten digits without spaces. */
export const NHS_NUMBER = 'https://fhir.nhs.uk/Id/nhs-number';
/** The Organisation Data Service's code of an organisation or site. */
export const ODS_SYSTEM = 'https://fhir.nhs.uk/Id/ods-organization-code';
/** Error codes of the Booking and Referral Standard:
 * https://simplifier.net/guide/nhs-booking-and-referral-standard */
export const BARS_CODES = 'https://fhir.nhs.uk/Codesystem/http-error-codes';

/** Its events: a referral asked for, and answered. */
export const MESSAGE_EVENTS = 'https://fhir.nhs.uk/CodeSystem/message-events-bars';

export const CORE_DEFINITIONS = 'http://hl7.org/fhir/StructureDefinition/';
/** The R4 backport of R5 subscriptions. */
export const BACKPORT = 'http://hl7.org/fhir/uv/subscriptions-backport';

const SKEIN = 'https://skein.example';
export const SKEIN_DEFINITIONS = `${SKEIN}/fhir/StructureDefinition/`;

/**
 * Identifier system of an NHS number that was replaced by another as a duplicate. A search for it as an NHS
 * number finds it; UK Core allows a Patient one identifier of that system.
 */
export const SUPERSEDED_NUMBER = `${SKEIN}/Id/superseded-nhs-number`;
/** Identifier system of a number in HL7 v2 that names no assigning authority (CX.4). */
export const LOCAL = `${SKEIN}/Id/local`;
/** Code system of what a national signal (NHS Multicast Notification Service) is about. */
export const SIGNAL_SYSTEM = `${SKEIN}/fhir/CodeSystem/national-signal`;
/** Identifier of a service: `ODS|team`. */
export const SERVICE_SYSTEM = `${SKEIN}/Id/service`;
/** Identifier system for a sender's own resource id, where the resource has no business identifier. */
export const RESOURCE_ID = `${SKEIN}/Id/resource`;
/** The same for an id that means nothing outside the message it came in. */
export const ID_IN_MESSAGE = `${SKEIN}/Id/in-message`;

export const TOPIC_URL = `${SKEIN}/fhir/SubscriptionTopic/family-episode`;
export const TOPIC_VERSION = '1.0.0';

/** `meta.tag` of an EpisodeOfCare or CareTeam; its code is the id of a Group (journey) it belongs to. */
/** Of an episode or a contact: the day on which a pregnancy ended without a living infant. */
export const PREGNANCY_LOSS = `${SKEIN_DEFINITIONS}pregnancy-loss`;
/** Of an episode, and of a pregnancy in a journey: the agreed date on which a birth is expected. */
export const EXPECTED_DELIVERY = `${SKEIN_DEFINITIONS}expected-delivery`;
/** Of antenatal care, and of a pregnancy in a journey: how many infants are expected. */
export const EXPECTED_INFANTS = `${SKEIN_DEFINITIONS}expected-infants`;
/** Of a stage of a journey: the infant whose it is. */
export const STAGE_OF = `${SKEIN_DEFINITIONS}stage-of`;
/** Of a journey, and as a tag of a planned contact that is to stop. */
export const STAGE_SYSTEM = `${SKEIN}/fhir/CodeSystem/stage`;
export const JOURNEY_TAG = `${SKEIN}/fhir/journey`;
/** `meta.tag` of a ServiceRequest that a service has taken up. A referral without it is known to its referrer
 * and to the service it names, and to nobody else. */
export const REFERRAL_TAG = `${SKEIN}/fhir/referral`;
/** What became of a referral, step by step. */
export const REFERRAL_STEPS = `${SKEIN}/fhir/CodeSystem/referral-step`;
/** Why a service declined one, as its pages offer it. */
export const DECLINE_REASONS = `${SKEIN}/fhir/CodeSystem/decline-reason`;
/** Codes of prompts: `Task.code`. */
export const PROMPTS = `${SKEIN}/fhir/CodeSystem/prompt`;
/** Why its owner ended one: `Task.statusReason`. */
export const PROMPT_REASONS = `${SKEIN}/fhir/CodeSystem/prompt-reason`;
/** What people are to decide of who is who: `Task.code`. */
export const WORKLIST = `${SKEIN}/fhir/CodeSystem/worklist`;
/** What speaks for it and what would follow: type of an input or output of such a Task; a figure of all. */
export const WORKLIST_EVIDENCE = `${SKEIN}/fhir/CodeSystem/worklist-evidence`;
/** What a service looked at or asked, so that no prompt asks again: `Observation.code`. */
export const OBSERVATIONS = `${SKEIN}/fhir/CodeSystem/observation`;
/** `Task.identifier` of a prompt: the occasion, which comes once. */
export const PROMPT_OCCASION = `${SKEIN}/Id/prompt-occasion`;
/** Of a Patient: how, when and by what name to reach somebody safely. Before any number or address. */
export const SAFE_CONTACT = `${SKEIN_DEFINITIONS}safe-contact`;
/** What of a person a Consent is about: `Consent.provision.code`; the categories of the sharing table. */
export const SHARING_CATEGORY = `${SKEIN}/fhir/CodeSystem/sharing-category`;
/** What is said for somebody's safety: `Flag.code` of a statement, `meta.security` of a Patient. */
export const SAFETY_SYSTEM = `${SKEIN}/fhir/CodeSystem/safety`;
/** On what footing in law somebody was told: `AuditEvent.purposeOfEvent`; codes of `bases` in the policy. */
export const DISCLOSURE_BASIS = `${SKEIN}/fhir/CodeSystem/disclosure-basis`;
/** `meta.tag` of what the patient says is not right: nothing of it is changed, and no reason is given. */
export const DISPUTE_TAG = `${SKEIN}/fhir/CodeSystem/dispute`;
export const DISPUTED = 'disputed-by-patient';
/** What a service does, such as `maternity`; its codes are those of `serviceKinds` in the policy. */
export const KIND_SYSTEM = `${SKEIN}/fhir/CodeSystem/service-kind`;
