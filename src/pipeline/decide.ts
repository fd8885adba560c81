/** What people decide of who is who: a message of their own, linked and saved like any other. */
import { randomUUID } from 'node:crypto';
import { namedOperator, record as recordAudit } from '../audit/record.ts';
import type { Context } from '../context.ts';
import { Rejected } from '../errors.ts';
import { messageName } from '../fhir/ids.ts';
import { link } from '../link/plan.ts';
import type { Pair, PatientState } from '../link/who/charts.ts';
import { decisionOf, REVIEWERS, type Verdict } from '../link/who/decided.ts';
import { readLifeCycle } from '../link/who/life-cycle.ts';
import { isVetoed } from '../link/who/persons.ts';
import type { Human } from '../model.ts';
import { announceCommit } from '../publish/sequencer.ts';
import {
  countTold,
  findDecisions,
  findPerson,
  type Known,
  keepOwnSystem,
  type StandingDecision,
} from '../save/decisions.ts';
import { withFacts } from '../save/load.ts';
import { NOTHING, save } from '../save/save.ts';
import type { Facts, IdentifiedStatement, Plan } from '../store/facts.ts';
import type { Db } from '../store/pool.ts';
import { ownMessage, ownRecord, ownService } from './own-word.ts';
import { rulesOf } from './recompute.ts';

/** `by` and `reason` are kept with it; `dry`: only what would follow is said; `human`: who says it. */
export type Said = { by: string; reason: string; undo: boolean; dry: boolean; human?: Human };
type Decided = Pick<Said, 'by' | 'reason' | 'human'> & { pairs: Pair[]; verdict: Verdict; of: Verdict };

/**
 * What follows: how many persons the charts make now, how many journeys change, the events by code, and who
 * was told of what would not be so any more (by system, how many things).
 */
export type Consequence = {
  message: string | null;
  persons: { before: number; after: number };
  journeys: number;
  events: Record<string, number>;
  told: Record<string, number>;
};

/** The two are one person. Throws Rejected where verified number, birth date or order of birth differ. */
export async function decideSame(ctx: Context, [a, b]: Pair, said: Said): Promise<Consequence> {
  const [one, other] = [await personOf(ctx, a), await personOf(ctx, b)];
  if (said.undo) {
    const pairs = await standing(ctx, 'same', [...one.charts, ...other.charts]);
    return decide(ctx, { ...said, pairs, verdict: 'undone', of: 'same' }, said.dry);
  }
  if (one.person === other.person) refuse('they are one person already');
  const apart = await findDecisions(ctx.db, one.charts, REVIEWERS);
  if (apart.some((found) => found.verdict !== 'same' && isBetween(found, one, other)))
    refuse('people decided that they are two: undo that first (skein unlink --undo)');
  const pairs: Pair[] = [[one.person, other.person]];
  return decide(ctx, { ...said, pairs, verdict: 'same', of: 'same' }, said.dry);
}

/** The two are not one person, however alike they are: nothing joins them any more. */
export async function decideTwo(ctx: Context, [a, b]: Pair, said: Said): Promise<Consequence> {
  const [one, other] = [await personOf(ctx, a), await personOf(ctx, b)];
  const of = 'two';
  if (said.undo) {
    const pairs = await standing(ctx, of, [...one.charts, ...other.charts]);
    return decide(ctx, { ...said, pairs, verdict: 'undone', of }, said.dry);
  }
  if (one.person === other.person) refuse('they are one person: name the chart that is of another');
  return decide(ctx, { ...said, pairs: crossed(one, other), verdict: of, of }, said.dry);
}

const isBetween = ({ verdict, one: a, other: b }: StandingDecision, one: Known, other: Known): boolean =>
  !['not-parent', 'mother'].includes(verdict) &&
  crossed(one, other).some(([x, y]) => (a === x && b === y) || (a === y && b === x));

const crossed = (one: Known, other: Known): Pair[] =>
  one.charts.flatMap((a) => other.charts.map((b): Pair => [a, b]));

/** The chart is not of the person that it is part of: it is a person of its own from now on. */
export async function decideApart(ctx: Context, chart: string, said: Said): Promise<Consequence> {
  const { charts } = await personOf(ctx, chart);
  const of = 'different';
  if (said.undo) {
    const pairs = await standing(ctx, of, [chart]);
    return decide(ctx, { ...said, pairs, verdict: 'undone', of }, said.dry);
  }
  if (charts.length < 2) refuse('it is a person of its own already');
  const pairs = charts.filter((one) => one !== chart).map((other): Pair => [chart, other]);
  return decide(ctx, { ...said, pairs, verdict: of, of }, said.dry);
}

