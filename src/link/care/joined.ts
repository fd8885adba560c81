/**
 * One referral may come under several names: the sender's identifiers, its resource id, the fullUrl and the
 * id of the message, the id that Skein gave. What a message says in part is said of the referral that its
 * names lead to, and an answer is of the referral that it names.
 */
import type { EpisodeOfCare, Identifier, MessageHeader, Reference, ServiceRequest } from '@medplum/fhirtypes';
import { idOf, renameReferences } from '../../fhir/references.ts';
import { RESOURCE_ID } from '../../fhir/systems.ts';
import type { StatementState } from '../../store/facts.ts';
import { combine } from '../fold.ts';
import { joinByNames, type Named } from './names.ts';

/** Somebody, as far as whose chart a key is: the same for the same person. */
type Who = (chart: string) => unknown;

export type Joined = {
  /** What was said, with one statement for each referral and its expected spell, whatever names they had. */
  statements: StatementState[];
  /** The referral that each statement of one is of, by key. */
  referralOf: Map<string, string>;
  /** Of each answer by key, the referral that it answers; null where its names lead to none or to several. */
  answers: Map<string, string | null>;
  /** Partial statements of referrals that say less than a referral and lead to none that is known. */
  astray: Set<string>;
};

export const performerOf = ({ content }: StatementState): string | null =>
  idOf((content as ServiceRequest).performer?.[0]?.reference, 'Organization') ?? null;

/** `name`: the key of what is cited. By its first identifier, or by any other that its sender gave it. */
export function isCalled({ ref, content }: StatementState, name: string | null, cited?: Identifier): boolean {
  if (ref === null || name === null) return false;
  const { identifier = [] } = content as ServiceRequest;
  return (
    ref === name || identifier.some(({ system, value }) => system === cited?.system && value === cited?.value)
  );
}

/**
 * Which of several referrals a name means: that of the sender who was heard first, since whoever learns a
 * name could use it, too; none where that sender has two of it.
 */
export function firstHeard(found: StatementState[]): StatementState | undefined {
  const heardAt = ({ first, key }: StatementState) => `${first.split('|')[1]} ${key}`;
  const [first, ...others] = [...found].sort((a, b) => (heardAt(a) < heardAt(b) ? -1 : 1));
  return others.some(({ systemId }) => systemId === first?.systemId) ? undefined : first;
}

/** Pure, and the same for any order of arrival: joins are found from all that was said. */
export function joinReferrals(statements: StatementState[], personOf: Who): Joined {
  const names = readNames(statements);
  const none = { statements, referralOf: new Map(), answers: new Map(), astray: new Set<string>() };
  if (names.size === 0) return none;
  const requests = statements.filter(({ type, chart }) => type === 'ServiceRequest' && personOf(chart));
  const given = new Map(requests.map((state) => [givenName(state.key), state]));
  const named = requests.map((state) => nameRequest(state, { names, given, personOf }));
  const { leaders, astray } = joinByNames(named);
  const referralOf = new Map(requests.map(({ key }) => [key, leaders.get(key) ?? key]));
  const referrals = mergeBy(requests, ({ key }) => referralOf.get(key) as string);
  const made = new Map(referrals.map((state) => [state.key, state]));
  const known = new Map<string, Set<string>>();
  for (const { key, names: own } of named)
    for (const name of own)
      known.set(name, (known.get(name) ?? new Set()).add(referralOf.get(key) as string));
  const isAnswer = ({ type, key }: StatementState) => type === 'EpisodeOfCare' && names.has(key);
  const answers = new Map(
    statements.filter(isAnswer).map((state) => {
      const found = [...(names.get(state.key) ?? [])].flatMap((name) => only(known.get(name), state));
      return [state.key, new Set(found).size === 1 ? (found[0] as string) : null];
    }),
  );
  function only(keys: Set<string> | undefined, { chart, service }: StatementState): string[] {
    const meant = [...(keys ?? [])].flatMap((key) => {
      const asked = made.get(key) as StatementState;
      return performerOf(asked) === service && personOf(asked.chart) === personOf(chart) ? [asked] : [];
    });
    return [firstHeard(meant)?.key ?? []].flat();
  }
  const rest = statements.filter(({ type }) => type !== 'ServiceRequest' && type !== 'MessageHeader');
  const called = new Set([...names.keys()].flatMap((key) => referralOf.get(key) ?? []));
  const spells: Asked = { made, called };
  const placed = rest.map((state) => rename(state, referralOf)).flatMap((state) => placeSpell(state, spells));
  return {
    statements: [
      ...referrals,
      ...statements.filter(({ type, chart }) => type === 'ServiceRequest' && !personOf(chart)),
      ...mergeBy(placed, (state) => spellName(state, spells, answers)),
    ].sort((a, b) => a.seq - b.seq),
    referralOf,
    answers,
    astray,
  };
}

