/** Checks a resource against a profile's rules: those that go beyond base R4, slices included. */

import { isObject, type Node } from '../formats/tree.ts';
import type { Json } from '../model.ts';
import { tellOf } from './check-constraints.ts';
import { expressionOf, type Fault, fault, type Scope, type Walk, within } from './faults.ts';
import { type Item, insideOf } from './items.ts';
import type { Profile, Profiles } from './profiles.ts';
import type { Rule } from './read-differential.ts';
import { leadsTo, scopeOf } from './scope.ts';
import { isInSlice } from './slices.ts';
import { isMember } from './terminology.ts';

/** What a check works against. `absent` collects must-support elements that the resource does not have. */
type Against = { walk: Walk; profiles: Profiles; scope: Scope; absent?: string[] };

export function checkProfile(
  { rule, type }: Profile,
  resource: Node,
  profiles: Profiles,
  absent?: string[],
): Fault[] {
  const walk: Walk = { path: [type], faults: [] };
  const item = { steps: [], type, value: resource, node: resource };
  if (resource.resourceType !== type) fault(walk, 'structure', `is not a ${type}`);
  else
    checkItem(rule, item, {
      walk,
      profiles,
      scope: scopeOf(resource, undefined, ''),
      ...(absent ? { absent } : {}),
    });
  return walk.faults;
}

/** True where an item passes a rule; records no fault. */
function passes(rule: Rule, item: Item, { profiles, scope }: Against): boolean {
  const walk: Walk = { path: [], faults: [] };
  checkItem(rule, item, { walk, profiles, scope });
  return walk.faults.every(({ severity }) => severity !== undefined);
}

function checkItem(rule: Rule, item: Item, against: Against): void {
  const { walk } = against;
  const { value } = item;
  if (rule.fixed !== undefined && !equal(rule.fixed, value))
    fault(walk, 'value', `is not ${wordsOf(rule.fixed)}`);
  if (rule.pattern !== undefined && !holds(rule.pattern, value))
    fault(walk, 'value', `does not have ${wordsOf(rule.pattern)}`);
  checkBounds(rule, value, walk);
  checkTypes(rule, item, against);
  const codes = rule.valueSet === undefined ? undefined : against.profiles.terminology.expand(rule.valueSet);
  if (codes && value !== null && !isMember(codes, value))
    fault(walk, 'code-invalid', `is not of ${nameOf(rule.valueSet ?? '')}`);
  for (const [name, child] of rule.children) checkElement(child, name, insideOf(item, name), against);
  for (const constraint of rule.constraints) {
    tellOf(constraint, { type: item.type, value: item.value ?? item.node }, walk, against.scope);
  }
}

/** Checks all values of one element: their number, each value, and each in its slice. */
function checkElement(rule: Rule, name: string, items: Item[], against: Against): void {
  const { walk, absent } = against;
  const plain = name.replace('[x]', '');
  within(walk, [plain], () => checkCount(rule, items.length, walk));
  if (rule.mustSupport && items.length === 0) absent?.push(expressionOf([...walk.path, plain]));
  const slices = [...rule.slices];
  const counts = new Map<Rule, number>();
  let reached = 0;
  for (const item of items)
    within(walk, item.steps, () => {
      checkItem(rule, item, against);
      const fits = (one: Rule, inner: Item) => passes(one, inner, against);
      const [, slice] =
        slices.find(([called, one]) => isInSlice({ rule, name, called, slice: one }, item, fits)) ?? [];
      if (slice) {
        const place = slices.findIndex(([, one]) => one === slice);
        if (rule.ordered && place < reached)
          fault(walk, 'structure', 'is not in the order that its profile lists');
        reached = Math.max(reached, place);
        counts.set(slice, (counts.get(slice) ?? 0) + 1);
        checkItem(slice, item, against);
      } else if (rule.closed && slices.length > 0)
        fault(walk, 'structure', 'is none of what its profile lists');
    });
  for (const [called, slice] of slices)
    within(walk, [plain], () =>
      checkCount(
        { ...limitsOf(slice, against.profiles), ...slice },
        counts.get(slice) ?? 0,
        walk,
        `${called} `,
      ),
    );
}

