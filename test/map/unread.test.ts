import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { loadMappings } from '../../src/map/language/load-mappings.ts';
import type { Issue } from '../../src/model.ts';
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

  describe('of a FHIR resource that is kept, by element', () => {
    const patient = { resourceType: 'Patient', id: 'a', name: [{ family: 'Sample' }] };
    const referral = {
      resourceType: 'ServiceRequest',
      ...{ id: 'b', status: 'active', intent: 'order', subject: { reference: 'Patient/a' } },
    };
    const issuesOf = (source: string, resources: object[], more: object = {}) => {
      const entry = resources.map((resource) => {
        const { resourceType, id } = resource as { resourceType: string; id: string };
        return { resource, request: { method: 'PUT', url: `${resourceType}/${id}` } };
      });
      const bundle = { resourceType: 'Bundle', type: 'transaction', entry, ...more };
      const mapping = mappings.get(source);
      if (!mapping) throw new Error(`no mapping ${source}`);
      return runMapping(mapping, Buffer.from(JSON.stringify(bundle))).flatMap(({ issues }) => issues);
    };
    const places = (issues: Issue[], severity: string) =>
      issues.filter((issue) => issue.severity === severity).map(({ field }) => field);

    test('as a warning, a primitive without a value too', () => {
      const more = { patientInstruction: 'call first', supportingInfo: [{ display: 'scan' }] };
      const issues = issuesOf('fhir-r4', [
        {
          ...patient,
          photo: [{ title: 'x' }],
          _gender: { extension: [{ url: 'urn:x:y', valueString: 'x' }] },
        },
        { ...referral, ...more, doNotPerform: false, text: { status: 'empty' }, language: 'en' },
      ]);
      expect(places(issues, 'warning')).toEqual([
        ...['/entry/0/resource/photo', '/entry/0/resource/_gender'],
        ...['/entry/1/resource/patientInstruction', '/entry/1/resource/supportingInfo'],
      ]);
      expect(places(issues, 'error')).toEqual([]);
    });

    test('and holds the message where it changes the meaning of the rest', () => {
      const implicitRules = 'https://x.example/rules';
      const issues = issuesOf(
        'fhir-r4',
        [
          { ...patient, implicitRules },
          { ...referral, doNotPerform: true },
          { resourceType: 'Organization', id: 'c', implicitRules },
          { resourceType: 'Observation', id: 'd', implicitRules },
        ],
        { implicitRules },
      );
      expect(places(issues, 'error')).toEqual([
        ...['/implicitRules', '/entry/0/resource/implicitRules', '/entry/1/resource/doNotPerform'],
        '/entry/2/resource/implicitRules',
      ]);
    });

    test('a modifier extension of a type whose rules carry none, too', () => {
      const file = new URL(
        '../../mappings/bars-referral/examples/new-mother-and-infant.in.json',
        import.meta.url,
      );
      const bundle = JSON.parse(readFileSync(file, 'utf8')) as {
        entry: { resource: { resourceType: string } }[];
      };
      const place = bundle.entry.findIndex(({ resource }) => resource.resourceType === 'RelatedPerson');
      Object.assign(bundle.entry[place]?.resource ?? {}, { modifierExtension: [{ url: 'urn:x:no-longer' }] });
      const mapping = mappings.get('bars-referral');
      const units = mapping ? runMapping(mapping, Buffer.from(JSON.stringify(bundle))) : [];
      const field = `/entry/${place}/resource/modifierExtension`;
      expect(
        places(
          units.flatMap(({ issues }) => issues),
          'error',
        ),
      ).toEqual([field]);
    });
  });
});