/**
 * The first gave birth to the second: of one child one person did, so that a decision which stands is undone
 * first. Refused where birth dates speak against it, or a national record, which alone outranks it.
 */
export async function decideMother(ctx: Context, [a, b]: Pair, said: Said): Promise<Consequence> {
  const [mother, child] = [await personOf(ctx, a), await personOf(ctx, b)];
  if (mother.person === child.person) refuse('they are one person');
  const of = 'mother';
  const decided = await findDecisions(ctx.db, child.charts, REVIEWERS);
  const births = decided.filter(({ verdict, other }) => verdict === of && child.charts.includes(other));
  if (said.undo) {
    const hers = births.filter(({ one }) => mother.charts.includes(one));
    if (hers.length === 0) refuse(NOTHING_DECIDED);
    const pairs = hers.map(({ one, other }): Pair => [one, other]);
    return decide(ctx, { ...said, pairs, verdict: 'undone', of }, said.dry);
  }
  if (births.length > 0)
    refuse('people decided who gave birth: undo that first (skein link --mother … --undo)');
  const isDenied = decided.some(
    ({ verdict, one }) => verdict === 'not-parent' && mother.charts.includes(one),
  );
  if (isDenied) refuse('people decided that she is not the parent: undo that first (skein unlink --undo)');
  return decide(ctx, { ...said, pairs: [[mother.person, child.person]], verdict: of, of }, said.dry);
}

/** The first is no parent of the second, whoever says so. */
export async function decideNoParent(ctx: Context, [a, b]: Pair, said: Said): Promise<Consequence> {
  const [parent, child] = [await personOf(ctx, a), await personOf(ctx, b)];
  if (parent.person === child.person) refuse('they are one person');
  const decided = await findDecisions(ctx.db, child.charts, REVIEWERS);
  if (!said.undo && decided.some(({ verdict, one }) => verdict === 'mother' && parent.charts.includes(one)))
    refuse('people decided that she gave birth: undo that first (skein link --mother … --undo)');
  const pairs = crossed(parent, child);
  const verdict = said.undo ? 'undone' : 'not-parent';
  return decide(ctx, { ...said, pairs, verdict, of: 'not-parent' }, said.dry);
}

/** As if these pairs of charts had never been decided; whatever else was decided of them stands. */
export const undoDecision = (
  ctx: Context,
  { pairs, of }: { pairs: Pair[]; of: Verdict },
  said: Said,
): Promise<Consequence> => decide(ctx, { ...said, pairs, verdict: 'undone', of }, said.dry);

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

async function personOf({ db }: Context, id: string): Promise<Known> {
  const found = UUID.test(id) ? await findPerson(db, id) : null;
  return found ?? refuse(`nobody is known as "${id}"`);
}

const NOTHING_DECIDED = 'nothing of the kind was decided: there is nothing to undo';

/** A word that makes nobody a mother is not kept: it would begin to count by somebody's later correction. */
function refuseIdle({ assertions }: Plan, statements: IdentifiedStatement[]): void {
  const said = new Set(statements.map(({ key }) => `reference:${key}`));
  if (!assertions.some(({ kind, method }) => kind === 'parent' && said.has(method)))
    refuse('she cannot be: birth dates speak against it, or a national record names another');
}

/** What was decided of these charts and not undone. */
async function standing({ db }: Context, verdict: Verdict, charts: string[]): Promise<Pair[]> {
  const found = (await findDecisions(db, charts, REVIEWERS)).filter((one) => one.verdict === verdict);
  if (found.length === 0) refuse(NOTHING_DECIDED);
  return found.map(({ one, other }): Pair => [one, other]);
}

function refuse(text: string): never {
  throw new Rejected(422, [{ severity: 'error', code: 'business-rule', text }]);
}

/** Ends the transaction without a trace. */
class OnlyAsked extends Error {
  readonly consequence: Consequence;
  constructor(consequence: Consequence) {
    super('only asked');
    this.consequence = consequence;
  }
}

