import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ElementDefinition, StructureDefinition } from '@medplum/fhirtypes';
import { describe, expect, test } from 'vitest';
import { EVENT_CODES, type Json } from '../../src/model.ts';
import { loadProfiles, ownProfiles, Profiles } from '../../src/validate/profiles.ts';
import type { Conformance } from '../../src/validate/read-package.ts';
import { validateResource } from '../../src/validate/validate-resource.ts';
import type { Node } from './typical.ts';

/** Its path is read from its id. */
type Element = Omit<ElementDefinition, 'path'>;

const URL = 'https://other.example/fhir';
const CODES = 'http://terminology.hl7.org/CodeSystem';

/** A profile `name` of a type, or of another profile. */
function profile(
  name: string,
  type: string,
  element: Element[],
  base = `http://hl7.org/fhir/StructureDefinition/${type}`,
) {
  return {
    ...{
      resourceType: 'StructureDefinition',
      url: `${URL}/${name}`,
      name,
      status: 'draft',
      kind: 'resource',
      abstract: false,
    },
    ...{ type, baseDefinition: base, derivation: 'constraint' },
    differential: { element: element.map((one) => ({ ...one, path: one.id?.replace(/:[^.]+/g, '') })) },
  } as StructureDefinition;
}

/** What is wrong by the profile called `it`. */
function check(resource: object, element: Element[], ...more: Conformance[]): string[] {
  const node = plain(resource);
  const profiles = new Profiles([profile('it', String(node.resourceType), element), ...more]);
  const { faults } = validateResource(node, profiles, [`${URL}/it`]);
  return faults.map(
    ({ severity, expression, text }) => `${severity ? `${severity}: ` : ''}${expression} ${text}`,
  );
}

const slicing = (
  type: 'value' | 'pattern' | 'exists' | 'type' | 'profile',
  path: string,
  rules: 'open' | 'closed' = 'open',
) => ({
  discriminator: [{ type, path }],
  rules,
});
const plain = (value: object): Node => JSON.parse(JSON.stringify(value));
const patient = (more: object) => plain({ resourceType: 'Patient', ...more });
const observation = (more: object) => ({
  resourceType: 'Observation',
  status: 'final',
  code: { text: 'x' },
  ...more,
});

