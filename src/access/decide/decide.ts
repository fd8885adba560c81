import type { Category, DutyContact, Level, Recipient, Role, Youth } from '../../model.ts';
import { mayAsk } from '../authenticate/scopes.ts';
import { type Cell, PAYLOADS, type Payload, POLICY, rowOf } from './policy.ts';

/** Rule 11: every view says the same sentence to everyone, whether or not something was withheld. */
export const NOTICE = 'Other services may be involved that are not shown.';

/**
 * How a service stands to one person. `recent` is care closed within the policy's days, `past` before that.
 * `roles` are what the person is in each journey in which the service has somebody else as its open patient;
 * `byMother`: the mother is one of these patients.
 */
export type Care = 'open' | 'pending' | 'recent' | 'past';
export type Grant = {
  care: Care | null;
  /** A referral to the service waits for its answer, whatever care it gives or gave besides. */
  asked?: boolean;
  roles: { journey: string; role: Role; byMother?: boolean }[];
  /**
   * Journeys that being somebody's patient does not open: those that the person is in as a partner, or as the
   * mother of nobody's infant any more.
   */
  asideIn?: string[];
  /**
   * Under a safety hold, restricted or placed: where and how to find the person stays with whoever said it
   * (sharing rules 8 and 14).
   */
  held?: boolean;
  /** What the person refused that this service is told by others, and what it may know besides. */
  refused?: Category[];
  agreed?: Category[];
  /** What a clinician states that it may know for somebody's safety, though nobody agreed. */
  stated?: Category[];
  /** Under the age of agreeing for oneself, and who holds parental responsibility. */
  minor?: true;
  holders?: string[];
  /** A clinician found that this child may decide about some help. */
  decides?: true;
  /**
   * A child who lives apart from its birth family: of it others than its own services learn that there is
   * care, and no more (sharing rule 14).
   */
  away?: boolean;
  /** The person at the service who asks has broken glass for this person, and it still holds. */
  glass?: true;
  /**
   * A young person of whom this service may know nothing but what it sent itself (sharing rule 18): whatever
   * else was said, or agreed to.
   */
  closed?: boolean;
  /** Is this a young person, and held until they are older? */
  youth?: Youth | null;
  /** A label says so: of the person no notification says more than that something happened. */
  restricted?: boolean;
};

/** What `decide` knows of one recipient: `everything` for the operator, else the service and its persons. */
export type Grants =
  | { everything: true }
  | {
      everything: false;
      service: string;
      sector: string | null;
      persons: Map<string, Grant>;
      /** The registered services: kind and sector for "a service of this kind", and the duty number. */
      services: ReadonlyMap<
        string,
        { kind: string | null; sector: string | null; duty?: DutyContact | null }
      >;
      at: Date;
    };

const ORDER: Level[] = ['-', 'E', 'S', 'F'];
const rank = (level: Level) => ORDER.indexOf(level);
const lower = (a: Level, b: Level): Level => (rank(a) < rank(b) ? a : b);

export function highest(levels: Level[]): Level {
  return levels.reduce((best, level) => (rank(level) > rank(best) ? level : best), '-');
}

export function reaches(level: Level, needed: Level): boolean {
  return rank(level) >= rank(needed);
}

/**
 * May this recipient know this of this person now, and how much? Pure; deny by default. `journeys`: those
 * that the thing belongs to. M, P and I are roles in one of them, so that of a second pregnancy the first
 * child's services learn nothing; what belongs to no journey ([]) is opened by no role; left out, where it is
 * the person that is asked about, by a role in any. A refusal comes first; then what a clinician states for
 * safety's sake, a summary and of whom the service knows already; an agreement; the table. Broken glass opens
 * what the table does not, and no refusal. A referral that waits for an answer opens nothing here: what its
 * receiver sees is what that message said (projectPatient).
 */
export function decide(grants: Grants, category: Category, person: string, journeys?: string[]): Level {
  if (grants.everything) return 'F';
  const cell = rowOf(grants.sector)?.cells[category];
  const grant = grants.persons.get(person);
  if (!cell || !grant || grant.refused?.includes(category)) return '-';
  if (grant.closed) return byGlass(grant, category, cell);
  const isAgreed = grant.agreed?.includes(category) === true;
  const own = cell.agreement ? (isAgreed ? cell.own : '-') : raised(cell.own, isAgreed);
  const stated = grant.stated?.includes(category) ? 'S' : '-';
  if (grant.care === 'open' || grant.care === 'recent') return highest([own, stated]);
  const roles = grant.roles.filter(({ journey }) => !journeys || journeys.includes(journey));
  const cross = roles.map(({ role }) =>
    grant.away ? existence(category, cell[role]) : raised(cell[role], isAgreed && role !== 'partner'),
  );
  const isKnown = !grant.held && (grant.care === 'past' || roles.length > 0);
  const further = [...cross, byGlass(grant, category, cell), isKnown ? stated : '-'] as const;
  if (grant.care === 'past' && category === 'INV') return highest([lower(own, 'E'), ...further]);
  return highest([...further]);
}

/**
 * Broken glass shows what an own patient's service would see, at most a summary; of whoever is held,
 * restricted, placed or a child that others know nothing of no more than who it is, and that there is care:
 * which care would say where.
 */
function byGlass({ glass, held, closed }: Grant, category: Category, cell: Cell): Level {
  if (!glass || cell.agreement) return '-';
  return lower(cell.own, (held || closed) && category !== 'DEM' ? 'E' : 'S');
}

