import { describe, expect, test } from 'vitest';
import type { Json } from '../../src/model.ts';
import { parseMessage } from '../../src/parse/parse-message.ts';
import { messageOf } from './message.ts';

const XML = 'application/fhir+xml';
const parse = (body: string | Buffer, contentType = XML) =>
  parseMessage(messageOf(body, { contentType, source: 'birth-notification' }));
const FHIR = 'xmlns="http://hl7.org/fhir"';
const HEADER = '<entry><resource><MessageHeader/></resource></entry>';
const bundle = (inside: string, attributes = FHIR) =>
  `<Bundle ${attributes}><type value="message"/>${HEADER}<entry><resource>${inside}</resource></entry></Bundle>`;
/** The second resource of a message. */
function resource(body: string | Buffer, contentType = XML): Json {
  const tree = parse(body, contentType).units[0]?.tree as { entry: { resource: Json }[] } | undefined;
  return tree?.entry[1]?.resource ?? null;
}

describe('FHIR in XML', () => {
  test('is the tree that its JSON would be: lists, numbers and booleans as R4 has them', () => {
    const patient = `<Patient><id value="p"/><extension url="https://a.example"><valueInteger value="7"/></extension>
      <active value="true"/><name><given value="Ana"/></name><multipleBirthInteger value="2"/></Patient>`;
    expect(resource(bundle(patient))).toEqual({
      ...{ resourceType: 'Patient', id: 'p', active: true, multipleBirthInteger: 2 },
      extension: [{ url: 'https://a.example', valueInteger: 7 }],
      name: [{ given: ['Ana'] }],
    });
  });

  test('keeps what a primitive has beside its value, in step with its list', () => {
    const why = '<extension url="https://why.example"><valueCode value="masked"/></extension>';
    const patient = `<Patient><name id="n"><given value="Ana"/><given>${why}</given></name>
      <birthDate value="2026-03-01">${why}</birthDate><gender>${why}</gender></Patient>`;
    const extension = [{ url: 'https://why.example', valueCode: 'masked' }];
    expect(resource(bundle(patient))).toEqual({
      ...{
        resourceType: 'Patient',
        birthDate: '2026-03-01',
        _birthDate: { extension },
        _gender: { extension },
      },
      name: [{ id: 'n', given: ['Ana', null], _given: [null, { extension }] }],
    });
  });

  test('of another release is read as it is written', () => {
    const other =
      '<Observation><code><coding><code value="1"/></coding><coding><code value="2"/></coding></code></Observation>';
    expect(resource(bundle(other))).toEqual({
      resourceType: 'Observation',
      code: { coding: [{ code: '1' }, { code: '2' }] },
    });
  });

  test('may have prefixes, comments, a schema location, contained resources, and narrative, which is left out', () => {
    const narrative =
      '<text><status value="generated"/><div xmlns="http://www.w3.org/1999/xhtml">Ana <b>Marsh</b></div></text>';
    const contained = '<contained><Organization><name value="A"/></Organization></contained>';
    const xsi =
      'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:schemaLocation="http://hl7.org/fhir x.xsd"';
    expect(
      resource(bundle(`<!-- a --><Patient>${narrative}${contained}</Patient>`, `${FHIR} ${xsi}`)),
    ).toEqual({
      ...{ resourceType: 'Patient', text: { status: 'generated' } },
      contained: [{ resourceType: 'Organization', name: 'A' }],
    });
    const prefixed = bundle('<Patient><id value="p"/></Patient>', 'xmlns:f="http://hl7.org/fhir"');
    expect(resource(prefixed.replace(/<(\/?)/g, '<$1f:'))).toEqual({ resourceType: 'Patient', id: 'p' });
  });
});

describe('the encoding', () => {
  const text = (declared: string) =>
    `<?xml version="1.0" encoding="${declared}"?>${bundle('<Patient><id value="Zoë"/></Patient>')}`;
  const zoe = { resourceType: 'Patient', id: 'Zoë' };

  test.each([
    ['the declaration', Buffer.from(text('ISO-8859-1'), 'latin1'), XML],
    ['nothing: UTF-8', Buffer.from(bundle('<Patient><id value="Zoë"/></Patient>')), XML],
    ['a byte order mark, before the declaration', Buffer.from(`\ufeff${text('ISO-8859-1')}`), XML],
    [
      'the transport, before the declaration',
      Buffer.from(text('UTF-8'), 'latin1'),
      `${XML}; charset="windows-1252"`,
    ],
    ['the byte order mark of UTF-16', Buffer.from(`\ufeff${text('UTF-16')}`, 'utf16le'), XML],
    ['UTF-16 without one', Buffer.from(text('UTF-16'), 'utf16le'), XML],
    ['itself, where it says UTF-16 and is not', Buffer.from(text('UTF-16')), XML],
  ])('is told by %s', (_, body, type) => {
    expect(resource(body, type)).toEqual(zoe);
  });

  test.each([
    [
      'unknown here',
      Buffer.from(text('EBCDIC-CP-GB')),
      'the encoding "ebcdic-cp-gb" is not read; send UTF-8',
    ],
    ['not what the bytes are', Buffer.from(text('UTF-8'), 'latin1'), 'the body is not valid UTF-8'],
  ])('is refused where it is %s', (_, body, told) => {
    expect(() => parse(body)).toThrow(told);
  });
});

