import { describe, expect, test } from 'vitest';
import { loadMappings } from '../../src/map/language/load-mappings.ts';
import { runMapping } from '../../src/workbench/run-mapping.ts';

const mappings = await loadMappings();

/** The fields that the sender of such a message is told of. */
function told(source: string, body: string): (string | undefined)[] {
  const mapping = mappings.get(source);
  if (!mapping) throw new Error(`no mapping ${source}`);
  const issues = runMapping(mapping, Buffer.from(body)).flatMap((unit) => unit.issues);
  return issues.filter(({ severity }) => severity === 'information').map(({ field }) => field);
}

describe('what no rule reads is told', () => {
  test('of HL7 v2 by segment and field, at once', () => {
    const pid = 'PID|1||M1^^^RXX^MR||Sample^Robin||19930401|F||||||||||||||||||||||||||||X';
    expect(
      told(
        'hl7v2-adt',
        `MSH|^~\\&|A|B|||20250801||ADT^A31|1|P|2.6\r${pid}\rZPD|1|x\rPV1|1|I||||||||||||||||NEW`,
      ),
    ).toEqual(['PID-36, ZPD, PV1-18']);
  });

  test('of a CSV file by column', () => {
    const body = 'reference,given_name,Favourite colour,consent\nC-1,Robin,green,yes\n';
    expect(told('third-sector-csv', body)).toEqual(['row 2, Favourite colour']);
  });

  test('of a form by its place, however deep', () => {
    const person = { givenName: 'Robin', nickname: 'Rob' };
    const body = JSON.stringify({
      reference: 'F-1',
      person,
      relationship: [{ to: 'parent-of-baby', since: 1 }],
    });
    expect(told('third-sector-form', body)).toEqual(['/person/nickname', '/relationship/0/since']);
  });
});
