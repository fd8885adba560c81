/**
 * Of a feed of several teams a statement keeps which of them said it, beside the times of its elements: the
 * one that said so last has it, and those that said so before have had it.
 */

/** Since when, and when last, a team of the feed said it of a chart: `~since|SERVICE|CHART`. */
const SINCE = '~since|';
const LAST = '~last|';

type Times = Record<string, string>;
type Saying = { team?: { service: string; chart: string }; stamp: string };

export const isTeam = (name: string): boolean => name.startsWith(SINCE) || name.startsWith(LAST);
const teamsIn = (times: Times | null): [string, string][] =>
  Object.entries(times ?? {}).filter(([name]) => isTeam(name));

export function withoutTeams(times: Times | null): Times | null {
  if (teamsIn(times).length === 0) return times;
  const rest = Object.entries(times ?? {}).filter(([name]) => !isTeam(name));
  return rest.length > 0 ? Object.fromEntries(rest) : null;
}

/** The marks of a statement with that of one saying of it: in any order the same. */
export function foldTeams(times: Times, { team, stamp }: Saying): Times {
  const teams = Object.fromEntries(teamsIn(times));
  if (!team) return teams;
  const name = `${team.service}|${team.chart}`;
  const [since = stamp, last = stamp] = [teams[SINCE + name], teams[LAST + name]];
  return {
    ...teams,
    [SINCE + name]: since < stamp ? since : stamp,
    [LAST + name]: last > stamp ? last : stamp,
  };
}

/** A team that a statement is or was of; `chart` is its own chart of the patient. */
type Holder = { service: string; chart: string; since: string; last: string };

/** The teams of its feed that said it, the present one first: the one that said so last. */
export function heldBy({ times }: { times: Times | null }): Holder[] {
  return teamsIn(times)
    .filter(([name]) => name.startsWith(LAST))
    .map(([name, last]) => {
      const [service = '', chart = ''] = name.slice(LAST.length).split('|');
      return { service, chart, since: times?.[`${SINCE}${service}|${chart}`] ?? last, last };
    })
    .sort((a, b) => (a.last > b.last ? -1 : 1));
}