describe('slices', () => {
  const phone: Element[] = [
    { id: 'Patient.telecom', slicing: slicing('value', 'system', 'closed') },
    { id: 'Patient.telecom:phone', min: 1, max: '1' },
    { id: 'Patient.telecom:phone.system', fixedCode: 'phone' },
    { id: 'Patient.telecom:phone.use', min: 1 },
  ];

  test('by a fixed value: how many, what is inside, and nothing else where they are closed', () => {
    expect(check(patient({ telecom: [{ system: 'phone', value: '1', use: 'home' }] }), phone)).toEqual([]);
    expect(check(patient({ active: true }), phone)).toEqual(['Patient.telecom phone is missing']);
    expect(check(patient({ telecom: [{ system: 'phone', value: '1' }] }), phone)).toEqual([
      'Patient.telecom[0].use is missing',
    ]);
    const two = ['home', 'work', 'work'].map((use, index) => ({
      system: index < 2 ? 'phone' : 'email',
      value: '1',
      use,
    }));
    expect(check(patient({ telecom: two }), phone)).toEqual([
      'Patient.telecom[2] is none of what its profile lists',
      'Patient.telecom has more than 1 phone',
    ]);
  });

  test('by a pattern above the end of the path', () => {
    const coded = (code: string) => ({ coding: [{ system: 's', code }], text: 'in words' });
    const rules: Element[] = [
      { id: 'Observation.component', slicing: slicing('pattern', 'code') },
      { id: 'Observation.component:score', max: '1' },
      {
        id: 'Observation.component:score.code',
        patternCodeableConcept: { coding: [{ system: 's', code: 'score' }] },
      },
      { id: 'Observation.component:score.value[x]', min: 1, type: [{ code: 'integer' }] },
    ];
    const component = [{ code: coded('score'), valueString: 'eleven' }, { code: coded('mood') }];
    expect(check(observation({ component }), rules)).toEqual([
      'Observation.component[0].valueString is not a integer',
    ]);
    expect(check(observation({ component: [{ code: coded('score'), valueInteger: 11 }] }), rules)).toEqual(
      [],
    );
  });

  test('by those of their discriminators that each says, and not by others', () => {
    const discriminator = ['system', 'use'].map((path) => ({ type: 'value' as const, path }));
    const rules: Element[] = [
      { id: 'Patient.telecom', slicing: { discriminator, rules: 'closed' } },
      { id: 'Patient.telecom:phone', max: '1' },
      { id: 'Patient.telecom:phone.system', fixedCode: 'phone' },
      { id: 'Patient.telecom:work', max: '1' },
      { id: 'Patient.telecom:work.system', fixedCode: 'email' },
      { id: 'Patient.telecom:work.use', fixedCode: 'work' },
    ];
    const told = (...telecom: object[]) =>
      check(patient({ telecom: telecom.map((one) => ({ value: '1', ...one })) }), rules);
    const email = { system: 'email', use: 'work' };
    expect(told({ system: 'phone', use: 'home' }, email)).toEqual([]);
    expect(told({ system: 'phone' }, { system: 'phone', use: 'home' })).toEqual([
      'Patient.telecom has more than 1 phone',
    ]);
    expect(told({ system: 'email', use: 'home' })).toEqual([
      'Patient.telecom[0] is none of what its profile lists',
    ]);
    expect(told({ system: 'fax', use: 'work' })).toEqual([
      'Patient.telecom[0] is none of what its profile lists',
    ]);
  });

  test('by a part of what their discriminator names', () => {
    const rules: Element[] = [
      { id: 'Observation.component', slicing: slicing('value', 'code.coding') },
      { id: 'Observation.component:ours', max: '1' },
      { id: 'Observation.component:ours.code.coding.system', fixedUri: 's', min: 1 },
      { id: 'Observation.component:ours.value[x]', min: 1 },
    ];
    const component = (...systems: string[]) =>
      systems.map((system) => ({ code: { coding: [{ system, code: 'x' }] }, valueInteger: 1 }));
    expect(check(observation({ component: component('s', 't', 't') }), rules)).toEqual([]);
    expect(check(observation({ component: component('s', 's', 't') }), rules)).toEqual([
      'Observation.component has more than 1 ours',
    ]);
  });

  test('by url, though the differential says nothing of it, and inside nested extensions', () => {
    const rules: Element[] = [
      { id: 'Patient.extension:language', min: 1 },
      { id: 'Patient.extension:language.url', fixedUri: 'urn:language' },
      { id: 'Patient.extension:language.extension:level', min: 1, max: '1' },
      { id: 'Patient.extension:language.extension:level.url', fixedUri: 'level' },
      { id: 'Patient.extension:language.extension:level.value[x]', type: [{ code: 'code' }] },
    ];
    const nested = (level: Node) => patient({ extension: [{ url: 'urn:language', extension: [level] }] });
    expect(check(nested({ url: 'level', valueCode: 'good' }), rules)).toEqual([]);
    expect(check(nested({ url: 'level', valueString: 'good' }), rules)).toEqual([
      'Patient.extension[0].extension[0].valueString is not a code',
    ]);
    expect(check(nested({ url: 'other', valueCode: 'x' }), rules)).toEqual([
      'Patient.extension[0].extension level is missing',
    ]);
    expect(check(patient({ active: true }), rules)).toEqual(['Patient.extension language is missing']);
  });

  test('by type: of a choice, and of what a bundle holds', () => {
    const choice: Element[] = [
      { id: 'Observation.value[x]:valueQuantity', type: [{ code: 'Quantity' }] },
      { id: 'Observation.value[x]:valueQuantity.unit', min: 1 },
    ];
    expect(check(observation({ valueQuantity: { value: 1 } }), choice)).toEqual([
      'Observation.valueQuantity.unit is missing',
    ]);
    expect(check(observation({ valueString: 'one' }), choice)).toEqual([]);
    const bundle: Element[] = [
      { id: 'Bundle.entry', slicing: slicing('type', 'resource') },
      { id: 'Bundle.entry:patient', min: 1, max: '1' },
      { id: 'Bundle.entry:patient.resource', min: 1, type: [{ code: 'Patient' }] },
    ];
    const entry = (resourceType: string) => ({
      resource: { resourceType, ...(resourceType === 'Basic' ? { code: { text: 'x' } } : { active: true }) },
    });
    const holding = (...types: string[]) => ({
      resourceType: 'Bundle',
      type: 'collection',
      entry: types.map(entry),
    });
    expect(check(holding('Basic', 'Patient'), bundle)).toEqual([]);
    expect(check(holding('Patient', 'Patient'), bundle)).toEqual(['Bundle.entry has more than 1 patient']);
    expect(check(holding('Basic'), bundle)).toEqual(['Bundle.entry patient is missing']);
  });

  test('by profile, and by what exists', () => {
    const named = profile('named', 'Patient', [{ id: 'Patient.name', min: 1 }]);
    const contained: Element[] = [
      { id: 'Patient.contained', slicing: slicing('profile', '$this') },
      { id: 'Patient.contained:named', min: 1, type: [{ code: 'Patient', profile: [`${URL}/named`] }] },
    ];
    const holding = (name: Json[]) =>
      patient({
        contained: [{ resourceType: 'Patient', id: 'c', active: true, ...(name.length ? { name } : {}) }],
        link: [{ other: { reference: '#c' }, type: 'seealso' }],
      });
    expect(check(holding([{ family: 'x' }]), contained, named)).toEqual([]);
    expect(check(holding([]), contained, named)).toEqual(['Patient.contained named is missing']);
    const exists: Element[] = [
      { id: 'Patient.name', slicing: slicing('exists', 'period') },
      { id: 'Patient.name:past', max: '1' },
      { id: 'Patient.name:past.period', min: 1 },
      { id: 'Patient.name:now', max: '1' },
      { id: 'Patient.name:now.period', max: '0' },
    ];
    const past = { family: 'x', period: { end: '2020' } };
    expect(check(patient({ name: [past, { family: 'y' }] }), exists)).toEqual([]);
    expect(check(patient({ name: [past, past] }), exists)).toEqual(['Patient.name has more than 1 past']);
    expect(check(patient({ name: [{ family: 'x' }, { family: 'y' }] }), exists)).toEqual([
      'Patient.name has more than 1 now',
    ]);
  });

  test('of a base profile hold, and what is built on it is inside them', () => {
    const base = profile('base', 'Patient', phone);
    const rules: Element[] = [{ id: 'Patient.telecom:phone.rank', min: 1 }];
    const built = profile('built', 'Patient', rules, `${URL}/base`);
    const profiles = new Profiles([base, built]);
    const found = (telecom: Node[]) =>
      validateResource(patient({ telecom }), profiles, [`${URL}/built`]).faults.map(
        ({ expression, text }) => `${expression} ${text}`,
      );
    expect(found([{ system: 'phone', value: '1', use: 'home', rank: 1 }])).toEqual([]);
    expect(found([{ system: 'phone', value: '1' }])).toEqual([
      'Patient.telecom[0].use is missing',
      'Patient.telecom[0].rank is missing',
    ]);
    expect(found([])).toContain('Patient.telecom phone is missing');
    // The base is as it was.
    expect(
      validateResource(patient({ telecom: [{ system: 'phone', value: '1', use: 'home' }] }), profiles, [
        `${URL}/base`,
      ]).faults,
    ).toEqual([]);
  });
});

