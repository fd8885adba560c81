import type { Consent } from '@medplum/fhirtypes';
import type { Human, Recipient } from '../../model.ts';
import { asOf } from '../../store/clock.ts';
import type { Db } from '../../store/pool.ts';
import { registeredServices } from '../register/services.ts';
import { agreementsFor, describeMinor, isMinor } from './agreements.ts';
import { type Care, type Grant, type Grants, isStatutory } from './decide.ts';
import { POLICY } from './policy.ts';
import { type Aged, isClosed, youthOf } from './young.ts';

const DAY = 24 * 60 * 60 * 1000;

// A journey opens its other members to a service only through an open spell in that very journey; a patient
// who is there as the partner opens nobody: no partner edge is confirmed in this release (sharing row rules).
// Who is nobody's infant any more (`closes`) is opened by no other member, and opens none. In which journeys
// a person, as partner or as mother of such, opens nothing is `asideIn`. Nor is anybody who is held opened
// by another member, nor opens one (sharing rule 8); who is restricted by a label is opened by none.
const GRANTS = `
select ask.service, ask.person,
  array(select json_build_object('state', own.state, 'until', own.until) from involvement own
    where own.person = ask.person and own.service = ask.service) as care,
  coalesce((
    select json_agg(json_build_object('journey', m.journey, 'role', m.role, 'byMother', way.mother)) from member m
    cross join lateral (select bool_or(o.role = 'mother') as mother
      from involvement i join member o on o.journey = i.journey and o.person = i.person
      where i.journey = m.journey and i.service = ask.service and i.state = 'open' and o.person <> m.person
        and not o.held and o.role <> 'partner' and (o.closes is null or o.closes > $3)) way
    where m.person = ask.person and not m.held and not m.restricted and (m.closes is null or m.closes > $3)
      and way.mother is not null), '[]') as roles,
  exists (select from member h where h.person = ask.person and h.held) as held,
  exists (select from member h where h.person = ask.person and h.restricted) as restricted,
  exists (select from statement s where s.person = ask.person and s.type = 'Flag' and s.content @>
    '{"status": "active", "code": {"coding": [{"code": "placement"}]}}') as away,
  array(select s.content from statement s where s.person = ask.person and s.type = 'Consent') as consents,
  array(select s.content ->> 'birthDate' from statement s where s.person = ask.person and s.type = 'Patient'
    and s.content ? 'birthDate') as births,
  exists (select from member m join member o on o.journey = m.journey and o.person <> m.person
    where m.person = ask.person and m.role <> 'infant') as parent,
  array(select s.content from statement s where s.person = ask.person and s.type = 'Flag'
    and s.content #>> '{code,coding,0,code}' in ('competence', 'parental-responsibility')) as rulings,
  array(select m.journey from member m where m.person = ask.person and m.role <> 'infant'
    and exists (select from member o where o.journey = m.journey and o.person <> m.person)
    and (m.role = 'partner' or not exists (select from member o where o.journey = m.journey and o.role = 'infant'
      and (o.closes is null or o.closes > $3)))) as "asideIn",
  exists (select from glass g where g.person = ask.person and g.service = ask.service
    and g.issuer = ask.issuer and g.subject = ask.subject and g.expires_at > now()) as glass
from unnest($1::uuid[], $2::uuid[], $4::text[], $5::text[]) as ask (service, person, issuer, subject)`;

/** `human`: the person at the service who asks, and may have broken glass. */
type Asked = { service: string; sector: string | null; persons: string[]; human?: Human | null };
type Found = Pick<Grant, 'roles' | 'asideIn' | 'held' | 'restricted' | 'away'> & {
  service: string;
  person: string;
  care: Own[];
  consents: Consent[];
  glass: boolean;
} & Aged;
/** `until`: when closed care ended, as text. */
type Own = { state: 'open' | 'pending' | 'closed'; until: string | null };

/** The person at a system who may have broken glass, by the role of this very request; else null. */
export function glassBreaker(recipient: Recipient): Human | null {
  if (recipient.kind === 'operator' || !isStatutory(recipient.system.service.sector)) return null;
  return recipient.human?.may.includes('clinician') ? recipient.human : null;
}

/** How one recipient stands to these persons, in one query (none for the operator). */
export async function loadGrants(db: Db, recipient: Recipient, persons: string[]): Promise<Grants> {
  if (recipient.kind === 'operator') return { everything: true };
  const { id: service, sector } = recipient.system.service;
  const human = glassBreaker(recipient);
  const found = await loadGrantsForServices(db, [{ service, sector, persons, human }]);
  return found.get(service) as Grants;
}

/**
 * The same for many services at once, still in one query; by service id. A service may come more than once.
 */
export async function loadGrantsForServices(
  db: Db,
  asked: Asked[],
  at = asOf(),
): Promise<Map<string, Grants>> {
  const humans = new Map(asked.map(({ service, human }) => [service, human]));
  const pairs = [...pairsOf(asked)].flatMap(([service, persons]) =>
    [...persons].map((person) => ({ service, person, human: humans.get(service) })),
  );
  const services = await registeredServices(db);
  const { rows } =
    pairs.length === 0
      ? { rows: [] }
      : await db.query<Found>({
          name: 'grants',
          text: GRANTS,
          values: [
            ...[pairs.map(({ service }) => service), pairs.map(({ person }) => person), at],
            ...[pairs.map(({ human }) => human?.issuer), pairs.map(({ human }) => human?.subject)],
          ],
        });
  const grants = new Map(
    asked.map(({ service, sector }) => [
      service,
      { everything: false as const, service, sector, persons: new Map<string, Grant>(), services, at },
    ]),
  );
  for (const row of rows) {
    const { service, person } = row;
    const known = grants.get(service);
    known?.persons.set(person, grantOf(row, { service, sector: known.sector, at }));
  }
  return grants;
}

function grantOf(
  row: Found,
  { service, sector, at }: { service: string; sector: string | null; at: Date },
): Grant {
  const { roles, asideIn, restricted, away } = row;
  const care = careOf(row, at);
  const asked = row.care.some(({ state }) => state === 'pending');
  const held = row.held || restricted || away;
  const standing = { care, asked, roles, asideIn, held, restricted, away };
  return {
    ...standing,
    closed: isClosed(row, { service, sector, care, at }),
    youth: youthOf(row, at),
    ...(isMinor(row, at) ? describeMinor(row, at) : {}),
    ...agreementsFor(row.consents, row, { service, sector, at }),
    ...(row.glass ? { glass: true } : {}),
  };
}

function pairsOf(asked: Asked[]): Map<string, Set<string>> {
  const pairs = new Map<string, Set<string>>();
  for (const { service, persons } of asked) {
    pairs.set(service, new Set([...(pairs.get(service) ?? []), ...persons]));
  }
  return pairs;
}

/**
 * The most that a service's care of a person is, over all journeys. Care that closed nobody knows when is
 * long past.
 */
export function careOf({ care }: { care: Own[] }, at: Date): Care | null {
  const has = (state: Own['state']) => care.some((one) => one.state === state);
  if (has('open')) return 'open';
  const isRecent = ({ until }: Own) =>
    until !== null && at.getTime() - Date.parse(until) <= POLICY.closedCareDays * DAY;
  if (care.some((one) => one.state === 'closed' && isRecent(one))) return 'recent';
  if (has('pending')) return 'pending';
  return has('closed') ? 'past' : null;
}
