/** The tables and columns that the extracts' sources declare are those of the published data sets, and none of a table is forgotten. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { MAPPINGS_DIR, readMappings } from '../../src/map/language/read-mappings.ts';

const FILE = join(process.env.STANDARDS_DATA ?? '../shared/data', 'datasets/mhsds-msds-tables.json');
type Column = { name: string; primary?: boolean; foreign?: string };
type DataSet = Record<string, Column[]>;

describe.skipIf(!existsSync(FILE))('the data sets as published', async () => {
  const published = existsSync(FILE)
    ? (JSON.parse(readFileSync(FILE, 'utf8')) as Record<string, DataSet>)
    : {};
  const { sources } = await readMappings(MAPPINGS_DIR, []);

  it.each([
    ['mhsds', 'MHSDS_v6'],
    ['msds', 'MSDS_v2'],
  ])('%s declares or ignores every table of %s, and every column of those it reads', (name, dataSet) => {
    const source = sources.get(name)?.source;
    if (source?.format !== 'tables') throw new Error(`${name} is no source of tables`);
    const { tables, ignored } = source;
    const expected = Object.entries(published[dataSet] ?? {})
      // The library's own table, about submissions.
      .filter(([table]) => table !== 'Metadata')
      .flatMap(([table, columns]) =>
        tables[table] ? columns.map((column) => `${table}.${column.name}`) : [table],
      );
    const declared = Object.entries(tables).flatMap(([table, { columns }]) =>
      Object.keys(columns).map((column) => `${table}.${column}`),
    );
    expect([...declared, ...Object.keys(ignored)].sort()).toEqual(expected.sort());
  });

  it.each([
    ['mhsds', 'MHSDS_v6'],
    ['msds', 'MSDS_v2'],
  ])('%s joins them by the keys of %s', (name, dataSet) => {
    const source = sources.get(name)?.source;
    if (source?.format !== 'tables') throw new Error(`${name} is no source of tables`);
    for (const [table, { key, of = '', by }] of Object.entries(source.tables)) {
      const columns = published[dataSet]?.[table] ?? [];
      const primary = columns.find((column) => column.primary)?.name;
      if (primary) expect([table, key]).toEqual([table, primary]);
      if (!by) continue;
      const foreign = columns.find((column) => column.name === by)?.foreign;
      expect([table, foreign]).toEqual([table, `${/^\w+?\d{3}/.exec(of)?.[0]}['${source.tables[of]?.key}']`]);
    }
  });
});
