import type { CareTeam, Group } from '@medplum/fhirtypes';
import { composeExpected } from '../../fhir/compose-expected.ts';
import { composeParticipants } from '../../fhir/compose-team.ts';
import { keyedId } from '../../fhir/ids.ts';
import { JOURNEY_TAG, STAGE_OF, STAGE_SYSTEM } from '../../fhir/systems.ts';
import type { CareSource, ExpectedSource } from '../../model.ts';
import type { View } from '../../store/facts.ts';
import type { Care } from '../care/list-care.ts';
import { isCare } from '../care/spells.ts';
import type { Journey } from '../family/journeys.ts';
import { stageAt } from '../family/stages.ts';
import { distinct, type Family, heldAmong, sourceOf, sourceOfSpell, view } from './family.ts';

export function groupView(family: Family, journey: Journey): View {
  const expected = journey.expected && expectedOf(family, journey.expected);
  const content: Group = {
    resourceType: 'Group',
    id: journey.id,
    active: true,
    type: 'person',
    actual: true,
    characteristic: journey.each.flatMap(({ infants, stages }) =>
      stages.map(({ code, start, end }) => ({
        ...(infants.length > 0 ? { extension: infants.map(stageOf) } : {}),
        ...(expected && code === 'pregnancy' ? { extension: composeExpected(expected) } : {}),
        code: { coding: [{ system: 'https://skein.example/fhir/CodeSystem/journey', code: 'stage' }] },
        valueCodeableConcept: { coding: [{ system: STAGE_SYSTEM, code }] },
        exclude: false,
        period: { start, ...(end ? { end } : {}) },
      })),
    ),
    member: [...journey.members]
      .sort((a, b) => (a.person < b.person ? -1 : 1))
      .map(({ person }) => ({
        entity: { reference: `Patient/${person}` },
        inactive: journey.unlinked.includes(person),
      })),
  };
  if (content.characteristic?.length === 0) delete content.characteristic;
  const persons = journey.members.map(({ person }) => person).sort();
  return view({
    type: 'Group',
    id: journey.id,
    content,
    owner: journey.anchor,
    persons,
    authors: [],
    service: null,
    sources: {
      care: careOf(family, journey),
      ...(expected ? { expected } : {}),
      ...heldAmong(family, persons),
    },
    state: [
      stagesIn(journey, family.asOf),
      ...(journey.lost.length > 0 ? [[...journey.lost].sort().join(' ')] : []),
    ].join('|'),
  });
}

/** Each word by whose it is, as far as a label or a journey apart lets others know of that. */
function expectedOf(family: Family, care: Care[]): ExpectedSource[] {
  return care.map(({ id, service, antenatal, infants, due, ended }) => {
    const spell = family.spellOf.get(id);
    const source = spell
      ? sourceOfSpell(family, spell)
      : sourceOf(family, id, { service, authors: service === null ? [] : [service] });
    return {
      ...source,
      ...(antenatal && infants !== null ? { infants } : {}),
      ...(antenatal && due !== null ? { due } : {}),
      ...(ended === null ? {} : { ended: true as const }),
    };
  });
}

const stageOf = (infant: string) => ({
  url: STAGE_OF,
  valueReference: { reference: `Patient/${infant}` },
});

/** Each stage with its start, then the one in force: when time changes that, somebody may be told. */
function stagesIn({ stages }: Journey, asOf: string): string {
  const all = stages.map(({ code, start }) => `${code}:${start}`);
  return all.length > 0 ? [...all, `@${stageAt(stages, asOf) ?? '-'}`].join(' ') : '';
}

export function teamViews(family: Family, journey: Journey): View[] {
  return journey.members.flatMap(({ person }) => {
    const spells = family.spells.filter(
      (spell) => spell.person.id === person && isCare(spell) && family.homeOf(spell.id) === journey,
    );
    if (spells.length === 0) return [];
    const id = keyedId(family.key, 'team', journey.id, person);
    const care = spells.map((spell) => ({ ...sourceOfSpell(family, spell), period: spell.period }));
    const content: CareTeam = {
      resourceType: 'CareTeam',
      id,
      meta: { tag: [{ system: JOURNEY_TAG, code: journey.id }] },
      status: 'active',
      subject: { reference: `Patient/${person}` },
      participant: composeParticipants(care),
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
        sources: { care },
        state: 'active',
      }),
    ];
  });
}

/**
 * All care that belongs to a journey: who may know of none of it may not know that there is such a journey.
 */
function careOf(family: Family, journey: Journey): CareSource[] {
  const { homeOf, spells, referrals, statements } = family;
  return distinct([
    ...spells
      .filter((spell) => homeOf(spell.id) === journey && isCare(spell))
      .map((spell) => sourceOfSpell(family, spell)),
    ...referrals
      .filter((referral) => homeOf(referral.key) === journey && referral.state === 'taken-up')
      .map(({ key, service, author }) => sourceOf(family, key, { service, authors: [author.service] })),
    ...statements
      .filter(({ type, key }) => type === 'Encounter' && homeOf(key) === journey)
      .map(({ key, service }) => sourceOf(family, key, { service, authors: [service] })),
  ]);
}