/** The most times a slice may occur, by the single profile it names; a limit of its own outranks it. */
function limitsOf({ types = [] }: Rule, profiles: Profiles): { max?: number } {
  const [url, ...others] = types.flatMap((type) => type.profiles);
  const max = url !== undefined && others.length === 0 ? profiles.get(url)?.rule.max : undefined;
  return max === undefined ? {} : { max };
}

function checkBounds({ least, most, maxLength }: Rule, value: Json, walk: Walk): void {
  if (least !== undefined && compare(value, least) < 0)
    fault(walk, 'value', `is less than ${wordsOf(least)}`);
  if (most !== undefined && compare(value, most) > 0) fault(walk, 'value', `is more than ${wordsOf(most)}`);
  if (maxLength !== undefined && typeof value === 'string' && [...value].length > maxLength)
    fault(walk, 'value', `has more than ${maxLength} characters`);
}

/** Compares numbers, quantities of one unit, and times to their common precision; else 0. */
function compare(one: Json, other: Json): number {
  if (typeof one === 'number' && typeof other === 'number') return one - other;
  if (isObject(one) && isObject(other) && one.code === other.code)
    return compare(one.value ?? null, other.value ?? null);
  if (typeof one !== 'string' || typeof other !== 'string') return 0;
  if (one.length > 10 && other.length > 10) return Date.parse(one) - Date.parse(other);
  const length = Math.min(one.length, other.length);
  const [left, right] = [one.slice(0, length), other.slice(0, length)];
  return left < right ? -1 : Number(left > right);
}

function checkCount({ min = 0, max }: Rule, count: number, walk: Walk, called = ''): void {
  if (count < min)
    fault(walk, 'required', count === 0 ? `${called}is missing` : `has fewer than ${min} ${called}`.trim());
  if (max !== undefined && count > max)
    fault(walk, 'structure', max === 0 ? `${called}is not allowed` : `has more than ${max} ${called}`.trim());
}

/** Checks the type of a choice or resource, its type's profile, and a reference's target. */
function checkTypes({ types }: Rule, item: Item, against: Against): void {
  const { walk, profiles } = against;
  if (!types || item.value === null) return;
  const fitting = types.filter(({ code }) => code === item.type || code === 'Resource' || isBackbone(code));
  if (fitting.length === 0)
    fault(walk, 'structure', `is not a ${types.map(({ code }) => code).join(' or ')}`);
  const named = fitting.flatMap((type) => type.profiles);
  const known = named.flatMap((url) => profiles.get(url) ?? []);
  // check-extensions.ts checks extensions, by their url.
  if (item.type !== 'Extension' && known.length === named.length && known.length > 0) {
    const fits = known.some(({ rule }) => passes(rule, item, against));
    if (!fits) fault(walk, 'structure', `does not conform to ${named.map(nameOf).join(' or ')}`);
  }
  const targets = fitting.flatMap((type) => type.targets);
  const leads =
    item.type === 'Reference' && targets.length > 0 ? leadsTo(item.node, against.scope) : undefined;
  const allowed = targets.map((url) => profiles.typeOf(url));
  if (leads && !allowed.includes(undefined) && !allowed.includes(leads) && !allowed.includes('Resource'))
    fault(walk, 'structure', `cannot refer to ${leads}`);
}

const isBackbone = (code: string) => code === 'BackboneElement' || code === 'Element';
export const nameOf = (canonical: string) => canonical.split('|')[0]?.split('/').at(-1) ?? canonical;

/** The text of a fixed value or pattern. It may be quoted: it comes from the profile, not from a sender. */
const wordsOf = (value: Json) => (isObject(value) ? JSON.stringify(value) : String(value));

function equal(one: Json, other: Json): boolean {
  return holds(one, other) && holds(other, one);
}

/** True where the value has all of the pattern; a list's entry may match anywhere in the list. */
function holds(pattern: Json, value: Json | undefined): boolean {
  if (Array.isArray(pattern))
    return Array.isArray(value) && pattern.every((part) => value.some((entry) => holds(part, entry)));
  if (isObject(pattern))
    return isObject(value) && Object.entries(pattern).every(([name, part]) => holds(part, value[name]));
  return pattern === value;
}
