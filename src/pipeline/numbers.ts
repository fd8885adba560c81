/**
 * A number that people look at: who claims it, whether it is in dispute or tainted and how that is lifted,
 * what became of it nationally, and that its identity was changed. No names anywhere.
 */
import { EVIDENCE } from '../access/decide/evidence.ts';
import { namedOperator, record } from '../audit/record.ts';
import type { Context } from '../context.ts';
import { Rejected } from '../errors.ts';
import { isValidNhsNumber } from '../fhir/nhs-number.ts';
import type { PatientState } from '../link/who/charts.ts';
import { joiningKey, numberKey } from '../link/who/keys.ts';
import { readLifeCycle } from '../link/who/life-cycle.ts';
import { settleNumbers } from '../link/who/numbers.ts';
import { CARE } from '../link/who/persons.ts';
import { chooseSetAside } from '../link/who/set-aside.ts';
import { withTraces } from '../link/who/traced.ts';
import { withFacts } from '../save/load.ts';
import {
  claimsOf,
  doubtsOf,
  freezeOf,
  isTainted,
  liftsOf,
  type NumberClaim,
  saveFreeze,
  saveLift,
} from '../save/numbers.ts';
import type { StatementState } from '../store/facts.ts';
import { type Db, transaction } from '../store/pool.ts';
import { rulesOf, untie } from './recompute.ts';

export type NumberState =
  | 'unknown'
  | 'undisputed'
  | 'disputed'
  | 'tainted'
  | 'superseded'
  | 'invalidated'
  | 'frozen';
type Claimed = { system: string; sector: string | null; charts: number; setAside: number };

export async function showNumber(ctx: Context, number: string) {
  const keys = keysOfNumber(ctx, number);
  const [claims, tainted, doubts, lifts, freeze, life] = await Promise.all([
    claimsOf(ctx.db, keys),
    isTainted(ctx.db, keys.slice(0, 1)),
    doubtsOf(ctx.db, keys),
    liftsOf(ctx.db, keys[0] as string),
    freezeOf(ctx.db, keys[0] as string),
    lifeOf(ctx, number, keys),
  ]);
  const state: NumberState = life.state ?? (tainted ? 'tainted' : stateOf([...claims, ...life.traced]));
  // Of an identity that was changed nobody is asked anything; what a signal left open may be known since.
  const asked = state === 'frozen' ? [] : doubts.filter(({ method }) => method !== 'signal' || life.waits);
  const waiting = asked.map(({ method: _method, ...doubt }) => doubt);
  const counted = { claims: countClaims(claims), traced: life.traced.map(({ key }) => key) };
  return { state, ...counted, doubts: waiting, lifts, ...(freeze ? { freeze } : {}) };
}

/** `traced`: charts whose number it is by tracing, as they count for it. */
type Life = { state: NumberState | null; waits: boolean; traced: Claim[] };
type Claim = PatientState & { cares: boolean };

/** What became of it, by national signals and the operator's word. */
function lifeOf(ctx: Context, number: string, keys: string[]): Promise<Life> {
  const digits = digitsOf(number);
  const [key = ''] = keys;
  return withFacts(ctx.db, keys, { systemId: 0, identifier: '' }, async (_, { facts }): Promise<Life> => {
    const life = readLifeCycle(facts.statements, facts.frozen, rulesOf(ctx));
    if (life.frozen.has(key)) return { state: 'frozen', waits: false, traced: [] };
    if (life.invalid.has(key)) return { state: 'invalidated', waits: true, traced: [] };
    const traced = tracedTo(keys, withTraces(facts.statements, life, rulesOf(ctx)));
    const waits = life.waiting.has(digits);
    if (waits || life.successors.has(digits)) return { state: 'superseded', waits, traced };
    return { state: null, waits: life.signals.length > 0, traced };
  });
}

const tracedTo = (keys: string[], states: StatementState[]): Claim[] =>
  states
    .filter((one): one is PatientState => 'traced' in one && keys.includes(one.ref ?? ''))
    .map((chart) => ({
      ...chart,
      cares: states.some((one) => one.chart === chart.key && CARE.has(one.type)),
    }));

export type Freeze = { by: string; cause: string };

/**
 * Records that the identity of whoever has this number was changed: whatever was shared of them is removed
 * and taken back from whoever was told, and what is said of the number from now on is told to nobody. Throws
 * Rejected.
 */
