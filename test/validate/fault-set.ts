/** Broken resources, one fault each, with where it stands. Written before the checker, from what senders and mappings get wrong. */
import type { Json } from '../../src/model.ts';
import {
  careTeam,
  coded,
  encounter,
  episode,
  extension,
  journey,
  type Node,
  nhsNumber,
  patient,
  prompt,
  relatedPerson,
  SKEIN,
  serviceRequest,
  worklistItem,
} from './typical.ts';

/** Profile (its short name), what is wrong, the broken resource, the element to be named. */
export type BrokenResource = [profile: string, fault: string, resource: Node, expression: string];

/** A copy in which the value at a path (`identifier.0.value`) is another, or is left out. */
function but(resource: Node, path: string, value?: Json): Node {
  const copy = structuredClone(resource);
  const steps = path.split('.');
  const last = steps.pop() as string;
  const holder = steps.reduce<Node>((node, step) => node[step] as Node, copy);
  if (value === undefined) delete holder[last];
  else holder[last] = value;
  return copy;
}

const status = (code: string) => extension('attendance', { valueCodeableConcept: coded('attendance', code) });
const local = (name: string) => `${SKEIN}/CodeSystem/${name}`;

export const FAULTS: BrokenResource[] = [
  ['patient', 'an element in the wrong case', but(patient, 'birthdate', '1991-04-02'), 'Patient.birthdate'],
  ['patient', 'a gender by its letter', but(patient, 'gender', 'F'), 'Patient.gender'],
  ['patient', 'a day that does not exist', but(patient, 'birthDate', '1991-02-30'), 'Patient.birthDate'],
  ['patient', 'a date in the order of the day', but(patient, 'birthDate', '02-04-1991'), 'Patient.birthDate'],
  ['patient', 'one name, not a list', but(patient, 'name', { family: 'Example' }), 'Patient.name'],
  ['patient', 'a name of nothing', but(patient, 'name.0', {}), 'Patient.name[0]'],
  ['patient', 'an empty family name', but(patient, 'name.0.family', ''), 'Patient.name[0].family'],
  ['patient', 'a name use that is none', but(patient, 'name.0.use', 'legal'), 'Patient.name[0].use'],
  ['patient', 'a phone without its system', but(patient, 'telecom.0.system'), 'Patient.telecom[0]'],
  [
    'patient',
    'a telecom system that is none',
    but(patient, 'telecom.0.system', 'mobile'),
    'Patient.telecom[0].system',
  ],
  ['patient', 'an id with a blank', but(patient, 'id', 'my mother'), 'Patient.id'],
  [
    'patient',
    'a language without its language',
    but(patient, 'communication.0.language'),
    'Patient.communication[0].language',
  ],
  [
    'patient',
    'an NHS number with blanks',
    but(patient, 'identifier.0.value', '999 000 0018'),
    'Patient.identifier[0]',
  ],
  [
    'patient',
    'an NHS number of nine digits',
    but(patient, 'identifier.0.value', '999000001'),
    'Patient.identifier[0]',
  ],
  [
    'patient',
    'an NHS number without its value',
    but(patient, 'identifier.0.value'),
    'Patient.identifier[0].value',
  ],
  ['patient', 'two NHS numbers', but(patient, 'identifier.1', nhsNumber), 'Patient.identifier'],
  [
    'patient',
    'two verification statuses of one number',
    but(patient, 'identifier.0.extension.1', (nhsNumber.extension as Json[])[0] as Json),
    'Patient.identifier[0].extension',
  ],
  [
    'patient',
    'a verification status without a code',
    but(patient, 'identifier.0.extension.0.valueCodeableConcept', { text: 'verified' }),
    'Patient.identifier[0].extension[0].valueCodeableConcept',
  ],
  [
    'patient',
    'a verification status as a string',
    but(patient, 'identifier.0.extension.0', {
      url: ((nhsNumber.extension as Node[])[0] as Node).url as string,
      valueString: '01',
    }),
    'Patient.identifier[0].extension[0].value',
  ],
  [
    'patient',
    'an interpreter required in words',
    but(patient, 'extension.1', {
      url: 'http://hl7.org/fhir/StructureDefinition/patient-interpreterRequired',
      valueString: 'yes',
    }),
    'Patient.extension[1].value',
  ],
  [
    'patient',
    'an adjustment as a bare code',
    but(patient, 'extension.0', extension('reasonable-adjustment', { valueCode: 'A2' })),
    'Patient.extension[0].value',
  ],
  [
    'patient',
    'an adjustment without a value',
    but(patient, 'extension.0.valueCodeableConcept'),
    'Patient.extension[0]',
  ],
  [
    'patient',
    'a value of an extension beside extensions',
    but(patient, 'extension.0.extension', [{ url: 'x', valueCode: 'a' }]),
    'Patient.extension[0]',
  ],
  [
    'patient',
    'a confidentiality that is none',
    but(patient, 'meta.security.0.code', 'SECRET'),
    'Patient.meta.security[0]',
  ],
  [
    'patient',
    'dead at a time, and dead',
    { ...patient, deceasedBoolean: true, deceasedDateTime: '2026-10-01' },
    'Patient.deceased',
  ],
  [
    'patient',
    'a time of death without a zone',
    but(patient, 'deceasedDateTime', '2026-10-01T10:00:00'),
    'Patient.deceasedDateTime',
  ],
  [
    'patient',
    'a link without its type',
    but(patient, 'link', [{ other: { reference: 'RelatedPerson/1' } }]),
    'Patient.link[0].type',
  ],
  [
    'patient',
    'a link to a practitioner',
    but(patient, 'link', [{ other: { reference: 'Practitioner/1' }, type: 'seealso' }]),
    'Patient.link[0].other',
  ],
  [
    'patient',
    'a general practice that is a location',
    but(patient, 'generalPractitioner', [{ reference: 'Location/1' }]),
    'Patient.generalPractitioner[0]',
  ],
  [
    'patient',
    'a reference into the resource that leads nowhere',
    but(patient, 'managingOrganization', { reference: '#trust' }),
    'Patient.managingOrganization',
  ],
  ['related-person', 'a relative of nobody', but(relatedPerson, 'patient'), 'RelatedPerson.patient'],
  [
    'related-person',
    'a relative of a relative',
    but(relatedPerson, 'patient.reference', 'RelatedPerson/r2'),
    'RelatedPerson.patient',
  ],
  [
    'related-person',
    'a relationship that is a list of words',
    but(relatedPerson, 'relationship', ['mother']),
    'RelatedPerson.relationship[0]',
  ],
  [
    'related-person',
    'an empty list of relationships',
    but(relatedPerson, 'relationship', []),
    'RelatedPerson.relationship',
  ],
  [
    'related-person',
    'a period that ends before it starts',
    but(relatedPerson, 'period', { start: '2026-05-02', end: '2026-04-01' }),
    'RelatedPerson.period',
  ],
  [
    'related-person',
    'an NHS number of letters',
    but(relatedPerson, 'identifier.0.value', 'UNKNOWN'),
    'RelatedPerson.identifier[0]',
  ],
  ['episode-of-care', 'an episode without a status', but(episode, 'status'), 'EpisodeOfCare.status'],
  ['episode-of-care', 'an episode without its period', but(episode, 'period'), 'EpisodeOfCare.period'],
  [
    'episode-of-care',
    'an episode that nobody manages',
    but(episode, 'managingOrganization'),
    'EpisodeOfCare.managingOrganization',
  ],
  [
    'episode-of-care',
    'an episode managed by a person',
    but(episode, 'managingOrganization.reference', 'Practitioner/1'),
    'EpisodeOfCare.managingOrganization',
  ],
  [
    'episode-of-care',
    'a finished episode that has not ended',
    but(episode, 'status', 'finished'),
    'EpisodeOfCare',
  ],
  [
    'episode-of-care',
    'a tier that is none',
    but(episode, 'extension.0.valueCode', 'tier 3'),
    'EpisodeOfCare.extension[0].valueCode',
  ],
  [
    'episode-of-care',
    'two tiers',
    but(episode, 'extension.3', extension('service-tier', { valueCode: 'targeted' })),
    'EpisodeOfCare.extension',
  ],
  [
    'episode-of-care',
    'a port of entry that is none',
    but(episode, 'extension.1.valueCodeableConcept.coding.0.code', 'ward 7'),
    'EpisodeOfCare.extension[1].valueCodeableConcept',
  ],
  [
    'episode-of-care',
    'a port of entry of another list',
    but(episode, 'extension.1.valueCodeableConcept.coding.0.system', local('service-kind')),
    'EpisodeOfCare.extension[1].valueCodeableConcept',
  ],
  [
    'episode-of-care',
    'an expected delivery at a time',
    but(episode, 'extension.2', extension('expected-delivery', { valueDateTime: '2026-08-28T10:00:00Z' })),
    'EpisodeOfCare.extension[2].value',
  ],
  [
    'episode-of-care',
    'our own extension, misspelt',
    but(episode, 'extension.0.url', `${SKEIN}/StructureDefinition/service-teir`),
    'EpisodeOfCare.extension[0]',
  ],
  ['journey', 'a journey of devices', but(journey, 'type', 'device'), 'Group.type'],
  ['journey', 'a journey that is no actual group', but(journey, 'actual', false), 'Group.actual'],
  [
    'journey',
    'a stage that is none',
    but(journey, 'characteristic.1.valueCodeableConcept.coding.0.code', 'toddler'),
    'Group.characteristic[1].valueCodeableConcept',
  ],
  [
    'journey',
    'a stage without its period',
    but(journey, 'characteristic.1.period'),
    'Group.characteristic[1].period',
  ],
  [
    'journey',
    'a stage that never began',
    but(journey, 'characteristic.1.period', { end: '2027-08-20' }),
    'Group.characteristic[1].period.start',
  ],
  [
    'journey',
    'a stage that is excluded',
    but(journey, 'characteristic.0.exclude', true),
    'Group.characteristic[0].exclude',
  ],
  [
    'journey',
    'something else than a stage',
    but(journey, 'characteristic.0.code.coding.0.code', 'risk'),
    'Group.characteristic[0]',
  ],
  [
    'journey',
    'a stage in words',
    but(journey, 'characteristic.0.valueCodeableConcept', { text: 'pregnant' }),
    'Group.characteristic[0].valueCodeableConcept',
  ],
  [
    'journey',
    'a member that is a device',
    but(journey, 'member.0.entity.reference', 'Device/1'),
    'Group.member[0].entity',
  ],
  ['journey', 'a name', but(journey, 'name', 'the Example family'), 'Group.name'],
  ['care-team', 'a team of nobody', but(careTeam, 'subject'), 'CareTeam.subject'],
  ['care-team', 'a team of a journey', but(careTeam, 'subject.reference', 'Group/1'), 'CareTeam.subject'],
  [
    'care-team',
    'a named member of staff',
    but(careTeam, 'participant.0.member.reference', 'Practitioner/1'),
    'CareTeam.participant[0].member',
  ],
  [
    'care-team',
    'a participant that is nobody',
    but(careTeam, 'participant.0.member'),
    'CareTeam.participant[0].member',
  ],
  ['care-team', 'a reason', but(careTeam, 'reasonCode', [{ text: 'low mood' }]), 'CareTeam.reasonCode'],
  ['care-team', 'a note', but(careTeam, 'note', [{ text: 'call first' }]), 'CareTeam.note'],
  ['care-team', 'a status that is none', but(careTeam, 'status', 'open'), 'CareTeam.status'],
  ['service-request', 'a referral without an intent', but(serviceRequest, 'intent'), 'ServiceRequest.intent'],
  [
    'service-request',
    'a referral by nobody, to nobody',
    but(but(serviceRequest, 'requester'), 'performer'),
    'ServiceRequest',
  ],
  [
    'service-request',
    'a referral of a place',
    but(serviceRequest, 'subject.reference', 'Location/1'),
    'ServiceRequest.subject',
  ],
  [
    'service-request',
    'a need that is none',
    but(serviceRequest, 'reasonCode.0.coding.0.code', 'sad'),
    'ServiceRequest.reasonCode[0].coding[0]',
  ],
  [
    'service-request',
    'a priority that is none',
    but(serviceRequest, 'priority', 'soon'),
    'ServiceRequest.priority',
  ],
  [
    'service-request',
    'written at a day and hour without a zone',
    but(serviceRequest, 'authoredOn', '2026-08-30T09:00'),
    'ServiceRequest.authoredOn',
  ],
  [
    'service-request',
    'a detail of an order without its code',
    but(serviceRequest, 'orderDetail', [{ text: 'x' }]),
    'ServiceRequest',
  ],
  ['encounter', 'an encounter without its class', but(encounter, 'class'), 'Encounter.class'],
  ['encounter', 'an encounter with nobody', but(encounter, 'subject'), 'Encounter.subject'],
  [
    'encounter',
    'a mode that is none',
    but(encounter, 'extension.0.valueCodeableConcept.coding.0.code', 'zoom'),
    'Encounter.extension[0].valueCodeableConcept',
  ],
  [
    'encounter',
    'an attendance of another list',
    but(encounter, 'extension.1.valueCodeableConcept.coding.0.system', local('stage')),
    'Encounter.extension[1].valueCodeableConcept',
  ],
  ['encounter', 'two attendances', but(encounter, 'extension.2', status('3')), 'Encounter.extension'],
  ['encounter', 'a status of an appointment', but(encounter, 'status', 'booked'), 'Encounter.status'],
  [
    'encounter',
    'a length whose unit has no system',
    but(encounter, 'length', { value: 50, code: 'min' }),
    'Encounter.length',
  ],
  [
    'encounter',
    'a length before zero in words',
    but(encounter, 'length', { value: 'fifty' }),
    'Encounter.length.value',
  ],
  ['prompt', 'a prompt that nobody owns', but(prompt, 'owner'), 'Task.owner'],
  ['prompt', 'a prompt owned by a patient', but(prompt, 'owner.reference', 'Patient/mother'), 'Task.owner'],
  ['prompt', 'a prompt about nobody', but(prompt, 'for'), 'Task.for'],
  ['prompt', 'a prompt that is none', but(prompt, 'code', coded('prompt', 'hello')), 'Task.code'],
  ['prompt', 'a prompt in words', but(prompt, 'description', 'ring her on Monday'), 'Task.description'],
  ['worklist-item', 'work on nothing', but(worklistItem, 'focus'), 'Task.focus'],
  [
    'worklist-item',
    'work of a kind that is none',
    but(worklistItem, 'code.coding.0.code', 'other'),
    'Task.code',
  ],
  ['worklist-item', 'work in words', but(worklistItem, 'note', [{ text: 'which of the two?' }]), 'Task.note'],
];
