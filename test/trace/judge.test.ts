/** One confident answer by our own comparison, or none. */
import type { Patient } from '@medplum/fhirtypes';
import { describe, expect, test } from 'vitest';
import { judge, readReply } from '../../src/trace/answer.ts';
import { demographicsOf } from '../../src/trace/demographics.ts';
import { nhsNumber, patient } from '../support/records.ts';
import { type PdsPerson, pdsPatient, searchset } from './pds-server.ts';

const NUMBER = nhsNumber(1);
const AS_OF = '2026-11-30';
const HER: PdsPerson = {
  nhs: NUMBER,
  given: ['Amara'],
  family: 'Osei',
  born: '1994-03-02',
  postcode: 'LS1 6AE',
};
const rest: Partial<Patient> = { gender: 'female', address: [{ postalCode: 'LS1 6AE' }] };
const chart = (more: Partial<Patient> = {}, who: Parameters<typeof patient>[1] = {}): Patient =>
  patient('patient', {
    given: 'Amara',
    family: 'Osei',
    born: '1994-03-02',
    local: 'P1',
    rest: { ...rest, ...more },
    ...who,
  }).resource as Patient;
const reply = (body: object) => {
  const read = readReply(200, JSON.stringify(body));
  if (read.kind === 'failed') throw new Error('not understood');
  return read;
};
const verdict = (answer: object, ours = chart(), minScore = 1) =>
  judge(reply(answer), { ours, number: demographicsOf(ours, AS_OF)?.number, minScore, asOf: AS_OF });

describe('an answer', () => {
  test('that agrees gives the number, whatever further given names and accents', () => {
    for (const given of [['Amara'], ['AMARA'], ['Amára', 'Grace'], ['Amara Grace']])
      expect(verdict(searchset([{ ...HER, given }]))).toEqual({ number: NUMBER });
  });

  test.each<[string, Partial<PdsPerson>]>([
    ['birth date', { born: '1994-03-03' }],
    ['given name', { given: ['Amaya'] }],
    ['nickname', { given: ['Mara'] }],
    ['family name', { family: 'Osey' }],
    ['sex', { sex: 'male' }],
    ['postcode', { postcode: 'LS1 6AF' }],
    ['former name alone', { use: 'old' }],
  ])('of score 1 and another %s is somebody else', (_what, other) => {
    expect(verdict(searchset([{ ...HER, ...other }]))).toBe('differs');
  });

  test('whose further given names contradict is somebody else', () => {
    const ours = chart({ name: [{ family: 'Osei', given: ['Amara', 'Ruth'] }] });
    expect(verdict(searchset([{ ...HER, given: ['Amara', 'Grace'] }]), ours)).toBe('differs');
  });

  test('of less than the least score, of several people, or of a restricted record counts for nothing', () => {
    expect(verdict(searchset([HER], 0.9))).toBe('weak');
    expect(verdict(searchset([HER], 0.9), chart(), 0.85)).toEqual({ number: NUMBER });
    expect(verdict(searchset([HER, { ...HER, nhs: nhsNumber(2) }]))).toBe('several');
    for (const security of ['R', 'V', 'REDACTED'])
      expect(verdict(searchset([{ ...HER, security }]))).toBe('restricted');
    const { meta: _meta, ...silent } = pdsPatient(HER);
    expect(verdict({ resourceType: 'Bundle', entry: [{ search: { score: 1 }, resource: silent }] })).toBe(
      'restricted',
    );
  });

  test('with nothing to compare is somebody else', () => {
    const { name: _name, birthDate: _born, ...minimal } = pdsPatient(HER);
    expect(verdict({ resourceType: 'Bundle', entry: [{ search: { score: 1 }, resource: minimal }] })).toBe(
      'differs',
    );
  });

  test('under another number than the one asked for says what came in its place', () => {
    const gave = chart({}, { nhs: nhsNumber(5), verified: false });
    expect(verdict(pdsPatient(HER), gave)).toEqual({ number: NUMBER, replaced: nhsNumber(5) });
    // Whoever is known by number may have moved.
    expect(verdict(pdsPatient({ ...HER, nhs: nhsNumber(5), postcode: 'LS2 7UE' }), gave)).toEqual({
      number: nhsNumber(5),
    });
  });

  test('of a death says when, and whether a registrar says so', () => {
    const died = (status: '1' | '2' | 'U') =>
      verdict(searchset([{ ...HER, died: { day: '2026-10-02', status } }]));
    expect(died('2')).toEqual({ number: NUMBER, died: { day: '2026-10-02', formal: true } });
    expect(died('1')).toEqual({ number: NUMBER, died: { day: '2026-10-02', formal: false } });
    expect(died('U')).toEqual({ number: NUMBER });
  });
});

describe('a question is asked', () => {
  test('of who has a full name, a birth date, and a number, a postcode or a sex', () => {
    expect(demographicsOf(chart(), AS_OF)).toEqual({
      ...{ given: 'Amara', family: 'Osei', birthDate: '1994-03-02', sex: 'female', postcode: 'LS1 6AE' },
    });
    expect(
      demographicsOf(
        chart({ gender: undefined, address: undefined }, { nhs: NUMBER, verified: false }),
        AS_OF,
      ),
    ).toEqual({
      ...{ given: 'Amara', family: 'Osei', birthDate: '1994-03-02', number: NUMBER },
    });
  });

  test.each<[string, Partial<Patient>]>([
    ['who is a placeholder', { name: [{ family: 'Osei', given: ['Baby'] }] }],
    ['who is an initial', { name: [{ family: 'Osei', given: ['A'] }] }],
    ['who has no family name', { name: [{ given: ['Amara'] }] }],
    ['who is known by a former name alone', { name: [{ use: 'old', family: 'Osei', given: ['Amara'] }] }],
    ['whose birth date is a default', { birthDate: '1994-01-01' }],
    ['whose birth date is a month', { birthDate: '1994-03' }],
    ['of whom neither place nor sex is known', { gender: 'unknown', address: [{ postalCode: 'ZZ99 3VZ' }] }],
    ['who is one of several born together', { multipleBirthInteger: 2 }],
  ])('of nobody %s', (_what, more) => {
    expect(demographicsOf(chart(more), AS_OF)).toBeNull();
  });
});
