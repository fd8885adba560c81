import { describe, expect, it } from 'vitest';
import {
  decide,
  decideAll,
  type Grant,
  type Grants,
  payloadCeiling,
  payloadFor,
} from '../../src/access/decide/decide.ts';
import { CATEGORIES, type Category, type Recipient } from '../../src/model.ts';

function standing(sector: string | null, persons: Record<string, Grant>): Grants {
  return {
    everything: false,
    service: 's',
    sector,
    persons: new Map(Object.entries(persons)),
    services: new Map(),
    at: new Date(),
  };
}

const patient = (care: Grant['care'], ...roles: Grant['roles']): Grant => ({ care, roles });
const levels = (grants: Grants, categories: readonly Category[] = CATEGORIES) =>
  Object.fromEntries(categories.map((category) => [category, decide(grants, category, 'p')]));

describe('decide', () => {
  it('shows the operator everything in full', () => {
    expect(CATEGORIES.map((category) => decide({ everything: true }, category, 'anybody'))).toEqual(
      CATEGORIES.map(() => 'F'),
    );
  });

  it('gives nothing of a person the service has no standing to', () => {
    expect(decide(standing('parent-infant', {}), 'INV', 'stranger')).toBe('-');
    expect(decide(standing('parent-infant', { p: patient(null) }), 'INV', 'p')).toBe('-');
  });

  it('gives nothing to a service without a sector, even of its own patient', () => {
    expect(new Set(Object.values(levels(standing(null, { p: patient('open') }))))).toEqual(new Set(['-']));
  });

  it('opens nothing to the receiver of a referral that it has not accepted', () => {
    const seen = Object.values(levels(standing('specialist-perinatal', { p: patient('pending') })));
    expect(new Set(seen)).toEqual(new Set(['-']));
  });

  it('keeps own care open for the days after closing, then leaves only that a service was involved', () => {
    expect(levels(standing('cmht', { p: patient('recent') }), ['INV', 'REF'])).toEqual({
      INV: 'F',
      REF: 'F',
    });
    expect(levels(standing('cmht', { p: patient('past') }))).toEqual({
      ...{ INV: 'E', STG: '-', DEM: '-', CON: '-', REF: '-', ENC: '-', CLN: '-', FRM: '-', SAF: '-' },
    });
    expect(decide(standing('third-sector', { p: patient('past') }), 'INV', 'p')).toBe('-');
  });

  it('reads a patient of its own in the own column alone, whatever the person is in a journey', () => {
    const infant = patient('open', { journey: 'j', role: 'infant' });
    expect(decide(standing('childrens-services', { p: infant }), 'REF', 'p')).toBe('-');
    expect(decide(standing('childrens-services', { p: { ...infant, care: null } }), 'REF', 'p')).toBe('E');
  });

  it('takes the highest level where a person has a role in several journeys', () => {
    const both = patient(
      null,
      { journey: 'own birth', role: 'infant' },
      { journey: 'own child', role: 'mother' },
    );
    expect(decide(standing('parent-infant', { p: both }), 'STG', 'p')).toBe('F');
  });

  it('opens nothing of a journey through a role in another one', () => {
    const mother = patient(null, { journey: 'first', role: 'mother' });
    expect(decide(standing('camhs-0-5', { p: mother }), 'STG', 'p', ['first'])).toBe('E');
    expect(decide(standing('camhs-0-5', { p: mother }), 'STG', 'p', ['second'])).toBe('-');
  });

  it('tells of several people only as far as the least visible one', () => {
    const grants = standing('camhs-0-5', {
      p: patient('open'),
      m: patient(null, { journey: 'j', role: 'mother' }),
    });
    expect(decideAll(grants, 'DEM', ['p'])).toBe('F');
    expect(decideAll(grants, 'DEM', ['p', 'm'])).toBe('S');
    expect(decideAll(grants, 'DEM', ['p', 'm', 'stranger'])).toBe('-');
    expect(decideAll(grants, 'DEM', [])).toBe('-');
  });
});

describe('payload', () => {
  const of = (sector: string | null): Recipient => ({
    kind: 'system',
    system: {
      ...{ id: 1, name: 'x', source: null, dialect: null, onHeld: 'AE' },
      service: { id: 's', name: 'x', ods: 'RXX', team: 't', sector, kind: null },
    },
  });

  it('is capped by the sector, and approval raises statutory health only', () => {
    expect(payloadCeiling(of('camhs-0-5'))).toBe('id-only');
    expect(payloadCeiling(of('camhs-0-5'), 'full-resource')).toBe('full-resource');
    expect(payloadCeiling(of('camhs-0-5'), 'empty')).toBe('empty');
    for (const sector of ['third-sector', 'family-hub', 'childrens-services', 'commissioner', null]) {
      expect(payloadCeiling(of(sector), 'full-resource')).toBe('empty');
    }
    expect(payloadCeiling({ kind: 'operator', name: 'loopback' })).toBe('full-resource');
  });

  it('is full only where everybody concerned is the own open patient', () => {
    const grants = standing('camhs-0-5', {
      p: patient('open'),
      m: patient(null, { journey: 'j', role: 'mother' }),
    });
    expect(payloadFor(grants, 'full-resource', ['p'])).toBe('full-resource');
    expect(payloadFor(grants, 'full-resource', ['p', 'm'])).toBe('id-only');
    expect(payloadFor(grants, 'full-resource', [])).toBe('id-only');
    expect(payloadFor(grants, 'empty', ['p'])).toBe('empty');
  });
});
