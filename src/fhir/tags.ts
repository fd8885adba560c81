/** `meta.tag` of shared resources: of an episode or team, the journeys it belongs to (code: Group id). */
export const JOURNEY_TAG = 'https://skein.example/fhir/journey';
/** Of a ServiceRequest: a service has taken it up. Until then it is between referrer and named receiver. */
export const REFERRAL_TAG = 'https://skein.example/fhir/referral';
