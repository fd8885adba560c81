/** Which faults could change nothing, whatever a message says: conditions that mean the same, and values that
 * a rule can never see. Where that is not certain, a fault counts. */
import { type ClauseTest, clausesOf } from '../../map/compile/condition.ts';
import type { CodeTable } from '../../map/language/concept-map.ts';
import type { Fragment } from '../../map/language/loader.ts';
import type { Alternative, Rule, SourceFile } from '../../map/language/mapping-file.ts';
import type { MappingFiles } from '../../map/language/read-mappings.ts';

/** Where a condition stands: those that hold around it, of the same part of the source. */
export type Sense = {
  around: readonly string[];
  maps: ReadonlyMap<string, CodeTable>;
  /** Every value that a path may have, where the source closes the list. */
  closed: (path: string) => readonly string[] | undefined;
  /** False of sources in which a path may have several values at once. */
  single: boolean;
};

/** Of a mapping, or of a fragment, which any source may use. */
export function senseOf(files: MappingFiles, name?: string): Sense {
  const own = files.sources.get(name ?? '');
  return {
    around: [],
    maps: new Map([...files.maps, ...(own?.maps ?? [])]),
    closed: (path) => (own ? closedIn(own.source, path) : undefined),
    single: own?.source.format !== 'tables',
  };
}

function closedIn(source: SourceFile, path: string): string[] | undefined {
  if (source.format !== 'hl7v2' || Object.keys(source.messages).length === 0) return undefined;
  if (path === 'MSH-9.1' || path === 'MSH-9') return Object.keys(source.messages);
  return path === 'MSH-9.2' ? Object.values(source.messages).flat() : undefined;
}

/** Inside a rule: its condition holds, and those around it where it reads the same part of the source. The
 * header of a message is the same in every part. */
export function inside(
  sense: Sense,
  { each, when }: { each?: string | undefined; when?: string | undefined },
) {
  const isOfHeader = (text: string) =>
    clausesOf(text, sense.maps).every((all) => all.every(({ path }) => path.startsWith('MSH-')));
  const around = each === undefined ? sense.around : sense.around.filter(isOfHeader);
  return { ...sense, around: when === undefined || isFhirPath(when) ? around : [...around, when] };
}

const isFhirPath = (when: string) => when.startsWith('fhirpath:');
/** More combinations than these are not tried. */
const MOST = 50_000;

/** True where both hold and fail for the same values; undefined always holds. */
export function isSame(before: string, after: string | undefined, sense: Sense): boolean {
  if (!sense.single || isFhirPath(before)) return false;
  const read = (text: string | undefined) => (text === undefined ? [[]] : clausesOf(text, sense.maps));
  const [old, now, around] = [read(before), read(after), sense.around.map(read)];
  const clauses = [old, now, ...around].flat(2);
  const paths = [...new Set(clauses.map(({ path }) => path))];
  const domains = paths.map((path) => [undefined, ...valuesTried(clauses, path, sense)]);
  if (domains.reduce((product, { length }) => product * length, 1) > MOST) return false;
  const at = new Map<string, string | undefined>();
  const agrees = (index: number): boolean => {
    const path = paths[index];
    if (path === undefined)
      return !isWhole(at) || !around.every((one) => holds(one, at)) || holds(old, at) === holds(now, at);
    return (domains[index] ?? []).every((value) => {
      at.set(path, value);
      return agrees(index + 1);
    });
  };
  return agrees(0);
}

const holds = (any: ClauseTest[][], at: Map<string, string | undefined>): boolean =>
  any.some((all) => all.every(({ path, test }) => test(at.get(path))));

/** Every code that the rules of a mapping look up in a ConceptMap; undefined where it may be any. */
export function codesSeen(files: MappingFiles, name: string, map: string): string[] | undefined {
  const { data } = files.sources.get(name) ?? { data: { statements: [] } };
  const isUsed = ({ data: fragment }: Fragment) => JSON.stringify(fragment).includes(`"map":"${map}"`);
  if ([...files.fragments.values()].some(isUsed)) return undefined;
  const look = (rule: Alternative, sense: Sense): (string[] | undefined)[] => {
    if (rule.map !== map) return [];
    return [
      typeof rule.from === 'string' ? valuesAt(rule.from, inside(sense, { when: rule.when })) : undefined,
    ];
  };
  const walk = (rule: Rule, sense: Sense): (string[] | undefined)[] => {
    const within = inside(sense, rule);
    return [
      ...look(rule, sense),
      ...(rule.first ?? []).flatMap((one) => look(one, within)),
      ...(rule.rules ?? []).flatMap((one) => walk(one, within)),
    ];
  };
  const found = data.statements.flatMap(({ when, rules = [] }) => {
    const sense = inside(senseOf(files, name), { when });
    return rules.flatMap((rule) => walk(rule, sense));
  });
  return found.includes(undefined) ? undefined : found.flatMap((codes) => codes ?? []);
}

/** A segment is there where one of its fields is. */
const isWhole = (at: Map<string, string | undefined>): boolean =>
  [...at].every(([path, value]) => {
    const segment = path.split('-', 1)[0] ?? '';
    return value === undefined || !at.has(segment) || at.get(segment) !== undefined;
  });

/** One value of each kind that the clauses tell apart, and one that none of them names. */
function valuesTried(clauses: ClauseTest[], path: string, { closed }: Sense): string[] {
  const known = closed(path);
  if (known) return [...known];
  return ['~', ...new Set(clauses.flatMap((one) => (one.path === path ? one.tried : [])))];
}

/** Every value that a path can have inside these conditions; undefined where it may be any. */
export function valuesAt(path: string, sense: Sense): string[] | undefined {
  const around = sense.around.map((text) => clausesOf(text, sense.maps));
  const tried = valuesTried(around.flat(2), path, sense);
  const possible = tried.filter((value) =>
    around.every((any) => any.some((all) => all.every((one) => one.path !== path || one.test(value)))),
  );
  return possible.includes('~') ? undefined : possible;
}