async function decide(ctx: Context, decided: Decided, dry: boolean): Promise<Consequence> {
  const { key, db } = ctx;
  const service = ownService(key, OWN);
  const { pairs, verdict, of } = decided;
  const statements = pairs.map((pair) => decisionOf(key, pair, { verdict, of }));
  const record = ownRecord(new Date().toISOString(), OWN, statements);
  const keys = [...new Set(decided.pairs.flat())].sort();
  const nobody = { systemId: 0, identifier: '' };
  const done = withFacts(db, keys, nobody, async (client, { facts }): Promise<Consequence> => {
    if (decided.verdict === 'same') refuseVetoed(ctx, facts, decided.pairs);
    // In the same transaction: what is only asked leaves nothing.
    const systemId = await keepOwnSystem(client, service);
    const message = ownMessage({ systemId, service, ...OWN }, randomUUID(), decided);
    const plan = link(rulesOf(ctx), facts, record, { systemId, service });
    if (verdict === 'mother') refuseIdle(plan, statements);
    const counts = { journeys: countJourneys(plan), events: countEvents(plan) };
    const consequence = { message: null, ...countPersons(facts, plan), ...counts };
    const told = await countTold(client, fociOf(plan));
    if (dry) throw new OnlyAsked({ ...consequence, told });
    const answer = { message, status: 'accepted' as const, units: [] };
    const saving = { ...NOTHING, message, record: { record, systemId }, plan, answer };
    const kept = await save(client, ctx, saving);
    await recordDecision(client, decided, personsOf(facts, plan, keys));
    return { ...consequence, told, message: messageName(key, kept) };
  });
  const consequence = await done.catch((error: unknown) => {
    if (error instanceof OnlyAsked) return error.consequence;
    throw error;
  });
  if (!dry) announceCommit(ctx);
  return consequence;
}

/** Whom the charts were of, and whom they are of now. */
function personsOf({ statements }: Facts, plan: Plan, charts: string[]): string[] {
  const all = [...statements, ...plan.statements].filter(({ key }) => charts.includes(key));
  return [...new Set(all.flatMap(({ person }) => person ?? []))];
}

async function recordDecision(db: Db, decided: Decided, persons: string[]): Promise<void> {
  const { by, human, pairs, verdict, of } = decided;
  const actor = namedOperator(by, human);
  const interaction = `${of === 'same' || of === 'mother' ? 'link' : 'unlink'}${verdict === 'undone' ? '-undone' : ''}`;
  const ids = [...new Set(pairs.flat())];
  await recordAudit(db, {
    kind: 'decision',
    outcome: 'done',
    actor,
    interaction,
    type: 'Patient',
    ids,
    persons,
  });
}

const OWN = { source: 'decision', team: 'reviewers', name: 'Reviewers', sector: REVIEWERS };

function refuseVetoed(ctx: Context, { statements, frozen }: Facts, pairs: Pair[]): void {
  const { invalid } = readLifeCycle(statements, frozen, rulesOf(ctx));
  const charts = statements.filter((state): state is PatientState => state.type === 'Patient');
  const of = (person: string) => charts.filter((one) => one.person === person);
  for (const [a, b] of pairs)
    if (of(a).some((one) => of(b).some((other) => isVetoed(one, other, invalid))))
      refuse('verified number, birth date or order of birth is another: correct that first');
}

function countPersons({ statements }: Facts, plan: Plan) {
  const before = new Map(
    statements.flatMap(({ type, key, person }) => (type === 'Patient' ? [[key, person]] : [])),
  );
  const after = new Map(before);
  for (const { type, key, person } of plan.statements) if (type === 'Patient') after.set(key, person);
  return { persons: { before: new Set(before.values()).size, after: new Set(after.values()).size } };
}

const countJourneys = ({ insert, update }: Plan): number =>
  new Set([...insert, ...update].flatMap(({ type, id }) => (type === 'Group' ? [id] : []))).size;

function countEvents({ events }: Plan): Record<string, number> {
  const codes = events.flatMap(({ code }) => (code === 'recheck' ? [] : code)).sort();
  return Object.fromEntries([...Map.groupBy(codes, (code) => code)].map(([code, all]) => [code, all.length]));
}

/** Whatever this changes for anybody. */
const fociOf = ({ insert, update, events }: Plan): string[] => [
  ...new Set([
    ...[...insert, ...update].map(({ id }) => id),
    ...events.flatMap((event) => (event.code === 'recheck' ? event.foci : event.focus.id)),
  ]),
];
