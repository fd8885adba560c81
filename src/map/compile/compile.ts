/** Compiles mapping rules to closures. Mistakes are found here, at load, with their place in the file. */

import { isDeepStrictEqual } from 'node:util';
import type { Node } from '../../formats/tree.ts';
import type { Json } from '../../model.ts';
import { attempt, conditionOf, type Loader, note } from '../language/loader.ts';
import type { Alternative, Rule } from '../language/mapping-file.ts';
import type { Path } from '../language/yaml-file.ts';
import { type Frame, PathError, type Run, report, type Scope, suggest } from '../run.ts';
import { MOST_ENTRIES } from '../too-much.ts';
import { compileProducers, isSourced, type Producer } from './producer.ts';
import { resolveTarget, type Target } from './target.ts';
import { compileWriter, type Out } from './write.ts';

/** True where the source held a value. Constants do not count: a resource of constants alone is not made. */
export type Step = (run: Run, frame: Frame, out: Out) => boolean;

/** What a list of rules is compiled for: the FHIR type they fill and the part of the source they read. `top`
 * is the element of the resource that contains everything they fill. */
export type Place = { path: Path; type: string; scope: Scope; top?: string };
type Aimed = Place & { target: Target; top: string };

const nothing: Step = () => false;

/** The element that counts as emptied when a sender empties `to`: its top-level element, except that each end
 * of a period counts by itself (src/link/fold.ts). */
const nullOf = (to: string): string => (/^period\.(start|end)$/.test(to) ? to : (to.split('.', 1)[0] ?? ''));

function inTurn(all: Step[]): Step {
  const steps = all.filter((step) => step !== nothing);
  return (run, frame, out) => {
    let sourced = false;
    for (let index = 0; index < steps.length; index += 1)
      if ((steps[index] as Step)(run, frame, out)) sourced = true;
    return sourced;
  };
}

export function compileRules(loader: Loader, rules: Rule[], place: Place): Step {
  const taken = new Set<string>();
  const steps = rules.map((rule, index) => {
    const path = [...place.path, index];
    const target = attempt(loader, [...path, 'to'], () => {
      const found = resolveTarget(place.type, rule.to);
      if (taken.has(rule.to) && !found.element.many) {
        throw new PathError(`duplicate target "${rule.to}": use first for alternatives`);
      }
      taken.add(rule.to);
      return found;
    });
    if (!target) return nothing;
    const aimed = { ...place, path, target, top: place.top ?? nullOf(rule.to) };
    return (rule.rules ?? rule.use ?? rule.each)
      ? compileGroup(loader, rule, aimed)
      : compileValue(loader, rule, aimed);
  });
  return inTurn(steps);
}

const GROUP_KEYS = new Set(['to', 'each', 'when', 'rules', 'use', 'needs']);

/** An element filled by rules of its own: one, or one for each repetition in the source. */
function compileGroup(loader: Loader, rule: Rule, { path, scope, target, top }: Aimed): Step {
  const { element, name } = target;
  for (const key of Object.keys(rule)) {
    if (!GROUP_KEYS.has(key)) note(loader, [...path, key], `${key} does not go with each, rules or use`);
  }
  const expander = attempt(loader, [...path, 'each'], () => {
    if (rule.each && !element.many)
      throw new PathError(`cardinality: ${target.path} holds one value, each needs a list`);
    return rule.each ? loader.format.each(rule.each, scope) : null;
  });
  if (expander === undefined) return nothing;
  const inner = { path, type: element.type, scope: expander?.scope ?? scope, top: partOf(rule, top) };
  const fill = inTurn([
    compileFragment(loader, rule, inner),
    compileRules(loader, rule.rules ?? [], { ...inner, path: [...path, 'rules'] }),
  ]);
  const needs = rule.needs ?? [];
  for (const [index, need] of needs.entries())
    attempt(loader, [...path, 'needs', index], () => resolveTarget(element.type, need));
  const when = conditionOf(loader, { when: rule.when, path, scope: inner.scope });
  const { enter, next } = compileWriter(target);
  const sourced = isSourced(rule, loader.fragments);
  return (run, frame, out) => {
    let any = false;
    for (const at of expander ? expander.expand(run, frame) : [frame]) {
      if (when && !when(run, at)) continue;
      const mark = run.lineage.length;
      const object: Node = {};
      const filled = fill(run, at, { object, at: out.at + next(out.object) }) || !sourced;
      if (!filled || isEmpty(object) || needs.some((need) => object[need] === undefined)) {
        run.lineage.length = mark;
        continue;
      }
      const holder = enter(out.object);
      if (ONCE.has(name) && isThere(holder[name], object)) {
        run.lineage.length = mark;
        continue;
      }
      if (!element.many) holder[name] = object;
      else if (holder[name]) (holder[name] as Node[]).push(object);
      else holder[name] = [object];
      any ||= sourced;
      // One too many says that the list is too long: no more of it is compared.
      if (Array.isArray(holder[name]) && holder[name].length > MOST_ENTRIES) break;
    }
    return any;
  };
}

