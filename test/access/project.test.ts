import type { Patient, Resource } from '@medplum/fhirtypes';
import { describe, expect, it } from 'vitest';
import type { Grant, Grants } from '../../src/access/decide/decide.ts';
import { project } from '../../src/access/project/project.ts';
import { REFERRAL_TAG } from '../../src/fhir/systems.ts';
import type { ChartSource, Recipient, ResourceRow, Role } from '../../src/model.ts';

const OWN: Grant = { care: 'open', roles: [] };
const PENDING: Grant = { care: 'pending', roles: [] };
const as = (role: Role, journey = 'j1'): Grant => ({ care: null, roles: [{ journey, role }] });
/** Words that no projection for anybody but their author may contain. */
const WORDS = 'harm-obsession';

const SERVICES = new Map(
  Object.entries({
    camhs: { kind: 'camhs-0-5', sector: 'camhs-0-5' },
    charity: { kind: 'third-sector', sector: 'third-sector-partner' },
    clinic: { kind: 'reproductive-health', sector: null },
  }),
);

function reader(sector: string | null, persons: Record<string, Grant>, service = 'reader') {
  const recipient: Recipient = {
    kind: 'system',
    system: {
      ...{ id: 1, name: service, source: null, dialect: null, onHeld: 'AE' },
      service: { id: service, name: service, ods: 'RXX', team: service, sector, kind: null },
    },
  };
  const at = new Date('2026-06-01T12:00:00Z');
  const known = new Map(Object.entries(persons));
  const grants: Grants = { everything: false, service, sector, persons: known, services: SERVICES, at };
  return (row: ResourceRow) => project(recipient, grants, row);
}

function row(content: object, rest: Partial<ResourceRow> = {}): ResourceRow {
  const resource = { id: 'x', ...content } as Resource;
  const common = {
    rowId: '1',
    id: 'x',
    version: 1,
    updatedAt: new Date(),
    persons: ['m'],
    authors: ['sender'],
    service: null,
    sources: null,
  };
  return { ...common, type: resource.resourceType, content: resource, ...rest };
}

const operator = (one: ResourceRow) =>
  project({ kind: 'operator', name: 'loopback' }, { everything: true }, one);

const tagged = (...journeys: string[]) => ({
  tag: journeys.map((code) => ({ system: 'https://skein.example/fhir/journey', code })),
});

