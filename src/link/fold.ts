import type { Resource } from '@medplum/fhirtypes';
import { typeDefinition } from '../fhir/definitions.ts';
import { NHS_NUMBER } from '../fhir/systems.ts';
import type { RecordMode } from '../model.ts';
import { foldFormer, formerMarks, isFormer, withoutFormer } from './fold-numbers.ts';
import { foldTeams, heldBy, isTeam, withoutTeams } from './fold-teams.ts';
import { contract, expand, hasCells, isInCells, isReason, wholeOf } from './parts.ts';

type Folded = {
  first: string;
  base: string;
  times: Record<string, string> | null;
  content: Resource;
  chart: string;
  ref: string | null;
  aliases: string[] | null;
  team: string | null;
};
type Said = {
  content: Resource;
  chart: string;
  ref: string | null;
  given?: string;
  aliases?: string[];
  implicit?: true;
  nulls: string[];
  assumed?: string[];
  team?: { service: string; chart: string };
  stamp: string;
  mode: RecordMode;
};
type Elements = Record<string, unknown>;
type Combined = Pick<Folded, 'first' | 'base' | 'times' | 'content' | 'chart' | 'ref'>;

/** Before the stamp of what was assumed: it sorts before anything that was said. */
const ASSUMED = '!';
/**
 * What was last said when of the second key (an NHS number's, mostly): that it holds, that it is none, or a
 * number and no more.
 */
const HOLDS = '~holds|';
const GIVEN = '~given|';
const NONE = '~none';

/**
 * Adds one saying of a resource to what its sender said of it before: last writer wins per top-level element
 * (per identifier system, per extension url, for each end of a period, and of who writes cells for each cell
 * of a name or an address and each kind of telecom), by the sender's own time (`stamp`). Commutative and
 * idempotent, so any order of arrival gives the same state. What a delta assumes gives way to whatever was
 * said at any time. A snapshot drops what it leaves out; a delta leaves what it does not mention, the
 * verification of a number among it.
 */
export function fold(stored: Folded | null, said: Said): Folded {
  const teams = foldTeams(stored?.times ?? {}, said);
  const state = stored && { ...stored, times: withoutFormer(withoutTeams(stored.times)) };
  const whole = said.mode === 'snapshot' && !said.implicit;
  const folded = whole ? foldSnapshot(state, said) : foldDelta(state, said);
  const first = state && state.first < said.stamp ? state.first : said.stamp;
  // Every key that it was ever found by: what no longer holds leads to a chart more, and link looks at what
  // that says.
  const former = foldFormer(stored, said, folded.ref);
  // One that holds again is none of the former, nor a further one.
  const aliases = [...new Set([...(state?.aliases ?? []), ...(said.aliases ?? []), ...former])]
    .filter((alias) => alias !== folded.ref)
    .sort();
  const marks = { ...teams, ...formerMarks(former) };
  const times = Object.keys(marks).length > 0 ? { ...folded.times, ...marks } : folded.times;
  const team = heldBy({ times })[0]?.service ?? null;
  return { ...folded, first, times, aliases: aliases.length > 0 ? aliases : null, team };
}

/**
 * Several statements of one resource as one: of each element what was said last. Of what was said before the
 * last whole nothing stands.
 */
export function combine(states: Combined[]): Combined {
  const base = states.reduce((last, state) => (state.base > last ? state.base : last), '');
  const times: Record<string, string> = {};
  const elements: Elements = {};
  const inCells = states.some(isInCells);
  for (const state of states) {
    const said = expand(state, inCells);
    for (const element of new Set([...Object.keys(said), ...Object.keys(state.times ?? {})])) {
      const own = timeOf(state.times ?? {}, element);
      const time = own > state.base ? own : state.base;
      if (isMark(element) || isTeam(element) || isFormer(element)) continue;
      if (time < base || time < (times[element] ?? '')) continue;
      if (time === times[element] && element in elements) continue;
      times[element] = time;
      elements[element] = said[element];
    }
  }
  dropReasons(elements, times);
  const first = states.reduce(
    (least, state) => (state.first < least ? state.first : least),
    states[0]?.first ?? '',
  );
  const newer = Object.entries(times).filter(([, time]) => time > base);
  const ref = states.find((state) => state.ref !== null)?.ref ?? null;
  return {
    first,
    base,
    times: newer.length > 0 ? Object.fromEntries(newer) : null,
    ...contract(elements),
    ref,
  };
}

/** True of a chart that its sender only ever referred to. */
export const isImplicit = ({ base, times }: Pick<Folded, 'base' | 'times'>): boolean =>
  base === '' && Object.values(times ?? {}).every((time) => time.startsWith(ASSUMED));

type Parts = Omit<Folded, 'aliases' | 'team'>;

