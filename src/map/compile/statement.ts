import { typeDefinition } from '../../fhir/definitions.ts';
import { ID_IN_MESSAGE, NHS_NUMBER, RESOURCE_ID } from '../../fhir/systems.ts';
import { isObject, type Node, textOf } from '../../formats/tree.ts';
import type { Json } from '../../model.ts';
import { attempt, conditionOf, type Loader, readPath } from '../language/loader.ts';
import type { Check, Rule, Statement } from '../language/mapping-file.ts';
import type { Path } from '../language/yaml-file.ts';
import { type Expander, type Frame, PathError, type Reader, type Run, report, suggest } from '../run.ts';
import type { Entry } from '../sources/bundle.ts';
import { compileFragment, compileRules, type Place, type Step } from './compile.ts';
import type { Condition } from './condition.ts';

/** One statement of a mapping, compiled. `identify` gives "system|value", or undefined where the sender gave
 * nothing that identifies the resource. */
export type CompiledStatement = {
  local: string;
  resource: string;
  expand: Expander['expand'] | undefined;
  when: Condition | undefined;
  /** True where the statement is made whenever `when` holds. All others need a value from the source:
   * constants alone make no statement. */
  always: boolean;
  fill: Step;
  identify: (resource: Node, run: Run, frame: Frame) => string | undefined;
  /** All that it is called, as `identify` gives one. */
  name: (resource: Node, run: Run, frame: Frame) => string[];
};
export type CompiledCheck = (run: Run) => void;

export function compileStatement(
  loader: Loader,
  statement: Statement,
  path: Path,
): CompiledStatement | undefined {
  const { resource, local } = statement;
  const definition = typeDefinition(resource);
  const known = attempt(loader, [...path, 'resource'], () => {
    if (definition?.kind !== 'resource')
      throw new PathError(`no resource type ${resource}${suggest(resource, RESOURCES)}`);
    return true;
  });
  const expander = attempt(loader, [...path, 'each'], () =>
    statement.each ? loader.format.each(statement.each, loader.format.root) : null,
  );
  if (!known || expander === undefined) return undefined;
  const scope = expander?.scope ?? loader.format.root;
  const place = { path, type: resource, scope };
  const shared = compileFragment(loader, statement, place);
  const own = compileAll(loader, statement, place);
  const fill: Step = (run, frame, out) => {
    const sourced = shared(run, frame, out);
    return own(run, frame, out) || sourced;
  };
  checkRequired(loader, statement, path);
  return {
    local,
    resource,
    expand: expander?.expand,
    when: conditionOf(loader, { when: statement.when, path, scope }),
    always: statement.when !== undefined && !statement.each,
    fill,
    identify: firstOf(compileWays(loader, statement.identity, { path: [...path, 'identity'], scope })),
    name: allOf(compileWays(loader, statement.names, { path: [...path, 'names'], scope })),
  };
}

/** Offered where a statement's resource type is misspelt. */
const RESOURCES = ['Patient', 'RelatedPerson', 'EpisodeOfCare', 'Encounter', 'ServiceRequest', 'Observation'];

/** Compiles `copy` and `rules` as one list, so that no element is filled by both. Each keeps its own place in
 * the file for problems. */
function compileAll(loader: Loader, { resource, copy = [], rules = [] }: Statement, place: Place): Step {
  const copies = copy.flatMap((name, index) =>
    copyRules(resource, name).map((rule) => ({ rule, at: ['copy', index] })),
  );
  const all = [...copies, ...rules.map((rule, index) => ({ rule, at: ['rules', index] }))];
  const depth = place.path.length;
  const where: Loader['file']['where'] = (path) => {
    const [kind, index] = all[Number(path[depth])]?.at ?? [];
    const inside = kind === 'rules' ? path.slice(depth + 1) : [];
    return loader.file.where(
      kind === undefined || index === undefined ? path : [...place.path, kind, index, ...inside],
    );
  };
  const file = { ...loader.file, where };
  return compileRules(
    { ...loader, file },
    all.map(({ rule }) => rule),
    place,
  );
}

/** `occurrence[x]` means each of its forms. */
function copyRules(resource: string, name: string): Rule[] {
  const base = name.endsWith('[x]') ? name.slice(0, -3) : undefined;
  const elements = typeDefinition(resource)?.elements ?? {};
  const forms = Object.keys(elements).filter((element) => base && elements[element]?.choice === base);
  return (forms.length > 0 ? forms : [name]).map((element) => ({ to: element, from: element }));
}

/** Notes mandatory elements that no rule fills: validation would refuse every resource made. */
function checkRequired(loader: Loader, statement: Statement, path: Path): void {
  const rules = [
    ...(statement.rules ?? []),
    ...(loader.fragments.get(statement.use ?? '')?.data.rules ?? []),
  ];
  const filled = new Set([...(statement.copy ?? []), ...rules.map(({ to }) => to.split('.')[0])]);
  for (const [name, { min, choice }] of Object.entries(typeDefinition(statement.resource)?.elements ?? {})) {
    if (!min || choice || filled.has(name)) continue;
    loader.problems.push({
      ...loader.file.where([...path, 'local']),
      message: `cardinality: ${statement.resource}.${name} is mandatory and no rule fills it`,
    });
  }
}

type Identify = CompiledStatement['identify'];

function compileWays(
  loader: Loader,
  ways: Statement['identity'],
  place: { path: Path; scope: Expander['scope'] },
): Identify[] {
  return (ways ?? []).flatMap((way, index): Identify[] => {
    if (typeof way === 'string') return [WAYS[way]];
    const readers = way.join.map((text, at) =>
      attempt(loader, [...place.path, index, 'join', at], () => readPath(loader, text, place.scope)),
    );
    return readers.every((reader) => reader !== undefined) ? [joined(way.system, readers)] : [];
  });
}

