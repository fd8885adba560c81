import type { Json } from '../model.ts';
import { evaluate } from './fhirpath.ts';
import { attempt, conditionOf, type Fragment, type Loader, readPath } from './loader.ts';
import type { Alternative, Rule } from './mapping-file.ts';
import { type Frame, isObject, PathError, type Reader, type Run, type Scope, suggest } from './run.ts';
import { checkConstant, type Target } from './target.ts';
import { compileApply, copyTree } from './values.ts';
import type { Path } from './yaml-file.ts';

export type Producer = {
  produce: (run: Run, frame: Frame) => Json | undefined;
  /** Where the value just produced came from; `constant` for constants. */
  at: (run: Run, frame: Frame) => string;
  /** The source path to name when nothing was produced. */
  field: ((run: Run, frame: Frame) => string) | undefined;
  sourced: boolean;
  /** `hl7v2-adt/mapping.yaml:41` */
  rule: string;
};

type Given = { rule: Alternative; path: Path; target: Target; scope: Scope; top: string; owner: Rule };
type Core = Omit<Producer, 'rule'>;
const PRODUCERS = ['from', 'value', 'template', 'ref', 'expr', 'hook'] as const;

/** True where a rule, or any rule inside it, reads the source. */
export function isSourced(rule: Rule, fragments: Map<string, Fragment>): boolean {
  const inner = [...(rule.rules ?? []), ...(rule.use ? (fragments.get(rule.use)?.data.rules ?? []) : [])];
  const reads = (alternative: Alternative) =>
    Boolean(alternative.from || alternative.template || alternative.expr || alternative.hook);
  return reads(rule) || (rule.first ?? []).some(reads) || inner.some((item) => isSourced(item, fragments));
}

/** Undefined where something is wrong with it; the problem is noted. */
export function compileProducer(loader: Loader, given: Given): Producer | undefined {
  const { rule, path, scope } = given;
  const when = conditionOf(loader, { when: rule.when, path, scope });
  const used = PRODUCERS.filter((name) => rule[name] !== undefined);
  const [kind] = used;
  const core = attempt(loader, kind ? [...path, kind] : path, () => {
    if (!kind || used.length > 1)
      throw new PathError(`exactly one of ${PRODUCERS.join(', ')}; found ${used.join(' and ') || 'none'}`);
    return compileKind[kind](loader, given);
  });
  if (!core) return undefined;
  const { file, line } = loader.file.where(path);
  const produce: Producer['produce'] = when
    ? (run, frame) => (when(run, frame) ? core.produce(run, frame) : undefined)
    : core.produce;
  return { ...core, produce, rule: `${file}:${line}` };
}

const constant = () => 'constant';

const compileKind: Record<(typeof PRODUCERS)[number], (loader: Loader, given: Given) => Core> = {
  from: compileFrom,
  value: (_, { rule, target }) => {
    const value = rule.value as Json;
    checkConstant(target.element, value, target.path);
    const produce: Core['produce'] =
      typeof value === 'object' ? (run, frame) => copyTree({ ...run, bundle: null }, frame, value, '') : () => value;
    return { produce, at: constant, field: undefined, sourced: false };
  },
  template: compileTemplate,
  ref: (loader, { rule, target }) => {
    const index = loader.locals.indexOf(rule.ref ?? '');
    if (target.element.type !== 'Reference')
      throw new PathError(`wrong type: ${target.path} is ${target.element.type}, not a reference`);
    if (index < 0) throw new PathError(`no statement "${rule.ref}"${suggest(rule.ref ?? '', loader.locals)}`);
    const produce: Core['produce'] = (run, frame) => {
      const instances = run.instances[index] ?? [];
      const same = instances.find((instance) => instance.frame.node === frame.node) ?? instances[0];
      return same && { reference: `#${same.local}` };
    };
    return { produce, at: constant, field: undefined, sourced: false };
  },
  expr: (loader, { rule, target, owner }) => {
    const apply = compileApply('text', rule, optionsOf(loader, target, owner));
    const at: Core['at'] = (_, frame) => `${frame.at} (${rule.expr})`;
    const produce: Core['produce'] = (run, frame) => {
      const [raw] = evaluate(rule.expr ?? '', frame.node) as Json[];
      return raw === undefined ? undefined : apply(run, frame, raw, at(run, frame));
    };
    return { produce, at, field: undefined, sourced: true };
  },
  hook: (loader, { rule }) => {
    const hook = loader.hooks[rule.hook ?? ''];
    if (!hook) throw new PathError(`no hook "${rule.hook}"${suggest(rule.hook ?? '', Object.keys(loader.hooks))}`);
    const produce: Core['produce'] = (run, frame) => hook(frame.node, run.root.node);
    return { produce, at: (_, frame) => frame.at || 'message', field: undefined, sourced: true };
  },
};

