import { type CodeTable, translate } from '../../map/language/concept-map.ts';

/** A ConceptMap with one fault: the entry for `code` is removed, or leads to another target. */
type TableEdit = { code: string; what: string; table: CodeTable };

/** Two faults per entry: removed, and leading to a wrong target. No entry is removed that another, differing
 * only in case, replaces. */
export function tableEdits(table: CodeTable): TableEdit[] {
  return [...table.codes].flatMap(([code, target]) => {
    const codes = new Map(table.codes);
    codes.delete(code);
    const without = { ...table, codes };
    const other = [...table.codes.values()].find((one) => one.code !== target.code) ?? {
      ...target,
      code: 'changed',
    };
    const elsewhere = { ...table, codes: new Map(table.codes).set(code, other) };
    const dropped = { code, what: `"${code}" dropped`, table: without };
    const led = { code, what: `"${code}" to "${other.code}" instead of "${target.code}"`, table: elsewhere };
    return translate(without, code)?.code === target.code ? [led] : [dropped, led];
  });
}
