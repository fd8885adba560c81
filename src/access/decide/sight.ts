/**
 * What a service may know of a family that is being linked: the grants that `loadGrants` reads from the
 * store, from the same rows before they are stored.
 */
import type { FamilyRows, Member, Sight } from '../../store/facts.ts';
import { agreementsFor } from './agreements.ts';
import { decide, type Grant, type Grants, reaches } from './decide.ts';
import { careOf } from './grants.ts';
import { isDiscreet, staysInside } from './stays-inside.ts';
import { isClosed, youthOf } from './young.ts';

type Known = Exclude<Grants, { everything: true }>;

/** Pure; `sightOf(rows)` may be asked of many services. */
export function sightOf(rows: FamilyRows): (service: string) => Sight {
  const known = new Map<string, Known>();
  return (service) => {
    const grants = known.get(service) ?? grantsIn(rows, service);
    known.set(service, grants);
    return {
      knowsCare: (person, journey, care) =>
        !staysInside(grants, care) && reaches(decide(grants, 'INV', person, [journey]), 'E'),
      knowsNeed: (person, journey, care) =>
        !staysInside(grants, care) &&
        !isDiscreet(grants, care.service) &&
        reaches(decide(grants, 'REF', person, journey === null ? [] : [journey]), 'S'),
      knowsPerson: (person, journey) => reaches(decide(grants, 'DEM', person, [journey]), 'E'),
      knowsDates: (person, journey) => reaches(decide(grants, 'STG', person, [journey]), 'S'),
    };
  };
}

/** As `GRANTS` of grants.ts, of everybody in the family. */
export function grantsIn(
  { involvements, members, consents, placed, births, rulings, services, asOf }: FamilyRows,
  service: string,
): Known {
  const at = new Date(asOf);
  const own = involvements.filter((row) => row.service === service);
  const isInfant = ({ closes }: Member) => closes === null || Date.parse(closes) > at.getTime();
  /** Open patients of the service by way of whom a member is known. */
  const waysTo = (member: Member): Member[] =>
    isInfant(member) && !member.held && !member.restricted
      ? members.filter(
          (other) =>
            !other.held &&
            other.journey === member.journey &&
            other.person !== member.person &&
            other.role !== 'partner' &&
            isInfant(other) &&
            own.some(
              ({ person, journey, state }) =>
                state === 'open' && person === other.person && journey === other.journey,
            ),
        )
      : [];
  const rolesOf = (member: Member): Grant['roles'] => {
    const { journey, role } = member;
    const ways = waysTo(member);
    return ways.length > 0 ? [{ journey, role, byMother: ways.some((way) => way.role === 'mother') }] : [];
  };
  const shared = Map.groupBy(members, ({ journey }) => journey);
  const isShared = (journey: string) => (shared.get(journey)?.length ?? 0) > 1;
  const sector = services.get(service)?.sector ?? null;
  function grantOf(person: string): Grant {
    const care = careOf({ care: own.filter((row) => row.person === person) }, at);
    const places = members.filter((member) => member.person === person);
    const aged = {
      births: births.get(person) ?? [],
      parent: places.some(({ role, journey }) => role !== 'infant' && isShared(journey)),
      rulings: rulings.get(person) ?? [],
    };
    return {
      care,
      asked: own.some((row) => row.person === person && row.state === 'pending'),
      roles: places.flatMap(rolesOf),
      closed: isClosed(aged, { service, sector, care, at }),
      youth: youthOf(aged, at),
      ...restraintsOf(person),
      ...agreementsFor(consents.get(person) ?? [], aged, { service, sector, at }),
    };
  }
  function restraintsOf(person: string): Pick<Grant, 'held' | 'restricted' | 'away'> {
    const places = members.filter((member) => member.person === person);
    const restricted = places.some((member) => member.restricted);
    const away = placed.has(person);
    return { held: restricted || away || places.some((member) => member.held), restricted, away };
  }
  const persons = new Set([...members, ...own].map(({ person }) => person));
  return {
    everything: false,
    service,
    sector,
    persons: new Map([...persons].map((person) => [person, grantOf(person)])),
    services,
    at,
  };
}