describe('one element', () => {
  test.each<[string, Node, Element, string[]]>([
    [
      'fixed',
      patient({ active: false }),
      { id: 'Patient.active', fixedBoolean: true },
      ['Patient.active is not true'],
    ],
    [
      'too many',
      patient({ name: [{ family: 'x' }, { family: 'y' }] }),
      { id: 'Patient.name', max: '1' },
      ['Patient.name has more than 1'],
    ],
    [
      'not allowed',
      patient({ photo: [{ url: 'https://x.example' }] }),
      { id: 'Patient.photo', max: '0' },
      ['Patient.photo is not allowed'],
    ],
    [
      'a form of a choice',
      patient({ deceasedBoolean: true }),
      { id: 'Patient.deceased[x]', type: [{ code: 'dateTime' }] },
      ['Patient.deceasedBoolean is not a dateTime'],
    ],
    [
      'a form by its name',
      observation({ valueString: 'x' }),
      { id: 'Observation.valueQuantity', min: 1 },
      ['Observation.valueQuantity is missing'],
    ],
    [
      'a reference to another type',
      patient({ managingOrganization: { type: 'Practitioner', display: 'x' } }),
      {
        id: 'Patient.managingOrganization',
        type: [
          { code: 'Reference', targetProfile: ['http://hl7.org/fhir/StructureDefinition/Organization'] },
        ],
      },
      ['Patient.managingOrganization cannot refer to Practitioner'],
    ],
    [
      'extended, without a value',
      patient({ _birthDate: { extension: [{ url: 'urn:x:u', valueCode: 'unknown' }] } }),
      { id: 'Patient.birthDate', min: 1 },
      [],
    ],
    [
      'an invariant, as a warning',
      patient({ active: false }),
      {
        id: 'Patient',
        constraint: [{ key: 'a-1', severity: 'warning', human: 'is in use', expression: 'active' }],
      },
      ['warning: Patient is in use (a-1)'],
    ],
    [
      'an invariant that gives nothing',
      patient({ gender: 'male' }),
      {
        id: 'Patient',
        constraint: [{ key: 'a-2', severity: 'error', human: 'x', expression: 'gender = %unheard' }],
      },
      ['information: Patient a-2 could not be checked'],
    ],
    [
      'an empty result',
      patient({ gender: 'male' }),
      {
        id: 'Patient',
        constraint: [{ key: 'a-3', severity: 'error', human: 'x', expression: "name.given = 'x'" }],
      },
      ['Patient x (a-3)'],
    ],
    [
      'advice on what is not there',
      patient({ gender: 'male' }),
      {
        id: 'Patient',
        constraint: [{ key: 'a-3', severity: 'warning', human: 'x', expression: "name.given = 'x'" }],
      },
      [],
    ],
    [
      'a date before its least',
      patient({ birthDate: '1899-12' }),
      { id: 'Patient.birthDate', minValueDate: '1900-01-01' },
      ['Patient.birthDate is less than 1900-01-01'],
    ],
    [
      'a number above its most',
      patient({ multipleBirthInteger: 12 }),
      { id: 'Patient.multipleBirth[x]', maxValueInteger: 9 },
      ['Patient.multipleBirthInteger is more than 9'],
    ],
    [
      'a text that is too long',
      patient({ language: 'en-GB' }),
      { id: 'Patient.language', maxLength: 2 },
      ['Patient.language has more than 2 characters'],
    ],
  ])('%s', (_, resource, element, faults) => {
    expect(check(resource, [element])).toEqual(faults);
  });

  test('bound to a value set: by system, by list, from another set, less some; open sets say nothing', () => {
    const system = {
      resourceType: 'CodeSystem',
      url: 'urn:s',
      status: 'active',
      content: 'complete',
      concept: [{ code: 'a', concept: [{ code: 'b' }] }, { code: 'c' }],
    };
    const set = (name: string, include: object[], exclude?: object[]) => ({
      resourceType: 'ValueSet',
      url: `${URL}/${name}`,
      status: 'active',
      compose: { include, ...(exclude ? { exclude } : {}) },
    });
    const sets = [
      set('all', [{ system: 'urn:s' }, { system: 'urn:t', concept: [{ code: 'z' }] }]),
      set('less', [{ valueSet: [`${URL}/all`] }], [{ system: 'urn:s', concept: [{ code: 'c' }] }]),
      set('open', [{ system: 'urn:s', filter: [{ property: 'concept', op: 'is-a', value: 'a' }] }]),
      set('elsewhere', [{ system: 'urn:not-here' }]),
    ];
    const bound = (name: string, coding: Node[]) =>
      check(
        patient({ maritalStatus: { coding } }),
        [{ id: 'Patient.maritalStatus', binding: { strength: 'required', valueSet: `${URL}/${name}|1.0` } }],
        ...([system, ...sets] as unknown as Conformance[]),
      );
    for (const coding of [
      { system: 'urn:s', code: 'b' },
      { system: 'urn:t', code: 'z' },
    ])
      expect(bound('less', [coding])).toEqual([]);
    expect(bound('less', [{ system: 'urn:s', code: 'c' }])).toEqual(['Patient.maritalStatus is not of less']);
    expect(bound('all', [{ system: 'urn:s', code: 'c' }])).toEqual([]);
    expect(bound('all', [{ system: 'urn:s', code: 'z' }])).toEqual(['Patient.maritalStatus is not of all']);
    expect(
      bound('all', [
        { system: 'urn:x', code: 'x' },
        { system: 'urn:s', code: 'a' },
      ]),
    ).toEqual([]);
    for (const name of ['open', 'elsewhere', 'nowhere'])
      expect(bound(name, [{ system: 'urn:x', code: 'x' }])).toEqual([]);
  });

  test('must-support elements that are not there are no fault, and are told', () => {
    const profiles = new Profiles([
      profile('it', 'Patient', [
        { id: 'Patient.name', mustSupport: true },
        { id: 'Patient.name.family', mustSupport: true },
      ]),
    ]);
    const absent = (name: Node) => validateResource(patient(name), profiles, [`${URL}/it`]).absent;
    expect(absent({ active: true })).toEqual(['Patient.name']);
    expect(absent({ name: [{ text: 'x' }] })).toEqual(['Patient.name[0].family']);
    expect(absent({ name: [{ family: 'x' }] })).toEqual([]);
  });
});

