import type { Encounter } from '@medplum/fhirtypes';
import { idOf } from '../../fhir/references.ts';
import type { Rules, StatementState } from '../../store/facts.ts';
import type { Care } from '../family/homing.ts';
import type { Person } from '../who/charts.ts';
import type { Referral, Spell } from './spells.ts';

type Said = {
  states: StatementState[];
  spells: Spell[];
  referrals: Referral[];
  personOf: (key: string) => Person | undefined;
};

/**
 * All care of a family that is to have a home: referrals, then spells, then encounters, each after what it
 * cites.
 */
export function listCare({ states, spells, referrals, personOf }: Said, { keeperOf }: Rules): Care[] {
  const sectors = new Map(states.map(({ service, sector }) => [service, sector]));
  const sectorOf = (service: string | null) => sectors.get(service ?? '') ?? null;
  const spellOf = new Map(spells.flatMap((spell) => spell.keys.map((key) => [key, spell.id])));
  const encounters = states.flatMap((state): Care[] => {
    const person = state.type === 'Encounter' ? personOf(state.chart) : undefined;
    if (!person) return [];
    const { period, serviceProvider, episodeOfCare = [], basedOn = [] } = state.content as Encounter;
    const provider = idOf(serviceProvider?.reference, 'Organization') ?? state.service;
    const spell = idOf(episodeOfCare[0]?.reference, 'EpisodeOfCare') ?? '';
    const asked = basedOn.flatMap(({ reference }) => idOf(reference, 'ServiceRequest') ?? []);
    return [
      {
        id: state.key,
        person,
        start: period?.start ?? state.first.slice(0, 24),
        sector: sectorOf(provider) ?? state.sector,
        cites: [spellOf.get(spell) ?? spell, ...asked],
        apart: keeperOf(provider, [state]),
      },
    ];
  });
  return [
    ...referrals.map(({ key, person, start, service, author }) => ({
      id: key,
      person,
      start,
      sector: sectorOf(service),
      cites: [],
      apart: keeperOf(service, [author]),
    })),
    ...spells.map(({ id, person, period, service, referral, senders }) => ({
      id,
      person,
      start: period.start ?? '',
      sector: sectorOf(service),
      cites: referral ? [referral] : [],
      apart: keeperOf(service, senders),
    })),
    ...encounters,
  ].filter(({ start }) => !Number.isNaN(Date.parse(start)));
}
