/** Why a recipient is shown what it is shown: the level, and by what standing it has that. */
import type { Category, Level, Recipient, ResourceRow, Role } from '../../model.ts';
import type { Db } from '../../store/pool.ts';
import { decide, type Grants } from '../decide/decide.ts';
import { isDiscreet } from '../decide/stays-inside.ts';
import { isItsOwn } from '../project/project.ts';
import { journeysOf } from '../project/project-care.ts';
import { loadGrantsOf } from './visible.ts';

/**
 * `standing`: the operator; who said it or was asked by it; the service whose own patient it is about; or
 * what that person is in a journey of which another member is its patient.
 */
export type Reason = {
  category: Category;
  level: Level;
  standing: 'operator' | 'party' | 'own' | Role;
};

const CATEGORY: Record<string, Category> = {
  Patient: 'DEM',
  EpisodeOfCare: 'INV',
  Encounter: 'ENC',
  ServiceRequest: 'REF',
};

/** Of rows that the recipient sees, by `Type/id`; types that the table has no column for are missing. */
export async function reasonsFor(
  db: Db,
  recipient: Recipient,
  rows: ResourceRow[],
): Promise<Map<string, Reason>> {
  const grants = await loadGrantsOf(db, recipient, rows);
  return new Map(
    rows.flatMap((row): [string, Reason][] => {
      const category = CATEGORY[row.type];
      return category ? [[`${row.type}/${row.id}`, reasonFor(recipient, grants, { row, category })]] : [];
    }),
  );
}

type Asked = { row: ResourceRow; category: Category };

function reasonFor(recipient: Recipient, grants: Grants, { row, category }: Asked): Reason {
  if (recipient.kind === 'operator' || grants.everything)
    return { category, level: 'F', standing: 'operator' };
  if (isItsOwn(grants, recipient.system.service, row)) return { category, level: 'F', standing: 'party' };
  const [person = ''] = row.persons;
  const journeys = category === 'DEM' ? undefined : journeysOf(row.content);
  const level = decide(grants, category, person, journeys);
  const grant = grants.persons.get(person);
  const isOwn = grant?.care != null && grant.care !== 'pending';
  const standing = isOwn ? 'own' : (grant?.roles[0]?.role ?? 'party');
  const isMasked = level !== '-' && category !== 'DEM' && isDiscreet(grants, row.service);
  return { category, level: isMasked ? 'E' : level, standing };
}