function optionsOf(loader: Loader, target: Target, owner: Rule) {
  return {
    target,
    zone: loader.zone,
    severity: owner.severity ?? 'error',
    maps: loader.maps,
    required: owner.required === true,
  } as const;
}

function compileFrom(loader: Loader, { rule, target, scope, top, owner }: Given): Core {
  const options = optionsOf(loader, target, owner);
  const choices = [rule.from ?? []].flat().map((text) => {
    const reader = readPath(loader, text, scope);
    if (rule.split && (!target.element.many || reader.type !== 'text'))
      throw new PathError('split needs text and a list to fill');
    return { reader, apply: compileApply(reader.type, rule, options) };
  });
  const present = (run: Run, frame: Frame) => choices.find(({ reader }) => reader.read(run, frame) !== undefined);
  const only = choices.length === 1 ? choices[0]?.reader.at : undefined;
  const at: Core['at'] = only ?? ((run, frame) => (present(run, frame) ?? choices[0])?.reader.at(run, frame) ?? '');
  const many = target.element.many === true;
  const produce: Core['produce'] = (run, frame) => {
    for (const { reader, apply } of choices) {
      const raw = reader.read(run, frame);
      if (raw === undefined) continue;
      if (raw === '""') {
        run.nulls.add(top);
        return undefined;
      }
      const list = rule.split ? String(raw).split(rule.split).filter(Boolean) : raw;
      const from = reader.at(run, frame);
      if (!Array.isArray(list)) return apply(run, frame, list, from);
      const name = (index: number) => (rule.split ? from : `${from}/${index}`);
      return many
        ? applyAll(list, (item, index) => apply(run, frame, item, name(index)))
        : apply(run, frame, list[0] as Json, name(0));
    }
    return undefined;
  };
  return { produce, at, field: choices[0]?.reader.at, sourced: true };
}

function applyAll(list: Json[], apply: (item: Json, index: number) => Json | undefined): Json | undefined {
  const values = list.map(apply).filter((value): value is Json => value !== undefined);
  return values.length > 0 ? values : undefined;
}

/** `https://skein.example/Id/{.4.1}`: nothing where any part is empty. */
function compileTemplate(loader: Loader, { rule, target, scope, top, owner }: Given): Core {
  const parts = (rule.template ?? '').split(/\{([^}]*)\}/);
  const readers: Reader[] = parts.filter((_, index) => index % 2 === 1).map((path) => readPath(loader, path, scope));
  if (readers.length === 0) throw new PathError('a template without {PATH} is a value');
  const apply = compileApply('text', rule, optionsOf(loader, target, owner));
  const at: Core['at'] = (run, frame) => readers.map((reader) => reader.at(run, frame)).join(' ');
  const produce: Core['produce'] = (run, frame) => {
    let text = parts[0] ?? '';
    for (const [index, reader] of readers.entries()) {
      const raw = reader.read(run, frame);
      if (raw === '""') run.nulls.add(top);
      if (raw === undefined || raw === '""' || isObject(raw)) return undefined;
      text += String(raw).trim() + (parts[index * 2 + 2] ?? '');
    }
    return apply(run, frame, text, at(run, frame));
  };
  return { produce, at, field: readers[0]?.at, sourced: true };
}
