import type { Encounter, Resource } from '@medplum/fhirtypes';
import { rangeOf } from '../../fhir/index-rows.ts';
import type { ResourceRow } from '../../model.ts';
import type { Grants } from '../decide/decide.ts';
import { MASKED, pick } from './coded.ts';

type Known = Exclude<Grants, { everything: true }>;

const OVER: unknown[] = ['finished', 'cancelled', 'entered-in-error'];

/**
 * Care of somebody who is held, without where and when that person is to be found: the place and time of what
 * is to come, and the place of what goes on (sharing rule 8). To whoever said it, as it is.
 */
export function withoutWhereabouts<T extends Resource>(grants: Known, row: ResourceRow, shown: T): T {
  const isHeld = grants.persons.get(row.persons[0] ?? '')?.held === true;
  if (!isHeld || row.authors.includes(grants.service)) return shown;
  switch (shown.resourceType) {
    case 'Encounter':
      return hideContact(grants, shown) as T;
    case 'EpisodeOfCare':
      return isToCome(grants, shown.period?.start) ? (without(shown, ['period']) as T) : shown;
    case 'ServiceRequest':
      return without(shown, WHERE_AND_WHEN) as T;
    default:
      return shown;
  }
}

/** When and where a referral wants to be seen to. */
const WHERE_AND_WHEN = [
  'occurrenceDateTime',
  'occurrencePeriod',
  'occurrenceTiming',
  'locationCode',
  'locationReference',
] as const;

function hideContact(grants: Known, contact: Encounter): Encounter {
  const { status, period } = contact;
  if (status === 'planned' || isToCome(grants, period?.start))
    return {
      ...pick(contact, ['resourceType', 'id', 'status', 'subject', 'meta']),
      class: MASKED,
    } as Encounter;
  const isOver = OVER.includes(status) || (period?.end !== undefined && !isToCome(grants, period.end));
  return isOver ? contact : without(contact, ['location', 'hospitalization']);
}

/** The last instant that a FHIR date or time can mean is still ahead. */
function isToCome({ at }: Known, date: string | undefined): boolean {
  const high = date === undefined ? undefined : rangeOf(date)?.high;
  return high !== undefined && (high === 'infinity' || Date.parse(high) > at.getTime());
}

function without<T extends object>(value: T, names: readonly string[]): T {
  return Object.fromEntries(Object.entries(value).filter(([name]) => !names.includes(name))) as T;
}
