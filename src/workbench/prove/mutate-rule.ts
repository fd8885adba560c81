import { type Element, isPrimitive } from '../../fhir/definitions.ts';
import { resolveTarget } from '../../map/compile/target.ts';
import { translate } from '../../map/language/concept-map.ts';
import type { Alternative, Rule } from '../../map/language/mapping-file.ts';
import type { MappingFiles } from '../../map/language/read-mappings.ts';
import type { Path } from '../../map/language/yaml-file.ts';
import { PathError } from '../../map/run.ts';
import { dropEach, type Edit, GONE } from './edit.ts';
import { conditionEdits } from './mutate-when.ts';
import { inside, type Sense, valuesAt } from './same-sense.ts';

/** The surroundings of a rule: the FHIR type it fills, the source paths it could read by mistake, and the
 * local names it could reference. */
export type Around = {
  kind: string;
  files: MappingFiles;
  locals: string[];
  paths: string[];
  type: string;
  /** Source paths of the rules beside it first, then all others of the file. */
  siblings: string[];
  sense: Sense;
};
type Aimed = Around & { rule: Rule; element: Element };

const ownPaths = ({ from = [], first = [] }: Rule): string[] =>
  [from, ...first.map((one) => one.from ?? [])].flat();
export const pathsOf = (rules: Rule[]): string[] =>
  rules.flatMap((rule) => [...ownPaths(rule), ...pathsOf(rule.rules ?? [])]);

export function rulesEdits(rules: Rule[], path: Path, around: Omit<Around, 'siblings'>): Edit[] {
  const siblings = [...rules.flatMap(ownPaths), ...around.paths];
  return rules.flatMap((rule, index) => {
    const at = [...path, index];
    // Dropping the only rule of a group equals dropping the group.
    const dropped =
      rules.length > 1 ? [{ path: at, what: `the rule of ${rule.to} dropped`, value: GONE }] : [];
    return [...dropped, ...ruleEdits(rule, at, { ...around, siblings })];
  });
}

function ruleEdits(rule: Rule, path: Path, around: Around): Edit[] {
  const element = elementOf(around.type, rule.to);
  if (!element) return [];
  const aimed = { ...around, rule, element };
  const alternatives = rule.first ?? [];
  const inner = inside(around.sense, rule);
  return [
    ...(rule.required
      ? [{ path: [...path, 'required'], what: `${rule.to}: required dropped`, value: GONE }]
      : []),
    ...dropEach(rule.needs ?? [], [...path, 'needs'])
      .filter((_, index) => !isOnlyNeed(aimed, rule.needs?.[index] ?? ''))
      .map((edit) => ({ ...edit, what: `${rule.to}: ${edit.what}` })),
    ...severityEdits(aimed, path),
    ...alternativeEdits(
      rule,
      path,
      rule.each === undefined ? aimed : { ...aimed, sense: inside(aimed.sense, { each: rule.each }) },
    ),
    ...(alternatives.length > 1 ? dropEach(alternatives, [...path, 'first']) : []),
    ...alternatives.flatMap((one, index) =>
      alternativeEdits(one, [...path, 'first', index], { ...aimed, sense: inner }),
    ),
    ...rulesEdits(rule.rules ?? [], [...path, 'rules'], { ...around, type: element.type, sense: inner }),
    ...(rule.use && rule.rules
      ? [{ path: [...path, 'use'], what: `${rule.to}: use dropped`, value: GONE }]
      : []),
  ];
}

function elementOf(type: string, to: string): Element | undefined {
  try {
    return resolveTarget(type, to).element;
  } catch (error) {
    // The mapping does not load, so it cannot be broken further: `map check` reports it.
    if (error instanceof PathError) return undefined;
    throw error;
  }
}

/** True where the needed element is the entry's only source: without it the entry is dropped anyway, so
 * `needs` changes nothing. */
function isOnlyNeed({ rule, files }: Aimed, need: string): boolean {
  const reads = (one: Alternative) => Boolean(one.from ?? one.template ?? one.expr ?? one.hook);
  const sourced = ({ first = [], rules = [], use, ...one }: Rule): boolean =>
    [one, ...first].some(reads) || [...rules, ...fragment(use)].some(sourced);
  const fragment = (use: string | undefined) => files.fragments.get(use ?? '')?.data.rules ?? [];
  const inside = [...(rule.rules ?? []), ...fragment(rule.use)].filter(sourced);
  return inside.every(({ to }) => to === need || to.startsWith(`${need}.`));
}

/** Types that accept any text. */
const TEXTS = ['string', 'markdown', 'uri', 'url', 'canonical', 'id', 'oid', 'uuid', 'base64Binary'];
const canBeWrong = ({ type, codes }: Element) =>
  !TEXTS.includes(type) && (type !== 'code' || codes !== undefined);

/** Changes a rule's severity, only where a value can be wrong: any text fits a text type, and values of FHIR
 * sources are not converted. */