describe('what is inside a resource', () => {
  const profiles = new Profiles([profile('it', 'Patient', [{ id: 'Patient.name', min: 1 }])]);
  const claiming = { resourceType: 'Patient', meta: { profile: [`${URL}/it`] }, active: true };
  const found = (resource: object) =>
    validateResource(plain(resource), profiles).faults.map(({ expression, text }) => `${expression} ${text}`);

  test('is held to what it claims: in a Bundle, and contained', () => {
    expect(found({ resourceType: 'Bundle', type: 'collection', entry: [{ resource: claiming }] })).toEqual([
      'Bundle.entry[0].resource.name is missing',
    ]);
    expect(
      found({
        resourceType: 'Basic',
        code: { text: 'x' },
        contained: [{ ...claiming, id: 'p' }],
        subject: { reference: '#p' },
      }),
    ).toEqual(['Basic.contained[0].name is missing']);
  });

  test('contains and claims what it does in Parameters, too, however deep', () => {
    const payer = { resourceType: 'Organization', id: 'payer', name: 'x' };
    const coverage = (...contained: object[]) => ({
      resourceType: 'Coverage',
      status: 'active',
      beneficiary: { reference: 'Patient/1' },
      payor: [{ reference: '#payer' }],
      ...(contained.length > 0 ? { contained } : {}),
    });
    const parameters = (resource: object) => ({
      resourceType: 'Parameters',
      parameter: [
        { name: 'plain', resource: coverage(payer) },
        { name: 'parted', part: [{ name: 'inner', resource }] },
      ],
    });
    expect(found(parameters(coverage(payer)))).toEqual([]);
    expect(found(parameters(coverage()))).toEqual([
      'Parameters.parameter[1].part[0].resource.payor[0] refers to nothing that it contains (ref-1)',
    ]);
    expect(found(parameters(claiming))).toEqual(['Parameters.parameter[1].part[0].resource.name is missing']);
  });

  test('refers to what it contains, or to what is contained beside it (ref-1)', () => {
    const organization = { resourceType: 'Organization', id: 'o', name: 'x', partOf: { reference: '#p' } };
    const referring = (contained: object[]) => ({
      resourceType: 'Patient',
      managingOrganization: { reference: '#o' },
      contained,
    });
    const parent = { resourceType: 'Organization', id: 'p', name: 'y' };
    expect(found(referring([organization, parent]))).toEqual([]);
    expect(found(referring([organization]))).toEqual([
      'Patient.contained[0].partOf refers to nothing that it contains (ref-1)',
    ]);
    const bundle = { resourceType: 'Bundle', type: 'collection', entry: [{ resource: referring([parent]) }] };
    expect(found(bundle)).toEqual([
      'Bundle.entry[0].resource.managingOrganization refers to nothing that it contains (ref-1)',
      'Bundle.entry[0].resource.contained[0] is referred to by nothing (dom-3)',
    ]);
  });
});

