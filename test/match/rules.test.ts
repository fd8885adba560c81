/** The rules of docs/matching.md, by their names there. */
import { describe, expect, it } from 'vitest';
import { MATCHING } from '../../src/access/decide/matching.ts';
import { compare } from '../../src/match/compare.ts';
import { decide } from '../../src/match/decide.ts';
import { prepareRecords } from '../../src/match/prepare.ts';
import type { MatchRecord } from '../../src/match/record.ts';
import { nhsNumber } from '../support/records.ts';
import { adult, baby, moved, unknown } from './person.ts';

/** What becomes of the first two of these records, in the company of the others. */
function judge(...records: MatchRecord[]) {
  const [a, b] = prepareRecords(records, MATCHING) as [MatchRecord, MatchRecord];
  return decide(a, b, compare(a, b, MATCHING), MATCHING);
}
const outcomeOf = (...records: MatchRecord[]) => judge(...records).outcome;

describe('automatic by NHS number', () => {
  it('joins where birth date and given name agree, wherever they live', () => {
    expect(judge(adult(), adult(moved))).toMatchObject({ outcome: 'same', reason: 'number' });
    expect(outcomeOf(adult({ given: ['Katherine'] }), adult({ given: ['Kate'], ...moved }))).toBe('same');
    expect(outcomeOf(adult({ given: ['Morwena'] }), adult(moved))).toBe('same');
  });
  it('needs both to be verified', () => {
    expect(outcomeOf(adult(), adult({ verified: false, ...moved }))).toBe('review');
  });
  it('asks where the birth date is missing or a default', () => {
    for (const birthDate of [undefined, '1900-01-01', '1990-01-01'])
      expect(outcomeOf(adult(), adult({ birthDate }))).toBe('review');
  });
  it('takes of a child the exact name or a nickname, never one that is merely like it', () => {
    expect(outcomeOf(baby({ given: ['Samuel'] }), baby({ given: ['Sam'] }))).toBe('same');
    expect(outcomeOf(baby(), baby({ given: ['Kayden'] }))).not.toBe('same');
  });
  it('joins nobody by a number that somebody who cannot be them has', () => {
    const other = adult({ given: ['Delyth'], birthDate: '1971-08-30' });
    expect(judge(adult(), adult(moved), other).outcome).not.toBe('same');
    expect(judge(adult(), adult(moved), other).guards).toContain('number-tainted');
  });
  it('lets nobody taint a number who has it unverified', () => {
    const other = adult({ given: ['Delyth'], birthDate: '1971-08-30', verified: false });
    expect(outcomeOf(adult(), adult(moved), other)).toBe('same');
  });
});

describe('automatic by demographics', () => {
  it('joins by birth date, given name, and address or phone', () => {
    expect(judge(adult(unknown), adult())).toMatchObject({ outcome: 'same', reason: 'demographics' });
    const movedOn = { addressLine: moved.addressLine, postcode: moved.postcode };
    expect(outcomeOf(adult(unknown), adult({ ...unknown, ...movedOn }))).toBe('same');
  });
  it('asks where neither address nor phone bears it out', () => {
    expect(outcomeOf(adult(unknown), adult(moved))).toBe('review');
  });
  it.each([
    ['initial alone', { given: ['M'] }],
    ['a birth date one keystroke off', { birthDate: '1990-04-13' }],
    ['another sex', { sex: 'male' }],
    ['another number', { nhsNumber: nhsNumber(9) }],
  ])('joins nobody by %s', (_, change) => {
    expect(outcomeOf(adult(), adult({ ...unknown, ...change }))).not.toBe('same');
  });
  it('is never for a child of a multiple birth, whoever says that it is one', () => {
    expect(outcomeOf(baby(unknown), baby(unknown))).toBe('same');
    expect(outcomeOf(baby(unknown), baby({ ...unknown, multipleBirth: true }))).not.toBe('same');
    const twin = baby({ given: ['Rhodri'], nhsNumber: nhsNumber(4), multipleBirth: true, birthOrder: 2 });
    expect(outcomeOf(baby(unknown), baby(unknown), twin)).not.toBe('same');
  });
  it('counts a missing sex for nothing', () => {
    expect(outcomeOf(adult(unknown), adult({ ...unknown, sex: 'unknown' }))).toBe('same');
  });
});

describe('review', () => {
  it('is for different numbers with the same name and birth date', () => {
    expect(judge(adult(), adult({ nhsNumber: nhsNumber(9), ...moved }))).toMatchObject({
      outcome: 'review',
      reason: 'different-numbers',
      guards: ['numbers-conflict'],
    });
  });
  it('is for initials, and for placeholder names', () => {
    expect(outcomeOf(adult(), adult({ given: ['M'] }))).toBe('review');
    expect(outcomeOf(baby(), baby({ given: ['Baby'] }))).toBe('review');
  });
});

