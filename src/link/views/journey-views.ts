import type { CareTeam, Group, Period } from '@medplum/fhirtypes';
import { keyedId } from '../../fhir/ids.ts';
import { JOURNEY_TAG } from '../../fhir/systems.ts';
import type { View } from '../../store/facts.ts';
import type { Spell } from '../care/spells.ts';
import { happeningKey, type Journey } from '../family/journeys.ts';
import { type Family, view } from './views.ts';

const STAGE_SYSTEM = 'https://skein.example/fhir/CodeSystem/stage';

export function groupView(journey: Journey): View {
  const content: Group = {
    resourceType: 'Group',
    id: journey.id,
    active: true,
    type: 'person',
    actual: true,
    characteristic: journey.stages.map(({ code, start, end }) => ({
      code: { coding: [{ system: 'https://skein.example/fhir/CodeSystem/journey', code: 'stage' }] },
      valueCodeableConcept: { coding: [{ system: STAGE_SYSTEM, code }] },
      exclude: false,
      period: { start, ...(end ? { end } : {}) },
    })),
    member: [...journey.members]
      .sort((a, b) => (a.person < b.person ? -1 : 1))
      .map(({ person }) => ({ entity: { reference: `Patient/${person}` }, inactive: false })),
  };
  if (content.characteristic?.length === 0) delete content.characteristic;
  return view({
    type: 'Group',
    id: journey.id,
    content,
    owner: journey.anchor,
    persons: journey.members.map(({ person }) => person).sort(),
    authors: [],
    service: null,
    state: [
      journey.stages.map(({ code, start }) => `${code}:${start}`).join(' '),
      ...(journey.lost.length > 0 ? [[...journey.lost].sort().join(' ')] : []),
    ].join('|'),
  });
}

export function teamViews(family: Family, journey: Journey): View[] {
  return journey.members.flatMap(({ person }) => {
    const spells = family.spells.filter(
      (spell) => spell.person.id === person && isCare(spell) && journeysOf(family, spell).includes(journey),
    );
    if (spells.length === 0) return [];
    const id = keyedId(family.key, 'team', journey.id, person);
    const participant = [...Map.groupBy(spells, ({ service }) => service)]
      .map(([service, own]) => ({ member: { reference: `Organization/${service}` }, period: periodOf(own) }))
      .sort((a, b) => (a.member.reference < b.member.reference ? -1 : 1));
    const content: CareTeam = {
      resourceType: 'CareTeam',
      id,
      meta: { tag: [{ system: JOURNEY_TAG, code: journey.id }] },
      status: 'active',
      subject: { reference: `Patient/${person}` },
      participant,
    };
    return [
      view({
        type: 'CareTeam',
        id,
        content,
        owner: person,
        persons: [person],
        authors: [],
        service: null,
        state: 'active',
      }),
    ];
  });
}

/** From the first spell of a service to its last, open while one of them is. */
function periodOf(spells: Spell[]): Period {
  const starts = spells.flatMap(({ period }) => period.start ?? []).sort();
  const ends = spells.map(({ period }) => period.end ?? '').sort();
  return { ...(starts[0] ? { start: starts[0] } : {}), ...(ends[0] ? { end: ends.at(-1) as string } : {}) };
}

/** Care that was taken up: a referral still to be accepted is between the services it names. */
export const isCare = ({ status, confirmed }: Spell) =>
  confirmed && ['active', 'onhold', 'waitlist', 'finished'].includes(status);

/** The journey that a spell belongs to: never two, so that care in one pregnancy says nothing to those of another. */
export function journeysOf(family: Family, { person, period }: Spell): Journey[] {
  return family.homes.get(happeningKey({ person, start: period.start ?? '' })) ?? [];
}
