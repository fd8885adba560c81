/** Resources that break base R4 in one place each, of every class of rule that it has. Written before the checks that find them. */
import type { Node } from './typical.ts';

const subject = { reference: 'Patient/1' };
const more = [{ url: 'https://x.example/e', valueString: 'x' }];
const ucum = 'http://unitsofmeasure.org';
const hl7 = 'http://terminology.hl7.org/CodeSystem';
const uuid = (digit: number) => `urn:uuid:${String(digit).repeat(8)}-1cbf-4d64-b04d-cd9187a4c6e0`;

const BASES: Record<string, Node> = {
  patient: { resourceType: 'Patient', id: 'p' },
  episode: { resourceType: 'EpisodeOfCare', status: 'active', patient: subject },
  encounter: { resourceType: 'Encounter', status: 'finished', class: { code: 'AMB' } },
  referral: { resourceType: 'ServiceRequest', status: 'active', intent: 'order', subject },
  careTeam: { resourceType: 'CareTeam' },
  task: { resourceType: 'Task', status: 'requested', intent: 'order' },
  observation: {
    resourceType: 'Observation',
    status: 'final',
    code: { coding: [{ system: 'urn:x', code: 'a' }] },
  },
  condition: { resourceType: 'Condition', subject },
  consent: { resourceType: 'Consent', status: 'active', scope: { text: 'x' }, category: [{ text: 'x' }] },
  response: { resourceType: 'QuestionnaireResponse', status: 'completed' },
  questionnaire: { resourceType: 'Questionnaire', status: 'draft', name: 'Q' },
  appointment: {
    resourceType: 'Appointment',
    status: 'proposed',
    participant: [{ actor: subject, status: 'accepted' }],
  },
  document: {
    resourceType: 'DocumentReference',
    status: 'current',
    content: [{ attachment: { url: 'urn:x:y' } }],
  },
  organization: { resourceType: 'Organization', name: 'x' },
  provenance: {
    resourceType: 'Provenance',
    target: [subject],
    recorded: '2025-01-01T00:00:00Z',
    agent: [{ who: subject }],
  },
  medication: {
    resourceType: 'MedicationRequest',
    status: 'active',
    intent: 'order',
    subject,
    medicationReference: { display: 'x' },
  },
  list: { resourceType: 'List', status: 'current', mode: 'working' },
  parameters: { resourceType: 'Parameters' },
};

const set = (base: string, change: object): Node => JSON.parse(JSON.stringify({ ...BASES[base], ...change }));
const bundle = (type: string, ...entry: object[]): Node =>
  JSON.parse(JSON.stringify({ resourceType: 'Bundle', type, ...(entry.length > 0 ? { entry } : {}) }));
const holding = (...contained: object[]) => set('referral', { contained, requester: { reference: '#c' } });
const narrative = (inner: string) =>
  set('patient', {
    text: { status: 'generated', div: `<div xmlns="http://www.w3.org/1999/xhtml">${inner}</div>` },
  });
const header = { resourceType: 'MessageHeader', eventUri: 'urn:x:y', source: { endpoint: 'urn:x:z' } };
const repeat = (value: object) => set('medication', { dosageInstruction: [{ timing: { repeat: value } }] });
const REPEAT = 'MedicationRequest.dosageInstruction[0].timing.repeat';

