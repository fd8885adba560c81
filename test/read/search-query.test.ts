import { expect, test } from 'vitest';
import type { Clause } from '../../src/read/search/conditions.ts';
import { readSearch } from '../../src/read/search/query.ts';

const base = 'http://localhost/fhir';
const read = (type: string, query: string, lenient = false) =>
  readSearch([...new URLSearchParams(query)], { type, base, lenient });
const only = (type: string, query: string): Clause => read(type, query).clauses[0] as Clause;

test('commas separate values of one parameter and a backslash keeps one', () => {
  expect(only('Patient', 'gender=male,female').values).toEqual(['male', 'female']);
  expect(only('Patient', 'family=a\\,b').values).toEqual(['a,b']);
});

test('a repeated parameter is a further condition', () => {
  expect(read('Patient', 'given=a&given=b').clauses).toHaveLength(2);
});

test.each([
  ['Patient', 'patient=abc', 'cannot be searched by patient'],
  ['Patient', 'famly=abc', 'cannot be searched by famly'],
  ['Patient', 'family=', 'empty value'],
  ['Patient', 'family=a,,b', 'empty value'],
  ['Patient', 'family:missing=true', 'modifier :missing'],
  ['Patient', 'gender:text=x', 'modifier :text'],
  ['Patient', 'identifier=https://x|', 'system without a code'],
  ['Patient', 'birthdate=soon', 'not a date'],
  ['Patient', '_sort=gender', 'cannot sort by gender'],
  ['Patient', '_id:not=a', '_id is served as it is'],
  ['Patient', '_id.x=a', '_id is served as it is'],
  ['Patient', '_lastUpdated:missing=true', '_lastUpdated is served as it is'],
  ['Encounter', 'patient:Encounter=x', 'modifier :Encounter'],
  ['Encounter', 'patient:missing=true', 'modifier :missing'],
  ['Encounter', 'patient:Patient:x=y', 'patient is not served in this form'],
  ['Encounter', 'patient:Organization.name=x', 'modifier :Organization'],
  ['Encounter', 'patient.famly=x', 'nothing that patient leads to'],
  ['Encounter', 'patient.identifier:of-type=a', 'modifier :of-type'],
  ['Encounter', 'episode-of-care.patient.name=x', 'more than one step'],
  ['Encounter', 'status.x=y', 'nothing that status leads to'],
  ['Patient', '_count=x', 'whole number'],
  ['Patient', '_total=exact', 'none, estimate or accurate'],
  ['Patient', '_summary=some', 'true, text, data, count or false'],
  ['Patient', '_elements=famly', 'no element of Patient'],
  ['Patient', '_summary=text&_revinclude=Encounter:patient', 'brings nothing along'],
  ['Patient', '_has:Encounter:patient:status=planned', '_has is not served'],
  ['Encounter', '_include=Encounter:status', 'not one of the references'],
  ['Encounter', '_include=ServiceRequest:patient', 'not one of the references'],
  ['Encounter', '_include:recurse=Encounter:patient', 'modifier :recurse'],
  ['Encounter', '_include=Encounter:patient:Organization', 'not one of the references'],
  ['Encounter', '_include=*', 'not one of the references'],
  ['Patient', '_revinclude=Nothing:patient', 'not one of the references'],
])('%s?%s is refused, saying why', (type, query, reason) => {
  expect(() => read(type, query)).toThrow(reason);
});

test('too many parameters or values are refused', () => {
  expect(() => read('Patient', Array.from({ length: 41 }, () => 'given=a').join('&'))).toThrow(
    'more than 40',
  );
  expect(() => read('Patient', `given=${Array.from({ length: 101 }, () => 'a').join()}`)).toThrow(
    'more than 100',
  );
});

test('lenient handling leaves an unknown parameter out of the search and of its self link', () => {
  const search = read('Patient', 'famly=abc&gender=male', true);
  expect(search.clauses).toHaveLength(1);
  expect(search.query).toBe('gender=male');
});

test('the page size has a default and a limit', () => {
  expect(read('Patient', '').count).toBe(50);
  expect(read('Patient', '_count=1000').count).toBe(200);
});

test('a reference may be an id, a typed id, a URL of this server, or typed by a modifier', () => {
  expect(only('Encounter', 'patient=x').values).toEqual(['Patient/x']);
  expect(only('Encounter', 'subject=x').values).toEqual(['Group/x', 'Patient/x']);
  expect(only('Encounter', 'subject:Patient=x').values).toEqual(['Patient/x']);
  expect(only('Encounter', 'patient=Patient/x').values).toEqual(['Patient/x']);
  expect(only('Encounter', `patient=${base}/Patient/x`).values).toEqual(['Patient/x']);
  expect(only('Encounter', 'patient=http://elsewhere/fhir/Patient/x').values).toEqual([
    'http://elsewhere/fhir/Patient/x',
  ]);
});
