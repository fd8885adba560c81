const TOPIC = 'https://skein.example/fhir/SubscriptionTopic/family-episode';
const CONTENT = 'http://hl7.org/fhir/uv/subscriptions-backport/StructureDefinition/backport-payload-content';

/** A Subscription to all there is, as a client would post it. */
export function subscriptionTo(endpoint: string, content: 'id-only' | 'full-resource') {
  return {
    resourceType: 'Subscription',
    status: 'requested',
    reason: 'updates of the families in our care',
    criteria: TOPIC,
    channel: {
      type: 'rest-hook',
      endpoint,
      payload: 'application/fhir+json',
      _payload: { extension: [{ url: CONTENT, valueCode: content }] },
    },
  };
}
