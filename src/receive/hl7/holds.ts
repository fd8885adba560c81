/** What a sender is told of a message that is held, by the kind of hold. */
import type { Answer } from '../../model.ts';

/**
 * `event`: nothing here reads its type or event. `content`: something in it is wrong. `ours`: the fault is
 * ours.
 */
export const HOLDS = ['event', 'content', 'ours'] as const;
export type Hold = (typeof HOLDS)[number];
export const HELD_CODES = ['AA', 'AE', 'CE'] as const;
export type HeldCode = (typeof HELD_CODES)[number];

/** By the `onHeld` of a system: `AE`, or `event=AA,ours=CE`; a kind that it does not name is AE. */
export function codeFor(onHeld: string, hold: Hold): HeldCode {
  const found = onHeld.includes('=') ? new RegExp(`${hold}=(\\w\\w)`).exec(onHeld)?.[1] : onHeld;
  return HELD_CODES.find((code) => code === found) ?? 'AE';
}

/** The kind of hold of each unit that is held. */
export function holdsOf(units: Answer['units']): Hold[] {
  return units.flatMap(({ status, issues }): Hold[] => {
    if (status === 'failed') return ['ours'];
    if (status !== 'held') return [];
    return [issues.some(({ field }) => field?.startsWith('MSH-9')) ? 'event' : 'content'];
  });
}

/** One code for several holds: the loudest. */
export function heldCode(onHeld: string, holds: Hold[]): HeldCode {
  const codes = holds.map((hold) => codeFor(onHeld, hold));
  return codes.includes('CE') ? 'CE' : codes.includes('AE') ? 'AE' : (codes[0] ?? codeFor(onHeld, 'content'));
}
