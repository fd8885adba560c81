import { describe, expect, test } from 'vitest';
import { loadMappings } from '../../src/map/language/load-mappings.ts';
import type { SourceRecord } from '../../src/model.ts';
import { listExamples, runExample } from '../../src/workbench/examples.ts';

const mappings = await loadMappings();

function leaves(value: unknown, at: string): string[] {
  if (Array.isArray(value)) return value.flatMap((item, index) => leaves(item, `${at}[${index}]`));
  if (typeof value !== 'object' || value === null) return [at];
  return Object.entries(value).flatMap(([name, item]) => leaves(item, `${at}.${name}`));
}

/** True when the element, or what it is inside of, has a line of lineage. */
function isTold({ lineage }: SourceRecord, leaf: string): boolean {
  return lineage.some(
    ({ element }) => leaf === element || leaf.startsWith(`${element}.`) || leaf.startsWith(`${element}[`),
  );
}

describe('lineage', () => {
  const records = listExamples(mappings).flatMap((example) =>
    runExample(mappings, example).flatMap(({ record }) =>
      record ? [{ name: `${example.source}/${example.name}`, record }] : [],
    ),
  );

  test.each(records)('$name: every leaf element has a source or is a constant', ({ record }) => {
    const all = record.statements.flatMap(({ local, resource }) =>
      leaves({ ...resource, resourceType: undefined }, local),
    );
    expect(all.filter((leaf) => !leaf.endsWith('.resourceType') && !isTold(record, leaf))).toEqual([]);
  });

  test('names the rule by file and line, and the source as its sender would', () => {
    const { record } = records.find(({ name }) => name === 'hl7v2-adt/a08-corrects-and-empties') ?? {};
    const find = (element: string) => record?.lineage.find((item) => item.element === element);
    expect(find('patient.name[1].family')).toEqual({
      element: 'patient.name[1].family',
      source: 'PID-5[2].1.1',
      rule: 'fragments/xpn.yaml:12',
    });
    expect(find('next-of-kin-2.relationship[0]')?.source).toBe('NK1[2]-3.1');
    expect(find('patient.contact[0].name.family')?.rule).toMatch(/^hl7v2-adt\/mapping\.yaml:\d+$/);
  });

  test('is a JSON pointer into FHIR messages, XPath into XML, and a row and column of a file', () => {
    const sourceOf = (name: string, element: string) =>
      records.find((item) => item.name === name)?.record.lineage.find((item) => item.element === element)
        ?.source;
    expect(sourceOf('bars-referral/cancel', 'servicerequest.priority')).toBe('/entry/2/resource/priority');
    expect(sourceOf('birth-notification/mother-and-baby', 'baby.birthDate')).toBe(
      '/Bundle/entry[5]/resource/Patient/birthDate/@value',
    );
    expect(sourceOf('third-sector-csv/spreadsheet-headers', 'patient.name[0].family')).toBe('row 2, Surname');
  });
});
