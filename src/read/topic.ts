/**
 * The one SubscriptionTopic, as R4 has it: a Basic with R5's elements as extensions.
 * https://hl7.org/fhir/uv/subscriptions-backport/STU1.1/components.html#subscription-topics-in-r4
 */
import type { Basic, Extension } from '@medplum/fhirtypes';
import { TOPIC_URL, TOPIC_VERSION } from '../fhir/systems.ts';
import { EVENT_CODES } from '../model.ts';

const R5 = 'http://hl7.org/fhir/5.0/StructureDefinition/extension-SubscriptionTopic';
const TYPES = ['EpisodeOfCare', 'Encounter', 'ServiceRequest', 'Group', 'Patient', 'RelatedPerson'];
const FILTERS = {
  journey: 'one journey, as Group/[id]',
  patient: 'one person, as Patient/[id]',
  service: 'one service, as Organization/[id]',
  stage: 'stage of the journey: preconception, pregnancy, birth-12m, 12-24m, contact-stop and so on',
  event: `event code: ${EVENT_CODES.join(', ')}`,
};

const typeUrl = (type: string) => `http://hl7.org/fhir/StructureDefinition/${type}`;

const triggers = TYPES.map(
  (type): Extension => ({
    url: `${R5}.resourceTrigger`,
    extension: [
      {
        url: 'description',
        valueMarkdown: `a change of the family's ${type} that the subscriber may be told of`,
      },
      { url: 'resource', valueUri: typeUrl(type) },
    ],
  }),
);

const filters = Object.entries(FILTERS).map(
  ([name, description]): Extension => ({
    url: `${R5}.canFilterBy`,
    extension: [
      { url: 'description', valueMarkdown: description },
      { url: 'filterParameter', valueString: name },
    ],
  }),
);

const shapes = TYPES.map(
  (type): Extension => ({
    url: `${R5}.notificationShape`,
    extension: [{ url: 'resource', valueUri: typeUrl(type) }],
  }),
);

/** Static: it changes with the program. Its id is the one resource id that is no uuid. */
export const TOPIC: Basic = {
  resourceType: 'Basic',
  id: 'family-episode',
  meta: { versionId: '1', lastUpdated: '2026-01-01T00:00:00.000Z' },
  extension: [
    { url: `${R5}.url`, valueUri: TOPIC_URL },
    { url: `${R5}.version`, valueString: TOPIC_VERSION },
    {
      url: `${R5}.title`,
      valueString: 'What changed in one family, told to each service that has a part in its care',
    },
    ...triggers,
    ...filters,
    ...shapes,
  ],
  modifierExtension: [{ url: `${R5}.status`, valueCode: 'active' }],
  identifier: [{ system: 'urn:ietf:rfc:3986', value: TOPIC_URL }],
  code: { coding: [{ system: 'http://hl7.org/fhir/fhir-types', code: 'SubscriptionTopic' }] },
};
