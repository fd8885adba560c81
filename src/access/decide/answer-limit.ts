import { PRIORITIES, type Service } from '../../model.ts';
import { PROMPTS } from './prompt-rules.ts';

/** Days within which a service answers a referral of this urgency (none: routine); null: no rule says. */
export function answerWithin({ ods, team }: Pick<Service, 'ods' | 'team'>, priority?: string): number | null {
  const rule = PROMPTS['referral-unanswered'];
  const urgency = PRIORITIES.find((one) => one === priority) ?? 'routine';
  return rule ? (rule.services[`${ods}|${team}`]?.[urgency] ?? rule.answerWithinDays[urgency]) : null;
}
