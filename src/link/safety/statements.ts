/**
 * What is said for somebody's safety (docs/adr/0021-safety-hold.md): a hold, how to reach the person safely,
 * and what the person agreed to or refused (docs/adr/0024-consent.md). Kept as statements of Skein's own
 * about charts, of which the last said of each chart stands.
 */
import type { Consent, Extension, Flag } from '@medplum/fhirtypes';
import { scopeOf } from '../../fhir/competence.ts';
import { keyedId } from '../../fhir/ids.ts';
import { holderOf, type Parental, parentalExtension } from '../../fhir/parental.ts';
import { idOf } from '../../fhir/references.ts';
import { SAFETY_SYSTEM, SKEIN_DEFINITIONS } from '../../fhir/systems.ts';
import type { Human, SafeContact } from '../../model.ts';
import type { IdentifiedStatement, StatementState } from '../../store/facts.ts';
import type { Person } from '../who/charts.ts';

/** The sector under which Skein keeps it; no system can be registered with it. */
export const SAFETY = 'safety';
/** Codes of the system `safety`: what a statement says of a chart. */
export const HOLD = 'hold';
export const CONTACT = 'safe-contact';
export const PLACEMENT = 'placement';
export const COMPETENCE = 'competence';
export const PARENTAL = 'parental-responsibility';
export const DISPUTE = 'dispute';

/** `author`: id of the service whose word it is; null: the operator's. `at`: ISO instant. */
type Said = { chart: string; author: string | null; at: string };

type Holding = { lifted?: boolean; human?: Pick<Human, 'issuer' | 'subject'> | undefined };

/**
 * The chart is held from `at` on; `lifted`: it was reviewed, and is held no more. `human`: the person who
 * said so, where that is known.
 */
export const holdOf = (
  key: Buffer,
  said: Said,
  { lifted = false, human }: Holding = {},
): IdentifiedStatement =>
  statementOf(key, said, {
    code: HOLD,
    status: lifted ? 'inactive' : 'active',
    ...(human ? { extension: [saidBy(human)] } : {}),
  });

const SAID_BY = `${SKEIN_DEFINITIONS}said-by`;
const saidBy = ({ issuer, subject }: Pick<Human, 'issuer' | 'subject'>): Extension => ({
  url: SAID_BY,
  valueIdentifier: { system: issuer, value: subject },
});

/** The person who placed a hold, by issuer and subject; null where a system did, and nobody said for whom. */
export function placerOf({ extension = [] }: Flag): Pick<Human, 'issuer' | 'subject'> | null {
  const { system, value } = extension.find(({ url }) => url === SAID_BY)?.valueIdentifier ?? {};
  return system && value ? { issuer: system, subject: value } : null;
}

/** The child of the chart lives apart from its birth family from `at` on; `ended`: and does no more. */
export const placementOf = (key: Buffer, said: Said, { ended = false } = {}): IdentifiedStatement =>
  statementOf(key, said, { code: PLACEMENT, status: ended ? 'inactive' : 'active' });

/**
 * That the young person of the chart may decide for themselves: about what, and until when
 * (`fhir/competence`).
 */
export function competenceOf(
  key: Buffer,
  said: Said,
  { scope, until, ended = false }: { scope: string; until: string; ended?: boolean },
): IdentifiedStatement {
  const flag = { code: COMPETENCE, status: ended ? ('inactive' as const) : ('active' as const) };
  return statementOf(key, said, { ...flag, extension: [scopeOf(scope)], until, apart: scope });
}

/** Who holds parental responsibility for the child of the chart; `ended`: does no more. */
export const parentalOf = (
  key: Buffer,
  said: Said,
  { ended, ...parental }: Parental & { ended: boolean },
): IdentifiedStatement =>
  statementOf(key, said, {
    ...{ code: PARENTAL, status: ended ? 'inactive' : 'active', apart: parental.holder },
    extension: [parentalExtension(parental)],
  });

const DISPUTED_RESOURCE = `${SKEIN_DEFINITIONS}disputed-resource`;

/**
 * The person of the chart says that a resource (`Type/id`; a Patient by its chart) is not right; `withdrawn`:
 * and does no more. Each author has a word of its own, which it alone takes back.
 */
export function disputeOf(
  key: Buffer,
  said: Said,
  { resource, withdrawn = false }: { resource: string; withdrawn?: boolean },
): IdentifiedStatement {
  const extension = [{ url: DISPUTED_RESOURCE, valueReference: { reference: resource } }];
  const made = statementOf(key, said, {
    code: DISPUTE,
    status: withdrawn ? 'inactive' : 'active',
    extension,
  });
  const id = keyedId(key, 'safety', DISPUTE, said.chart, resource, said.author ?? '');
  return { ...made, key: id, local: `${made.local} ${resource}` };
}