function foldSnapshot(state: Folded | null, said: Said): Parts {
  const { stamp, ref } = said;
  if (state && stamp <= state.base) return state;
  const newer = Object.entries(state?.times ?? {}).filter(([, time]) => time > stamp);
  if (!state || newer.length === 0)
    return { first: stamp, base: stamp, times: null, ...contract(expand(said, false)), ref };
  const inCells = hasCells(newer.map(([element]) => element));
  const before = expand(state, inCells);
  const kept = newer.map(([element]) => [element, before[element]]);
  const marked = newer.some(([element]) => isMark(element));
  const times = Object.fromEntries(marked ? [[markOf(said), stamp], ...newer] : newer);
  const still = Object.entries(expand(said, inCells)).filter(([element]) => stamp > timeOf(times, element));
  const elements = Object.fromEntries([...still, ...kept]);
  dropReasons(elements, times);
  return { first: stamp, base: stamp, times, ...contract(elements), ref: marked ? refOf(times) : ref };
}

function foldDelta(state: Folded | null, said: Said): Parts {
  const { stamp, nulls, assumed = [], implicit = false } = said;
  // A snapshot has spoken of everything, whenever it came: nothing is assumed beside it.
  if (state && (stamp < state.base || (implicit && state.base !== ''))) return state;
  const cells = said.mode === 'cells' ? expand(said, true) : {};
  // A row that has none changes nothing, the order of a list neither.
  const inCells = hasCells(Object.keys(cells)) || (state !== null && isInCells(state));
  const now = expand(said, inCells);
  const elements = state ? expand(state, inCells) : { resourceType: said.content.resourceType };
  const speaks = mentionsRef(now) && !implicit;
  const mark = nulls.includes('identifier') ? NONE : speaks ? markOf(said) : null;
  const unmarked = state && state.base !== '' && !Object.keys(state.times ?? {}).some(isMark);
  const times = { ...(mark && unmarked ? { [markOf(state)]: state.base } : {}), ...state?.times };
  const mentioned = Object.keys(now).filter((element) => element !== 'resourceType');
  for (const part of Object.keys(elements)) {
    const whole = wholeOf(part);
    if (whole === part || !nulls.includes(whole) || timeOf(times, part) >= stamp) continue;
    delete times[part];
    delete elements[part];
  }
  for (const said of [...mentioned, ...nulls]) {
    const time = implicit || assumed.includes(said) ? ASSUMED + stamp : stamp;
    for (const element of nulls.includes(said) ? [said] : formsOf(now, said)) {
      if (time <= timeOf(times, element)) continue;
      times[element] = time;
      elements[element] = now[element];
    }
  }
  dropReasons(elements, times);
  // Of two in one message the first stands, like any element of theirs.
  const known = Object.entries(times).some(([name, time]) => isMark(name) && time === stamp);
  if (mark && !known && stamp > (times[mark] ?? '')) times[mark] = stamp;
  const marked = mark !== null || Object.keys(times).some(isMark);
  const ref = marked ? refOf(times) : (state?.ref ?? null);
  return { first: stamp, base: state?.base ?? '', times, ...contract(elements), ref };
}

/**
 * An element with the other forms of its choice, which it takes the place of: who lives has no time of death,
 * a twin is no single.
 */
function formsOf({ resourceType }: Elements, element: string): string[] {
  const elements = typeDefinition(resourceType as string)?.elements ?? {};
  const choice = elements[element]?.choice;
  return choice ? Object.keys(elements).filter((form) => elements[form]?.choice === choice) : [element];
}

/** A reason that was said of the status before is none of this one. */
function dropReasons(elements: Elements, times: Record<string, string>): void {
  const { status = '' } = times;
  for (const part of Object.keys(elements))
    if (isReason(part) && timeOf(times, part) < status) delete elements[part];
}

/** When an element was last said, or emptied with the whole it is part of. */
function timeOf(times: Record<string, string>, element: string): string {
  const [own = '', whole = ''] = [times[element], times[wholeOf(element)]];
  return own > whole ? own : whole;
}

const isMark = (name: string) => name === NONE || name.startsWith(HOLDS) || name.startsWith(GIVEN);

function markOf({ ref, given }: { ref: string | null; given?: string | undefined }): string {
  return ref ? HOLDS + ref : given ? GIVEN + given : NONE;
}

/** The key that holds: the last said to, which a number given without its status since then does not undo. */
function refOf(times: Record<string, string>): string | null {
  const marks = Object.keys(times).filter(isMark);
  const last = marks.reduce((one, other) => ((times[other] ?? '') > (times[one] ?? '') ? other : one), NONE);
  if (last.startsWith(HOLDS)) return last.slice(HOLDS.length);
  const given = last.startsWith(GIVEN) ? last.slice(GIVEN.length) : null;
  return given && (times[HOLDS + given] ?? '') > (times[NONE] ?? '') ? given : null;
}

/** A Patient without a number says nothing of the number it has. */
const mentionsRef = (now: Elements) => now.resourceType !== 'Patient' || `identifier|${NHS_NUMBER}` in now;
