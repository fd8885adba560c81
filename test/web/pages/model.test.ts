/** The view model of a family: who has a lane, what is said of whom, and what goes after a loss. */
import type { Resource } from '@medplum/fhirtypes';
import { describe, expect, test } from 'vitest';
import { type JourneyPage, makeJourneyPage } from '../../../src/web/pages/journey/page.ts';
import { ago, journeyWith, NOW } from './bundles.ts';

type Person = { id: string; born?: string; name?: string; mother?: string[]; more?: object };
type Stage = { code: string; start: string; end?: string; of?: string[] };

const STAGE_OF = 'https://skein.example/fhir/StructureDefinition/stage-of';
const FORMATS = [{ id: 'x', kind: 'wide' as const }];
const patient = (id: string) => ({ reference: `Patient/${id}` });

/** `mother`: ids of those whose mother a person is. */
function pageOf(persons: Person[], stages: Stage[], more: object[] = []): JourneyPage {
  const people = persons.map(({ id, born, name, mother = [], more = {} }) => ({
    ...{ resourceType: 'Patient', id, ...(born ? { birthDate: born } : {}) },
    ...(name ? { name: [{ given: [name], family: 'Penrose' }] } : {}),
    link: mother.map((child) => ({ other: { reference: `RelatedPerson/${id}-${child}` } })),
    ...more,
  }));
  const relations = persons.flatMap(({ id, mother = [] }) =>
    mother.map((child) => ({
      ...{ resourceType: 'RelatedPerson', id: `${id}-${child}`, patient: patient(child) },
      relationship: [{ coding: [{ code: 'MTH' }] }],
    })),
  );
  const group = {
    ...{ resourceType: 'Group', id: 'g', member: persons.map(({ id }) => ({ entity: patient(id) })) },
    characteristic: stages.map(({ code, start, end, of = [] }) => ({
      extension: of.map((id) => ({ url: STAGE_OF, valueReference: patient(id) })),
      valueCodeableConcept: { coding: [{ code }] },
      period: { start, ...(end ? { end } : {}) },
    })),
  };
  const entry = [group, ...people, ...relations, ...more].map((resource) => ({
    resource: resource as unknown as Resource,
  }));
  const told = { ...journeyWith(() => ''), tasks: [], involved: [], why: new Map() };
  return makeJourneyPage(
    { ...told, bundle: { resourceType: 'Bundle', type: 'searchset', entry } },
    { isWhole: false, formats: FORMATS },
  );
}

const careOf = (id: string, person: string, rest: object = {}) => ({
  ...{ resourceType: 'EpisodeOfCare', id, status: 'active', patient: patient(person) },
  ...{ managingOrganization: { reference: 'Organization/s2', display: 'Testhaven Two' } },
  ...{ period: { start: ago(30) }, ...rest },
});
const lanesIn = ({ pictures }: JourneyPage): string[] =>
  (pictures[0]?.shapes ?? []).flatMap(({ inside = [] }) =>
    inside.flatMap(({ attrs, text, after }) =>
      attrs.class === 'app-lane__name' ? `${text}, ${after ?? ''}` : [],
    ),
  );
const BORN: Stage[] = [
  { code: 'birth-12m', start: ago(90), end: ago(-275) },
  { code: '12-24m', start: ago(-275) },
];
const MOTHER: Person = { id: 'm', born: '1995-01-01', name: 'Tamsin', mother: ['i'] };
const KIT: Person = { id: 'i', born: ago(90), name: 'Kit' };
const words = (page: JourneyPage) => JSON.stringify(page);

describe('lanes', () => {
  test('are mother, partner or other parent, infants by birth, and referrals', () => {
    const twins = [KIT, { id: 'w', born: ago(91), name: 'Wren' }];
    const page = pageOf([...twins, { ...MOTHER, mother: ['i', 'w'] }], BORN);
    expect(lanesIn(page)).toEqual([
      ...['Tamsin, mother', 'Partner or other parent, ', 'Wren, infant', 'Kit, infant', 'Referrals, '],
    ]);
    expect(page.heading).toBe('Tamsin, Wren and Kit Penrose');
  });

  test('a second mother has one of her own, and so has another parent who may be shown', () => {
    const second: Person = { id: 'n', born: '1993-01-01', name: 'Ada', mother: ['i'] };
    const other: Person = { id: 'o', born: '1992-01-01', name: 'Jago' };
    expect(lanesIn(pageOf([MOTHER, second, KIT], BORN)).slice(0, 3)).toEqual([
      ...['Ada, mother', 'Tamsin, mother', 'Partner or other parent, '],
    ]);
    const page = pageOf([MOTHER, other, KIT], BORN);
    expect(lanesIn(page)[1]).toBe('Jago, other parent');
    expect(page.nobody).toBeNull();
  });

  test('of a pregnancy there is the mother’s, and no age', () => {
    const page = pageOf([{ ...MOTHER, mother: [] }], [{ code: 'pregnancy', start: ago(60) }]);
    expect(lanesIn(page)).toEqual(['Tamsin, mother', 'Partner or other parent, ', 'Referrals, ']);
    expect(words(page)).not.toContain('age"');
  });

  test('of somebody of whom no more is told than that there is such a person have no name', () => {
    const page = pageOf([{ id: 'm', mother: ['i'] }, KIT], BORN, [
      careOf('e', 'm', { managingOrganization: { display: 'a specialist perinatal service' } }),
    ]);
    expect(lanesIn(page)[0]).toBe('Mother, ');
    expect(page.people[0]).toMatchObject({ name: 'The mother', lines: ['You see that there is a mother.'] });
    expect(page.rows[0]).toMatchObject({ who: 'Mother', strong: 'A specialist perinatal service' });
    expect(page.heading).toBe('Kit Penrose');
  });
});

