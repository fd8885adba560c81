/**
 * Parameters of a statement by name, and arrays in PostgreSQL's binary form:
 * https://www.postgresql.org/docs/15/protocol-message-formats.html
 */

/**
 * A statement whose parameters are written `$name`: gives its text with `$1::type`, and of an object that has
 * a value for every name the values in that order.
 */
export function nameParameters<Name extends string>(types: Record<Name, string>) {
  const names = Object.keys(types) as Name[];
  return {
    textOf: (sql: string): string =>
      sql.replace(/\$([a-z]\w*)/gi, (_, name: Name) => {
        const place = names.indexOf(name) + 1;
        if (place === 0) throw new Error(`the statement has no parameter ${name}`);
        return `$${place}::${types[name]}`;
      }),
    valuesOf: (values: Record<Name, unknown>): unknown[] => names.map((name) => values[name]),
  };
}

/** Type numbers of pg_type. */
const BYTEA = 17;
const TEXT = 25;

export const packTexts = (items: (string | null)[]): Buffer =>
  pack(
    TEXT,
    items.map((item) => item && Buffer.from(item)),
  );
export const packBytes = (items: (Buffer | null)[]): Buffer => pack(BYTEA, items);

/** One dimension, from 1. As text every quote and byte would be escaped, and read twice. */
function pack(type: number, items: (Buffer | string | null)[]): Buffer {
  const head = Buffer.alloc(20);
  const lengths = Buffer.alloc(items.length * 4);
  const parts: Buffer[] = [head];
  [items.length > 0 ? 1 : 0, items.includes(null) ? 1 : 0, type, items.length, 1].forEach((value, place) => {
    head.writeInt32BE(value, place * 4);
  });
  for (const [place, item] of items.entries()) {
    lengths.writeInt32BE(item === null ? -1 : item.length, place * 4);
    parts.push(lengths.subarray(place * 4, place * 4 + 4));
    if (item !== null && item.length > 0) parts.push(item as Buffer);
  }
  return items.length > 0 ? Buffer.concat(parts) : head.subarray(0, 12);
}
