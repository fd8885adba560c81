/** What services and people are called in lanes, where room is short. */
import type { Reference } from '@medplum/fhirtypes';
import { capital } from '../words.ts';
import type { Given } from './given.ts';
import type { Member } from './members.ts';

export type ServiceName = { full: string; short: string; isOwn: boolean };
export type Names = {
  service: (said: Reference | undefined) => ServiceName;
  /** First name, else what the person is. */
  person: (reference: string | undefined) => string;
};

export function nameFor(given: Given, members: Member[]): Names {
  const all = [...given.episodes, ...given.encounters, ...given.referrals].flatMap((one) =>
    one.resourceType === 'ServiceRequest'
      ? [one.requester, ...(one.performer ?? [])]
      : one.resourceType === 'Encounter'
        ? [one.serviceProvider]
        : [one.managingOrganization],
  );
  const place = placeOf([...new Set(all.flatMap((one) => (one?.reference ? (one.display ?? []) : [])))]);
  const people = new Map(members.map(({ reference, short }) => [reference, short]));
  return {
    service: (said) => {
      const isOwn = given.service !== null && said?.reference === `Organization/${given.service}`;
      // A registered name is left as it is; a kind of service begins the line.
      const name = said?.reference ? (said.display ?? 'a service') : capital(said?.display ?? 'a service');
      const short = place && said?.reference ? name.slice(place.length) : name;
      return { full: `${name}${isOwn ? ' (you)' : ''}`, short: isOwn ? 'You' : short, isOwn };
    },
    person: (reference) => people.get(reference ?? '') ?? 'a person of this family',
  };
}

/** `Testhaven `, where all services but few begin so: what tells them apart comes after it. */
function placeOf(names: string[]): string {
  const firsts = Map.groupBy(names, (name) => /^\S+ (?=\S)/.exec(name)?.[0] ?? '');
  const [most] = [...firsts].sort(([, a], [, b]) => b.length - a.length);
  return most && names.length > 2 && most[1].length === names.length ? most[0] : '';
}
