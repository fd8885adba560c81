/**
 * How long people wait for a service, in figures that tell of nobody. A count under five is not told, and any
 * other in fives, rounded down: so whatever pair of counts is subtracted, what is left is known to within
 * four either way, and never is a count under five found out. How long the waits were is told of five or
 * more.
 */
import type { Period } from './period.ts';

/** Days, as FHIR dates. `asked`: when the first referral was made that this one goes on from. */
export type Course = {
  asked: string;
  sent: string;
  accepted: string | null;
  begun: string | null;
  /** Declined, sent on or withdrawn. */
  refused: string | null;
};

/** In fives, rounded down; null under five. */
export type Count = number | null;
/** Whole days. Each is the wait of somebody: the least that so many in a hundred did not wait longer than. */
export type Waits = { median: number; ninetieth: number; longest: number };
export type Figures = {
  /** Of the period: what was sent, accepted, refused, and care that was begun; and what is open at its end. */
  referrals: Record<'sent' | 'accepted' | 'refused' | 'careBegun' | 'open', Count>;
  /** From when it was first asked; null of fewer than five. */
  daysToAccepted: Waits | null;
  daysToCareBegun: Waits | null;
  daysOpen: Waits | null;
};

const FEWEST = 5;

export const countOf = (number: number): Count => (number < FEWEST ? null : number - (number % FEWEST));

export function figuresOf(courses: Course[], { from, until }: Period): Figures {
  const isWithin = (day: string | null): day is string => day !== null && from <= day && day <= until;
  const isBy = (day: string | null) => day !== null && day <= until;
  // Care that begins is accepted by then, whether or not anybody said so.
  const all = courses.map((one) => ({ ...one, accepted: one.accepted ?? one.begun }));
  const accepted = all.filter((one) => isWithin(one.accepted));
  const begun = all.filter((one) => isWithin(one.begun));
  const refused = all.filter((one) => isWithin(one.refused) && !isBy(one.begun));
  const open = all.filter(
    (one) => isBy(one.sent) && !isBy(one.accepted) && !isBy(one.begun) && !isBy(one.refused),
  );
  const sent = all.filter((one) => isWithin(one.sent));
  return {
    referrals: {
      sent: countOf(sent.length),
      accepted: countOf(accepted.length),
      refused: countOf(refused.length),
      careBegun: countOf(begun.length),
      open: countOf(open.length),
    },
    daysToAccepted: waitsOf(accepted.map((one) => daysBetween(one.asked, one.accepted))),
    daysToCareBegun: waitsOf(begun.map((one) => daysBetween(one.asked, one.begun))),
    daysOpen: waitsOf(open.map((one) => daysBetween(one.asked, until))),
  };
}

/** Null where either is no whole date. */
function daysBetween(from: string, until: string | null): number | null {
  const days = (Date.parse(until ?? '') - Date.parse(from)) / 86_400_000;
  return Number.isNaN(days) ? null : Math.max(0, Math.round(days));
}

function waitsOf(days: (number | null)[]): Waits | null {
  const known = days.filter((one) => one !== null).sort((a, b) => a - b);
  if (known.length < FEWEST) return null;
  const at = (share: number) => known[Math.ceil(share * known.length) - 1] as number;
  return { median: at(0.5), ninetieth: at(0.9), longest: at(1) };
}
