import type { ResourceRow } from '../../model.ts';
import type { Db } from '../../store/pool.ts';

export type Focus = { type: string; id: string };
/** `state`: as the view has it (src/store/facts.ts). */
export type FocusRow = ResourceRow & { state: string | null };

export const nameOf = ({ type, id }: Focus): string => `${type}/${id}`;

/** Present rows of what is to be told of, by name. */
export async function findFocuses(db: Db, focuses: Focus[]): Promise<Map<string, FocusRow>> {
  const wanted = [...new Map(focuses.map((focus) => [nameOf(focus), focus])).values()];
  if (wanted.length === 0) return new Map();
  const { rows } = await db.query<FocusRow>({
    name: 'deliver-focuses',
    text: `select row_id as "rowId", type, id, version, updated_at as "updatedAt", content, persons, authors,
      service, sources,
        state
      from unnest($1::text[], $2::uuid[]) as wanted (type, id) join resource using (id, type)`,
    values: [wanted.map(({ type }) => type), wanted.map(({ id }) => id)],
  });
  return new Map(rows.map((row) => [nameOf(row), row]));
}

/** What is there says only that there is nothing any more: merged, parted, or never so. */
export function isGone({ state }: FocusRow): boolean {
  return state === 'gone' || state?.startsWith('entered-in-error') === true;
}