describe('twins', () => {
  it('Jayden and Kayden of one address, birth date and phone are two children', () => {
    expect(outcomeOf(baby(unknown), baby({ ...unknown, given: ['Kayden'] }))).not.toBe('same');
    const born = { multipleBirth: true };
    const [one, two] = [baby({ ...unknown, ...born }), baby({ ...unknown, ...born, given: ['Kayden'] })];
    expect(judge(one, two)).toMatchObject({
      outcome: 'none',
      guards: expect.arrayContaining(['multiple-birth']),
    });
  });
  it('by nickname neither: Theo and Theodore may be two', () => {
    expect(
      outcomeOf(baby({ ...unknown, given: ['Theo'] }), baby({ ...unknown, given: ['Theodore'] })),
    ).not.toBe('same');
  });
  it('the first and the second of a birth are never one', () => {
    const order = (birthOrder: number) => baby({ ...unknown, birthOrder, multipleBirth: true });
    expect(judge(order(1), order(2))).toMatchObject({ outcome: 'none' });
  });
});

describe('placeholder names', () => {
  it('join by verified number and known plurality of one', () => {
    const [named, placeholder] = [baby({ multipleBirth: false }), baby({ given: ['Baby'], ...moved })];
    expect(judge(named, placeholder)).toMatchObject({ outcome: 'same', reason: 'number-of-single-baby' });
    expect(outcomeOf(baby(), baby({ given: ['Baby'], ...moved }))).toBe('review');
    const unverified = baby({ given: ['Baby'], ...moved, verified: false });
    expect(outcomeOf(named, unverified)).toBe('review');
  });
});

describe("a mother's number on her baby", () => {
  it('identifies nobody, said of it or not, and taints nothing', () => {
    const hers = adult();
    for (const motherNhsNumber of [nhsNumber(1), undefined]) {
      const his = baby({ motherNhsNumber, nhsNumber: nhsNumber(1) });
      expect(judge(his, hers)).toMatchObject({
        outcome: 'none',
        guards: expect.arrayContaining(['mothers-number']),
      });
      expect(outcomeOf(hers, adult(moved), his)).toBe('same');
    }
  });
});

describe('default dates, shared phones and addresses', () => {
  it('carry no weight', () => {
    const [a, b] = [adult(unknown), adult({ ...unknown, phones: [] })];
    expect(outcomeOf(a, b)).toBe('same');
    const residents = Array.from({ length: 12 }, (_, n) =>
      adult({
        given: [`Aaaa${'bcdefghijklm'[n]}`],
        birthDate: `1980-02-${10 + n}`,
        nhsNumber: nhsNumber(50 + n),
      }),
    );
    expect(outcomeOf(a, b, ...residents)).toBe('review');
  });
});

describe('ordinary families', () => {
  it.each([
    ['a same-named grandmother', { birthDate: '1961-09-03' }],
    ['a sister of another birth', { given: ['Elowen'], birthDate: '1993-11-30' }],
    ['a mother and her child', { given: ['Jago'], birthDate: '2024-05-02', sex: 'male' }],
    ['two mothers', { given: ['Rhian'], birthDate: '1988-02-17' }],
  ])('%s at one address are two people', (_, change) => {
    expect(outcomeOf(adult(unknown), adult({ ...unknown, ...change }))).toBe('none');
  });
});

describe('charts without a name', () => {
  const bare = { given: [], family: '', addressLine: '', postcode: '', phones: [] };
  it('are whoever has the number and birth date', () => {
    expect(judge(adult(bare), adult())).toMatchObject({ outcome: 'same', reason: 'number-without-name' });
  });
  it('not where sex speaks against it, or a number is unverified', () => {
    expect(outcomeOf(adult({ ...bare, sex: 'male' }), adult())).not.toBe('same');
    expect(outcomeOf(adult(bare), adult({ verified: false }))).not.toBe('same');
  });
});

describe('a known only child renamed', () => {
  const renamed = { given: ['Rhodri'], family: 'Other' };
  it('stays one infant under two years, and taints nothing', () => {
    const [before, after] = [baby({ multipleBirth: false }), baby(renamed)];
    expect(judge(before, after)).toMatchObject({ outcome: 'same', reason: 'number-of-single-baby' });
  });
  it('is for people where nobody said how many were born', () => {
    expect(outcomeOf(baby(), baby(renamed))).not.toBe('same');
  });
});

describe('adoption', () => {
  it('a child of another number, family name and address is not suggested', () => {
    const after = { nhsNumber: nhsNumber(8), family: 'Adopter', ...moved };
    expect(outcomeOf(baby(), baby(after))).toBe('none');
    expect(outcomeOf(baby(unknown), baby({ ...after, ...unknown }))).toBe('none');
  });
});
