import { z } from 'zod';

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
        columns: z.record(z.string(), z.string()).describe('types of the columns that are read'),
      }),
    ),
    ignored: z.record(z.string(), z.string()).default({}).describe('MHS101Referral.OrgIDComm, or a whole table'),
  })
  .superRefine((file, context) => {
    for (const { path, message } of tableFaults(file)) context.addIssue({ code: 'custom', path, message });
  });
export type TablesFile = Pick<z.infer<typeof TablesFile>, 'unit' | 'tables' | 'ignored'>;

/** Joins that lead nowhere. */
function tableFaults({ unit, tables }: TablesFile): { path: string[]; message: string }[] {
  const has = (table = '', column = '') => Object.hasOwn(tables[table]?.columns ?? {}, column);
  const own = Object.entries(tables).flatMap(([name, { key, of, by, for: users = {}, one }]) => {
    const joined = name === unit || of !== undefined || one || Object.keys(users).length > 0;
    return [
      ...(key === undefined || has(name, key) ? [] : [{ path: ['key'], message: `no column "${key}"` }]),
      ...(of === undefined || tables[of]?.key ? [] : [{ path: ['of'], message: `no table "${of}" with a key` }]),
      ...(of === undefined || has(name, by) ? [] : [{ path: ['by'], message: `no column "${by}"` }]),
      ...(joined ? [] : [{ path: [], message: 'nothing joins it: of, for or one' }]),
      ...Object.entries(users).flatMap(([table, column]) =>
        has(table, column) ? [] : [{ path: ['for', table], message: `no column "${column}" in table "${table}"` }],
      ),
    ].map(({ path, message }) => ({ path: ['tables', name, ...path], message }));
  });
  return tables[unit]?.key ? own : [...own, { path: ['unit'], message: `no table "${unit}" with a key` }];
}
