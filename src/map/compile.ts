/** Mapping rules to closures. Everything that can be wrong with a rule is found here, at load, with its place in the file. */
import type { CodeTable } from './concept-map.ts';
import { compileCondition, type Condition } from './condition.ts';
import type { Alternative, FragmentFile, Rule } from './mapping-file.ts';
import { compileProducer, isSourced, type Hook, type Producer } from './producer.ts';
import { PathError, suggest, type Expander, type Frame, type Node, type Reader, type Run, type Scope, type SourceFormat } from './run.ts';
import { resolveTarget, type Target } from './target.ts';
import type { Path, Problem, YamlFile } from './yaml-file.ts';

/** What is being filled, and what lineage calls it: `patient.name[0]`. */
type Out = { object: Node; at: string };
/** True where the source gave something: constants alone make no resource. */
export type Step = (run: Run, frame: Frame, out: Out) => boolean;

export type Loader = {
  format: SourceFormat;
  file: YamlFile;
  zone: string;
  maps: Map<string, CodeTable>;
  fragments: Map<string, { file: YamlFile; data: FragmentFile }>;
  hooks: Record<string, Hook>;
  /** Repairs of the dialects, by path: wraps the readers of those paths. */
  repaired: (path: string, reader: Reader) => Reader;
  /** Local names of the statements, in order. */
  locals: string[];
  problems: Problem[];
};

/** Where rules are compiled: what they fill, from where. `top` is the element of the resource that all of it is part of. */
type Place = { path: Path; type: string; scope: Scope; top?: string };

/** Runs `compile`; what it throws about a path becomes a problem at that place, and the rule does nothing. */
export function attempt<T>(loader: Loader, path: Path, compile: () => T): T | undefined {
  try {
    return compile();
  } catch (error) {
    if (!(error instanceof PathError)) throw error;
    loader.problems.push({ ...loader.file.where(path), message: error.message });
    return undefined;
  }
}

export function readPath(loader: Loader, text: string, scope: Scope): Reader {
  return loader.repaired(text, loader.format.path(text, scope));
}

export function conditionOf(loader: Loader, text: string | undefined, { path, scope }: { path: Path; scope: Scope }): Condition | undefined {
  if (text === undefined) return undefined;
  const names = { read: (name: string) => readPath(loader, name, scope), maps: loader.maps };
  return attempt(loader, [...path, 'when'], () => compileCondition(text, names));
}

export function compileRules(loader: Loader, rules: Rule[], place: Place): Step {
  const taken = new Map<string, string>();
  const steps = rules.map((rule, index) => {
    const path = [...place.path, index];
    const target = attempt(loader, [...path, 'to'], () => resolveTarget(place.type, rule.to));
    if (!target) return undefined;
    attempt(loader, [...path, 'to'], () => claim(taken, target, rule.to));
    const inner = { ...place, path, top: place.top ?? rule.to.split('.')[0] };
    return rule.rules || rule.use || rule.each ? compileGroup(loader, rule, target, inner) : compileValue(loader, rule, target, inner);
  });
  const present = steps.filter((step) => step !== undefined);
  return (run, frame, out) => {
    let sourced = false;
    for (const step of present) if (step(run, frame, out)) sourced = true;
    return sourced;
  };
}

/** One rule per single element, and one choice of a `value[x]`, unless conditions keep them apart. */
function claim(taken: Map<string, string>, { element, name }: Target, to: string): void {
  if (taken.has(to) && !element.many) throw new PathError(`duplicate target "${to}": use first for alternatives`);
  taken.set(to, name);
}

/** Creates the containers on the way, so only when there is a value. A list on the way means its first entry. */
function entering({ through }: Target): (out: Out) => Out {
  if (through.length === 0) return (out) => out;
  const suffix = through.map(({ name, many }) => `.${name}${many ? '[0]' : ''}`).join('');
  return ({ object, at }) => {
    let holder = object;
    for (const { name, many } of through) {
      holder[name] ??= many ? [{}] : {};
      holder = (many ? (holder[name] as Node[])[0] : holder[name]) as Node;
    }
    return { object: holder, at: at + suffix };
  };
}

