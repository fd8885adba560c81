import type { ServiceRequest } from '@medplum/fhirtypes';
import { PRIORITIES } from '../../model.ts';
import { type Step, stepsOf } from '../care/loop.ts';
import { type Asked, DAY, type Prompt } from './prompt.ts';

/** Steps of a referral after which it still waits for an answer. */
const WAITS: Step['code'][] = ['sent', 'stored', 'received'];

/**
 * Referrals past their receiver's own limit: of the referrer and of the receiver, who both read what became
 * of it. Counted from when it was made or sent, the later of the two.
 */
export function referralsUnanswered({ family, rules, serviceNamed, sectorOf, blocked }: Asked): Prompt[] {
  const rule = rules['referral-unanswered'];
  if (!rule) return [];
  const own = new Map(Object.entries(rule.services).map(([name, limits]) => [serviceNamed(name), limits]));
  return family.referrals.flatMap((referral): Prompt[] => {
    const { key, person, service, author, state, start } = referral;
    const asked = family.statements.find((one) => one.key === key);
    if (state !== 'asked' || service === null || !asked || blocked.lost.has(person)) return [];
    if (!stepsOf(referral, family).every(({ code }) => WAITS.includes(code))) return [];
    const { priority } = asked.content as ServiceRequest;
    const urgency = PRIORITIES.find((one) => one === priority) ?? 'routine';
    const days = own.get(service)?.[urgency] ?? rule.answerWithinDays[urgency];
    const since = Math.max(Date.parse(start) || 0, Date.parse(asked.first.split('|')[0] ?? ''));
    // Who referred itself to itself is one owner; who has no sector reads nothing.
    const owners = new Set([...(sectorOf(author.service) === null ? [] : [author.service]), service]);
    return [...owners].map((owner) => ({
      ...{ code: 'referral-unanswered', service: owner, person, chart: asked.chart, occasion: key },
      ...{ from: since + days * DAY, until: null, focus: `ServiceRequest/${key}` },
    }));
  });
}
