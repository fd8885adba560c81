import type { ServiceRequest } from '@medplum/fhirtypes';
import type { Referral } from '../care/spells.ts';
import { sourceOf } from '../views/family.ts';
import { type Asked, DAY, openCareOf, type Prompt } from './prompt.ts';

/** A referral that stands, with what it asks for and when. */
type Standing = Referral & { chart: string; needs: string[]; at: number };

/** Of whoever was asked by one of two referrals for one need, and may know of both. */
export function talksBeforeReassessing(asked: Asked): Prompt[] {
  const rule = asked.rules['talk-before-reassessing'];
  if (!rule) return [];
  const standing = standingOf(asked);
  return standing.flatMap((one) =>
    standing
      .filter((other) => other.key !== one.key && isOfOneNeed(one, other, rule.withinDays * DAY))
      .filter((other) => isToTalk(asked, one, other))
      .flatMap((other): Prompt[] => {
        const { service, person, chart, key } = one;
        if (service === null) return [];
        const from = Math.max(one.at, other.at);
        const occasion = [key, other.key].sort().join(' ');
        const until = from + rule.forDays * DAY;
        const focus = `ServiceRequest/${key}`;
        return [{ code: 'talk-before-reassessing', service, person, chart, occasion, from, until, focus }];
      }),
  );
}

function standingOf({ family, blocked }: Asked): Standing[] {
  const stated = new Map(family.statements.map((state) => [state.key, state]));
  return family.referrals.flatMap((referral): Standing[] => {
    const { key, person, state, service, start } = referral;
    const said = stated.get(key);
    const isBegun = () => openCareOf(family, person).some((spell) => spell.referral === key);
    const isOpen = state === 'asked' || (state === 'taken-up' && isBegun());
    if (!said || service === null || !isOpen || blocked.lost.has(person)) return [];
    const codes = ((said.content as ServiceRequest).reasonCode ?? []).flatMap(({ coding = [] }) => coding);
    const needs = codes.map(({ system = '', code = '' }) => `${system}|${code}`);
    return [{ ...referral, chart: said.chart, needs, at: Date.parse(start) }];
  });
}

const isOfOneNeed = (one: Standing, other: Standing, within: number): boolean =>
  one.person === other.person &&
  Math.abs(one.at - other.at) <= within &&
  one.needs.some((need) => other.needs.includes(need));

/** Of two to one service the later is the second; of one to another, what that one may know of it. */
function isToTalk({ family, sight }: Asked, { service, ...one }: Standing, other: Standing): boolean {
  if (service === null || other.author.service === service || one.author.service === service) return false;
  if (other.service === service) return one.at > other.at || (one.at === other.at && one.key > other.key);
  const journey = family.homeOf(other.key)?.id ?? null;
  const care = sourceOf(family, other.key, { service: other.service, authors: [other.author.service] });
  return other.state === 'taken-up' && sight(service).knowsNeed(other.person.id, journey, care);
}