export const STANDARD_FAULTS: [what: string, resource: Node, expression: string][] = [
  [
    'base64 of another alphabet',
    set('document', { content: [{ attachment: { contentType: 'a/b', data: '$$$$' } }] }),
    'DocumentReference.content[0].attachment.data',
  ],
  [
    'base64 cut short',
    set('document', { content: [{ attachment: { contentType: 'a/b', data: 'SGVsbG8' } }] }),
    'DocumentReference.content[0].attachment.data',
  ],
  [
    'an id of a resource in another',
    bundle('collection', { resource: { resourceType: 'Basic', id: 'a b', code: { text: 'x' } } }),
    'Bundle.entry[0].resource.id',
  ],
  [
    'a uuid that is none',
    bundle('collection', { fullUrl: 'urn:uuid:12', resource: BASES.patient as Node }),
    'Bundle.entry[0].fullUrl',
  ],
  ['an object with an id alone', set('patient', { maritalStatus: { id: 'a' } }), 'Patient.maritalStatus'],
  [
    'a resource type of a data type',
    set('patient', { name: [{ resourceType: 'HumanName', text: 'x' }] }),
    'Patient.name[0].resourceType',
  ],
  [
    'a null that holds no place',
    set('patient', { name: [{ given: ['A', null] }] }),
    'Patient.name[0].given[1]',
  ],
  [
    'extensions of more values than there are',
    set('patient', { name: [{ given: ['A'], _given: [null, { extension: more }] }] }),
    'Patient.name[0]._given',
  ],
  [
    'extensions of fewer values',
    set('patient', { name: [{ given: ['A', 'B'], _given: [{ extension: more }] }] }),
    'Patient.name[0]._given',
  ],
  [
    'a place that nothing fills',
    set('patient', { name: [{ given: ['A', null], _given: [null, null] }] }),
    'Patient.name[0]._given[1]',
  ],
  ['an id of a value that is not there', set('patient', { _birthDate: { id: 'a' } }), 'Patient._birthDate'],
  [
    'a second choice, by its extension',
    set('patient', { deceasedBoolean: true, _deceasedDateTime: { extension: more } }),
    'Patient._deceasedDateTime',
  ],
  [
    'a concept outside its binding',
    set('condition', { clinicalStatus: { coding: [{ system: `${hl7}/condition-clinical`, code: 'open' }] } }),
    'Condition.clinicalStatus',
  ],
  [
    'a concept in words alone',
    set('condition', { clinicalStatus: { text: 'active' } }),
    'Condition.clinicalStatus',
  ],
  [
    'a concept of another system',
    set('condition', { clinicalStatus: { coding: [{ system: 'urn:x', code: 'active' }] } }),
    'Condition.clinicalStatus',
  ],
  [
    'a media type that is none',
    set('document', { content: [{ attachment: { contentType: 'pdf' } }] }),
    'DocumentReference.content[0].attachment.contentType',
  ],
  ['a language that is none', set('patient', { language: 'not english' }), 'Patient.language'],
  [
    'a logical reference of the wrong type',
    set('episode', { patient: { type: 'Organization', identifier: { value: '1' } } }),
    'EpisodeOfCare.patient',
  ],
  [
    'a reference that names two types',
    set('referral', { subject: { type: 'Group', reference: 'Patient/1' } }),
    'ServiceRequest.subject',
  ],
  [
    'a reference into a Bundle, of the wrong type',
    bundle(
      'collection',
      { resource: { ...BASES.episode, patient: { reference: uuid(1) } } },
      { fullUrl: uuid(1), resource: BASES.organization as Node },
    ),
    'Bundle.entry[0].resource.patient',
  ],
  [
    'a urn of nothing in its message',
    bundle('message', { resource: { ...header, focus: [{ reference: uuid(1) }] } }),
    'Bundle.entry[0].resource.focus[0]',
  ],
  [
    'years in the wrong order (per-1)',
    set('episode', { period: { start: '2024', end: '2023' } }),
    'EpisodeOfCare.period',
  ],
  [
    'a period of a name (per-1)',
    set('patient', { name: [{ text: 'x', period: { start: '2024-02', end: '2024-01' } }] }),
    'Patient.name[0].period',
  ],
  [
    'a range from more to less (rng-2)',
    set('observation', { valueRange: { low: { value: 5 }, high: { value: 1 } } }),
    'Observation.valueRange',
  ],
  [
    'half a ratio (rat-1)',
    set('observation', { valueRatio: { numerator: { value: 1 } } }),
    'Observation.valueRatio',
  ],
  [
    'a duration of another system (drt-1)',
    set('encounter', { length: { value: 1, system: 'urn:x', code: 'h' } }),
    'Encounter.length',
  ],
  [
    'an age below zero (age-1)',
    set('condition', { onsetAge: { value: -1, system: ucum, code: 'a' } }),
    'Condition.onsetAge',
  ],
  [
    'a simple quantity with a comparator (sqty-1)',
    set('medication', {
      dosageInstruction: [{ doseAndRate: [{ doseQuantity: { value: 1, comparator: '<' } }] }],
    }),
    'MedicationRequest.dosageInstruction[0].doseAndRate[0].doseQuantity',
  ],
  ['a period without its unit (tim-2)', repeat({ period: 1 }), REPEAT],
  ['a duration below zero (tim-4)', repeat({ duration: -1, durationUnit: 'h' }), REPEAT],
  ['an offset from nothing (tim-9)', repeat({ offset: 5 }), REPEAT],
  [
    'an expression of nothing (exp-1)',
    set('patient', {
      extension: [{ url: 'https://x.example/e', valueExpression: { language: 'text/fhirpath' } }],
    }),
    'Patient.extension[0].valueExpression',
  ],
  [
    'a narrative that is no div (txt-1)',
    set('patient', { text: { status: 'generated', div: '<p>x</p>' } }),
    'Patient.text.div',
  ],
  ['a narrative with a script (txt-1)', narrative('<script>x</script>'), 'Patient.text.div'],
  ['a narrative with a handler (txt-1)', narrative('<p onclick="x">y</p>'), 'Patient.text.div'],
  ['a narrative that is not well-formed', narrative('<p>x'), 'Patient.text.div'],
  ['a narrative with an entity of HTML', narrative('a&nbsp;b'), 'Patient.text.div'],
  [
    'a narrative with an entity of HTML in an attribute',
    narrative('<b title="&copy;">x</b>'),
    'Patient.text.div',
  ],
  ['a narrative that says nothing (txt-2)', narrative(' '), 'Patient.text.div'],
  [
    'a resource contained in one contained (dom-2)',
    holding({ resourceType: 'Organization', id: 'c', name: 'x', contained: [BASES.patient as Node] }),
    'ServiceRequest.contained[0]',
  ],
  [
    'something contained that nothing refers to (dom-3)',
    set('referral', { contained: [BASES.patient as Node] }),
    'ServiceRequest.contained[0]',
  ],
  [
    'a version of something contained (dom-4)',
    holding({ resourceType: 'Organization', id: 'c', name: 'x', meta: { versionId: '1' } }),
    'ServiceRequest.contained[0]',
  ],
  [
    'a label of something contained (dom-5)',
    holding({ resourceType: 'Organization', id: 'c', name: 'x', meta: { security: [{ code: 'R' }] } }),
    'ServiceRequest.contained[0]',
  ],
  [
    'something contained without an id',
    set('referral', { contained: [{ resourceType: 'Organization', name: 'x' }] }),
    'ServiceRequest.contained[0]',
  ],
  [
    'two contained by one id',
    holding(
      { resourceType: 'Organization', id: 'c', name: 'x' },
      { resourceType: 'Organization', id: 'c', name: 'y' },
    ),
    'ServiceRequest.contained[1]',
  ],
  [
    'a reference to something contained of the wrong type',
    holding({ resourceType: 'Group', id: 'c', type: 'person', actual: true }),
    'ServiceRequest.requester',
  ],
  [
    'a home address of an organisation (org-2)',
    set('organization', { address: [{ use: 'home', city: 'x' }] }),
    'Organization.address[0]',
  ],
  [
    'a home telephone of an organisation (org-3)',
    set('organization', { telecom: [{ system: 'phone', value: '1', use: 'home' }] }),
    'Organization.telecom[0]',
  ],
  [
    'a value and why there is none (obs-6)',
    set('observation', { valueBoolean: true, dataAbsentReason: { text: 'x' } }),
    'Observation',
  ],
  [
    'a component of the same code (obs-7)',
    set('observation', { valueBoolean: true, component: [{ code: BASES.observation?.code }] }),
    'Observation',
  ],
  [
    'a reference range of nothing (obs-3)',
    set('observation', { referenceRange: [{ type: { text: 'x' } }] }),
    'Observation.referenceRange[0]',
  ],
  [
    'someone on behalf, who is no practitioner (ctm-1)',
    set('careTeam', { participant: [{ member: subject, onBehalfOf: { reference: 'Organization/1' } }] }),
    'CareTeam.participant[0]',
  ],
  [
    'a task changed before it was written (inv-1)',
    set('task', { authoredOn: '2025-01-02', lastModified: '2025-01-01' }),
    'Task',
  ],
  [
    'an answer group with an answer and items (qrs-1)',
    set('response', { item: [{ linkId: '1', answer: [{ valueBoolean: true }], item: [{ linkId: '2' }] }] }),
    'QuestionnaireResponse.item[0]',
  ],
  [
    'two questions by one linkId (que-2)',
    set('questionnaire', {
      item: [
        { linkId: '1', type: 'string' },
        { linkId: '1', type: 'string' },
      ],
    }),
    'Questionnaire',
  ],
  [
    'a group of no questions (que-1)',
    set('questionnaire', { item: [{ linkId: '1', type: 'group' }] }),
    'Questionnaire.item[0]',
  ],
  ['a consent under no policy (ppc-1)', BASES.consent as Node, 'Consent'],
  [
    'an appointment that starts and never ends (app-2)',
    set('appointment', { start: '2025-01-01T10:00:00Z' }),
    'Appointment',
  ],
  [
    'a reason to cancel what is not cancelled (app-4)',
    set('appointment', { cancelationReason: { text: 'x' } }),
    'Appointment',
  ],
  [
    'an end of what is active (con-4)',
    set('condition', {
      abatementDateTime: '2024',
      clinicalStatus: { coding: [{ system: `${hl7}/condition-clinical`, code: 'active' }] },
    }),
    'Condition',
  ],
  [
    'entries and why there are none (lst-1)',
    set('list', { emptyReason: { text: 'x' }, entry: [{ item: subject }] }),
    'List',
  ],
  [
    'a parameter with a value and parts (inv-1)',
    set('parameters', {
      parameter: [{ name: 'a', valueString: 'x', part: [{ name: 'b', valueString: 'y' }] }],
    }),
    'Parameters.parameter[0]',
  ],
  ['a total of a transaction (bdl-1)', { ...bundle('transaction'), total: 1 }, 'Bundle'],
  [
    'a search of a collection (bdl-2)',
    bundle('collection', { resource: BASES.patient as Node, search: { mode: 'match' } }),
    'Bundle',
  ],
  [
    'a transaction without its request (bdl-3)',
    bundle('transaction', { resource: BASES.patient as Node }),
    'Bundle',
  ],
  [
    'a response of a collection (bdl-4)',
    bundle('collection', { resource: BASES.patient as Node, response: { status: '200' } }),
    'Bundle',
  ],
  ['an entry of nothing (bdl-5)', bundle('collection', { fullUrl: 'urn:x:y' }), 'Bundle.entry[0]'],
  [
    'two of one full URL (bdl-7)',
    bundle(
      'collection',
      { fullUrl: uuid(1), resource: BASES.patient as Node },
      { fullUrl: uuid(1), resource: BASES.organization as Node },
    ),
    'Bundle',
  ],
  [
    'a full URL that is not its resource’s',
    bundle('collection', { fullUrl: 'https://x.example/Patient/other', resource: BASES.patient as Node }),
    'Bundle.entry[0]',
  ],
  [
    'a full URL that is not absolute',
    bundle('collection', { fullUrl: 'Patient/p', resource: BASES.patient as Node }),
    'Bundle.entry[0]',
  ],
  [
    'a document of no identifier (bdl-9)',
    {
      ...bundle('document', {
        resource: {
          resourceType: 'Composition',
          status: 'final',
          type: { text: 'x' },
          date: '2025',
          author: [subject],
          title: 'x',
        },
      }),
      timestamp: '2025-01-01T00:00:00Z',
    },
    'Bundle',
  ],
  [
    'a message that does not begin with its header (bdl-12)',
    bundle('message', { resource: BASES.patient as Node }),
    'Bundle',
  ],
  [
    'an extension of which the url is not absolute',
    set('patient', { extension: [{ url: 'x', valueString: 'x' }] }),
    'Patient.extension[0]',
  ],
  [
    'a modifier extension that nobody knows',
    set('patient', { modifierExtension: [{ url: 'https://x.example/m', valueBoolean: true }] }),
    'Patient.modifierExtension[0]',
  ],
  [
    'an extension of R4 with another type of value',
    set('patient', {
      extension: [
        { url: 'http://hl7.org/fhir/StructureDefinition/patient-mothersMaidenName', valueBoolean: true },
      ],
    }),
    'Patient.extension[0]',
  ],
  [
    'an extension of R4 where it may not be',
    set('organization', {
      extension: [
        { url: 'http://hl7.org/fhir/StructureDefinition/patient-mothersMaidenName', valueString: 'x' },
      ],
    }),
    'Organization.extension[0]',
  ],
  [
    'an extension of R4 with a code outside its binding',
    set('patient', {
      _birthDate: {
        extension: [{ url: 'http://hl7.org/fhir/StructureDefinition/data-absent-reason', valueCode: 'nope' }],
      },
    }),
    'Patient._birthDate.extension[0]',
  ],
];