/** What the recipient may know without the glass that a person at it has broken: what leads to others. */
export function withoutGlass<G extends Grants>(grants: G): G {
  if (grants.everything || ![...grants.persons.values()].some(({ glass }) => glass)) return grants;
  const persons = [...grants.persons].map(
    ([person, { glass: _broken, ...grant }]) => [person, grant] as const,
  );
  return { ...grants, persons: new Map(persons) };
}

const existence = (category: Category, level: Level): Level => (category === 'INV' ? lower(level, 'E') : '-');

/** An agreement raises what a service may know by one level, and opens no relation that there is not. */
const raised = (level: Level, isAgreed: boolean): Level =>
  isAgreed ? (ORDER[Math.min(rank(level) + 1, ORDER.length - 1)] as Level) : level;

/** Nothing but what it sent itself may this service know of these persons, of one of them at least. */
export const isClosedTo = (grants: Grants, persons: string[]): boolean =>
  !grants.everything && persons.some((person) => grants.persons.get(person)?.closed);

export const isStatutory = (sector: string | null): boolean =>
  POLICY.rows.get(sector ?? '')?.group === 'statutory-health';

/**
 * Whose row opens nothing at all reads of nobody, also what was addressed to it; so does who has no row.
 */
export const readsOfPeople = (sector: string | null): boolean =>
  Object.values(POLICY.rows.get(sector ?? '')?.cells ?? {}).some(({ own }) => own !== '-');

/**
 * A referral of this person waits for the recipient's answer: until then it reads of whom it is what that
 * message gave (sharing rule 3).
 */
export function isAskedOf(grants: Grants, person: string): boolean {
  if (grants.everything) return true;
  const { care, asked } = grants.persons.get(person) ?? {};
  return readsOfPeople(grants.sector) && (care === 'pending' || asked === true);
}

/** Beside statutory health those who act for their own clients against domestic abuse. */
export const placesHolds = (sector: string | null): boolean =>
  isStatutory(sector) || sector === 'third-sector-domestic-abuse';

/**
 * One of these persons is held, and the recipient knows of them not all: what they were to each other is as
 * if it had been wrong. Whose row shows nobody by way of another never knew it, and sees nothing move.
 */
export const areHeldApart = (grants: Grants, persons: string[]): boolean =>
  !grants.everything &&
  persons.length > 1 &&
  persons.some((person) => grants.persons.get(person)?.held) &&
  knowsByWay(grants, persons) &&
  decideAll(withoutGlass(grants), 'DEM', persons) === '-';

/** May it be known who somebody is, for being the mother or the infant of an own patient? */
function knowsByWay(grants: Exclude<Grants, { everything: true }>, persons: string[]): boolean {
  const cell = rowOf(grants.sector)?.cells.DEM;
  const isAgreed = persons.some((person) => grants.persons.get(person)?.agreed?.includes('DEM'));
  return isAgreed || (cell !== undefined && (cell.mother !== '-' || cell.infant !== '-'));
}

/** Who is involved, as a sector may know it of members who are not its own patients. */
export const columnOf = (sector: string | null) => POLICY.rows.get(sector ?? '')?.cells.INV;

/** May the stages of a journey be known, by way of one of these members or of a patient of its own in it? */
export function knowsStages(grants: Grants, journey: string, members: string[]): boolean {
  if (grants.everything) return true;
  const cell = POLICY.rows.get(grants.sector ?? '')?.cells.STG;
  const inIt = members.some((person) =>
    grants.persons.get(person)?.roles.some((role) => role.journey === journey),
  );
  const byOwn = inIt && cell !== undefined && !cell.agreement && cell.own !== '-';
  return byOwn || members.some((person) => decide(grants, 'STG', person, [journey]) !== '-');
}

/**
 * The level that holds for all of these persons: something about several people is told only as far as the
 * least visible one.
 */
export function decideAll(grants: Grants, category: Category, persons: string[], journeys?: string[]): Level {
  if (grants.everything) return 'F';
  return persons.length === 0
    ? '-'
    : persons.map((person) => decide(grants, category, person, journeys)).reduce(lower);
}

export const lesser = (a: Payload, b: Payload): Payload =>
  PAYLOADS.indexOf(a) < PAYLOADS.indexOf(b) ? a : b;

/**
 * The most that a subscription of a service may carry. `approved` is what its controller agreed to, if
 * anything: it lowers any ceiling and raises only that of statutory health (sharing ground rule 6).
 */
export function payloadCeiling(recipient: Recipient, approved: Payload | null = null): Payload {
  if (recipient.kind === 'operator') return 'full-resource';
  const limits = POLICY.payloads[POLICY.rows.get(recipient.system.service.sector ?? '')?.group ?? ''];
  if (!limits) return 'empty';
  const agreed = approved ? lesser(approved, limits.approved ?? limits.ceiling) : limits.ceiling;
  return lesser(agreed, scopeCeiling(recipient));
}

/** Whoever may not read resources by its scopes is sent none either: events may be about any type. */
export const scopeCeiling = (recipient: Recipient): Payload =>
  mayAsk(recipient, { type: '*', letter: 'r' }) ? 'full-resource' : 'id-only';

/**
 * What one notification about these persons carries: never more than `allowed`, nothing where one of them is
 * restricted by a label (sharing rule 6), and full resources for own open patients only, none of them held:
 * what was numbered before the hold may say where somebody is.
 */
export function payloadFor(grants: Grants, allowed: Payload, persons: string[]): Payload {
  if (grants.everything) return allowed;
  if (persons.some((person) => grants.persons.get(person)?.restricted)) return 'empty';
  if (allowed !== 'full-resource') return allowed;
  const isOwn = (person: string) => {
    const grant = grants.persons.get(person);
    return grant?.care === 'open' && !grant.held;
  };
  const own = persons.length > 0 && persons.every(isOwn);
  return own ? 'full-resource' : 'id-only';
}