describe('an extension', () => {
  const url = `${URL}/e`;
  const whole = (more: object, element: Element[]) => ({ ...profile('e', 'Extension', element), ...more });
  const part = (name: string, min: number): Element[] => [
    { id: `Extension.extension:${name}`, min, max: '1' },
    { id: `Extension.extension:${name}.url`, fixedUri: name },
    { id: `Extension.extension:${name}.value[x]`, min: 1, type: [{ code: 'string' }] },
  ];
  const on = (...context: string[]) =>
    whole({ context: context.map((expression) => ({ type: 'element', expression })) }, []);
  const value = { url, valueString: 'x' };
  const parts = (...urls: string[]) => ({
    url,
    extension: urls.map((one) => ({ url: one, valueString: 'x' })),
  });

  test.each<[string, object, Conformance, string[]]>([
    [
      'where it may be',
      patient({ contact: [{ name: { text: 'x' }, extension: [value] }] }),
      on('Patient.contact'),
      [],
    ],
    ['in a data type', patient({ name: [{ text: 'x', extension: [value] }] }), on('HumanName'), []],
    ['of a primitive', patient({ _birthDate: { extension: [value] } }), on('Patient.birthDate'), []],
    ['of a choice', patient({ _deceasedBoolean: { extension: [value] } }), on('Patient.deceased[x]'), []],
    [
      'elsewhere',
      patient({ extension: [value] }),
      on('Patient.contact', 'Observation'),
      ['Patient.extension[0] is not an extension of Patient'],
    ],
    [
      'that modifies, among those that do not',
      patient({ extension: [value] }),
      whole({}, [{ id: 'Extension', isModifier: true }]),
      ['Patient.extension[0] is a modifierExtension'],
    ],
    [
      'that does not, among those that modify',
      patient({ modifierExtension: [value] }),
      whole({}, []),
      ['Patient.modifierExtension[0] is no modifierExtension'],
    ],
    [
      'with its parts',
      patient({ extension: [parts('a', 'b')] }),
      whole({}, [...part('a', 1), ...part('b', 0)]),
      [],
    ],
    [
      'without a part',
      patient({ extension: [parts('b')] }),
      whole({}, [...part('a', 1), ...part('b', 0)]),
      ['Patient.extension[0].extension a is missing'],
    ],
    [
      'with a part of another',
      patient({ extension: [parts('a', 'c')] }),
      whole({}, part('a', 1)),
      ['Patient.extension[0].extension[1] is no part of its extension'],
    ],
  ])('%s', (_, resource, definition, faults) => {
    expect(check(resource, [], definition)).toEqual(faults);
  });

  test('is there as often as its definition says, where the profile says nothing', () => {
    const slice: Element = { id: 'Patient.extension:e', type: [{ code: 'Extension', profile: [url] }] };
    const once = whole({}, [{ id: 'Extension', max: '1' }]);
    expect(check(patient({ extension: [value] }), [slice], once)).toEqual([]);
    expect(check(patient({ extension: [value, value] }), [slice], once)).toEqual([
      'Patient.extension has more than 1 e',
    ]);
  });
});

