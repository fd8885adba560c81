import type { Encounter, Patient } from '@medplum/fhirtypes';
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