/** Extensions are folded one url at a time (src/link/fold.ts), so the url is part of the name. */
function partOf({ to, rules = [] }: Rule, top: string): string {
  const url = to === 'extension' && top === to ? rules.find((rule) => rule.to === 'url')?.value : undefined;
  return typeof url === 'string' ? `extension|${url}` : top;
}

/** Lists in which what stands in two fields (PID-2 and PID-3, XTN.1 and XTN.4) is one entry. */
const ONCE = new Set(['identifier', 'telecom']);
const isThere = (list: Json | undefined, object: Node): boolean =>
  Array.isArray(list) && list.some((item) => isDeepStrictEqual(item, object));

function isEmpty(object: Node): boolean {
  for (const _ in object) return false;
  return true;
}

/** The rules of a fragment, for the element or the resource that uses it. */
export function compileFragment(loader: Loader, { use }: { use?: string | undefined }, place: Place): Step {
  if (use === undefined) return nothing;
  const at = [...place.path, 'use'];
  const fragment = loader.fragments.get(use);
  if (!fragment) note(loader, at, `no fragment "${use}"${suggest(use, loader.fragments.keys())}`);
  else if (fragment.data.type !== place.type) {
    note(loader, at, `wrong type: fragment ${use} fills ${fragment.data.type}, this is ${place.type}`);
  } else
    return compileRules({ ...loader, file: fragment.file }, fragment.data.rules, {
      ...place,
      path: ['rules'],
    });
  return nothing;
}

type Alternatives = { rule: Alternative; path: Path }[];

/** Notes unreachable alternatives: those after a constant with no condition, or with the same. */
function noteUnreachable(loader: Loader, alternatives: Alternatives): void {
  for (const [index, { rule, path }] of alternatives.entries()) {
    const before = alternatives
      .slice(0, index)
      .find((one) => one.rule.value != null && (one.rule.when === undefined || one.rule.when === rule.when));
    if (!before) continue;
    note(loader, path, 'can never be reached: the alternative before it always has a value');
    return;
  }
}

const FIRST_KEYS = new Set(['to', 'first', 'when', 'required', 'severity']);

/** An element with one value: the first of the rule's alternatives that gives one. */
function compileValue(loader: Loader, rule: Rule, { path, scope, target, top }: Aimed): Step {
  const alternatives: Alternatives = rule.first?.map((alternative, index) => ({
    rule: alternative,
    path: [...path, 'first', index],
  })) ?? [{ rule, path }];
  noteUnreachable(loader, alternatives);
  if (rule.first) {
    for (const key of Object.keys(rule))
      if (!FIRST_KEYS.has(key))
        note(loader, [...path, key], `${key} does not go with first: each alternative has its own`);
  }
  const when = rule.first && conditionOf(loader, { when: rule.when, path, scope });
  const producers = alternatives.flatMap((alternative) =>
    compileProducers(loader, { ...alternative, target, scope, top, owner: rule }),
  );
  const { put } = compileWriter(target);
  const field = producers.find((producer) => producer.field)?.field;
  return (run, frame, out) => {
    if (when && !when(run, frame)) return false;
    const issues = run.issues.length;
    for (let index = 0; index < producers.length; index += 1) {
      const producer = producers[index] as Producer;
      const value = producer.produce(run, frame);
      if (value === undefined) continue;
      put(run, out, { value, source: run.source, rule: producer.rule });
      return producer.sourced;
    }
    if (rule.required && !run.issues.slice(issues).some(({ severity }) => severity === 'error')) {
      const at = field?.(run, frame) ?? target.path;
      report(run, {
        severity: 'error',
        code: 'required',
        field: at,
        expression: target.path,
        text: `${at} is missing`,
      });
    }
    return false;
  };
}