describe('slices further', () => {
  test('in the order that a profile lists', () => {
    const ordered: Element[] = [
      { id: 'Patient.name', slicing: { ...slicing('value', 'use'), ordered: true } },
      { id: 'Patient.name:first' },
      { id: 'Patient.name:first.use', fixedCode: 'official' },
      { id: 'Patient.name:then' },
      { id: 'Patient.name:then.use', fixedCode: 'old' },
    ];
    const [first, then] = ['official', 'old'].map((use) => ({ use, text: 'x' }));
    expect(check(patient({ name: [first, then] }), ordered)).toEqual([]);
    expect(check(patient({ name: [then, first] }), ordered)).toEqual([
      'Patient.name[1] is not in the order that its profile lists',
    ]);
  });

  test('by the type of a choice inside, and by a value that a slice inside says', () => {
    const byType: Element[] = [
      { id: 'Observation.component', slicing: slicing('type', 'value') },
      { id: 'Observation.component:text', max: '1' },
      { id: 'Observation.component:text.value[x]', type: [{ code: 'string' }] },
    ];
    const texts = ['a', 'b'].map((text) => ({ code: { text }, valueString: 'x' }));
    expect(check(observation({ component: texts }), byType)).toEqual([
      'Observation.component has more than 1 text',
    ]);
    const pressure = {
      ...observation({
        meta: { profile: ['http://hl7.org/fhir/StructureDefinition/bp'] },
        subject: { display: 'x' },
      }),
      category: [{ coding: [{ system: `${CODES}/observation-category`, code: 'vital-signs' }] }],
      code: { coding: [{ system: 'http://loinc.org', code: '85354-9' }] },
      effectiveDateTime: '2025-01-01',
      component: ['8480-6', '8462-4'].map((code) => ({
        code: { coding: [{ system: 'http://loinc.org', code }] },
        valueQuantity: { value: 80, unit: 'mmHg', system: 'http://unitsofmeasure.org', code: 'mm[Hg]' },
      })),
    };
    const found = (resource: object) =>
      validateResource(plain(resource), ownProfiles()).faults.map(({ text }) => text);
    expect(found(pressure)).toEqual([]);
    expect(found({ ...pressure, component: pressure.component.slice(1) })).toContain('SystolicBP is missing');
  });
});