export async function freezeNumber(ctx: Context, number: string, { by, cause }: Freeze) {
  const keys = keysOfNumber(ctx, number);
  await decided(ctx, keys, { by, interaction: 'number-freeze' }, (client) =>
    saveFreeze(client, { keys, by, cause }),
  );
  const changed = await untie(ctx, keys);
  return { changed, state: (await showNumber(ctx, number)).state };
}

/** Keeps what somebody decided, with its row in the audit: of whom the number is now, never the number. */
function decided(
  { db }: Context,
  keys: string[],
  { by, interaction }: { by: string; interaction: string },
  keep: (client: Db) => Promise<void>,
): Promise<void> {
  return transaction(db, async (client) => {
    const claims = await claimsOf(client, keys);
    const persons = [...new Set(claims.map(({ key, person }) => person ?? key))];
    const about = { type: 'Patient', ids: persons, persons };
    await keep(client);
    await record(client, {
      kind: 'decision',
      outcome: 'done',
      actor: namedOperator(by),
      interaction,
      ...about,
    });
  });
}

/** `not`: names of systems whose word on the number is set aside, where Skein cannot tell whose is. */
export type Lift = { by: string; not: string[] };

/**
 * Records that somebody found a number to be good, and joins again those whose it is. Charts that others
 * contradict and no other system bears out do not count for it from then on, until their sender gives them
 * another number. Throws Rejected.
 */
export async function liftNumber(ctx: Context, number: string, lift: Lift) {
  const keys = keysOfNumber(ctx, number);
  const chosen = await checkLift(ctx, number, lift);
  const aside = chosen.map(({ key, ref }) => ({ chart: key, ref: ref as string }));
  const { by } = lift;
  await decided(ctx, keys, { by, interaction: 'number-lift' }, (client) =>
    saveLift(client, { number: keys[0] as string, by, keys, aside }),
  );
  const changed = await untie(ctx, keys);
  return { setAside: aside.length, changed, state: (await showNumber(ctx, number)).state };
}

/**
 * The charts that would be set aside; none where it was frozen by mistake, and those whose it is are shared
 * again. Throws Rejected where it cannot be lifted, or `not` names a system that does not claim it.
 */
export async function checkLift(ctx: Context, number: string, { not }: Lift): Promise<PatientState[]> {
  const keys = keysOfNumber(ctx, number);
  const { state, freeze, traced } = await showNumber(ctx, number);
  if (state === 'frozen' && freeze) return [];
  if (['frozen', 'invalidated', 'superseded'].includes(state))
    refuse(`the number is ${state} nationally: nobody here can lift that`);
  if (state !== 'disputed' && !(await isTainted(ctx.db, keys)))
    refuse(`the number is ${state}: there is nothing to lift`);
  const claims = (await claimsOf(ctx.db, keys)).filter(({ aside }) => !aside);
  if (traced.length > 0 && state === 'disputed' && stateOf(claims) !== 'disputed')
    refuse('what was traced contradicts the rest: take that back first (skein trace undo CHART)');
  const chosen =
    not.length > 0 ? claims.filter(({ system }) => not.includes(system)) : chooseSetAside(claims);
  const other = not.find((name) => !claims.some(({ system }) => system === name));
  if (other !== undefined) refuse(`--not: no system "${other}" claims the number`, 'value');
  if (!chosen) refuse('no two systems agree on whose it is: name those that are wrong with --not');
  return chosen;
}

function refuse(text: string, code = 'business-rule'): never {
  throw new Rejected(422, [{ severity: 'error', code, text }]);
}

const digitsOf = (number: string): string => number.replace(/\s/g, '');

/** As those say it who establish it, and as those do who join by it. */
function keysOfNumber({ key }: Context, number: string): string[] {
  const digits = digitsOf(number);
  if (!isValidNhsNumber(digits)) refuse('that is no valid NHS number', 'value');
  return [numberKey(digits, key), joiningKey(digits, key)];
}

function stateOf(claims: Claim[]): NumberState {
  if (claims.length === 0) return 'unknown';
  const caredFor = new Set(claims.flatMap(({ key, cares }) => (cares ? key : [])));
  const standing = claims.filter(({ aside }) => !aside);
  const { disputed } = settleNumbers(standing, {
    ...{ tainted: new Set<string>(), invalid: new Set<string>() },
    ...{ evidence: EVIDENCE, caredFor },
  });
  return disputed.length > 0 ? 'disputed' : 'undisputed';
}

function countClaims(claims: NumberClaim[]): Claimed[] {
  return [...Map.groupBy(claims, ({ system }) => system)].map(([system, own]) => ({
    system,
    sector: own[0]?.sector ?? null,
    charts: own.length,
    setAside: own.filter(({ aside }) => aside).length,
  }));
}
