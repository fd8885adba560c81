/** Which of the teams of a feed a message is from, before anything of it is linked. */
import { chooseTeam, teamsOf } from '../access/register/teams.ts';
import type { Context } from '../context.ts';
import { ORIGIN_KEYS, ORIGINS, type Origin } from '../formats/hl7v2-origin.ts';
import type { Team } from '../link/who/team.ts';
import type { Issue, Service, System } from '../model.ts';

/** `system` with the service that the message is from. */
export type Placed = { system: System; team: Team | null; issues: Issue[] };

/**
 * By the table of the system, which is the operator's: what the message says chooses a row, and the row names
 * the service. What is in no row is from the system's own service, and its sender is told.
 */
export async function placeMessage(ctx: Context, system: System, origin: Origin = {}): Promise<Placed> {
  const rows = await teamsOf(ctx.db, system);
  if (rows.length === 0) return { system, team: null, issues: [] };
  const row = chooseTeam(rows, origin);
  if (row)
    return { system: { ...system, service: row.service }, team: teamOf(system, row.service), issues: [] };
  const asked = ORIGIN_KEYS.filter((key) => rows.some(({ keys }) => keys[key]));
  const said = asked.flatMap((key) => origin[key] ?? []);
  const fields = said.length > 0 ? said.map(({ field }) => field) : asked.map((key) => ORIGINS[key][0]);
  return {
    system,
    team: said.length > 0 ? teamOf(system, system.service) : 'silent',
    issues: [unplaced(fields, said.length > 0)],
  };
}

const teamOf = ({ service }: System, { id }: Service): Team => ({ service: id, apart: id !== service.id });

/** The place of the value, never the value: a sender may have put anything there. */
function unplaced(fields: string[], isSaid: boolean): Issue {
  const [field = ''] = fields;
  const list = fields.join(', ');
  const text = isSaid
    ? `${list}: no row of the table of teams of this feed has what is there; taken for the feed's own service`
    : `${list}: empty, and the table of teams of this feed asks it; taken for the feed's own service`;
  return { severity: isSaid ? 'warning' : 'information', code: 'not-found', field, text };
}
