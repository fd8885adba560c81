import fc from 'fast-check';
import { expect, it } from 'vitest';
import { jaroWinkler, soundex, stringAlignment } from '../../src/match/similarity.ts';

// Winkler 1990, and the census tables quoted since.
it.each([
  ['martha', 'marhta', 0.961],
  ['dwayne', 'duane', 0.84],
  ['dixon', 'dicksonx', 0.813],
  ['jones', 'johnson', 0.832],
  ['abc', 'xyz', 0],
  ['same', 'same', 1],
])('Jaro-Winkler of %s and %s is %d', (a, b, expected) => {
  expect(jaroWinkler(a, b)).toBeCloseTo(expected, 3);
});

it.each([
  ['ca', 'abc', 3],
  ['kitten', 'sitting', 3],
  ['jayden', 'kayden', 1],
  ['hannah', 'hnanah', 1],
  ['', 'abc', 3],
  ['a', 'a', 0],
])('optimal string alignment of %s and %s is %d', (a, b, expected) => {
  expect(stringAlignment(a, b)).toBe(expected);
});

// https://www.archives.gov/research/census/soundex
it.each([
  ['Robert', 'R163'],
  ['Rupert', 'R163'],
  ['Rubin', 'R150'],
  ['Ashcraft', 'A261'],
  ['Tymczak', 'T522'],
  ['Pfister', 'P236'],
  ['Honeyman', 'H555'],
  ['Washington', 'W252'],
  ['Lee', 'L000'],
  ['Gutierrez', 'G362'],
  ['', ''],
])('Soundex of %s is %s', (word, expected) => {
  expect(soundex(word)).toBe(expected);
});

it('no comparator minds which word is first', () => {
  const word = fc.string({ unit: fc.constantFrom(...'abcdeé'), maxLength: 8 });
  fc.assert(
    fc.property(word, word, (a, b) => {
      expect(jaroWinkler(a, b)).toBeCloseTo(jaroWinkler(b, a), 10);
      expect(stringAlignment(a, b)).toBe(stringAlignment(b, a));
    }),
  );
});
