import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { trimDefinitions } from '../../scripts/trim-definitions.ts';
import { trimProfiles } from '../../scripts/trim-profiles.ts';
import { CORE_PROFILES_FILE, DEFINITIONS_FILE } from '../../src/fhir/definitions.ts';
import { isValidNhsNumber } from '../../src/fhir/nhs-number.ts';
import { NHS_NUMBER } from '../../src/fhir/systems.ts';
import type { SourceRecord } from '../../src/model.ts';
import { ownProfiles } from '../../src/validate/profiles.ts';
import { validateRecord } from '../../src/validate/validate-record.ts';

function record(resource: object, lineage: SourceRecord['lineage']): SourceRecord {
  const statements = [{ local: 'patient', resource: { resourceType: 'Patient', ...resource } as never }];
  return { position: '', saidAt: '', mapping: 'm@1.0.0', mode: 'delta', statements, lineage };
}

const validate = (given: SourceRecord) => validateRecord(given, ownProfiles());
const from = (element: string, source: string) => ({ element, source, rule: 'm/mapping.yaml:1' });

describe('an issue', () => {
  test('names the field that the element came from, and the element', () => {
    const issues = validate(record({ gender: 'F' }, [from('patient.gender', 'PID-8')]));
    expect(issues).toEqual([
      {
        severity: 'error',
        code: 'code-invalid',
        field: 'PID-8',
        expression: 'Patient.gender',
        text: 'PID-8: Patient.gender is not one of female, male, other, unknown',
      },
    ]);
  });

  test('inside a copied element goes on along the JSON pointer', () => {
    const [issue] = validate(
      record({ name: [{ given: [1] }] }, [from('patient.name', '/entry/1/resource/name')]),
    );
    expect(issue?.field).toBe('/entry/1/resource/name/0/given/0');
  });

  test('of something missing names where it would be, or what is beside it', () => {
    const telecom = [
      from('patient.telecom[0].value', 'PID-13.1'),
      from('patient.telecom[0].system', 'constant'),
    ];
    expect(validate(record({ telecom: [{ value: '1' }] }, telecom))[0]?.field).toBe('PID-13.1');
    const link = validate(
      record({ link: [{ other: { reference: '#x' } }] }, [from('patient.link', '/entry/1/resource/link')]),
    );
    expect(link[0]?.field).toBe('/entry/1/resource/link/0/type');
  });

  test('holds what a modifier extension that is not known changes the meaning of', () => {
    const contact = [
      { name: { text: 'x' }, modifierExtension: [{ url: 'https://x.example/not', valueBoolean: true }] },
    ];
    expect(
      validate(record({ contact }, [from('patient.contact', '/entry/1/resource/contact')])),
    ).toMatchObject([
      { severity: 'error', code: 'extension', field: '/entry/1/resource/contact/0/modifierExtension/0' },
    ]);
  });

  test('never repeats a value', () => {
    fc.assert(
      fc.property(
        fc.string({ minLength: 8 }).filter((text) => !/^[\w ,.[\]:-]*$/.test(text)),
        (secret) => {
          const issues = validate(
            record(
              {
                ...{
                  birthDate: secret,
                  gender: secret,
                  language: secret,
                  maritalStatus: { coding: [{ code: secret }] },
                },
                name: [{ text: secret, unheard: secret }],
                text: {
                  status: 'generated',
                  div: `<div xmlns="http://www.w3.org/1999/xhtml"><${secret}></div>`,
                },
                managingOrganization: { reference: secret, type: secret },
                generalPractitioner: [{ type: secret }, { reference: 'Organization/1', type: secret }],
                photo: [{ contentType: secret, data: secret }],
              },
              [],
            ),
          );
          expect(issues.length).toBeGreaterThan(2);
          expect(JSON.stringify(issues)).not.toContain(JSON.stringify(secret).slice(1, -1));
        },
      ),
    );
  });
});

describe('an NHS number', () => {
  const withNumber = (value: string) =>
    validate(
      record({ identifier: [{ system: NHS_NUMBER, value }] }, [
        from('patient.identifier[0].value', 'PID-3.1'),
      ]),
    );

  test('that fails its check digit, or is one digit ten times, is a warning that does not repeat it', () => {
    for (const number of ['9990001023', '4444444444', '999000102']) {
      const [issue, ...more] = withNumber(number);
      expect([issue?.severity, issue?.field, more]).toEqual(['warning', 'PID-3.1', []]);
      expect(issue?.text).not.toContain(number);
    }
    expect(withNumber('9990001022')).toEqual([]);
  });

  test('has one check digit or none: any other last digit is refused', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 999_999_999 }), (stem) => {
        const nine = String(stem).padStart(9, '0');
        const valid = Array.from({ length: 10 }, (_, digit) => `${nine}${digit}`).filter(isValidNhsNumber);
        expect(valid.length).toBeLessThanOrEqual(1);
      }),
    );
    expect(['9449307539', '9000000009'].every(isValidNhsNumber)).toBe(true);
    expect(
      [
        '9912003890',
        '9000000002',
        '0000000000',
        '1111111111',
        '9999999999',
        '94493075391',
        'abcdefghij',
      ].some(isValidNhsNumber),
    ).toBe(false);
  });
});

test('the trimmed definitions are what the installed standard gives', () => {
  expect(readFileSync(DEFINITIONS_FILE, 'utf8') === trimDefinitions()).toBe(true);
  expect(readFileSync(CORE_PROFILES_FILE, 'utf8') === trimProfiles()).toBe(true);
});
