import type { StatementState } from '../../store/facts.ts';
import { heldBy } from '../fold-teams.ts';

/** A team that had a stay until it went to another of the same feed. ISO instants. */
export type Former = { service: string; since: string; until: string };

/** Of each team that had it and has it no more: from when it said so until the next one did. */
export function formerTeams(state: StatementState): Former[] {
  const [present, ...former] = heldBy(state).filter(
    ({ service }, place, all) => all.findIndex((one) => one.service === service) === place,
  );
  return former.map(({ service, since, last }) => {
    const next = heldBy(state)
      .map((other) => other.since)
      .filter((other) => other > last)
      .sort()[0];
    const until = next ?? (present && present.since > since ? present.since : last);
    return { service, since: since.slice(0, 24), until: until.slice(0, 24) };
  });
}
