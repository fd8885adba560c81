import type { CareTeamParticipant, Period } from '@medplum/fhirtypes';

type Spell = { service: string | null; period?: Period };

/** The participants of a CareTeam: each service once, from its first spell to its last. */
export function composeParticipants(spells: Spell[]): CareTeamParticipant[] {
  return [...Map.groupBy(spells, ({ service }) => service)]
    .map(([service, own]) => ({
      member: { reference: `Organization/${service}` },
      period: periodOf(own.flatMap(({ period }) => period ?? [])),
    }))
    .sort((a, b) => (a.member.reference < b.member.reference ? -1 : 1));
}

/** From the first start to the last end, open while one of them is. */
function periodOf(periods: Period[]): Period {
  const starts = periods.flatMap(({ start }) => start ?? []).sort();
  const ends = periods.map(({ end }) => end ?? '').sort();
  return { ...(starts[0] ? { start: starts[0] } : {}), ...(ends[0] ? { end: ends.at(-1) as string } : {}) };
}
