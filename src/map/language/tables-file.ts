import { z } from 'zod';
import { SourceType } from './source-type.ts';

/** source.yaml of an extract: its tables, the columns that are read, and how rows are joined. */
export const TablesFile = z
  .strictObject({
    format: z.literal('tables'),
    unit: z.string().describe('table of which each row is one unit, with all that belongs to it'),
    tables: z.record(
      z.string(),
      z.strictObject({
        key: z.string().optional().describe('column that names a row'),
        of: z.string().optional().describe('table that each row belongs to'),
        by: z.string().optional().describe('column that holds the key of the row it belongs to'),
        for: z
          .record(z.string(), z.string())
          .optional()
          .describe('tables whose rows name one of this, and the column that does'),
        one: z.literal(true).optional().describe('one row, which speaks of the whole file'),
        columns: z.record(z.string(), SourceType).describe('those that are read'),
      }),
    ),
    ignored: z
      .record(z.string(), z.string())
      .default({})
      .describe('MHS101Referral.OrgIDComm, or a whole table'),
  })
  .superRefine((file, context) => {
    for (const { path, message } of tableFaults(file)) context.addIssue({ code: 'custom', path, message });
  });
export type TablesFile = Pick<z.infer<typeof TablesFile>, 'unit' | 'tables' | 'ignored'>;

/** Finds joins that name no table or column, and columns that are both read and ignored. */
function tableFaults({ unit, tables, ignored }: TablesFile): { path: string[]; message: string }[] {
  const has = (table = '', column = '') => Object.hasOwn(tables[table]?.columns ?? {}, column);
  const isRound = (name: string) => {
    const above = new Set<string>();
    for (let at = tables[name]?.of; at !== undefined && !above.has(at); at = tables[at]?.of) above.add(at);
    return above.has(name);
  };
  const idle = Object.keys(ignored).flatMap((name) => {
    const [table = '', column] = name.split('.');
    if (column === undefined)
      return tables[table] ? [{ path: ['ignored', name], message: `${name} is read` }] : [];
    if (!tables[table]) return [{ path: ['ignored', name], message: `no table "${table}"` }];
    return has(table, column) ? [{ path: ['ignored', name], message: `${name} is read` }] : [];
  });
  const own = Object.entries(tables).flatMap(([name, { key, of, by, for: users = {}, one, columns }]) => {
    const joined = name === unit || of !== undefined || one || Object.keys(users).length > 0;
    return [
      ...(key === undefined || has(name, key) ? [] : [{ path: ['key'], message: `no column "${key}"` }]),
      ...(of === undefined || tables[of]?.key
        ? []
        : [{ path: ['of'], message: `no table "${of}" with a key` }]),
      ...(isRound(name) ? [{ path: ['of'], message: `${name} belongs to itself` }] : []),
      ...(of === undefined || has(name, by) ? [] : [{ path: ['by'], message: `no column "${by}"` }]),
      // Child rows are put into their parent's tree under the child table's name.
      ...Object.keys(columns).flatMap((column) =>
        Object.hasOwn(tables, column)
          ? [{ path: ['columns', column], message: 'a table has this name' }]
          : [],
      ),
      ...(joined ? [] : [{ path: [], message: 'nothing joins it: of, for or one' }]),
      ...Object.entries(users).flatMap(([table, column]) =>
        has(table, column)
          ? []
          : [{ path: ['for', table], message: `no column "${column}" in table "${table}"` }],
      ),
    ].map(({ path, message }) => ({ path: ['tables', name, ...path], message }));
  });
  return [
    ...own,
    ...idle,
    ...(tables[unit]?.key && !tables[unit].of
      ? []
      : [{ path: ['unit'], message: `no table "${unit}" with a key` }]),
  ];
}
