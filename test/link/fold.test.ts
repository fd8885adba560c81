import type { Encounter, Patient } from '@medplum/fhirtypes';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fold } from '../../src/link/fold.ts';

const said = (stamp: string, content: Partial<Encounter> | Partial<Patient>, nulls: string[] = []) => ({
  content: { resourceType: 'Encounter', ...content } as Encounter,
  ...{ chart: 'c', ref: null, nulls, stamp, mode: 'delta' as const },
});
type Said = ReturnType<typeof said>;

/** The same in any order of arrival. */
function folded(...all: Said[]): Encounter {
  const inTurn = (list: Said[]) =>
    list.reduce((state, one) => fold(state, one), null as ReturnType<typeof fold> | null);
  const forward = inTurn(all)?.content;
  expect(inTurn([...all].reverse())?.content).toEqual(forward);
  return forward as Encounter;
}

describe('what a delta does not mention stays', () => {
  const admitted = said('1', { period: { start: '2026-01-01' } });
  const discharged = said('2', { period: { end: '2026-01-05' } });

  it('keeps the start of a stay when its discharge names only the end', () => {
    expect(folded(admitted, discharged).period).toEqual({ start: '2026-01-01', end: '2026-01-05' });
  });

  it('takes back the end alone when the discharge was a mistake', () => {
    const cancelled = said('3', { status: 'in-progress' }, ['period.end']);
    expect(folded(admitted, discharged, cancelled).period).toEqual({ start: '2026-01-01' });
  });

  it('empties a whole period', () => {
    expect(folded(admitted, discharged, said('3', {}, ['period'])).period).toBeUndefined();
  });

  it('lets what was assumed give way to what was said, before or after', () => {
    const assumed = (stamp: string, status: Encounter['status']) => ({
      ...said(stamp, { status }),
      assumed: ['status'],
    });
    expect(folded(assumed('1', 'planned'), assumed('4', 'in-progress')).status).toBe('in-progress');
    expect(folded(said('2', { status: 'finished' }), assumed('4', 'in-progress')).status).toBe('finished');
    expect(folded(assumed('1', 'in-progress'), said('2', { status: 'finished' })).status).toBe('finished');
  });

  it('keeps no reason of a status that holds no longer, and that of the status that does', () => {
    const url = 'http://hl7.org/fhir/StructureDefinition/request-statusReason';
    const reason = (valueString: string) => [{ url, valueString }] as Encounter['extension'];
    const ended = said('2', { status: 'cancelled', extension: reason('not needed') });
    const taken = said('3', { status: 'in-progress' });
    expect(folded(ended, taken).extension).toBeUndefined();
    expect(folded({ ...ended, mode: 'snapshot' as never }, taken).extension).toBeUndefined();
    expect(folded(ended, taken, said('4', { extension: reason('later') })).extension).toEqual(
      reason('later'),
    );
    expect(folded(said('1', { status: 'planned' }), ended).extension).toEqual(reason('not needed'));
    expect(folded(ended, said('3', { class: { code: 'AMB' } })).extension).toEqual(reason('not needed'));
  });

  it('keeps one extension when another is said, and replaces it when it is said again', () => {
    const [port, mode] = ['urn:port', 'urn:mode'].map((url) => (valueString: string) => ({
      url,
      valueString,
    }));
    const first = said('1', { extension: [port?.('ward'), mode?.('a')] as Encounter['extension'] });
    const second = said('2', { extension: [mode?.('b')] as Encounter['extension'] });
    expect(folded(first, second).extension).toEqual([mode?.('b'), port?.('ward')]);
    expect(folded(first, second, said('3', {}, ['extension|urn:mode'])).extension).toEqual([port?.('ward')]);
    expect(folded(first, second, said('3', {}, ['extension'])).extension).toBeUndefined();
  });
});

describe('a sender that writes cells', () => {
  const cells = fc.record(
    {
      name: fc.record(
        {
          family: fc.constantFrom('Bell', 'Rowe'),
          given: fc.constantFrom<string[]>(['Una'], ['Ida', 'May']),
        },
        { requiredKeys: [] },
      ),
      phone: fc.constantFrom('07700900301', '07700900302'),
      email: fc.constantFrom('una@example.org', 'ida@example.org'),
      postcode: fc.constantFrom('LS1 1AA', 'LS2 2BB'),
      mode: fc.constantFrom('cells' as const, 'snapshot' as const),
    },
    { requiredKeys: ['mode'] },
  );
  type Cells = typeof cells extends fc.Arbitrary<infer T> ? T : never;
  const row = ({ name, phone, email, postcode, mode }: Cells, index: number) => {
    const content: Patient = { resourceType: 'Patient' };
    if (name && Object.keys(name).length > 0) content.name = [name];
    const telecom = [
      ...(phone ? [{ system: 'phone' as const, value: phone }] : []),
      ...(email ? [{ system: 'email' as const, value: email }] : []),
    ];
    if (telecom.length > 0) content.telecom = telecom;
    if (postcode) content.address = [{ postalCode: postcode }];
    return { content, chart: 'c', ref: null, nulls: [], stamp: String(index), mode };
  };
  /** Of each cell what was said last, since the last row that says all. */
  const expected = (rows: Cells[]) => {
    const last = (read: (row: Cells) => unknown) => {
      const from = rows.findLastIndex(({ mode }) => mode === 'snapshot');
      return rows
        .slice(Math.max(from, 0))
        .map(read)
        .findLast((value) => value !== undefined);
    };
    return [
      (row: Cells) => row.name?.family,
      (row: Cells) => row.name?.given,
      (row: Cells) => row.phone,
      (row: Cells) => row.email,
      (row: Cells) => row.postcode,
    ].map(last);
  };
  const seen = ({ name, telecom, address }: Patient) => [
    name?.[0]?.family,
    name?.[0]?.given,
    ...['phone', 'email'].map((kind) => telecom?.find(({ system }) => system === kind)?.value),
    address?.[0]?.postalCode,
  ];

  it('is believed cell by cell, whatever the order of arrival', () => {
    const shuffled = fc
      .array(cells, { minLength: 1, maxLength: 6 })
      .chain((rows) =>
        fc.tuple(fc.constant(rows), fc.shuffledSubarray([...rows.keys()], { minLength: rows.length })),
      );
    fc.assert(
      fc.property(shuffled, ([rows, order]) => {
        const all = rows.map(row);
        const inTurn = (indexes: number[]) =>
          indexes.reduce(
            (state, index) => fold(state, all[index] as (typeof all)[number]),
            null as ReturnType<typeof fold> | null,
          )?.content as Patient;
        const straight = inTurn([...rows.keys()]);
        expect(seen(straight)).toEqual(expected(rows));
        expect(inTurn(order)).toEqual(straight);
      }),
      { numRuns: 1_000 },
    );
  });
});