describe('Patient', () => {
  const identifier = [
    { system: 'https://fhir.nhs.uk/Id/nhs-number', value: '9990000018' },
    { system: 'https://skein.example/Id/RXX', value: 'here' },
    { system: 'https://skein.example/Id/RYY', value: 'elsewhere' },
  ];
  const ethnicity = { url: 'https://fhir.hl7.org.uk/StructureDefinition/Extension-UKCore-EthnicCategory' };
  const patient = row(
    {
      ...{
        resourceType: 'Patient',
        active: true,
        name: [{ family: 'Osei' }],
        birthDate: '1994-03-02',
        gender: 'female',
      },
      ...{
        identifier,
        telecom: [{ value: '01632 960001' }],
        address: [{ city: 'Leeds' }],
        contact: [{ name: { text: WORDS } }],
      },
      link: [
        { other: { reference: 'RelatedPerson/r1' }, type: 'seealso' },
        { other: { reference: 'RelatedPerson/r2' }, type: 'seealso' },
      ],
      extension: [ethnicity, { url: 'https://else.example', valueString: WORDS }],
      text: { div: WORDS },
    },
    { persons: ['m', 'i1', 'i2'] },
  );
  /** A chart of that content by some sender, as the store keeps it beside what was put together. */
  const chart = (content: object, rest: Partial<ChartSource> = {}): ChartSource => ({
    author: 'sender',
    content: { resourceType: 'Patient', ...content } as Patient,
    ...{ named: true, verified: true, care: [{ service: 'camhs', authors: ['sender'] }], referredTo: [] },
    ...rest,
  });
  patient.sources = { charts: [chart(patient.content)] };

  it('does not exist for a service with no standing to the person', () => {
    expect(reader('camhs-0-5', {})(patient)).toBeNull();
    expect(reader(null, { m: OWN })(patient)).toBeNull();
    expect(reader('commissioner', { m: OWN })(patient)).toBeNull();
  });

  it('is only there at E, and links only to people the reader may know of', () => {
    const seen = reader('maternity-mh', { m: as('mother') })(patient);
    expect(seen).toEqual({ resourceType: 'Patient', id: 'x', active: true });
    const linked = reader('maternity-mh', { m: as('mother'), i2: as('infant') })(patient);
    expect(linked).toMatchObject({ link: [{ other: { reference: 'RelatedPerson/r2' } }] });
  });

  it('has name and birth date at S', () => {
    const seen = reader('camhs-0-5', { m: as('mother') })(patient);
    expect(seen).toEqual({
      resourceType: 'Patient',
      id: 'x',
      active: true,
      name: [{ family: 'Osei' }],
      birthDate: '1994-03-02',
    });
  });

  it('has names as Skein writes them, never as somebody typed them', () => {
    const name = [{ text: WORDS, suffix: [WORDS], prefix: [WORDS], family: 'Osei', given: ['Amara'] }];
    const typed = { ...patient, sources: { charts: [chart({ name })] } };
    for (const grant of [as('mother'), OWN]) {
      const seen = reader('camhs-0-5', { m: grant })(typed);
      expect(seen).toMatchObject({ name: [{ family: 'Osei', given: ['Amara'] }] });
      expect(JSON.stringify(seen)).not.toContain(WORDS);
    }
  });

  it('is put together from the charts that the reader may know of, others leaving no trace', () => {
    const hidden = [
      chart(
        { name: [{ family: 'Hidden' }] },
        { author: 'charity', care: [{ service: 'charity', authors: ['charity'] }] },
      ),
      chart(
        { name: [{ family: 'Hidden' }] },
        { author: 'clinic', care: [{ service: 'clinic', authors: ['clinic'] }] },
      ),
      chart({ name: [{ family: 'Hidden' }] }, { author: 'asker', care: [], referredTo: ['other'] }),
    ];
    const known = [chart(patient.content), chart({ birthDate: '1990-01-01' })];
    const [whole, without] = [[...hidden, ...known], known].map((charts) => ({
      ...patient,
      sources: { charts },
    }));
    for (const grants of [{ m: OWN }, { m: as('mother') }]) {
      const see = reader('camhs-0-5', grants);
      expect(see(whole as ResourceRow)).toEqual(see(without as ResourceRow));
    }
    expect(reader('third-sector-partner', { m: OWN }, 'charity')(whole as ResourceRow)).toMatchObject({
      name: [{ family: 'Hidden' }],
    });
  });

  it('is, to the receiver of a referral, what that message gave, until it is taken up', () => {
    const asked = chart(
      { name: [{ family: 'Asked' }], telecom: [{ value: '01632 960002' }] },
      { referredTo: ['reader'] },
    );
    const seen = reader('camhs-0-5', { m: PENDING })({
      ...patient,
      sources: { charts: [chart(patient.content), asked] },
    });
    expect(seen).toEqual({
      ...{ resourceType: 'Patient', id: 'x', active: true, name: [{ family: 'Asked' }] },
      telecom: [{ value: '01632 960002' }],
    });
  });

  it.each([
    ['open', OWN],
    ['over', { ...OWN, care: 'past' as const }],
  ])('is, once care is %s, no more what the message that asked for it gave', (_state, grant) => {
    const asked = chart(
      { name: [{ family: 'Asked' }], telecom: [{ value: '01632 960002' }], identifier },
      { referredTo: ['reader'] },
    );
    const seen = reader('third-sector', { m: grant })({ ...patient, sources: { charts: [asked] } });
    expect(JSON.stringify(seen)).not.toMatch(/01632|nhs-number/);
  });

  it.each(['commissioner', 'national'])('is nothing to a %s, whoever asked it', (sector) => {
    const asked = chart({ name: [{ family: 'Asked' }] }, { referredTo: ['reader'] });
    expect(reader(sector, { m: PENDING })({ ...patient, sources: { charts: [asked] } })).toBeNull();
  });

  it('has the rest at F, but never what the sender wrote of others', () => {
    const seen = reader('camhs-0-5', { m: OWN })(patient);
    expect(seen).toMatchObject({ gender: 'female', identifier, extension: [ethnicity] });
    expect(JSON.stringify(seen)).not.toContain(WORDS);
  });

  it('keeps identifiers of other organisations from those who may not know them to be involved', () => {
    const elsewhere = chart({ identifier }, { care: [{ service: null, authors: ['sender'] }] });
    const seen = reader('health-visiting', { m: as('infant') })({
      ...patient,
      sources: { charts: [elsewhere, chart({ identifier: identifier.slice(1, 2) }, { author: 'reader' })] },
    }) as {
      identifier: { value: string }[];
    };
    expect(seen.identifier.map(({ value }) => value)).toEqual(['9990000018', 'here']);
  });

  it('releases no contact details to anybody while no safe-contact instruction is known', () => {
    expect(reader('parent-infant', { m: as('mother') })(patient)).not.toHaveProperty('telecom');
    expect(reader('family-hub', { m: OWN })(patient)).not.toHaveProperty('telecom');
    expect(reader('camhs-0-5', { m: PENDING })(patient)).toBeNull();
    expect(reader('maternity', { m: OWN })(patient)).not.toHaveProperty('address');
  });

  it('that was merged away answers those who may know of the person it went into', () => {
    const link = [{ other: { reference: 'Patient/m' }, type: 'replaced-by' }];
    const merged = row({ resourceType: 'Patient', active: false, link }, { persons: ['old', 'm'] });
    expect(reader('camhs-0-5', { m: OWN })(merged)).toMatchObject({ active: false, link });
    expect(reader('camhs-0-5', { other: OWN })(merged)).toBeNull();
  });
});

