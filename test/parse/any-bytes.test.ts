import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Rejected } from '../../src/errors.ts';
import { HL7_TYPE } from '../../src/formats/hl7v2.ts';
import { parseMessage } from '../../src/parse/parse-message.ts';
import { messageOf } from './message.ts';

const SEEDS = [
  'MSH|^~\\&|A|B|||20260101||ADT^A01|1|P|2.5\rPID|1||9^^^NHS',
  'a,b\n"1",2\n',
  '{"resourceType":"Bundle","type":"message"}',
  '<?xml version="1.0" encoding="utf-8"?><Bundle xmlns="http://hl7.org/fhir"><type value="message"/><entry><resource><MessageHeader/></resource></entry></Bundle>',
];

/** Random bytes alone seldom get past the first check: half of them are spliced into something that looks right. */
const bytes = fc.oneof(
  fc.uint8Array({ maxLength: 400 }),
  fc
    .tuple(fc.constantFrom(...SEEDS), fc.nat(200), fc.nat(20), fc.uint8Array({ maxLength: 20 }))
    .map(([seed, at, cut, noise]) => {
      const body = Buffer.from(seed);
      return Buffer.concat([body.subarray(0, at), noise, body.subarray(at + cut)]);
    }),
);

test.each([
  [HL7_TYPE, 'hl7v2-adt'],
  ['text/csv', 'third-sector-csv'],
  ['application/json', 'third-sector-form'],
  ['application/fhir+json', 'bars-referral'],
  ['application/xml', 'birth-notification'],
])('whatever the bytes, %s is read as text that can be stored, or refused', (contentType, source) => {
  fc.assert(
    fc.property(bytes, (body) => {
      try {
        const { units } = parseMessage(messageOf(Buffer.from(body), { contentType, source }));
        expect(units.length).toBeGreaterThan(0);
        expect(JSON.stringify(units)).not.toMatch(/\\u0000|\\ud[89a-f]/);
      } catch (error) {
        expect(error).toBeInstanceOf(Rejected);
      }
    }),
    { numRuns: 2_000 },
  );
});
