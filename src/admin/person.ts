/** `skein person explain`, `skein link`, `skein unlink`: who is who and why, and what people decide of it. */
import type { Context } from '../context.ts';
import { Rejected } from '../errors.ts';
import { NHS_NUMBER } from '../fhir/systems.ts';
import { REVIEWERS } from '../link/who/decided.ts';
import type { Consequence } from '../pipeline/decide.ts';
import {
  type AssertionRow,
  type ChartRow,
  describeCharts,
  findAssertions,
  findDecisions,
  findMemberships,
  findPerson,
  type StandingDecision,
} from '../save/decisions.ts';
import type { Done } from './command.ts';

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** Which charts a person is made of, by what rule, and what was decided: no names, no numbers of people. */
export async function explainPerson({ db }: Pick<Context, 'db'>, id: string): Promise<Done> {
  const known = UUID.test(id) ? await findPerson(db, id) : null;
  if (!known)
    throw new Rejected(422, [{ severity: 'error', code: 'not-found', text: `nobody is known as "${id}"` }]);
  const { person, charts } = known;
  const [made, found, decisions, journeys] = await Promise.all([
    describeCharts(db, charts, NHS_NUMBER),
    findAssertions(db, charts),
    findDecisions(db, charts, REVIEWERS),
    findMemberships(db, person),
  ]);
  const lines = [
    `person ${person}${person === id ? '' : `, to whom ${id} leads`}`,
    ...made.map(describeChart),
    ...found.map(describeAssertion),
    ...decisions.map(describeDecision),
    ...journeys.map(({ journey, role }) => `journey ${journey}: ${role}`),
  ];
  return {
    data: { person, charts: made, found, decisions, journeys },
    text: lines.map((line) => `${line}\n`).join(''),
    about: [person],
  };
}

const describeChart = ({ chart, system, sector, number, since }: ChartRow): string =>
  [
    `chart ${chart} of ${system}`,
    `sector ${sector ?? 'none'}`,
    `said ${since.toISOString()}`,
    `NHS number: ${number}`,
  ].join(', ');

const describeAssertion = ({ kind, one, other, rule, at }: AssertionRow): string =>
  `${at.toISOString()} was found: ${kind} ${one}${other ? ` ${other}` : ''}: ${rule}`;

const describeDecision = ({ verdict, one, other, by, reason, at }: StandingDecision): string =>
  `${at.toISOString()} decided by ${by}: ${verdict} ${one} ${other} (${reason})`;

/** What follows from a decision, or would. */
export function describeConsequence(done: Consequence, dry: boolean): Done {
  const { message, persons, journeys, events, told } = done;
  const list = (counts: Record<string, number>) =>
    Object.entries(counts)
      .map(([name, n]) => `${name} ${n}`)
      .join(', ') || 'none';
  const lines = [
    dry ? 'nothing was changed' : `kept as message ${message}`,
    `people around it: ${persons.before} before, ${persons.after} after`,
    `journeys that change: ${journeys}`,
    `events: ${list(events)}`,
    `had been told of what changes: ${list(told)}`,
  ];
  return { data: done, text: lines.map((line) => `${line}\n`).join('') };
}