/** What each statement of a message was called in it. */
function readNames(statements: StatementState[]): Map<string, Set<string>> {
  const names = new Map<string, Set<string>>();
  for (const { type, content } of statements) {
    if (type !== 'MessageHeader') continue;
    const [about, ...called] = (content as MessageHeader).focus ?? [];
    const key = about?.reference?.split('/')[1] ?? '';
    const all = names.get(key) ?? new Set();
    for (const { identifier } of called) all.add(`${identifier?.system ?? ''}|${identifier?.value ?? ''}`);
    names.set(key, all);
  }
  return names;
}

const givenName = (key: string) => `${RESOURCE_ID}|ServiceRequest/${key}`;

type Names = { names: Map<string, Set<string>>; given: Map<string, StatementState>; personOf: Who };

/** What calls itself by an id that was given to another changes that one, even where it says all anew. */
function nameRequest(state: StatementState, { names, given, personOf }: Names): Named {
  const { key, systemId, chart, first, base, content } = state;
  const said = names.get(key);
  const isOther = [...(said ?? [])].some((name) => {
    const other = given.get(name);
    const own = other?.systemId === systemId && personOf(other.chart) === personOf(chart);
    return own && other.key !== key;
  });
  const identifiers = (content as ServiceRequest).identifier ?? [];
  return {
    key,
    first,
    within: [systemId, personOf(chart)],
    receiver: performerOf(state),
    isPart: isOther || (base === '' && said !== undefined),
    names: new Set([
      givenName(key),
      ...identifiers.map(({ system = '', value = '' }) => `${system}|${value}`),
      ...(said ?? []),
    ]),
  };
}

function rename(state: StatementState, referralOf: Map<string, string>): StatementState {
  const moves = (reference: string) => {
    const key = idOf(reference, 'ServiceRequest') ?? '';
    const to = referralOf.get(key);
    return to === undefined || to === key ? undefined : `ServiceRequest/${to}`;
  };
  const cites = citations(state).some(({ reference }) => reference !== undefined && moves(reference));
  return cites ? { ...state, content: renameReferences(state.content, moves) } : state;
}

const citations = ({ content }: StatementState): Reference[] => {
  const { referralRequest = [], basedOn = [] } = content as { [name in Cites]?: Reference[] };
  return [...referralRequest, ...basedOn];
};
type Cites = 'referralRequest' | 'basedOn';

/** `called`: the referrals that messages gave names. */
type Asked = { made: Map<string, StatementState>; called: Set<string> };

/** The spell that a message asks for is with whom its referral names, and with nobody where it names none. */
function placeSpell(state: StatementState, spells: Asked): StatementState[] {
  const asked = askedBy(state, spells);
  const content = state.content as EpisodeOfCare;
  if (!asked || content.managingOrganization) return [state];
  const performer = performerOf(asked);
  const managingOrganization = { reference: `Organization/${performer}` };
  return performer === null ? [] : [{ ...state, content: { ...content, managingOrganization } }];
}

/** The referral of its own sender, made by a message, that an episode is the expected spell of. */
function askedBy(state: StatementState, { made, called }: Asked): StatementState | undefined {
  if (state.type !== 'EpisodeOfCare') return undefined;
  const asked = made.get(idOf(citations(state)[0]?.reference, 'ServiceRequest') ?? '');
  return asked?.systemId === state.systemId && called.has(asked.key) ? asked : undefined;
}

function spellName(state: StatementState, spells: Asked, answers: Joined['answers']): string {
  const answered = answers.get(state.key);
  if (answered) return `${state.systemId} answers ${answered}`;
  const asked = askedBy(state, spells);
  const { managingOrganization } = state.content as EpisodeOfCare;
  return asked ? `${asked.key} expected of ${managingOrganization?.reference}` : state.key;
}

/** One statement of all that have one name; it has the key of the first that was said in full. */
function mergeBy(states: StatementState[], nameOf: (state: StatementState) => string): StatementState[] {
  return [...Map.groupBy(states, nameOf)].map(([name, group]) => {
    const [lead, ...others] = [...group].sort((a, b) => rank(a, name) - rank(b, name) || compare(a, b));
    if (!lead || others.length === 0) return group[0] as StatementState;
    return { ...lead, ...combine([lead, ...others]), seq: Math.min(...group.map(({ seq }) => seq)) };
  });
}

const rank = ({ key, base }: StatementState, name: string) => (key === name ? 0 : base !== '' ? 1 : 2);
const compare = (a: StatementState, b: StatementState) =>
  a.first < b.first ? -1 : a.first > b.first ? 1 : a.key < b.key ? -1 : 1;