describe('a package', () => {
  const [it] = [profile('it', 'Patient', [{ id: 'Patient.name', min: 1 }])];
  const into = (files: Record<string, string>) => {
    const folder = mkdtempSync(join(tmpdir(), 'skein-package-'));
    mkdirSync(join(folder, 'package/example'), { recursive: true });
    for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, 'package', name), text);
    return folder;
  };
  const sound = () =>
    into({
      'it.json': JSON.stringify(it),
      'package.json': '{"name":"it"}',
      'example/p.json': '{"resourceType":"Patient"',
    });

  test('is read from a folder, or from the .tgz that registries give', async () => {
    const folder = sound();
    execFileSync('tar', ['-czf', join(folder, 'it.tgz'), '-C', folder, 'package']);
    for (const path of [folder, join(folder, 'it.tgz')]) {
      const profiles = await loadProfiles([path]);
      expect(
        validateResource(patient({ active: true }), profiles, [`${URL}/it`]).faults.map(({ text }) => text),
      ).toEqual(['is missing']);
      expect(profiles.urls).toContain('https://skein.example/fhir/StructureDefinition/skein-patient');
    }
  });

  test.each<[string, () => string, RegExp]>([
    ['is not there', () => '/nowhere/at/all.tgz', /FHIR package \/nowhere\/at\/all\.tgz: ENOENT/],
    [
      'is no archive',
      () => join(into({ 'it.tgz': 'hello' }), 'package/it.tgz'),
      /FHIR package .*it\.tgz: incorrect header check/,
    ],
    ['holds what is not JSON', () => into({ 'it.json': '{' }), /FHIR package .*it\.json is not JSON/],
    [
      'holds no profile',
      () => into({ 'package.json': '{}' }),
      /no CodeSystem, StructureDefinition or ValueSet is in it/,
    ],
  ])('that %s is named', async (_, path, error) => {
    await expect(loadProfiles([path()])).rejects.toThrow(error);
  });

  test('whose base is elsewhere, or whose invariant cannot be read, is checked for the rest, and says so', () => {
    const broken = profile(
      'it',
      'Patient',
      [
        {
          id: 'Patient',
          constraint: [{ key: 'b-1', severity: 'error', human: 'x', expression: 'name.where(' }],
        },
        { id: 'Patient.name', min: 1 },
      ],
      `${URL}/elsewhere`,
    );
    const profiles = new Profiles([broken]);
    expect(
      validateResource(patient({ active: true }), profiles, [`${URL}/it`]).faults.map(({ text }) => text),
    ).toEqual(['is missing']);
    expect(profiles.problems).toEqual([
      `${URL}/it: ${URL}/elsewhere, which it is based on, is not loaded; its rules are not checked`,
      `${URL}/it: invariant b-1 cannot be read and is not checked`,
    ]);
  });
});

describe('our own profiles', () => {
  test('compile without a problem, and their value sets hold codes', async () => {
    const profiles = await loadProfiles();
    for (const url of profiles.urls) expect(profiles.get(url)?.url).toBe(url);
    expect(profiles.problems).toEqual([]);
    expect(profiles.urls.length).toBeGreaterThan(15);
  });

  test('and what they bind to are right by R4 themselves', () => {
    const dir = new globalThis.URL('../../profiles/skein/', import.meta.url);
    const files = readdirSync(dir, { recursive: true, encoding: 'utf8' }).filter((file) =>
      file.endsWith('.json'),
    );
    const wrong = files.flatMap((file) => {
      const resource = JSON.parse(readFileSync(new globalThis.URL(file, dir), 'utf8'));
      return validateResource(resource, ownProfiles()).faults.map((fault) => ({ file, ...fault }));
    });
    expect([files.length > 40, wrong]).toEqual([true, []]);
  });

  test('list the event codes that the code has', async () => {
    const { terminology } = await loadProfiles();
    const system = 'https://skein.example/fhir/CodeSystem/event';
    expect([...(terminology.expand('https://skein.example/fhir/ValueSet/event') ?? [])]).toEqual(
      EVENT_CODES.map((code) => `${system}|${code}`),
    );
  });
});
