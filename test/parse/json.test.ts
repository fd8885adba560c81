import { describe, expect, test } from 'vitest';
import type { Message } from '../../src/model.ts';
import { parseMessage } from '../../src/parse/parse-message.ts';
import { messageOf } from './message.ts';

const parse = (body: string | Buffer, given: Partial<Message> = {}) =>
  parseMessage(messageOf(body, { contentType: 'application/json', source: 'third-sector-form', ...given }));
const bundle = (body: unknown, given: Partial<Message> = {}) =>
  parse(JSON.stringify(body), {
    contentType: 'application/fhir+json',
    source: 'bars-referral',
    channel: 'bars',
    ...given,
  });

describe('a JSON form', () => {
  test('is its own tree, byte order mark or not', () => {
    expect(parse('\ufeff{"name":"Zoë"}')).toEqual({
      format: 'json',
      units: [{ position: '', tree: { name: 'Zoë' } }],
    });
  });

  // https://hl7.org/fhir/R4/json.html: "Property names SHALL be unique"
  test.each([
    ['{"a":1,"a":2}', 'line 1, column 8'],
    ['{"a":[{"b":1},{"b":2,\n "c":{"b":1}, "b" : 3}]}', 'line 2, column 15'],
    ['{"a":"\\"a\\":","\\u0061":2}', 'line 1, column 15'],
  ])('that says a property twice is refused, and where: %s', (body, place) => {
    expect(() => parse(body)).toThrow(`a property of one object is there twice: ${place}`);
  });

  test('may repeat a name in another object, and in a text', () => {
    const tree = { a: [{ a: 'a' }, { a: '{"a":1,"a":2}' }], '"a"': { a: '\\' }, b: ['a', 'a'] };
    expect(parse(JSON.stringify(tree, null, 1)).units[0]?.tree).toEqual(tree);
  });

  test.each([
    ['{"name": "Secret",}', 'line 1, column 19'],
    ['{\n  "name": "Secret"\n  "town": "Leeds"\n}', 'line 3, column 3'],
    ['{"name": Secret}', 'line 1, column 10'],
    ['{"name": "Secret', 'line 1, column 10'],
    ['{"name": "Sec\nret"}', 'line 1, column 10'],
    ['{"a": [1, 2}', 'line 1, column 12'],
    ['{"a": 01}', 'line 1, column 8'],
    ['{"a": 1}}', 'line 1, column 9'],
    ['{', 'line 1, column 2'],
    ['', 'line 1, column 1'],
    ['['.repeat(100_000), 'line 1, column 65'],
  ])('says where %s goes wrong and never quotes it', (body, place) => {
    expect(() => parse(body)).toThrow(
      expect.objectContaining({ name: 'Rejected', status: 400, message: `not valid JSON: ${place}` }),
    );
  });

  test.each([
    ['a prototype key', '{"a":{"__proto__":{}}}'],
    ['a key by which an object could not be told as text', '{"a":{"toString":1}}'],
    ['a key by which an object could not be a number', '{"a":{"valueOf":{}}}'],
    ['a constructor key', '{"constructor":1}'],
    ['65 levels', `{"a":${'['.repeat(64)}${']'.repeat(64)}}`],
    ['NUL in a string', '{"a":"\\u0000"}'],
    ['half of a character', '{"a":"\\ud800"}'],
    ['a list', '[{}]'],
    ['bytes that are not UTF-8', Buffer.from([0x7b, 0xff, 0x7d])],
  ])('with %s is refused', (_, body) => {
    expect(() => parse(body)).toThrow(expect.objectContaining({ name: 'Rejected', status: 400 }));
  });
});

describe('a FHIR Bundle', () => {
  const header = { resource: { resourceType: 'MessageHeader' } };
  const message = { resourceType: 'Bundle', type: 'message', entry: [header] };
  const transaction = {
    resourceType: 'Bundle',
    type: 'transaction',
    entry: [{ resource: { resourceType: 'Patient' } }],
  };

  const patient = (family: string) => ({ resourceType: 'Patient', id: 'p', name: [{ family }] });
  const one = { fullUrl: 'urn:uuid:1', resource: patient('Marsh') };
  const other = { fullUrl: 'urn:uuid:2', resource: patient('Brook') };

  test('may hold one resource twice, and resources of one id and several types', () => {
    const team = { resource: { resourceType: 'Organization', id: 'p' } };
    const body = { ...message, entry: [header, one, one, team, team] };
    expect(bundle(body).units[0]?.tree).toEqual(body);
  });

  test('is its own tree where its type is the one the channel takes', () => {
    expect(bundle(message)).toEqual({ format: 'fhir', units: [{ position: '', tree: message }] });
    expect(bundle(transaction, { channel: 'fhir', source: 'fhir-r4' }).format).toBe('fhir');
    for (const body of [message, transaction])
      expect(bundle(body, { channel: 'intake' }).units).toHaveLength(1);
  });

  const asked = (url: string) => ({ resource: patient('Marsh'), request: { method: 'PUT', url } });
  const heard = (url: string) =>
    bundle({ ...transaction, entry: [asked(url)] }, { channel: 'fhir', source: 'fhir-r4' });

  test.each([
    'Patient',
    'Patient/p',
    '/Patient',
    'Patient?identifier=x|Observation/1',
    'https://ehr.example/r4/Patient/p',
  ])('may ask for a Patient under the URL "%s"', (url) => {
    expect(heard(url).units).toHaveLength(1);
  });

  test.each([
    'Observation',
    'Observation/p',
    '',
    'Observation?subject=Patient/p',
    'https://ehr.example/r4/Observation/p',
  ])('that asks for a Patient under the URL "%s" is refused, and where', (url) => {
    expect(() => heard(url)).toThrow(
      expect.objectContaining({ issues: [expect.objectContaining({ field: '/entry/0/request/url' })] }),
    );
  });

  test.each([
    ['another resource', { resourceType: 'Patient' }, '/resourceType'],
    ['another type', { ...message, type: 'batch' }, '/type'],
    ['no entry', { ...message, entry: [] }, '/entry'],
    ['an entry that is none', { ...message, entry: [header, 7] }, '/entry/1'],
    [
      'two patients of one fullUrl',
      { ...message, entry: [header, one, { ...other, fullUrl: 'urn:uuid:1' }] },
      '/entry/2',
    ],
    ['two patients of one id', { ...message, entry: [header, one, other] }, '/entry/2'],
    ['no MessageHeader first', { ...message, entry: transaction.entry }, '/entry/0'],
  ])('with %s is refused, by place', (_, body, field) => {
    expect(() => bundle(body)).toThrow(
      expect.objectContaining({ status: 400, issues: [expect.objectContaining({ field })] }),
    );
  });
});

describe('the format', () => {
  test('that the registered source does not read is refused', () => {
    expect(() => parse('a,b\n1,2', { contentType: 'text/csv' })).toThrow(
      'registered to send json, and this is csv',
    );
  });

  test('may be JSON or FHIR JSON: there the source decides', () => {
    const body = '{"resourceType":"Bundle","type":"transaction","entry":[{}]}';
    expect(parse(body, { source: 'fhir-r4', contentType: 'application/json' }).format).toBe('fhir');
    expect(parse(body, { source: 'third-sector-form', contentType: 'application/fhir+json' }).format).toBe(
      'json',
    );
  });

  test('that has no name is refused', () => {
    const refused = expect.objectContaining({ name: 'Rejected', status: 415 });
    expect(() => parse('?', { contentType: '', source: 'other' })).toThrow(refused);
  });
});
