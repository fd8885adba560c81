/** Who may speak for somebody's safety (sharing rules 8 and 9), and of what somebody agreed to. */
import type { Recipient, ResourceRow } from '../../model.ts';
import { type Grants, isStatutory, placesHolds } from '../decide/decide.ts';

/** May this recipient place a hold on anybody at all? */
export const mayPlaceHolds = (recipient: Recipient): boolean =>
  recipient.kind === 'system' && placesHolds(recipient.system.service.sector);

/**
 * On this person: its own patient, now or until lately, or, for statutory health, somebody whom it was asked
 * to see.
 */
export function mayHold(grants: Grants, person: string): boolean {
  if (grants.everything) return true;
  const care = grants.persons.get(person)?.care;
  return care === 'open' || care === 'recent' || (care === 'pending' && isStatutory(grants.sector));
}

/** May this recipient say how anybody is to be reached? */
export const maySayContacts = (recipient: Recipient): boolean =>
  recipient.kind === 'system' && isStatutory(recipient.system.service.sector);

/** Of whom it has open care. */
export const maySayContact = (grants: Grants, person: string): boolean =>
  grants.everything || grants.persons.get(person)?.care === 'open';

/** Has it open care of this person (row of a Patient), with a chart of its own whose NHS number counts? */
export function treatsVerified(grants: Grants, { persons, sources }: ResourceRow): boolean {
  const charts = sources && 'charts' in sources ? sources.charts : [];
  if (grants.everything || !maySayContact(grants, persons[0] ?? '')) return false;
  return charts.some(({ author, verified }) => verified && author === grants.service);
}

/** May this recipient say what anybody agreed to or refused? Nobody may say it of what itself may know. */
export const mayKeepConsents = maySayContacts;

/** Of whom it has care, or had until lately. */
export const mayKeepConsent = (grants: Grants, person: string): boolean =>
  grants.everything || ['open', 'recent'].includes(grants.persons.get(person)?.care ?? '');

/** May this recipient say that a child is placed? Statutory health, and children's services. */
export const maySayPlacements = (recipient: Recipient): boolean =>
  recipient.kind === 'system' &&
  (isStatutory(recipient.system.service.sector) || recipient.system.service.sector === 'childrens-services');
