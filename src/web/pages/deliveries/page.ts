/** Subscriptions for the operator: how far behind, why, and when next. Codes, numbers and times alone. */
import { capital, dateTime, sayCount } from '../words.ts';

/** As the store lists it: `behind` is numbered and not answered, `waiting` has no number yet. */
export type Delivery = {
  id: string;
  service: string | null;
  system: string | null;
  status: string;
  error: string | null;
  lastNumber: number;
  behind: number;
  waiting: number;
  oldestAt: Date | null;
  answeredAt: Date | null;
  failures: number;
  nextTry: Date | null;
  lastError: string | null;
};
export type DeliveryDetail = Delivery & {
  events: { number: number; event: string; code: string; focus: string; at: Date; state: string }[];
  attempts: {
    at: Date;
    kind: string;
    first: number | null;
    last: number | null;
    outcome: string | null;
    status: number | null;
  }[];
};
export type Again = { number: number; code: string; told: boolean };

const TAGS: Record<string, string> = { active: 'green', requested: 'grey', error: 'red', off: 'grey' };

export function describeDelivery(one: Delivery, now: Date) {
  const { id, service, system, status, behind, waiting, oldestAt, answeredAt, failures, nextTry } = one;
  const failed = failures > 0 ? `${sayCount(failures, 'try', 'tries')} in a row: ` : '';
  const why = one.lastError ?? one.error;
  return {
    ...{ id, status: capital(status), tag: failures > 0 ? 'red' : (TAGS[status] ?? 'grey') },
    isFailing: failures > 0 || status === 'error',
    isOff: status === 'off',
    who: service ?? 'The operator',
    by: system ?? '',
    behind: behind + waiting === 0 ? 'Nothing' : sayCount(behind + waiting, 'event'),
    since: oldestAt ? dateTime(oldestAt) : '',
    answered: answeredAt ? dateTime(answeredAt) : 'Never',
    failure: why ? `${failed}${why}` : '',
    next: nextTry ? (nextTry <= now ? 'Now' : dateTime(nextTry)) : '',
    last: one.lastNumber,
  };
}

export function describeDetail({ events, attempts, ...one }: DeliveryDetail, now: Date) {
  return {
    ...describeDelivery(one, now),
    events: events.map(({ number, event, code, focus, at, state }) => ({
      ...{ number, event, focus, when: dateTime(at), code: words(code), state: words(state) },
    })),
    attempts: attempts.map(({ at, kind, first, last, outcome, status }) => ({
      when: dateTime(at),
      kind: words(kind),
      numbers: first === null ? '' : first === last ? `${first}` : `${first} to ${last}`,
      outcome: outcome ? `${outcome}${status ? `, HTTP ${status}` : ''}` : 'None yet',
    })),
  };
}

export const describeAgain = (events: Again[]) =>
  events.map(({ number, code, told }) => ({
    ...{ number, code: words(code) },
    what: told ? 'As it was' : 'Without content: today it may not be known',
  }));

const words = (code: string): string => capital(code.replaceAll('-', ' '));