describe('RelatedPerson', () => {
  const related = row(
    {
      ...{
        resourceType: 'RelatedPerson',
        active: true,
        patient: { reference: 'Patient/i' },
        name: [{ family: 'Osei' }],
      },
      ...{
        relationship: [{ coding: [{ code: 'MTH', display: WORDS }], text: WORDS }],
        telecom: [{ value: '01632 960001' }],
      },
    },
    { persons: ['i', 'm'], authors: ['reader'] },
  );

  it('needs standing to both persons, even for the service that named them', () => {
    expect(reader('camhs-0-5', { i: OWN })(related)).toBeNull();
    expect(reader('camhs-0-5', { m: OWN })(related)).toBeNull();
    expect(reader('camhs-0-5', { i: OWN, m: as('mother') })(related)).toEqual({
      ...{ resourceType: 'RelatedPerson', id: 'x', active: true, patient: { reference: 'Patient/i' } },
      relationship: [{ coding: [{ code: 'MTH' }] }],
    });
  });

  it('says who is what to whom, and nothing else: each person is read by themself', () => {
    const seen = reader('parent-infant', { i: OWN, m: OWN })(related);
    expect(seen).not.toHaveProperty('name');
    expect(seen).not.toHaveProperty('telecom');
  });

  it('about somebody who is no person of the store is not shared', () => {
    expect(reader('camhs-0-5', { i: OWN })({ ...related, persons: ['i'] })).toBeNull();
  });
});

