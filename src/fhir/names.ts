/** Names of our own that several stages write or read in FHIR resources. */

export const TOPIC_URL = 'https://skein.example/fhir/SubscriptionTopic/family-episode';
export const TOPIC_VERSION = '1.0.0';

/** `meta.tag` of an episode or team: the journeys it belongs to (code: Group id). */
export const JOURNEY_TAG = 'https://skein.example/fhir/journey';
/** `meta.tag` of a ServiceRequest: a service has taken it up. Until then it is between referrer and named
 * receiver. */
export const REFERRAL_TAG = 'https://skein.example/fhir/referral';