describe('after a loss', () => {
  const STOP: Stage[] = [{ code: 'contact-stop', start: ago(10) }, ...BORN.slice(1)];

  test('ages and stages to come go, and no word says why', () => {
    const page = pageOf([MOTHER, KIT], STOP, [careOf('e', 'm')]);
    const all = words(page);
    expect(page.strips[0]?.stages.map(({ title }) => title)).toEqual([
      'Contacts stopped: verify before any contact: now',
    ]);
    expect(page.next).toEqual([]);
    expect(all).not.toMatch(/weeks|12 to 24|died|loss|Kit’s age/);
    expect(page.rows).toHaveLength(1);
    expect(words(pageOf([MOTHER, KIT], BORN))).toMatch(/12 weeks old/);
  });

  test('of one of twins, for whom that may be known, the other’s stage goes on', () => {
    const wren: Person = { id: 'w', born: ago(90), name: 'Wren' };
    const stages: Stage[] = [
      ...BORN.map((stage) => ({ ...stage, of: ['w'] })),
      { code: 'contact-stop', start: ago(10), of: ['i'] },
    ];
    const page = pageOf([{ ...MOTHER, mother: ['i', 'w'] }, KIT, wren], stages);
    expect(page.strips.map(({ whose }) => whose)).toEqual(['Wren', 'Kit']);
    expect(words(page)).toContain('Wren is 12 weeks old');
    expect(words(page)).not.toContain('Kit is 12 weeks old');
    expect(page.next.map(({ who }) => who)).toEqual(['Wren']);
  });
});

describe('care', () => {
  test('of two by one service says with whom, and contacts of it are on its bar', () => {
    const met = {
      ...{ resourceType: 'Encounter', id: 'c', status: 'finished', subject: patient('m') },
      ...{ serviceProvider: { reference: 'Organization/s2', display: 'Testhaven Two' } },
      period: { start: ago(5) },
    };
    const page = pageOf([MOTHER, KIT], BORN, [careOf('e', 'm'), careOf('f', 'i'), met]);
    expect(page.rows.map(({ what }) => what)).toEqual(['With Kit', 'With Tamsin']);
    expect(page.rows[0]?.contacts).toBe('1 contact: 24 Nov');
  });

  test('that is only planned, or was never given, has no place', () => {
    const page = pageOf([MOTHER, KIT], BORN, [
      careOf('e', 'm', { status: 'planned' }),
      careOf('f', 'm', { status: 'cancelled' }),
    ]);
    expect(page.rows).toEqual([]);
    expect(words(page)).toContain('No care is shown.');
  });
});

test('a referral is told by what became of it', () => {
  const asked = { resourceType: 'ServiceRequest', id: 'q', status: 'active', subject: patient('m') };
  const to = { reference: 'Organization/s2', display: 'Testhaven Two' };
  const referral = { ...asked, performer: [to], authoredOn: ago(44) };
  const taken = pageOf([MOTHER, KIT], BORN, [referral, careOf('e', 'm')]);
  expect(taken.rows.at(-1)).toMatchObject({ who: 'Referral', what: 'Referral, accepted in 14 days' });
  const alone = pageOf([MOTHER, KIT], BORN, [referral]);
  expect(alone.rows.at(-1)).toMatchObject({ what: 'Referral, sent', strong: 'Tamsin, to Testhaven Two' });
  expect(NOW.getUTCFullYear()).toBe(2026);
});

test('who is alone in a journey of no birth is nobody’s mother, whoever they are', () => {
  const him = { id: 'j', born: '1990-03-03', name: 'Jago' };
  const page = pageOf([him], []);
  expect(page.people.map(({ role }) => role)).toEqual(['Person']);
  expect(lanesIn(page)[0]).toBe('Jago, person');
  // But for the sentence that every family has.
  expect(JSON.stringify(page)).not.toMatch(/\bmother\b(?! has said so)|\bher team\b/i);
  // Of a pregnancy the one adult there is is whose journey it is.
  expect(pageOf([him], [{ code: 'pregnancy', start: ago(30) }]).people[0]?.role).toBe('Mother');
});