describe('EpisodeOfCare', () => {
  const content = {
    ...{
      resourceType: 'EpisodeOfCare',
      status: 'active',
      patient: { reference: 'Patient/m' },
      period: { start: '2026-01-01' },
    },
    ...{
      managingOrganization: { reference: 'Organization/camhs', display: WORDS },
      meta: tagged('j1', 'j2'),
    },
    ...{
      type: [{ coding: [{ code: 'said' }], text: WORDS }],
      diagnosis: [{ condition: { reference: 'Condition/c' } }],
    },
    identifier: [{ value: 'spell 1' }],
  };
  const episode = row(content, { service: 'camhs', authors: ['camhs'] });
  const kind = {
    coding: [{ system: 'https://skein.example/fhir/CodeSystem/service-kind', code: 'camhs-0-5' }],
  };

  it('shows at E a service of this kind and its dates, in journeys the reader knows', () => {
    expect(reader('specialist-perinatal', { m: as('mother') })(episode)).toEqual({
      ...{ resourceType: 'EpisodeOfCare', id: 'x', status: 'active', patient: { reference: 'Patient/m' } },
      ...{ period: { start: '2026-01-01' }, type: [kind], meta: tagged('j1') },
    });
  });

  it('shows at S which service, without free text', () => {
    const seen = reader('specialist-perinatal', { m: as('infant') })(episode);
    expect(seen).toMatchObject({
      managingOrganization: { reference: 'Organization/camhs' },
      type: [kind, { coding: [{ code: 'said' }] }],
    });
    expect(seen).not.toHaveProperty('identifier');
    expect(JSON.stringify(seen)).not.toContain(WORDS);
  });

  it('shows at F what was said, less free text and diagnosis', () => {
    const seen = reader('specialist-perinatal', { m: OWN })(episode);
    expect(seen).toMatchObject({ identifier: [{ value: 'spell 1' }], meta: tagged('j1', 'j2') });
    expect(seen).not.toHaveProperty('diagnosis');
    expect(JSON.stringify(seen)).not.toContain(WORDS);
  });

  it('tells those alone who said it which referral it answers: that may be labelled', () => {
    const answering = { ...content, referralRequest: [{ reference: 'ServiceRequest/r1' }] };
    const spell = row(answering, { service: 'camhs', authors: ['camhs', 'sender'] });
    expect(reader('specialist-perinatal', { m: OWN })(spell)).not.toHaveProperty('referralRequest');
    expect(reader('specialist-perinatal', { m: OWN }, 'sender')(spell)).toHaveProperty('referralRequest');
  });

  it('is seen in full by the service that sent it and the one it is addressed to', () => {
    expect(reader(null, {}, 'camhs')(episode)).toMatchObject({ diagnosis: [{}], type: [{ text: WORDS }] });
    expect(reader('camhs-0-5', {}, 'camhs')({ ...episode, authors: ['sender'] })).toMatchObject({
      diagnosis: [{}],
    });
    expect(reader(null, {}, 'camhs')({ ...episode, authors: ['sender'] })).toBeNull();
    expect(reader('gp', {}, 'sender')({ ...episode, authors: ['sender', 'camhs'] })).toBeNull();
  });

  it('tells its author nothing of journeys it may not know the person to be in', () => {
    expect(reader('third-sector', {}, 'camhs')(episode)).not.toHaveProperty('meta');
  });

  it('that has not been accepted is known to referrer and receiver only', () => {
    const planned = row({ ...content, status: 'planned' }, { service: 'camhs', authors: ['sender'] });
    expect(reader('specialist-perinatal', { m: OWN })(planned)).toBeNull();
    expect(reader('health-visiting', {}, 'sender')(planned)).not.toBeNull();
    expect(reader('camhs-0-5', { m: PENDING }, 'camhs')(planned)).not.toBeNull();
  });

  it('of a charity to which the person came alone stays with it', () => {
    const own = row(content, { service: 'charity', authors: ['charity'] });
    expect(reader('specialist-perinatal', { m: OWN })(own)).toBeNull();
    expect(reader('third-sector-partner', { m: OWN }, 'charity')(own)).not.toBeNull();
    const referred = row(content, { service: 'charity', authors: ['charity', 'sender'] });
    expect(reader('specialist-perinatal', { m: OWN })(referred)).not.toBeNull();
  });

  it('of a reproductive health clinic is known to author and addressee only', () => {
    const sealed = row(content, { service: 'clinic', authors: ['sender'] });
    expect(reader('specialist-perinatal', { m: OWN })(sealed)).toBeNull();
    expect(reader('gp', { m: OWN }, 'sender')(sealed)).not.toBeNull();
  });
});

