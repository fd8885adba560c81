import type { EpisodeOfCare, ServiceRequest } from '@medplum/fhirtypes';
import type { StatementState } from '../../store/facts.ts';
import type { Person } from '../who/charts.ts';
import { performerOf } from './joined.ts';

const WEEK = 7 * 86_400_000;
/** (c) Care that begins later than this after a referral is care of its own. */
const TAKE_UP = 26 * WEEK;

/** An episode that cites no referral, by the service that gives it. */
export type Uncited = { state: StatementState; person: Person; service: string };
type Open = { referrals: StatementState[]; personOf: (key: string) => Person | undefined };

/**
 * Which referral each episode took up without a word: the one that is open to its service for that person,
 * made in the half year before it began. Where two are open it is anybody's guess, and of two episodes the
 * first took it. By key of the episode. `referrals`: in force, and answered by nobody.
 */
export function findTakenUp(episodes: Uncited[], { referrals, personOf }: Open): Map<string, string> {
  const taken = new Map<string, string>();
  const inOrder = [...episodes].sort((a, b) => compare(beganAt(a), beganAt(b)));
  for (const one of inOrder) {
    const { state, person, service } = one;
    const began = Date.parse(beganAt(one).slice(0, 10));
    const open = referrals.filter((referral) => {
      const asked = Date.parse(askedAt(referral).slice(0, 10));
      const fits = began >= asked && began < asked + TAKE_UP;
      return fits && performerOf(referral) === service && personOf(referral.chart) === person;
    });
    const [only, ...others] = open;
    if (only && others.length === 0 && ![...taken.values()].includes(only.key))
      taken.set(state.key, only.key);
  }
  return taken;
}

const beganAt = ({ state }: Uncited): string =>
  `${(state.content as EpisodeOfCare).period?.start ?? state.first.slice(0, 24)} ${state.key}`;
const askedAt = ({ content, first }: StatementState): string =>
  (content as ServiceRequest).authoredOn ?? first.slice(0, 24);
const compare = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0);
