import { expect, it } from 'vitest';
import { cleanDate, cleanNumber, cleanPhone, cleanPostcode } from '../../src/match/record.ts';
import { nhsNumber } from '../support/records.ts';
import { adult, baby } from './person.ts';

it('reads no number that fails Modulus 11 or is one digit ten times', () => {
  expect(cleanNumber(nhsNumber(7).replace(/^(...)(...)/, '$1 $2 '))).toBe(nhsNumber(7));
  for (const digit of '0149') expect(cleanNumber(digit.repeat(10))).toBeUndefined();
  expect(cleanNumber(String(Number(nhsNumber(7)) + 1))).toBeUndefined();
});

it.each(['1900-01-01', '1987-01-01', '2024-05', '2024', '2024-13-01', ''])('%s is no birth date', (date) => {
  expect(cleanDate(date)).toBeUndefined();
});

it.each([
  ['07700 900123', '07700900123'],
  ['+44 7700 900123', '07700900123'],
  ['0044 (0)7700 900123', '07700900123'],
  ['+44 113 496 0000 ext. 12', '01134960000'],
  ['0113 496 0000 x12', '01134960000'],
  ['00000000000', undefined],
  ['123', undefined],
])('the phone %s is %s', (phone, expected) => {
  expect(cleanPhone(phone)).toBe(expected);
});

it.each([
  ['te1 2st', 'TE12ST'],
  ['ZZ99 3VZ', undefined],
  ['zz993vz', undefined],
  ['', undefined],
])('the postcode %s is %s', (postcode, expected) => {
  expect(cleanPostcode(postcode)).toBe(expected);
});

it('a placeholder is no given name, and a chart with a family name is not without one', () => {
  expect(baby({ given: ['Baby', 'Boy'] })).toMatchObject({ given: [], nameless: false });
  expect(baby({ given: ['Twin 2'] }).given).toEqual([]);
  expect(baby({ given: [], family: '' }).nameless).toBe(true);
});

it('no fixed abode is no address, and words for not knowing are no sex', () => {
  expect(adult({ addressLine: 'No Fixed Abode' }).line).toBeUndefined();
  expect(adult({ sex: 'unknown' }).sex).toBeUndefined();
});
