import { decideAll, type Grants, payloadCeiling, payloadFor, reaches } from '../access/decide.ts';
import { PAYLOADS, type Payload } from '../access/policy.ts';
import type { Event, Recipient } from '../model.ts';
import { recipientOf, type Stored } from './stored.ts';

/**
 * May this recipient be told of this event now? Pure; asked when an event is numbered, again before every try, and again by
 * `$events`. Every person of the event must be visible in its category; what comes on top is said where it is decided.
 */
export function mayTell(recipient: Recipient, grants: Grants, event: Event): boolean {
  if (recipient.kind === 'operator' || grants.everything) return recipient.kind === 'operator';
  const addressed = event.services.includes(recipient.system.service.id);
  const care = event.persons.map((person) => grants.persons.get(person)?.care);
  // The referrer and the named receiver: their own exchange. Others learn of a referral when an episode starts.
  // That includes its withdrawal, which ends the receiver's other grounds for knowing.
  if (event.code.startsWith('referral-') || (event.code === 'withdrawn' && addressed)) return addressed;
  // Without its cause, to everyone who might otherwise ring about a baby.
  if (event.code === 'contact-stop' && care.some((one) => one === 'open' || one === 'pending')) return true;
  if (event.code === 'encounter' && !care.every((one) => one === 'open')) return false;
  if (event.code.startsWith('loss') && !care.includes('open')) return false;
  const journeys = event.journey ? [event.journey] : undefined;
  return reaches(decideAll(grants, event.category, event.persons, journeys), 'E');
}

/** How much of it: what was asked for (`asked`, at most the subscription's own), under the ceiling in force now. */
export function contentFor(
  stored: Stored,
  grants: Grants,
  { event, asked }: { event: Event; asked: Payload },
): Payload {
  const ceiling = payloadCeiling(recipientOf(stored), stored.approved);
  return payloadFor(grants, least(least(asked, stored.content), ceiling), event.persons);
}

export function least(a: Payload, b: Payload): Payload {
  return PAYLOADS.indexOf(a) < PAYLOADS.indexOf(b) ? a : b;
}
