import type { Patient } from '@medplum/fhirtypes';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { link } from '../../src/link/plan.ts';
import type { SourceRecord } from '../../src/model.ts';
import { isEmpty } from '../../src/save/save.ts';
import {
  episode,
  nhsNumber,
  patient,
  record,
  referral,
  relative,
  resourceStatement,
} from '../support/records.ts';
import { RULES, Store, service, upToRenaming } from './store.ts';

const maternity = service(1, 'maternity');
const visiting = service(2, 'health-visiting');
const perinatal = service(3, 'specialist-perinatal');
const camhs = service(4, 'camhs-0-5');
const charity = service(5, 'third-sector-partner');
const MOTHER = { nhs: nhsNumber(1), given: 'Amara', family: 'Osei', born: '1994-03-02' };
const BABY = { nhs: nhsNumber(2), given: 'Kofi', family: 'Osei', born: '2026-08-20' };
const OTHER = { nhs: nhsNumber(5), given: 'Ruth', family: 'Bell', born: '1991-01-01' };
const mother = (nhs: string) => relative('pid-21', 'patient', ['GESTM', 'MTH'], { nhs });
const byIdentifier = () => {
  const own = episode('E1', 'active');
  Object.assign(own.resource, {
    referralRequest: [{ identifier: { system: 'https://skein.example/Id/referral', value: 'R1' } }],
  });
  return own;
};
const withIdentifier = (statements: ReturnType<typeof referral>) => {
  const [request] = statements;
  if (request)
    Object.assign(request.resource, {
      identifier: [{ system: 'https://skein.example/Id/referral', value: 'R1' }],
    });
  return statements;
};

const merge = (old: string, into: string) => {
  const link = [{ other: { reference: '#patient' }, type: 'replaced-by' as const }];
  return [
    patient('patient', { local: into }),
    patient('merged', { local: old, rest: { active: false, link } }),
  ];
};
const withoutStatus = (who: Parameters<typeof patient>[1]) => {
  const said = patient('patient', who);
  for (const identifier of (said.resource as Patient).identifier ?? []) delete identifier.extension;
  return said;
};

/** A family as its services tell it: corrections, updates, an unverified chart, a partner, and one sender's mistake. */
const SAID: [ReturnType<typeof service>, SourceRecord][] = [
  [
    visiting,
    record('2026-09-01T09:00:00Z', [
      patient('patient', MOTHER),
      ...withIdentifier(referral('R1', perinatal.id)),
    ]),
  ],
  [
    visiting,
    record('2026-09-05T09:00:00Z', [
      patient('patient', MOTHER),
      ...withIdentifier(referral('R1', perinatal.id, 'revoked')),
    ]),
  ],
  [
    maternity,
    record(
      '2026-08-21T09:00:00Z',
      [patient('patient', { ...BABY, given: 'Baby', nhs: undefined, local: 'B1' }), mother(OTHER.nhs)],
      'delta',
    ),
  ],
  [
    maternity,
    record(
      '2026-08-22T09:00:00Z',
      [patient('patient', { ...BABY, local: 'B1' }), mother(MOTHER.nhs), episode('V1', 'active')],
      'delta',
    ),
  ],
  [
    maternity,
    record(
      '2026-08-25T09:00:00Z',
      [patient('patient', { local: 'B1', given: 'Kofi' }), episode('V1', 'finished')],
      'delta',
    ),
  ],
  [
    maternity,
    record(
      '2026-08-21T10:00:00Z',
      [patient('patient', { ...BABY, nhs: nhsNumber(3), given: 'Ama', local: 'B2' }), mother(MOTHER.nhs)],
      'delta',
    ),
  ],
  [
    maternity,
    record(
      '2026-03-01T09:00:00Z',
      [patient('patient', { ...MOTHER, local: 'M1', verified: false })],
      'delta',
    ),
  ],
  [maternity, record('2026-04-01T09:00:00Z', [patient('patient', { ...MOTHER, local: 'M1' })], 'delta')],
  [
    camhs,
    record('2026-10-01T09:00:00Z', [
      patient('patient', BABY),
      episode('C1', 'active', { start: '2026-10-01' }),
    ]),
  ],
  [perinatal, record('2026-09-03T09:00:00Z', [patient('patient', MOTHER), byIdentifier()])],
  [
    charity,
    record('2026-09-04T09:00:00Z', [
      patient('patient', { local: 'P1', given: 'Yaw', born: '1990-05-05' }),
      relative('nk1', 'patient', ['SPS'], { nhs: MOTHER.nhs }),
    ]),
  ],
  [perinatal, record('2026-09-06T09:00:00Z', [patient('patient', OTHER), episode('E9', 'active')])],
  [
    visiting,
    record('2026-09-20T09:00:00Z', [
      patient('patient', MOTHER),
      resourceStatement('encounter', 'x|1', {
        resourceType: 'Encounter',
        status: 'finished',
        class: { code: 'HH' },
        subject: { reference: '#patient' },
      }),
    ]),
  ],
  [
    camhs,
    record('2026-10-03T09:00:00Z', [patient('patient', { ...OTHER, born: '1981-01-01', given: 'Nell' })]),
  ],
  // Her second chart, merged; and updates that leave out what the number is worth, change it, and change it back.
  [
    maternity,
    record('2026-03-02T09:00:00Z', [patient('patient', { ...MOTHER, nhs: undefined, local: 'M0' })], 'delta'),
  ],
  [maternity, record('2026-09-07T09:00:00Z', merge('M0', 'M1'), 'delta')],
  [maternity, record('2026-09-08T09:00:00Z', [withoutStatus({ ...MOTHER, local: 'M1' })], 'delta')],
  [
    maternity,
    record('2026-09-09T09:00:00Z', [patient('patient', { nhs: nhsNumber(8), local: 'M1' })], 'delta'),
  ],
  [maternity, record('2026-09-10T09:00:00Z', [withoutStatus({ ...MOTHER, local: 'M1' })], 'delta')],
];

function tell(said: typeof SAID): Store {
  const store = new Store();
  for (const [from, what] of said) store.hear(from, structuredClone(what));
  return store;
}

describe('order of arrival', () => {
  it('makes no difference to the views, up to the renaming of ids', () => {
    const orders = fc.uniqueArray(fc.constantFrom(...SAID), { minLength: 2, maxLength: SAID.length });
    fc.assert(
      fc.property(orders, (order) => {
        const sorted = SAID.filter((said) => order.includes(said));
        expect(upToRenaming(tell(order))).toEqual(upToRenaming(tell(sorted)));
      }),
      { numRuns: 300 },
    );
  });

  it('makes no difference when messages are heard again', () => {
    fc.assert(
      fc.property(fc.shuffledSubarray(SAID, { minLength: 2 }), (order) => {
        expect(upToRenaming(tell([...order, ...order]))).toEqual(upToRenaming(tell(order)));
      }),
      { numRuns: 100 },
    );
  });

  it('leaves nothing for a recomputation to change', () => {
    fc.assert(
      fc.property(fc.shuffledSubarray(SAID, { minLength: 1 }), (order) => {
        expect(isEmpty(link(RULES, tell(order).facts, null, null))).toBe(true);
      }),
      { numRuns: 100 },
    );
  });
});
