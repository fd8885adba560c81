import type { Recipient } from '../../model.ts';
import type { Db } from '../../store/pool.ts';
import { registeredServices } from '../register/services.ts';
import type { Care, Grant, Grants } from './decide.ts';
import { POLICY } from './policy.ts';

const DAY = 24 * 60 * 60 * 1000;

// A journey opens its other members to a service only through an open patient of its own in it; a patient who is there as the
// partner opens nobody: no partner edge is confirmed in this release (sharing row rules).
const GRANTS = `
select ask.service, ask.person, own.state, own.until, coalesce((
  select json_agg(json_build_object('journey', m.journey, 'role', m.role)) from member m
  where m.person = ask.person and exists (
    select from member o join involvement i on i.person = o.person and i.service = ask.service and i.state = 'open'
    where o.journey = m.journey and o.person <> m.person and o.role <> 'partner')), '[]') as roles,
  array(select m.journey from member m where m.person = ask.person and m.role = 'partner'
    and exists (select from member o where o.journey = m.journey and o.person <> m.person)) as "partnerIn"
from unnest($1::uuid[], $2::uuid[]) as ask (service, person)
left join involvement own on own.person = ask.person and own.service = ask.service`;

type Asked = { service: string; sector: string | null; persons: string[] };
type Found = Pick<Grant, 'roles' | 'partnerIn'> & {
  service: string;
  person: string;
  state: 'open' | 'pending' | 'closed' | null;
  until: Date | null;
};

/** How one recipient stands to these persons, in one query (none for the operator). */
export async function loadGrants(db: Db, recipient: Recipient, persons: string[]): Promise<Grants> {
  if (recipient.kind === 'operator') return { everything: true };
  const { id: service, sector } = recipient.system.service;
  const found = await loadGrantsForServices(db, [{ service, sector, persons }]);
  return found.get(service) as Grants;
}

/** The same for many services at once, still in one query; by service id. A service may come more than once. */
export async function loadGrantsForServices(
  db: Db,
  asked: Asked[],
  at = new Date(),
): Promise<Map<string, Grants>> {
  const pairs = [...pairsOf(asked)].flatMap(([service, persons]) =>
    [...persons].map((person) => ({ service, person })),
  );
  const services = await registeredServices(db);
  const { rows } =
    pairs.length === 0
      ? { rows: [] }
      : await db.query<Found>({
          name: 'grants',
          text: GRANTS,
          values: [pairs.map(({ service }) => service), pairs.map(({ person }) => person)],
        });
  const grants = new Map(
    asked.map(({ service, sector }) => [
      service,
      { everything: false as const, service, sector, persons: new Map<string, Grant>(), services, at },
    ]),
  );
  for (const row of rows) {
    grants
      .get(row.service)
      ?.persons.set(row.person, { care: careOf(row, at), roles: row.roles, partnerIn: row.partnerIn });
  }
  return grants;
}

function pairsOf(asked: Asked[]): Map<string, Set<string>> {
  const pairs = new Map<string, Set<string>>();
  for (const { service, persons } of asked) {
    pairs.set(service, new Set([...(pairs.get(service) ?? []), ...persons]));
  }
  return pairs;
}

/** Care that closed nobody knows when counts as long past. */
function careOf({ state, until }: Found, at: Date): Care | null {
  if (state !== 'closed') return state;
  return until && at.getTime() - until.getTime() <= POLICY.closedCareDays * DAY ? 'recent' : 'past';
}
