/**
 * People whose identity was changed (sharing rule 13). Their charts stay together, and everything that is
 * shared of a family is computed as if they had never been in it; what was stored of them goes. The journeys
 * of others keep their shape.
 */
import type { Event } from '../model.ts';
import type { Assertion, Facts, Forget, StoredView, View } from '../store/facts.ts';
import type { Known } from './concerned.ts';
import { homesOf } from './family/journeys.ts';
import type { ViewChange } from './rechecks.ts';
import type { Person } from './who/charts.ts';

/** `known` without them. */
export function withoutFrozen(known: Known): Known {
  if (!known.persons.some(({ frozen }) => frozen)) return known;
  const isHidden = (person: Person | undefined) => person?.frozen === true;
  const isShown = ({ parent, child }: Record<'parent' | 'child', Person>) =>
    !isHidden(parent) && !isHidden(child);
  const ids = new Set(known.persons.filter(isHidden).map(({ id }) => id));
  const journeys = known.journeys
    .map((journey) => ({
      ...journey,
      members: journey.members.filter(({ person }) => !ids.has(person)),
      lost: journey.lost.filter((person) => !ids.has(person)),
      each: journey.each.flatMap(({ infants, stages }) => {
        const shown = infants.filter((person) => !ids.has(person));
        return shown.length > 0 || stages === journey.stages ? [{ infants: shown, stages }] : [];
      }),
    }))
    .filter(({ members }) => members.length > 0);
  return {
    ...known,
    journeys,
    homeOf: homesOf(journeys),
    statements: known.statements.filter(({ chart }) => !isHidden(known.personOf(chart))),
    persons: known.persons.filter((person) => !isHidden(person)),
    personOf: (key) => {
      const person = known.personOf(key);
      return isHidden(person) ? undefined : person;
    },
    edges: known.edges.filter(isShown),
    awaited: known.awaited.filter(isShown),
    spells: known.spells.filter(({ person }) => !isHidden(person)),
    referrals: known.referrals.filter(({ person }) => !isHidden(person)),
    spellOf: new Map([...known.spellOf].filter(([, { person }]) => !isHidden(person))),
  };
}

const NOTHING: Forget = { rows: [], pasts: [], persons: [] };

/** Every id that they ever had. */
export const idsOfFrozen = (persons: Person[]): Set<string> =>
  new Set(
    persons.filter(({ frozen }) => frozen).flatMap(({ id, charts }) => [id, ...charts.map(({ key }) => key)]),
  );

/** Nobody's worklist asks about them. */
export const isAboutNone =
  (hidden: Set<string>, numbers: Set<string>) =>
  ({ a, b }: Assertion): boolean =>
    [a, b].every((key) => key === null || !(hidden.has(key) || numbers.has(key)));

/**
 * Of what would be shown as no more (`state` gone) whatever spoke of one of them goes altogether: not even
 * that it was is to be found.
 */
export function forget(facts: Facts, views: ViewChange[], made: View[], hidden: Set<string>) {
  if (hidden.size === 0) return { views, gone: [], forgotten: NOTHING };
  const spokeOf = ({ persons, owner }: { persons: string[]; owner: string | null }) =>
    persons.some((one) => hidden.has(one)) || hidden.has(owner ?? '');
  const names = new Set(made.filter(({ state }) => state !== 'gone').map(nameOf));
  const gone = facts.views.filter((one) => !names.has(nameOf(one)) && spokeOf(one));
  const lost = new Set(gone.map(nameOf));
  const kept = views.filter(({ view }) => !lost.has(nameOf(view)));
  const isNews = gone.length > 0 || kept.some(({ before }) => before?.persons.some((one) => hidden.has(one)));
  const forgotten: Forget = isNews
    ? { rows: gone.map(({ rowId }) => rowId), pasts: facts.views.map(({ id }) => id), persons: [...hidden] }
    : NOTHING;
  return { views: kept, gone, forgotten };
}

/**
 * To whoever could read of them: their own services, and those with an own patient in a journey of theirs. It
 * says that somebody is withdrawn, and nothing else. Whoever was told of anything of theirs hears of that,
 * too (rechecks.ts).
 */
export function describeWithdrawn(
  { involvements, members }: Facts,
  gone: StoredView[],
  asOf: string,
): Event[] {
  const people = gone.filter(({ type, state }) => type === 'Patient' && state !== 'gone');
  return people.flatMap(({ id, authors }): Event[] => {
    const own = involvements.filter(({ person }) => person === id).map(({ service }) => service);
    const open = members.filter(({ role, closes }) => role !== 'partner' && (closes ?? '9') > asOf);
    const others = open
      .filter(({ person }) => person === id)
      .flatMap(({ journey, role }) => {
        const fellows = open.filter((one) => one.journey === journey && one.person !== id);
        const caring = involvements.filter(
          (row) =>
            row.journey === journey &&
            row.state === 'open' &&
            fellows.some(({ person }) => person === row.person),
        );
        return [{ role, to: caring.map(({ service }) => service).filter((one) => !own.includes(one)) }];
      });
    return [{ to: [...own, ...authors] }, ...others]
      .map(({ to, ...rest }) => ({ ...rest, to: [...new Set(to)].sort() }))
      .filter(({ to }) => to.length > 0)
      .map((whom) => ({
        ...{ code: 'withdrawn', journey: null, persons: [], category: 'INV', services: [], stage: null },
        focus: { type: 'Patient', id },
        ...whom,
      }));
  });
}

const nameOf = ({ type, id }: { type: string; id: string }): string => `${type}/${id}`;