describe('XML is refused, by line and column and never by content,', () => {
  const laughs = `<!DOCTYPE Bundle [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>`;
  test.each([
    ['with a DOCTYPE', `<!DOCTYPE Bundle>${bundle('<Patient/>')}`, 'a DOCTYPE is not allowed'],
    ['with a DOCTYPE in small letters', `<!doctype Bundle>${bundle('<Patient/>')}`, 'not valid XML'],
    [
      'with an external entity',
      `<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]>${bundle('&x;')}`,
      'a DOCTYPE',
    ],
    ['with a billion laughs', `${laughs}${bundle('<Patient><id value="&b;"/></Patient>')}`, 'a DOCTYPE'],
    ['with a declaration outside of one', `<!ENTITY x "y">${bundle('<Patient/>')}`, 'not valid XML'],
    [
      'with an entity that is not XML’s own',
      bundle('<Patient><id value="&nbsp;"/></Patient>'),
      'not well formed',
    ],
    [
      'with a processing instruction',
      `<?xml-stylesheet href="x"?>${bundle('<Patient/>')}`,
      'a processing instruction',
    ],
    ['with an XML declaration inside', bundle('<?xml version="1.0"?><Patient/>'), 'a processing instruction'],
    ['that is cut off', bundle('<Patient/>').slice(0, -9), 'not well formed'],
    ['that is empty', '', 'there is no element'],
    ['that is two documents', `${bundle('<Patient/>')}<Bundle ${FHIR}/>`, 'a second document'],
    [
      'with an attribute twice',
      bundle('<Patient><id value="1" value="2"/></Patient>'),
      'an attribute is there twice',
    ],
    ['with text where FHIR has none', bundle('<Patient>Ana</Patient>'), 'text between elements'],
    ['with text in a CDATA section', bundle('<Patient><![CDATA[Ana]]></Patient>'), 'text between elements'],
    ['with a control character', bundle('<Patient><id value="\u0001"/></Patient>'), 'a character'],
    ['with NUL by number', bundle('<Patient><id value="&#0;"/></Patient>'), 'not well formed'],
    ['with half a character by number', bundle('<Patient><id value="&#xD800;"/></Patient>'), 'not valid XML'],
    ['of another namespace', bundle('<Patient/>', 'xmlns="urn:hl7-org:v3"'), 'an element that is not of'],
    ['of no namespace', bundle('<Patient/>', ''), 'an element that is not of'],
    [
      'with a part of another namespace',
      bundle('<Patient><a xmlns="urn:a"/></Patient>'),
      'an element that is not of',
    ],
    ['with a prefix that is bound to nothing', bundle('<a:Patient/>'), 'not well formed'],
    [
      'with a name that objects own',
      bundle('<Patient><__proto__ value="x"/></Patient>'),
      'a name that is not allowed',
    ],
    ['with two resources in one entry', bundle('<Patient/><Patient/>'), 'resource holds two resources'],
    ['that is no Bundle', `<Patient ${FHIR}/>`, 'the body must be a FHIR Bundle'],
    [
      'that is a Bundle of another type',
      `<Bundle ${FHIR}><type value="batch"/></Bundle>`,
      'is not taken; message or transaction is',
    ],
  ])('%s', (_, body, told) => {
    expect(() => parse(body)).toThrow(
      expect.objectContaining({ name: 'Rejected', status: 400, message: expect.stringContaining(told) }),
    );
  });

  test('nested too deep, or of too many elements', () => {
    const deep = '<extension url="u">'.repeat(70) + '</extension>'.repeat(70);
    expect(() => parse(bundle(`<Patient>${deep}</Patient>`))).toThrow(
      /nested more than 64 deep, line 1, column \d+$/,
    );
    expect(() => parse(bundle(`<Patient>${'<name/>'.repeat(100_001)}</Patient>`))).toThrow(
      'more than 100000 elements',
    );
  });
});
