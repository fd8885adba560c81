/**
 * A number that people look at: who claims it, whether it is in dispute or tainted, and how that is lifted.
 * No names anywhere.
 */
import { EVIDENCE } from '../access/decide/evidence.ts';
import type { Context } from '../context.ts';
import { Rejected } from '../errors.ts';
import { isValidNhsNumber } from '../fhir/nhs-number.ts';
import { joiningKey, numberKey } from '../link/who/keys.ts';
import { settleNumbers } from '../link/who/numbers.ts';
import { chooseSetAside } from '../link/who/set-aside.ts';
import { claimsOf, doubtsOf, isTainted, liftsOf, type NumberClaim, saveLift } from '../save/numbers.ts';
import { untie } from './recompute.ts';

export type NumberState = 'unknown' | 'undisputed' | 'disputed' | 'tainted';
type Claimed = { system: string; sector: string | null; charts: number; setAside: number };

export async function showNumber(ctx: Context, number: string) {
  const keys = keysOfNumber(ctx, number);
  const [claims, tainted, doubts, lifts] = await Promise.all([
    claimsOf(ctx.db, keys),
    isTainted(ctx.db, keys.slice(0, 1)),
    doubtsOf(ctx.db, keys),
    liftsOf(ctx.db, keys[0] as string),
  ]);
  const state: NumberState = tainted ? 'tainted' : stateOf(claims);
  return { state, claims: countClaims(claims), doubts, lifts };
}

/** `not`: names of systems whose word on the number is set aside, where Skein cannot tell whose is. */
export type Lift = { by: string; not: string[] };

/**
 * Records that somebody found a number to be good, and joins again those whose it is. Charts that others
 * contradict and no other system bears out do not count for it from then on, until their sender gives them
 * another number. Throws Rejected.
 */
export async function liftNumber(ctx: Context, number: string, { by, not }: Lift) {
  const keys = keysOfNumber(ctx, number);
  const { state } = await showNumber(ctx, number);
  if (state !== 'disputed' && !(await isTainted(ctx.db, keys)))
    refuse(`the number is ${state}: there is nothing to lift`);
  const claims = (await claimsOf(ctx.db, keys)).filter(({ aside }) => !aside);
  const chosen =
    not.length > 0 ? claims.filter(({ system }) => not.includes(system)) : chooseSetAside(claims);
  if (!chosen) refuse('no two systems agree on whose it is: name those that are wrong with --not');
  const aside = chosen.map(({ key, ref }) => ({ chart: key, ref: ref as string }));
  await saveLift(ctx.db, { number: keys[0] as string, by, keys, aside });
  const changed = await untie(ctx, keys);
  return { setAside: aside.length, changed, state: (await showNumber(ctx, number)).state };
}

function refuse(text: string): never {
  throw new Rejected(422, [{ severity: 'error', code: 'business-rule', text }]);
}

/** As those say it who establish it, and as those do who join by it. */
function keysOfNumber({ key }: Context, number: string): string[] {
  const digits = number.replace(/\s/g, '');
  if (!isValidNhsNumber(digits)) refuse('that is no valid NHS number');
  return [numberKey(digits, key), joiningKey(digits, key)];
}

function stateOf(claims: NumberClaim[]): NumberState {
  if (claims.length === 0) return 'unknown';
  const caredFor = new Set(claims.flatMap(({ key, cares }) => (cares ? key : [])));
  const standing = claims.filter(({ aside }) => !aside);
  const { disputed } = settleNumbers(standing, { tainted: new Set(), evidence: EVIDENCE, caredFor });
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