const firstOf =
  (ways: Identify[]): Identify =>
  (resource, run, frame) => {
    for (const way of ways) {
      const identity = way(resource, run, frame);
      if (identity !== undefined) return identity;
    }
    return undefined;
  };

const allOf =
  (ways: Identify[]): CompiledStatement['name'] =>
  (resource, run, frame) => {
    const each = ways.flatMap((way) =>
      way === WAYS.identifier ? identifiersOf(resource).map(nameOf) : (way(resource, run, frame) ?? []),
    );
    return [...new Set(each)];
  };

const identifiersOf = ({ identifier }: Node): Node[] =>
  (Array.isArray(identifier) ? identifier : [identifier]).filter(
    (item) => isObject(item) && typeof item.value === 'string',
  ) as Node[];
const nameOf = ({ system, value }: Node): string => `${textOf(system ?? '')}|${textOf(value as Json)}`;

const joined =
  (system: string, readers: Reader[]): Identify =>
  (_, run, frame) => {
    const values = readers.map((reader) => reader.read(run, frame));
    return values.some((value) => value === undefined || value === '""')
      ? undefined
      : `${system}|${values.map(textOf).join('|').replace(/\s+/g, '')}`;
  };

/** Identifier types (HL7 table 0203) that identify a chart before any other, so that the order of the
 * identifiers does not decide which chart is meant. */
const LOCAL_TYPES = ['MR', 'PI'];
const typeOf = ({ type }: Node): Json | undefined => {
  const coding = isObject(type) && Array.isArray(type.coding) ? type.coding[0] : undefined;
  return isObject(coding) ? coding.code : undefined;
};

const WAYS: Record<'identifier' | 'id' | 'fullUrl' | 'url', Identify> = {
  identifier: (resource) => {
    const every = identifiersOf(resource);
    const current = every.filter(({ use }) => use !== 'old');
    const all = current.length > 0 ? current : every;
    const local = all.filter(({ system }) => system !== NHS_NUMBER);
    const chosen =
      LOCAL_TYPES.map((code) => local.find((one) => typeOf(one) === code)).find(Boolean) ??
      local[0] ??
      all[0];
    return chosen && nameOf(chosen);
  },
  // Ids in a message Bundle are unique in that message only: many senders number relatives from one in every
  // message.
  id: (_, __, { entry }) =>
    typeof entry?.resource.id === 'string'
      ? `${hasLastingId(entry) ? RESOURCE_ID : ID_IN_MESSAGE}|${entry.type}/${entry.resource.id}`
      : undefined,
  // A urn:uuid fullUrl is made afresh for each message, so it cannot identify the resource of an update, nor
  // care that is sent again, which is known by what it says (src/link/care/unnamed.ts).
  fullUrl: (_, __, { entry }) =>
    entry?.fullUrl && !(entry.fullUrl.startsWith('urn:') && isMadeAfresh(entry))
      ? `urn:ietf:rfc:3986|${entry.fullUrl}`
      : undefined,
  url: (_, __, { entry }) => {
    const [, query] = /^\w+\?(.*)$/.exec(entry?.url ?? '') ?? [];
    const conditional = query && identifierOfQuery(query);
    if (conditional) return conditional;
    return /^\w+\/[\w.-]+$/.test(entry?.url ?? '') ? `${RESOURCE_ID}|${entry?.url}` : undefined;
  },
};

const isMadeAfresh = ({ method, type }: Entry): boolean =>
  method === 'PUT' || (method === 'POST' && type !== 'Patient');

const hasLastingId = ({ method, type }: Entry): boolean => Boolean(method) || type !== 'RelatedPerson';

/** `system|value` of a search by one identifier and nothing else. */
export function identifierOfQuery(query: string): string | undefined {
  const [, identifier] = /^\??identifier=([^&]+)$/.exec(query) ?? [];
  return identifier && unescapeUrl(identifier);
}

/** Decodes %-escapes; gives the text as it is where an escape is malformed. */
function unescapeUrl(text: string): string {
  return text.replace(/%7C/gi, '|').replace(/(%[0-7][0-9A-F])+/gi, (escaped) => decodeURIComponent(escaped));
}

export function compileCheck(loader: Loader, check: Check, path: Path): CompiledCheck | undefined {
  const { severity, code } = check;
  const root = loader.format.root;
  const expander = attempt(loader, [...path, 'each'], () =>
    check.each ? loader.format.each(check.each, root) : null,
  );
  if (expander === undefined) return undefined;
  const scope = expander?.scope ?? root;
  const holds = conditionOf(loader, { when: check.when, path, scope });
  const field =
    check.field === undefined
      ? undefined
      : attempt(loader, [...path, 'field'], () => readPath(loader, check.field ?? '', scope));
  const parts = check.text.split(/\{([^}]*)\}/);
  const readers = attempt(loader, [...path, 'text'], () =>
    parts.map((part, index) => (index % 2 ? readPath(loader, part, scope) : part)),
  );
  if (!holds || !readers) return undefined;
  return (run) => {
    for (const frame of expander ? expander.expand(run, run.root) : [run.root]) {
      if (!holds(run, frame)) continue;
      const text = readers
        .map((part) => (typeof part === 'string' ? part : textOf(part.read(run, frame) ?? '')))
        .join('');
      const at = field?.at(run, frame) ?? frame.at;
      report(run, { severity, code, ...(at && { field: at }), text });
    }
  };
}
