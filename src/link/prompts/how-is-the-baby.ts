import { birthOf } from '../family/journeys.ts';
import type { Person } from '../who/charts.ts';
import type { Observed } from './observations.ts';
import { type Asked, chartOf, DAY, infantsIn, isAnyHeld, openCareOf, type Prompt } from './prompt.ts';

type Infant = ReturnType<typeof infantsIn>[number];
type Owner = { service: string; mother: Person; since: number };
/** Whether its system records such things at all is looked at again so often. */
const LOOK = 7 * DAY;

/** Of who cares for a mother, and has recorded nothing of her infant for a while. */
export function babiesUnseen(asked: Asked): Prompt[] {
  if (!asked.rules['how-is-the-baby']) return [];
  return infantsIn(asked.family).flatMap((one) =>
    ownersOf(asked, one).map((owner) => prompt(asked, one, owner)),
  );
}

function ownersOf({ family, rules, sectorOf, sight, blocked }: Asked, { infant, journey }: Infant): Owner[] {
  const { sectors = [] } = rules['how-is-the-baby'] ?? {};
  if (blocked.lost.has(infant) || blocked.bereft.has(infant)) return [];
  if (isAnyHeld(family, { infant, journey })) return [];
  const mothers = family.persons.filter(({ id }) =>
    journey.members.some(({ person, role }) => role === 'mother' && person === id),
  );
  return mothers.flatMap((mother) => {
    const own = openCareOf(family, mother).filter(
      ({ service }) =>
        sectors.includes(sectorOf(service) ?? '') && sight(service).knowsPerson(infant.id, journey.id),
    );
    return [...Map.groupBy(own, ({ service }) => service)].map(([service, spells]) => {
      const starts = spells.flatMap(({ period }) => Date.parse(period.start ?? '') || []);
      return { service, mother, since: Math.min(...starts) };
    });
  });
}

function prompt(asked: Asked, infant: Infant, { service, mother, since }: Owner): Prompt {
  const { everyDays = 0 } = asked.rules['how-is-the-baby'] ?? {};
  const born = birthOf(infant.infant) ?? 0;
  const which = placeOf(asked, infant);
  const recorded = [
    ...asked.observed.filter((one) => one.service === service && isOf(asked, one, infant, mother)),
    // An answer is a reason for none.
    ...asked.answers.filter(
      ({ code, occasion, service: by, person }) =>
        code === 'how-is-the-baby' && by === service && person === mother && occasion.endsWith(which),
    ),
  ];
  const last = Math.max(born, Number.isFinite(since) ? since : born, ...recorded.map(({ at }) => at));
  const from = last + everyDays * DAY;
  const looked = from + LOOK * Math.max(0, Math.floor((asked.now - from) / LOOK));
  const isAsked = asked.now < from || isRecording(asked, service, looked);
  return {
    ...{ code: 'how-is-the-baby', service, person: mother, chart: chartOf(mother, service).key },
    occasion: `${new Date(last).toISOString().slice(0, 10)}${which}`,
    from: isAsked ? from : looked + LOOK,
    until: Math.min(infant.until, isAsked ? looked + LOOK : Number.POSITIVE_INFINITY),
    focus: `Patient/${infant.infant.id}`,
  };
}

/** What tells her infants apart: when they were born, and of one birth their order. */
function placeOf({ family, blocked }: Asked, { infant, journey }: Infant): string {
  const born = new Date(birthOf(infant) ?? 0).toISOString().slice(0, 7);
  const orderOf = ({ charts }: Person) =>
    Math.min(...charts.map(({ content }) => content.multipleBirthInteger ?? 9));
  const keyOf = ({ charts }: Person) => charts.map(({ key }) => key).sort()[0] ?? '';
  const all = infantsIn(family)
    .filter((one) => one.journey === journey && !blocked.lost.has(one.infant))
    .map((one) => one.infant)
    .sort((a, b) => orderOf(a) - orderOf(b) || (keyOf(a) < keyOf(b) ? -1 : 1));
  return all.length > 1 ? `@${born}.${all.indexOf(infant) + 1}` : `@${born}`;
}

/**
 * About this infant: so it says, or it was with the mother, of whose infants the last that was born then is
 * meant. Of those that the owner knows: where others put a contact may depend on what it does not.
 */
function isOf(
  { family, sight }: Asked,
  { code, person, service, at }: Observed,
  one: Infant,
  mother: Person,
): boolean {
  if (code !== 'infant-observed') return false;
  if (person !== mother) return person === one.infant;
  const hers = infantsIn(family).filter(
    ({ infant, journey: { id, members } }) =>
      members.some((member) => member.role === 'mother' && member.person === mother.id) &&
      sight(service).knowsPerson(infant.id, id),
  );
  const births = hers.map(({ infant }) => birthOf(infant) ?? 0).filter((born) => born <= at);
  return birthOf(one.infant) === Math.max(...births);
}

function isRecording({ rules, observed, observes }: Asked, service: string, by: number): boolean {
  const { systemWithinDays = 0 } = rules['how-is-the-baby'] ?? {};
  const after = by - systemWithinDays * DAY;
  const isInFamily = observed.some(
    (one) => one.code === 'infant-observed' && one.service === service && one.at > after && one.at <= by,
  );
  return isInFamily || observes(service, after, by);
}
