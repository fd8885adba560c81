/** Who is told that a hold was placed or lifted, or that a person is to be reached in another way. */
import type { Category, Event } from '../../model.ts';
import type { IdentifiedRecord, Involvement, Member } from '../../store/facts.ts';
import type { ViewChange } from '../rechecks.ts';
import type { Family } from '../views/family.ts';
import { disputedBy } from './statements.ts';

type Known = Pick<Family, 'personOf'>;
/** Members as they were and as they are. */
type Given = {
  record: IdentifiedRecord | null;
  before: Member[];
  now: Member[];
  involvements: Involvement[];
};

/**
 * That something of the care changed, to the services with open care of the person: they read the person
 * again. It says no more, and is told to whoever sees any difference (src/deliver/number/find-changes.ts).
 */
export function describeSafety(family: Known, changes: ViewChange[], given: Given): Event[] {
  const { record, before, now, involvements } = given;
  const said = (record?.statements ?? []).flatMap(({ type, chart }) =>
    type === 'Flag' ? (family.personOf(chart)?.id ?? []) : [],
  );
  const isHeld = (member: Member): boolean => member.held || member.restricted;
  const held = new Set(now.filter(isHeld).map(({ person }) => person));
  const turned = before.filter((member) => isHeld(member) !== held.has(member.person));
  const persons = new Set([...said, ...turned.map(({ person }) => person)]);
  const disputed = changes.flatMap((change) => disputedCare(change, record));
  const patients = changes.flatMap(({ view: { type, id, state } }): Event[] => {
    if (type !== 'Patient' || state === 'gone' || !persons.has(id)) return [];
    const open = involvements.filter((one) => one.person === id && one.state === 'open');
    const to = [...new Set(open.map(({ service }) => service))].sort();
    if (to.length === 0) return [];
    return [
      {
        ...{ code: 'episode-changed', journey: null, persons: [id], category: 'INV', services: [], to },
        ...{ focus: { type: 'Patient', id }, stage: null },
      },
    ];
  });
  return [...patients, ...disputed];
}

/**
 * Of care that is changed others hear by its own events; of a referral its parties hear what becomes of it,
 * and of contacts whoever asked for that: neither says that it is disputed.
 */
function disputedCare({ view, before }: ViewChange, record: Given['record']): Event[] {
  const { type, id, persons, authors, service } = view;
  const category = CATEGORY[type];
  const isSaid = (record?.statements ?? []).some((one) => disputedBy(one) === `${type}/${id}`);
  if (!category || !before || !isSaid) return [];
  const services = [...new Set([...authors, ...(service ? [service] : [])])].sort();
  const event = { code: 'episode-changed' as const, journey: null, category, stage: null };
  return [{ ...event, persons: persons.slice(0, 1), services, focus: { type, id } }];
}

const CATEGORY: Record<string, Category> = { ServiceRequest: 'REF', Encounter: 'ENC' };