function compileGroup(loader: Loader, rule: Rule, target: Target, place: Place & { top?: string | undefined }): Step | undefined {
  const { element, name } = target;
  const { path, scope } = place;
  for (const key of ['from', 'value', 'template', 'ref', 'expr', 'hook', 'first', 'map', 'as', 'split', 'required'] as const) {
    if (rule[key] !== undefined) loader.problems.push({ ...loader.file.where([...path, key]), message: `${key} does not go with each, rules or use` });
  }
  const expander: Expander | undefined | null = rule.each
    ? (attempt(loader, [...path, 'each'], () => {
        if (!element.many) throw new PathError(`cardinality: ${target.path} holds one value, each needs a list`);
        return loader.format.each(rule.each as string, scope);
      }) ?? null)
    : undefined;
  if (expander === null) return undefined;
  const inner = { path: [...path, 'rules'], type: element.type, scope: expander?.scope ?? scope, top: place.top };
  const fill = compileFill(loader, rule, inner as Place);
  for (const [index, need] of (rule.needs ?? []).entries()) attempt(loader, [...path, 'needs', index], () => resolveTarget(element.type, need));
  const when = conditionOf(loader, rule.when, { path, scope: inner.scope });
  const enter = entering(target);
  const sourced = isSourced(rule, loader.fragments);
  return (run, frame, out) => {
    let any = false;
    for (const at of expander ? expander.expand(run, frame) : [frame]) {
      if (when && !when(run, at)) continue;
      const mark = run.lineage.length;
      const object: Node = {};
      const list = element.many ? ((peek(out.object, target) as Json[] | undefined)?.length ?? 0) : undefined;
      const prefix = target.through.map((step) => `.${step.name}${step.many ? '[0]' : ''}`).join('');
      const inside = { object, at: `${out.at}${prefix}.${name}${list === undefined ? '' : `[${list}]`}` };
      const filled = fill(run, at, inside) || !sourced;
      if (!filled || Object.keys(object).length === 0 || rule.needs?.some((need) => object[need] === undefined)) {
        run.lineage.length = mark;
        continue;
      }
      const { object: holder } = enter(out);
      if (element.many) ((holder[name] ??= []) as Node[]).push(object);
      else holder[name] = object;
      any = any || sourced;
    }
    return any;
  };
}

type Json = Node[string];

function peek(object: Node, { through, name }: Target): Json | undefined {
  let holder: Node | undefined = object;
  for (const step of through) holder = (step.many ? (holder?.[step.name] as Node[] | undefined)?.[0] : holder?.[step.name]) as Node | undefined;
  return holder?.[name];
}

function compileFill(loader: Loader, rule: Rule, place: Place): Step {
  const own = compileRules(loader, rule.rules ?? [], place);
  if (!rule.use) return own;
  const at = [...place.path.slice(0, -1), 'use'];
  const fragment = loader.fragments.get(rule.use);
  if (!fragment) {
    const message = `no fragment "${rule.use}"${suggest(rule.use, loader.fragments.keys())}`;
    loader.problems.push({ ...loader.file.where(at), message });
    return own;
  }
  if (fragment.data.type !== place.type) {
    const message = `wrong type: fragment ${rule.use} fills ${fragment.data.type}, this is ${place.type}`;
    loader.problems.push({ ...loader.file.where(at), message });
    return own;
  }
  const shared = compileRules({ ...loader, file: fragment.file }, fragment.data.rules, { ...place, path: ['rules'] });
  return (run, frame, out) => {
    const some = shared(run, frame, out);
    return own(run, frame, out) || some;
  };
}

function compileValue(loader: Loader, rule: Rule, target: Target, place: Place & { top?: string | undefined }): Step | undefined {
  const { path, scope } = place;
  const alternatives: { rule: Alternative; path: Path }[] = rule.first
    ? rule.first.map((alternative, index) => ({ rule: alternative, path: [...path, 'first', index] }))
    : [{ rule, path }];
  const producers: Producer[] = [];
  for (const [index, alternative] of alternatives.entries()) {
    const producer = compileProducer(loader, { ...alternative, target, scope, top: place.top ?? '', owner: rule });
    if (producer) producers.push(producer);
    const always = alternative.rule.value !== undefined && alternative.rule.when === undefined;
    if (always && index < alternatives.length - 1) {
      loader.problems.push({ ...loader.file.where([...path, 'first', index + 1]), message: 'can never be reached: the alternative before it always has a value' });
    }
  }
  const enter = entering(target);
  const field = producers.find((producer) => producer.field)?.field;
  return (run, frame, out) => {
    const issues = run.issues.length;
    for (const producer of producers) {
      const value = producer.produce(run, frame);
      if (value === undefined) continue;
      put(run, enter(out), target, { value, source: producer.at(run, frame), rule: producer.rule });
      return producer.sourced;
    }
    if (rule.required && run.issues.length === issues) {
      const at = field?.(run, frame) ?? target.path;
      run.issues.push({ severity: 'error', code: 'required', field: at, expression: target.path, text: `${at} is missing` });
    }
    return false;
  };
}

function put(run: Run, { object, at }: Out, { element, name }: Target, said: { value: Json; source: string; rule: string }): void {
  const { value, source, rule } = said;
  if (!element.many) {
    object[name] ??= value;
    run.lineage.push({ element: `${at}.${name}`, source, rule });
    return;
  }
  const list = object[name] as Json[] | undefined;
  if (list === undefined) {
    object[name] = Array.isArray(value) ? value : [value];
    run.lineage.push({ element: Array.isArray(value) ? `${at}.${name}` : `${at}.${name}[0]`, source, rule });
    return;
  }
  for (const item of Array.isArray(value) ? value : [value]) {
    run.lineage.push({ element: `${at}.${name}[${list.length}]`, source, rule });
    list.push(item);
  }
}
