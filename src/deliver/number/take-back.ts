import type { Grants } from '../../access/decide/decide.ts';
import { loadGrantsForServices } from '../../access/decide/grants.ts';
import { project } from '../../access/project/project.ts';
import type { Event } from '../../model.ts';
import type { Db } from '../../store/pool.ts';
import { recipientOf, type Stored } from '../subscribe/stored.ts';
import { type Focus, type FocusRow, findFocuses, isGone, nameOf } from './find-focuses.ts';

/** A pending recheck of one subscription. */
export type Rechecked = { stored: Stored; eventId: string };
type Told = Focus & { subscriptionId: string; eventId: string };

const TOLD = `
select distinct on (t.subscription_id, t.id, t.type) t.subscription_id as "subscriptionId", t.type, t.id,
  a.event_id as "eventId"
  from unnest($1::uuid[], $2::bigint[]) as a (subscription_id, event_id) join event e on e.id = a.event_id
  cross join lateral jsonb_array_elements_text(e.event -> 'foci') as f (id)
  join told t on t.id = f.id::uuid and t.subscription_id = a.subscription_id
 order by t.subscription_id, t.id, t.type, a.event_id`;

/**
 * What each of these subscriptions was told of and may not read any more, as the events that say so, by
 * subscription and recheck. What several rechecks ask about comes once. `merged`: names of those of whom a
 * merge is told at the same time, which says enough.
 */
export async function findTakenBack(
  db: Db,
  rechecks: Rechecked[],
  merged: Map<string, Set<string>>,
): Promise<Map<string, Event[]>> {
  if (rechecks.length === 0) return new Map();
  const values = [rechecks.map(({ stored }) => stored.id), rechecks.map(({ eventId }) => eventId)];
  const { rows: told } = await db.query<Told>(TOLD, values);
  const byId = new Map(rechecks.map(({ stored }) => [stored.id, stored]));
  const rows = await findFocuses(db, told);
  const grants = await loadGrantsForServices(
    db,
    told.flatMap((one) => {
      const service = byId.get(one.subscriptionId)?.system?.service;
      const persons = rows.get(nameOf(one))?.persons ?? [];
      return service ? [{ service: service.id, sector: service.sector, persons }] : [];
    }),
  );
  const lost = told.filter((one) => {
    const stored = byId.get(one.subscriptionId) as Stored;
    const isMerged = merged.get(stored.id)?.has(nameOf(one)) === true;
    return !isMerged && isLost(stored, grantsOf(stored, grants), rows.get(nameOf(one)));
  });
  return new Map(
    [...Map.groupBy(lost, keyOf)].map(([key, group]) => [
      key,
      group.map((one) =>
        takeBack(one, grantsOf(byId.get(one.subscriptionId) as Stored, grants), rows.get(nameOf(one))),
      ),
    ]),
  );
}

/** Names a recheck of one subscription. */
export const keyOf = ({ subscriptionId, eventId }: Pick<Told, 'subscriptionId' | 'eventId'>): string =>
  `${subscriptionId} ${eventId}`;

function grantsOf({ system }: Stored, grants: Map<string, Grants>): Grants {
  return system ? (grants.get(system.service.id) as Grants) : { everything: true };
}

/**
 * A person who was merged away still answers, and says into whom; of a prompt that is over, its owner is told
 * that it is cleared.
 */
function isLost(stored: Stored, grants: Grants, row: FocusRow | undefined): boolean {
  if (!row || (!['Patient', 'Task'].includes(row.type) && isGone(row))) return true;
  return project(recipientOf(stored), grants, row) === null;
}

/**
 * Ids only: neither whose it is now, nor why. What is not there at all is `withdrawn`, and no more is said.
 * So is a journey of an own patient that became part of another, as when two charts prove one infant: that
 * patient was unlinked from nobody.
 */
function takeBack(focus: Focus, grants: Grants, row: FocusRow | undefined): Event {
  const isCared = (person: string) => !grants.everything && Boolean(grants.persons.get(person)?.care);
  const isOwn =
    focus.type === 'Patient' ? isCared(focus.id) : row && isGone(row) && row.persons.some(isCared);
  const isMember = row && ['Group', 'RelatedPerson', 'Patient'].includes(focus.type) && !isOwn;
  return eventOf(isMember ? 'member-unlinked' : 'withdrawn', focus);
}

function eventOf(code: Event['code'], { type, id }: Focus): Event {
  return {
    code,
    journey: null,
    persons: [],
    category: 'INV',
    services: [],
    focus: { type, id },
    stage: null,
  };
}