/** Unusual, and right. */
export const STANDARD_RIGHT: [what: string, resource: Node][] = [
  ['a resource that says nothing', { resourceType: 'Patient' }],
  ['Parameters of nothing', BASES.parameters as Node],
  [
    'a status masked',
    set('condition', {
      clinicalStatus: {
        extension: [
          { url: 'http://hl7.org/fhir/StructureDefinition/data-absent-reason', valueCode: 'masked' },
        ],
      },
    }),
  ],
  [
    'a value known by its extension alone',
    set('patient', { extension: [{ url: 'https://x.example/e', _valueString: { extension: more } }] }),
  ],
  [
    'places held by nulls',
    set('patient', { name: [{ given: ['A', null, 'C'], _given: [null, { extension: more }, { id: 'c' }] }] }),
  ],
  ['a period within a year', set('episode', { period: { start: '2024-05-05', end: '2024' } })],
  [
    'a range across units',
    set('observation', {
      valueRange: {
        low: { value: 500, system: ucum, code: 'g' },
        high: { value: 1, system: ucum, code: 'kg' },
      },
    }),
  ],
  [
    'base64 in lines',
    set('document', {
      content: [{ attachment: { contentType: 'text/plain; charset=utf-8', data: 'SGVs\nbG8=' } }],
    }),
  ],
  [
    'a narrative with all that is allowed',
    narrative(
      '<!-- c --><table border="1"><tbody><tr><td>A &amp; B &#160;&#xA9;&quot;&lt;&gt;&apos;</td></tr></tbody></table><img src="#i" alt="i"/>',
    ),
  ],
  [
    'contained resources that refer to each other',
    set('referral', {
      requester: { reference: '#r' },
      contained: [
        { resourceType: 'PractitionerRole', id: 'r', practitioner: { reference: '#p' } },
        { resourceType: 'Practitioner', id: 'p' },
      ],
    }),
  ],
  [
    'what is contained refers to its container',
    set('referral', { contained: [{ ...BASES.provenance, id: 'v', target: [{ reference: '#' }] }] }),
  ],
  [
    'a questionnaire contained, by its canonical',
    set('response', {
      questionnaire: '#q',
      contained: [{ resourceType: 'Questionnaire', id: 'q', status: 'draft' }],
    }),
  ],
  ['a conditional reference', set('referral', { subject: { reference: 'Patient?identifier=x|1' } })],
  [
    'a team by its identifier',
    set('episode', { managingOrganization: { type: 'HealthcareService', identifier: { value: 'T1' } } }),
  ],
  [
    'versions of one resource in a Bundle',
    bundle(
      'collection',
      ...['1', '2'].map((versionId) => ({
        fullUrl: 'https://x.example/Patient/p',
        resource: { ...BASES.patient, meta: { versionId } },
      })),
    ),
  ],
  [
    'an extension of R4 inside a name',
    set('patient', {
      name: [
        {
          _family: {
            extension: [
              { url: 'http://hl7.org/fhir/StructureDefinition/humanname-own-prefix', valueString: 'van' },
            ],
          },
        },
      ],
    }),
  ],
];