describe('Encounter and ServiceRequest', () => {
  const encounter = row({
    ...{
      resourceType: 'Encounter',
      status: 'finished',
      class: { code: 'AMB', display: WORDS },
      subject: { reference: 'Patient/m' },
    },
    ...{
      type: [{ text: WORDS }],
      reasonCode: [{ text: WORDS }],
      serviceProvider: { reference: 'Organization/camhs' },
    },
    meta: tagged('j1'),
  });
  const referral = row({
    ...{
      resourceType: 'ServiceRequest',
      status: 'active',
      intent: 'plan',
      subject: { reference: 'Patient/m' },
    },
    ...{
      authoredOn: '2026-05-01',
      note: [{ text: WORDS }],
      reasonCode: [{ coding: [{ code: 'moderate-anxiety' }], text: WORDS }],
    },
    ...{
      patientInstruction: WORDS,
      performer: [{ reference: 'Organization/camhs' }],
      identifier: [{ value: 'r1' }],
    },
    meta: { tag: [...tagged('j1').tag, { system: REFERRAL_TAG, code: 'taken-up' }] },
  });

  it('are hidden where the table has no level', () => {
    expect(reader('childrens-services', { m: OWN })(encounter)).toBeNull();
    expect(reader('camhs-0-5', { m: as('mother') })(encounter)).toBeNull();
    expect(reader('camhs-0-5', { m: as('mother') })(referral)).toBeNull();
  });

  it('show at E that and when, and at S codes', () => {
    const seen = reader('maternity', { m: OWN })(encounter);
    expect(seen).toMatchObject({ status: 'finished', class: { extension: [{ valueCode: 'masked' }] } });
    expect(seen).not.toHaveProperty('serviceProvider');
    expect(reader('cmht', { m: OWN })(encounter)).toEqual({
      ...{
        resourceType: 'Encounter',
        id: 'x',
        status: 'finished',
        class: { code: 'AMB' },
        subject: { reference: 'Patient/m' },
      },
      serviceProvider: { reference: 'Organization/camhs' },
      meta: tagged('j1'),
    });
    expect(reader('childrens-services', { m: as('infant') })(referral)).toEqual({
      ...{
        resourceType: 'ServiceRequest',
        id: 'x',
        status: 'active',
        intent: 'plan',
        subject: { reference: 'Patient/m' },
      },
      authoredOn: '2026-05-01',
      meta: tagged('j1'),
    });
    expect(reader('health-visiting', { m: OWN })(referral)).toMatchObject({
      reasonCode: [{ coding: [{ code: 'moderate-anxiety' }] }],
      performer: [{ reference: 'Organization/camhs' }],
    });
  });

  it('of a referral that nobody took up, show it to its parties only', () => {
    const { meta: _takenUp, ...asked } = {
      ...referral.content,
      requester: { reference: 'Organization/asker' },
    };
    const waiting = { ...referral, content: asked as typeof referral.content };
    expect(reader('specialist-perinatal', { m: OWN })(waiting)).toBeNull();
    expect(reader('specialist-perinatal', { m: OWN }, 'asker')(waiting)).not.toBeNull();
    expect(
      reader('specialist-perinatal', { m: PENDING }, 'camhs')({ ...waiting, service: 'camhs' }),
    ).not.toBeNull();
  });

  it('keep free text to author and addressee, whatever the level', () => {
    for (const [sector, grant] of Object.entries({
      'parent-infant': OWN,
      'health-visiting': OWN,
      'camhs-0-5': as('infant'),
    })) {
      const seen = [reader(sector, { m: grant })(referral), reader(sector, { m: grant })(encounter)];
      expect(JSON.stringify(seen)).not.toContain(WORDS);
    }
    expect(reader('parent-infant', { m: OWN })(referral)).toMatchObject({ identifier: [{ value: 'r1' }] });
    expect(
      JSON.stringify(reader('camhs-0-5', { m: PENDING }, 'camhs')({ ...referral, service: 'camhs' })),
    ).toContain(WORDS);
    expect(JSON.stringify(reader(null, {}, 'sender')(referral))).toContain(WORDS);
  });
});

describe('Group', () => {
  const stage = (code: string, start: string, end?: string) => ({
    code: { coding: [{ system: 'https://skein.example/fhir/CodeSystem/journey', code: 'stage' }] },
    ...{
      valueCodeableConcept: { coding: [{ code }] },
      exclude: false,
      period: { start, ...(end ? { end } : {}) },
    },
  });
  const group = row(
    {
      ...{ resourceType: 'Group', active: true, type: 'person', actual: true, quantity: 2, name: WORDS },
      characteristic: [
        stage('birth-12m', '2026-03-01', '2027-03-01'),
        stage('12-24m', '2027-03-01'),
        { code: { coding: [{ code: 'plurality' }] }, exclude: false, valueQuantity: { value: 2 } },
      ],
      member: ['m', 'i'].map((id) => ({ entity: { reference: `Patient/${id}` }, inactive: false })),
    },
    { id: 'j1', persons: ['i', 'm'], authors: [] },
  );

  it('shows stages with dates and the members one may know of, never how many there are', () => {
    const seen = reader('camhs-0-5', { i: OWN, m: as('mother') })(group) as {
      characteristic: object[];
      member: object[];
    };
    expect(seen.characteristic).toHaveLength(2);
    expect(seen.member).toHaveLength(2);
    expect(seen).not.toHaveProperty('quantity');
    expect(JSON.stringify(seen)).not.toMatch(/plurality|harm/);
    expect(reader('camhs-0-5', { i: OWN })(group)).toMatchObject({
      member: [{ entity: { reference: 'Patient/i' } }],
    });
  });

  it('shows at E the stage of today, without dates', () => {
    const seen = reader('family-hub', { m: OWN })(group) as { characteristic: object[] };
    expect(seen.characteristic).toEqual([{ ...stage('birth-12m', ''), period: undefined }]);
  });

  it('does not exist for who knows a member through another journey only', () => {
    expect(reader('camhs-0-5', { m: as('mother', 'j0') })(group)).toBeNull();
    expect(reader('third-sector', { m: OWN })(group)).toBeNull();
    expect(reader('camhs-0-5', { m: PENDING })(group)).toBeNull();
  });
});

