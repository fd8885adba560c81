import type { Issue, Json, SourceRecord, Statement } from '../model.ts';

type Said = { position: string; record: SourceRecord; statement: Statement };
type Of = Omit<Said, 'position'>;

/**
 * Units of one file that say different things of one resource: the file does not tell which is right, so from
 * the second on they are errors. Of a delta only what both say can differ. Units that say the same are told.
 * By position.
 */
export function findContradictions(
  units: { position: string; record: SourceRecord | null }[],
): Map<string, Issue> {
  const known = new Map<string, Said>();
  const found = new Map<string, Issue>();
  for (const { position, record } of units) {
    const all = (record?.statements ?? []).flatMap((statement) => {
      const key = keyOf(statement);
      return record && key ? [{ key, said: { position, record, statement } }] : [];
    });
    const pairs = all.flatMap(({ key, said }) => {
      const earlier = known.get(key);
      return earlier && earlier.position !== position ? [{ said, earlier }] : [];
    });
    const issue = pairs.map(({ said, earlier }) => compare(said, earlier)).find((one) => one !== undefined);
    const twin = pairs.find(({ said, earlier }) => sameAs(said.record, earlier.record))?.earlier;
    if (issue) found.set(position, issue);
    else if (twin) found.set(position, repeated(position, twin));
    if (!issue) for (const { key, said } of all) if (!known.has(key)) known.set(key, said);
  }
  return found;
}

function keyOf({ identifier, resource }: Statement): string | undefined {
  return identifier && `${resource.resourceType} ${identifier}`;
}

const sameAs = (one: SourceRecord, other: SourceRecord): boolean =>
  JSON.stringify(one.statements) === JSON.stringify(other.statements);

function repeated(field: string, { position }: Said): Issue {
  return { severity: 'information', code: 'duplicate', field, text: `says the same as ${position}` };
}

function compare(said: Said, earlier: Said): Issue | undefined {
  const snapshot = said.record.mode === 'snapshot';
  const differs = (element: string) => {
    const [now, before] = [said, earlier].map((one) => valueAt(one, element));
    return (
      (snapshot || (now !== undefined && before !== undefined)) &&
      JSON.stringify(now) !== JSON.stringify(before)
    );
  };
  const source = elementsOf(said).find(({ element }) => differs(element))?.source;
  const left = elementsOf(earlier).find(({ element }) => differs(element))?.source;
  if (source === undefined && left === undefined) return undefined;
  // Constants have no place; what only the earlier one says has its column.
  const place = source?.startsWith(said.position) ? source : left?.replace(earlier.position, said.position);
  const field = place?.startsWith(said.position) ? place : said.position;
  const text = `${earlier.position} says otherwise of the same ${said.statement.resource.resourceType}: which is right?`;
  return { severity: 'error', code: 'conflict', field, text };
}

/** Each element of the statement, without its local name, and where it came from. */
const elementsOf = ({ record, statement: { local } }: Of) =>
  record.lineage.flatMap(({ element, source }) =>
    element.startsWith(`${local}.`) ? [{ element: element.slice(local.length + 1), source }] : [],
  );

function valueAt({ statement: { resource } }: Of, element: string): Json | undefined {
  let node = resource as unknown as Json | undefined;
  for (const step of element.split(/[.[\]]+/).filter(Boolean))
    node = typeof node === 'object' && node !== null ? (node as Record<string, Json>)[step] : undefined;
  return node;
}