/** The resource that a statement is a dispute of, or the end of one; undefined of any other. */
export const disputedBy = ({ content }: Pick<IdentifiedStatement, 'content'>): string | undefined =>
  content.resourceType === 'Flag'
    ? content.extension?.find(({ url }) => url === DISPUTED_RESOURCE)?.valueReference?.reference
    : undefined;

/** What is disputed (`Type/id`, a Patient by its charts), by whoever says so last. */
export const disputedIn = (states: StatementState[]): ReadonlySet<string> =>
  new Set(
    safetyIn(states, DISPUTE).flatMap((state) =>
      state.content.status === 'active' ? (disputedBy(state) ?? []) : [],
    ),
  );

/** How to reach whom the chart is of: an extension `safe-contact`. */
export const contactOf = (key: Buffer, said: Said, extension: Extension): IdentifiedStatement =>
  statementOf(key, said, { code: CONTACT, status: 'active', extension: [extension] });

/** What the person of the chart agreed to or refused: `consent` has the id that it is known by. */
export function consentOf(
  key: Buffer,
  { chart }: Pick<Said, 'chart'>,
  consent: Consent & { id: string },
): IdentifiedStatement {
  const id = keyedId(key, 'safety', 'consent', consent.id, chart);
  const content: Consent = { ...consent, patient: { reference: `Patient/${chart}` } };
  return { key: id, type: 'Consent', chart, ref: null, local: `consent ${chart}`, nulls: [], content };
}

/**
 * Decides who may know of a person, who is in its row: grants read it by that alone
 * (access/decide/grants.ts).
 * Of Skein's own keeping: nothing that a sender's mapping could make has a person there.
 */
export const isRuling = ({ type, sector }: StatementState): boolean =>
  sector === SAFETY && (type === 'Consent' || type === 'Flag');

/** Consents of Skein's own keeping, each as it stands now. */
export const consentsIn = (states: StatementState[]): (StatementState & { content: Consent })[] =>
  states.filter(
    (state): state is StatementState & { content: Consent } => isRuling(state) && state.type === 'Consent',
  );

/** `apart`: several of one code may stand of one chart. `until`: ISO instant at which it ends by itself. */
type Flagged = Pick<Flag, 'status' | 'extension'> & { code: string; until?: string; apart?: string };

function statementOf(key: Buffer, { chart, author, at }: Said, { code, until, apart, ...said }: Flagged) {
  const content: Flag = {
    resourceType: 'Flag',
    ...said,
    code: { coding: [{ system: SAFETY_SYSTEM, code }] },
    subject: { reference: `Patient/${chart}` },
    period: { start: at, ...(until === undefined ? {} : { end: until }) },
    ...(author === null ? {} : { author: { reference: `Organization/${author}` } }),
  };
  const id = keyedId(key, 'safety', code, chart, ...(apart === undefined ? [] : [apart]));
  return { key: id, type: 'Flag', chart, ref: null, local: `${code} ${chart}`, nulls: [], content };
}

export type SafetyState = StatementState & { content: Flag };

/** Those of one code, each as it stands now. */
export const safetyIn = (states: StatementState[], code: string): SafetyState[] =>
  states.filter(
    (state): state is SafetyState =>
      state.type === 'Flag' &&
      state.sector === SAFETY &&
      (state.content as Flag).code.coding?.[0]?.code === code,
  );

export const authorOf = ({ author }: Flag): string | null => idOf(author?.reference, 'Organization') ?? null;

/** Who is placed: whoever has a chart of which that was last said. */
export function findPlaced(states: StatementState[], persons: Person[]): ReadonlySet<Person> {
  const placed = new Set(
    safetyIn(states, PLACEMENT).flatMap(({ chart, content }) => (content.status === 'active' ? chart : [])),
  );
  return new Set(persons.filter(({ charts }) => charts.some(({ key }) => placed.has(key))));
}

/** Of all charts of a person the last word on how to reach them; null where nobody has said so. */
export function contactWith(states: SafetyState[], { charts }: Person): SafeContact | null {
  const keys = new Set(charts.map(({ key }) => key));
  const [last] = states
    .filter(({ chart }) => keys.has(chart))
    .sort((a, b) => (a.base !== b.base ? (a.base < b.base ? 1 : -1) : a.key < b.key ? -1 : 1));
  const [said] = last?.content.extension ?? [];
  return last && said ? { author: authorOf(last.content), said } : null;
}

/** Who holds parental responsibility for this person, by any chart: each holder once, in one order. */
export function parentalFor(states: SafetyState[], { charts }: Person): Extension[] {
  const keys = new Set(charts.map(({ key }) => key));
  const said = states
    .filter(({ chart, content }) => keys.has(chart) && content.status === 'active')
    .sort((a, b) => (a.base < b.base ? -1 : 1));
  const byHolder = new Map(said.map(({ content }) => [holderOf(content) ?? '', content.extension ?? []]));
  return [...byHolder].sort(([a], [b]) => (a < b ? -1 : 1)).flatMap(([, extension]) => extension);
}