function severityEdits({ rule, element, kind, sense }: Aimed, path: Path): Edit[] {
  const own = rule.first ? inside(sense, rule) : sense;
  const rejects = [rule, ...(rule.first ?? [])].some(
    (one) => one.unmapped === 'reject' && !isGuarded(one, own),
  );
  const maps = [rule, ...(rule.first ?? [])].some(({ map }) => map);
  const reads = [rule, ...(rule.first ?? [])].some(({ from, template, expr }) => from ?? template ?? expr);
  const converts =
    reads && !maps && kind !== 'fhir' && kind !== 'xml' && isPrimitive(element.type) && canBeWrong(element);
  const mustLead = rule.required && element.type === 'Reference';
  if (rule.rules || rule.use || !(rejects || converts || mustLead)) return [];
  const at = [...path, 'severity'];
  return rule.severity
    ? [{ path: at, what: `${rule.to}: severity warning dropped`, value: GONE }]
    : [{ path: at, what: `${rule.to}: severity warning instead of error`, value: 'warning' }];
}

/** True where the conditions let only codes of the ConceptMap through, so `unmapped` never applies. */
function isGuarded({ when, from, map }: Alternative, sense: Sense): boolean {
  const table = sense.maps.get(map ?? '');
  if (typeof from !== 'string' || !table) return false;
  return valuesAt(from, inside(sense, { when }))?.every((code) => translate(table, code)) ?? false;
}

/** Keys of an alternative with faults of their own, below; any other key is simply left out. */
const OTHERS = ['value', 'from', 'when', 'template', 'ref', 'map', 'unmapped', 'expr', 'hook'];
const STRUCTURE = ['to', 'first', 'rules', 'use', 'each', 'needs', 'required', 'severity'];

function alternativeEdits(one: Alternative, path: Path, aimed: Aimed): Edit[] {
  const { to } = aimed.rule;
  const named = (edits: Edit[]) => edits.map((edit) => ({ ...edit, what: `${to}: ${edit.what}` }));
  const idle = (clause: string) => clause === one.from;
  const plain = Object.keys(one).filter((key) => !OTHERS.includes(key) && !STRUCTURE.includes(key));
  return named([
    ...(one.when === undefined
      ? []
      : conditionEdits(one.when, [...path, 'when'], { idle, sense: aimed.sense })),
    ...constantEdits(one.value, [...path, 'value'], aimed.element),
    ...sourceEdits(one, path, aimed),
    ...templateEdits(one.template, [...path, 'template']),
    ...referenceEdits(one.ref, [...path, 'ref'], aimed),
    ...unmappedEdits(one, [...path, 'unmapped'], aimed),
    ...plain.map((key) => ({ path: [...path, key], what: `${key} dropped`, value: GONE })),
  ]);
}

/** Changes each part of a constant, one at a time. */
function constantEdits(value: unknown, path: Path, element?: Element): Edit[] {
  if (value === undefined || value === null) return [];
  if (typeof value === 'object')
    return Object.entries(value).flatMap(([key, inner]) =>
      constantEdits(inner, [...path, Array.isArray(value) ? Number(key) : key]),
    );
  const other = otherConstant(value, element?.codes);
  return other === undefined
    ? []
    : [{ path, what: `${JSON.stringify(other)} instead of ${JSON.stringify(value)}`, value: other }];
}

function otherConstant(value: unknown, codes: string[] | undefined): unknown {
  if (typeof value === 'boolean') return !value;
  if (typeof value === 'number') return value + 1;
  return codes ? codes.find((code) => code !== value) : `${value}-changed`;
}

/** Replaces the source path by a neighbour's (the first that loads); of several paths, leaves each out. */
function sourceEdits({ from }: Alternative, path: Path, { siblings }: Aimed): Edit[] {
  const at = [...path, 'from'];
  if (Array.isArray(from)) return from.length > 1 ? dropEach(from, at) : [];
  if (from === undefined) return [];
  const [first, ...orElse] = [...new Set(siblings)]
    .filter((other) => other !== from)
    .map((other) => ({ path: at, what: `from ${other} instead of ${from}`, value: other }));
  return first ? [{ ...first, orElse }] : [];
}

function templateEdits(template: string | undefined, path: Path): Edit[] {
  const parts = template?.split(/(\{[^}]*\})/).filter(Boolean) ?? [];
  if (parts.length < 2) return [];
  return parts.map((part, index) => ({
    path,
    what: `template without "${part}"`,
    value: parts.toSpliced(index, 1).join(''),
  }));
}

function referenceEdits(ref: string | undefined, path: Path, { locals }: Aimed): Edit[] {
  const other = locals.find((local) => local !== ref);
  return ref === undefined || other === undefined
    ? []
    : [{ path, what: `ref ${other} instead of ${ref}`, value: other }];
}

function unmappedEdits(one: Alternative, path: Path, { element, sense }: Aimed): Edit[] {
  if (one.unmapped === undefined || isGuarded(one, sense)) return [];
  const { unmapped } = one;
  const [code = 'unknown'] = element.codes ?? [];
  const other =
    unmapped !== 'reject' ? 'reject' : element.type === 'code' ? { fixed: code } : 'keep-original';
  return [
    { path, what: `unmapped ${JSON.stringify(other)} instead of ${JSON.stringify(unmapped)}`, value: other },
  ];
}
