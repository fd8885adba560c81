/** The invented people who sign in to the demo: one of each role, and what HUMAN_ROLES says of them. */
import { TEAMS } from './family.ts';

/** `role`: as the organisation codes it; `what`: in words, for whoever chooses. */
export type Person = { id: string; name: string; organisation: string; role: string; what: string };
type Line = { organisation: string; role: string; team: string; may: string[] };

const HOST = 'DEMO9';
const at = ({ ods, team }: { ods: string; team: string }, role: string, may: string[]): Line => ({
  ...{ organisation: ods, role, team, may },
});

export const ROLES: Line[] = [
  at(TEAMS.perinatal, 'R8000', ['clinician']),
  at(TEAMS.visiting, 'R8000', ['clinician', 'reviewer']),
  at(TEAMS.charity, 'R8001', ['clinician']),
  at(TEAMS.maternity, 'R8003', ['engineer']),
  { organisation: HOST, role: 'R8008', team: '*', may: ['operator'] },
  { organisation: HOST, role: 'R8009', team: '*', may: ['governance'] },
];

const person = (id: string, name: string, [organisation, role]: [string, string], what: string): Person => ({
  ...{ id, name, organisation, role, what },
});

export const PEOPLE: Person[] = [
  person('demo-1', 'Merryn Sample', [TEAMS.perinatal.ods, 'R8000'], `clinician, ${TEAMS.perinatal.name}`),
  person(
    'demo-2',
    'Loveday Sample',
    [TEAMS.visiting.ods, 'R8000'],
    `clinician and reviewer, ${TEAMS.visiting.name}`,
  ),
  person('demo-3', 'Piran Sample', [TEAMS.charity.ods, 'R8001'], `volunteer, ${TEAMS.charity.name}`),
  person(
    'demo-4',
    'Jory Sample',
    [TEAMS.maternity.ods, 'R8003'],
    `integration engineer, ${TEAMS.maternity.name}`,
  ),
  person('demo-5', 'Denzel Sample', [HOST, 'R8008'], 'operator, who runs Skein'),
  person('demo-6', 'Kerensa Sample', [HOST, 'R8009'], 'governance: sees it as any service'),
];