describe('CareTeam', () => {
  const member = (service: string) => ({
    member: { reference: `Organization/${service}`, display: WORDS },
    period: { start: '2026' },
  });
  const participant = ['camhs', 'charity', 'clinic'].map(member);
  const care = ['camhs', 'charity', 'clinic'].map((service) => ({
    ...{ service, authors: [service], period: { start: '2026' } },
  }));
  const team = row(
    { resourceType: 'CareTeam', status: 'active', meta: tagged('j1'), participant },
    { authors: [], sources: { care } },
  );
  const role = [
    { coding: [{ system: 'https://skein.example/fhir/CodeSystem/service-kind', code: 'camhs-0-5' }] },
  ];

  it('shows kinds at E and services above, less charities and sealed clinics', () => {
    const seen = reader('specialist-perinatal', { m: as('mother') })(team);
    expect(seen).toMatchObject({ participant: [{ role, period: { start: '2026' } }] });
    expect(JSON.stringify(seen)).not.toMatch(/Organization|charity|clinic|harm/);
    expect(reader('specialist-perinatal', { m: OWN })(team)).toMatchObject({
      participant: [{ role, member: { reference: 'Organization/camhs' }, period: { start: '2026' } }],
    });
    expect(reader('specialist-perinatal', { m: as('mother', 'j2') })(team)).toBeNull();
  });

  it('shows a sealed clinic itself', () => {
    const seen = reader('specialist-perinatal', { m: OWN }, 'clinic')(team) as { participant: object[] };
    expect(seen.participant).toHaveLength(2);
  });
});

describe('Provenance', () => {
  const provenance = row(
    {
      ...{
        resourceType: 'Provenance',
        recorded: '2026-05-01T00:00:00Z',
        target: [{ reference: 'Patient/m' }, { reference: 'EpisodeOfCare/e' }],
      },
      ...{
        policy: ['https://skein.example/mapping/x@1'],
        agent: [{ who: { reference: 'Organization/sender' } }],
      },
      entity: [{ role: 'source', what: { identifier: { value: 'message id' } } }],
    },
    { persons: ['i', 'm'] },
  );

  it('is full to its author, unless it speaks of somebody that one may not know of', () => {
    expect(reader('camhs-0-5', { i: OWN, m: as('mother') }, 'sender')(provenance)).toEqual(
      provenance.content,
    );
    expect(reader('camhs-0-5', { i: OWN }, 'sender')(provenance)).toBeNull();
    expect(reader(null, {}, 'sender')(provenance)).toBeNull();
  });

  it('names neither sender nor message to others', () => {
    const seen = reader('parent-infant', { i: OWN, m: OWN })(provenance);
    expect(seen).toMatchObject({
      target: [{ reference: 'EpisodeOfCare/e' }],
      policy: ['https://skein.example/mapping/x@1'],
    });
    expect(JSON.stringify(seen)).not.toMatch(/Organization|message id/);
    expect(reader('camhs-0-5', { i: OWN, m: as('mother') })(provenance)).toBeNull();
  });
});

describe('what is about nobody', () => {
  it('shows services and topics to everybody, and a subscription to its own service', () => {
    for (const resourceType of ['Organization', 'Basic']) {
      const one = row({ resourceType }, { persons: [], authors: [] });
      expect(reader(null, {})(one)).toEqual(one.content);
    }
    const subscription = row({ resourceType: 'Subscription' }, { persons: [], authors: ['reader'] });
    expect(reader('gp', {})(subscription)).toEqual(subscription.content);
    expect(reader('gp', {}, 'other')(subscription)).toBeNull();
  });

  it('hides every type that nobody decided on', () => {
    expect(
      reader('specialist-perinatal', { m: OWN })(row({ resourceType: 'Condition' }, { authors: ['reader'] })),
    ).toBeNull();
  });

  it('shows the operator everything as it is', () => {
    const one = row({ resourceType: 'Condition', note: [{ text: WORDS }] });
    expect(operator(one)).toBe(one.content);
  });

  it('refuses to show a system what was loaded for the operator', () => {
    const { kind, system } = { kind: 'system' as const, system: { service: { id: 's' } } as never };
    expect(() => project({ kind, system }, { everything: true }, row({ resourceType: 'Basic' }))).toThrow(
      'operator',
    );
  });
});
