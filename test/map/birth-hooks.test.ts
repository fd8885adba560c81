import { describe, expect, test } from 'vitest';
import { birthOrder, onlyChild, stillborn } from '../../mappings/birth-notification/hooks.ts';

const BIRTHS = '382341000000101';
const STILLBIRTH = '237364002';
const message = (...observations: object[]) => ({
  entry: observations.map((observation) => ({ resource: { resourceType: 'Observation', ...observation } })),
});
const births = (value: unknown) => message({ code: { coding: { code: BIRTHS } }, valueQuantity: { value } });
const indicator = (coding: unknown) =>
  message({ code: { coding: { code: STILLBIRTH } }, valueCodeableConcept: { coding } });
const first = { multipleBirthInteger: 1 };

describe('what a birth notification says in Observations', () => {
  test('one birth is an only child, whose birth order says nothing', () => {
    expect([onlyChild(first, births('1')), birthOrder(first, births('1'))]).toEqual([false, undefined]);
    expect([onlyChild(first, births('1.0')), birthOrder(first, births('1.0'))]).toEqual([false, undefined]);
  });

  test.each([
    ['two births', births('2')],
    ['no number', births(undefined)],
    ['no Observation', message()],
    ['nothing', null],
  ])('%s: no only child, and the birth order as it is told', (_, root) => {
    expect([onlyChild(first, root), birthOrder(first, root)]).toEqual([undefined, 1]);
  });

  test('is found by its code, whichever of the Observation’s codings that is', () => {
    const other = { code: { coding: [{ code: '364589006' }] }, valueQuantity: { value: '1' } };
    const own = { code: { coding: [{ code: 'local' }, { code: BIRTHS }] }, valueQuantity: { value: '2' } };
    expect(onlyChild(first, message(other, own))).toBeUndefined();
  });

  test('any still birth indicator but live is a death', () => {
    expect(stillborn(null, indicator({ code: '1' }))).toBeUndefined();
    expect(stillborn(null, indicator({ code: '2' }))).toBe(true);
    expect(stillborn(null, indicator([{ code: '4' }]))).toBe(true);
    expect([stillborn(null, indicator(undefined)), stillborn(null, message())]).toEqual([
      undefined,
      undefined,
    ]);
  });
});
