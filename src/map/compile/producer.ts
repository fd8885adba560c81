import { typeDefinition } from '../../fhir/definitions.ts';
import { isObject, textOf } from '../../formats/tree.ts';
import type { Json } from '../../model.ts';
import { translate } from '../language/concept-map.ts';
import { attempt, conditionOf, type Fragment, isFhir, type Loader, readPath } from '../language/loader.ts';
import type { Alternative, Rule } from '../language/mapping-file.ts';
import type { Path } from '../language/yaml-file.ts';
import {
  type Frame,
  type Instance,
  PathError,
  type Reader,
  type Run,
  report,
  type Scope,
  suggest,
} from '../run.ts';
import { askedCodes } from './condition.ts';
import { checkExpression, evaluate } from './fhirpath.ts';
import { checkConstant, type Target } from './target.ts';
import { compileParts } from './template.ts';
import { compileApply, copyTree } from './values.ts';

export type Producer = {
  /** Gives the value, or undefined, and leaves in `run.source` the place it came from. */
  produce: (run: Run, frame: Frame) => Json | undefined;
  /** Names the source path in the issue that says a required value is missing. */
  field?: Reader['at'] | undefined;
  /** False for constants: a resource of constants alone is not made. */
  sourced: boolean;
  /** `hl7v2-adt/mapping.yaml:41` */
  rule: string;
};

type Given = { rule: Alternative; path: Path; target: Target; scope: Scope; top: string; owner: Rule };
type Core = Omit<Producer, 'rule'>;
const KINDS = ['from', 'value', 'template', 'ref', 'expr', 'hook'] as const;

/** True where a rule, or any rule inside it, reads the source. */
export function isSourced(rule: Rule, fragments: Map<string, Fragment>): boolean {
  const inner = [...(rule.rules ?? []), ...(fragments.get(rule.use ?? '')?.data.rules ?? [])];
  const reads = ({ from, template, expr, hook }: Alternative) => Boolean(from || template || expr || hook);
  return [rule, ...(rule.first ?? [])].some(reads) || inner.some((item) => isSourced(item, fragments));
}

/** Compiles one alternative of a rule to its producers: several where `from` names several paths. Mistakes
 * are noted as problems. */
export function compileProducers(loader: Loader, given: Given): Producer[] {
  const { rule, path, scope } = given;
  const when = conditionOf(loader, { when: rule.when, path, scope });
  const used = KINDS.filter((kind) => rule[kind] !== undefined);
  const [kind] = used;
  const { file, line } = loader.file.where(path);
  const cores = attempt(loader, kind ? [...path, kind] : path, () => {
    if (!kind || used.length > 1) {
      throw new PathError(`exactly one of ${KINDS.join(', ')}; found ${used.join(' and ') || 'none'}`);
    }
    if (rule.match !== undefined && kind !== 'from') throw new PathError('match goes with from');
    checkAsked(loader, rule);
    if (!Array.isArray(rule.from)) return [compileKind[kind](loader, given)];
    return rule.from.map((from) => compileKind.from(loader, { ...given, rule: { ...rule, from } }));
  });
  return (cores ?? []).map((core) => {
    const produce: Core['produce'] = when
      ? (run, frame) => (when(run, frame) ? core.produce(run, frame) : undefined)
      : core.produce;
    return {
      ...core,
      produce: warning(rule, rule.assumed ? assuming(produce, given.top) : produce),
      rule: `${file}:${line}`,
    };
  });
}

/** Notes a code that the condition requires and that the ConceptMap would then reject. */
function checkAsked({ maps }: Loader, { when, from, map, unmapped }: Alternative): void {
  const table = maps.get(map ?? '');
  if (when === undefined || unmapped !== 'reject' || !table) return;
  for (const code of [from ?? []].flat().flatMap((path) => askedCodes(when, path)))
    if (!translate(table, code))
      throw new PathError(`"${code}" is not in ConceptMap ${map}${suggest(code, table.codes.keys())}`);
}

/** `warn`: tells the sender, of the place the value came from, that it was taken so. */
function warning({ warn }: Alternative, produce: Core['produce']): Core['produce'] {
  if (warn === undefined) return produce;
  return (run, frame) => {
    const value = produce(run, frame);
    if (value === undefined) return undefined;
    const field = run.source;
    report(run, { severity: 'warning', code: 'business-rule', field, text: `${field}: ${warn}` });
    return value;
  };
}

function assuming(produce: Core['produce'], top: string): Core['produce'] {
  return (run, frame) => {
    const value = produce(run, frame);
    if (value !== undefined) run.assumed.add(top);
    return value;
  };
}

function optionsOf(loader: Loader, { target, owner, rule, scope }: Given) {
  const { maps } = loader;
  return {
    target,
    maps,
    rule,
    scope,
    severity: rule.severity ?? owner.severity ?? 'error',
    required: owner.required === true,
  } as const;
}

const compileKind: Record<(typeof KINDS)[number], (loader: Loader, given: Given) => Core> = {
  from: compileFrom,
  template: compileTemplate,
  value: (_, { rule, target, top }) => {
    const value = rule.value as Json;
    if (value === null) return empties(top);
    checkConstant(target.element, value, target.path);
    return constant(
      isObject(value)
        ? (run, frame) =>
            copyTree({ ...run, bundle: null }, frame, value, { at: '', type: target.element.type })
        : () => value,
    );
  },
  ref: (loader, { rule, target }) => {
    const { type } = target.element;
    const index = loader.locals.indexOf(rule.ref ?? '');
    if (type !== 'Reference') throw new PathError(`wrong type: ${target.path} is ${type}, not a reference`);
    if (index < 0) throw new PathError(`no statement "${rule.ref}"${suggest(rule.ref ?? '', loader.locals)}`);
    const resource = loader.resources[index] ?? '';
    // A type that is none is told at its statement.
    const isType = typeDefinition(resource)?.kind === 'resource';
    if (isType && target.element.targets && !target.element.targets.includes(resource))
      throw new PathError(
        `wrong type: ${target.path} refers to ${target.element.targets.join(', ')}, not ${resource}`,
      );
    return constant((run, frame) => {
      const instances = run.instances[index] ?? [];
      let same: Instance | undefined;
      for (let at: Frame | null = frame; at && !same; at = at.up)
        same = instances.find((instance) => instance.frame.node === at?.node);
      const named = same ?? instances[0];
      return named && { reference: `#${named.local}` };
    });
  },
  expr: (loader, given) => {
    const apply = compileApply('text', optionsOf(loader, given));
    const expression = given.rule.expr ?? '';
    checkExpression(expression, loader.format.names);
    const produce: Core['produce'] = (run, frame) => {
      const [raw] = evaluate(expression, run, frame) as Json[];
      run.source = `${frame.at} (${expression})`;
      return raw === undefined ? undefined : apply(run, frame, raw);
    };
    return { produce, sourced: true };
  },
  hook: (loader, { rule }) => {
    const hook = loader.hooks[rule.hook ?? ''];
    if (!hook)
      throw new PathError(`no hook "${rule.hook}"${suggest(rule.hook ?? '', Object.keys(loader.hooks))}`);
    const produce: Core['produce'] = (run, frame) => {
      run.source = frame.at || 'message';
      return hook(frame.node, run.root.node);
    };
    return { produce, sourced: true };
  },
};

/** `value: null` empties the element as HL7 v2 `""` does: for messages that mean "no longer" without a field
 * that says so. */
function empties(top: string): Core {
  const produce: Core['produce'] = (run) => {
    run.nulls.add(top);
    return undefined;
  };
  return { produce, sourced: false };
}

function constant(value: Core['produce']): Core {
  const produce: Core['produce'] = (run, frame) => {
    run.source = 'constant';
    return value(run, frame);
  };
  return { produce, sourced: false };
}

/** `match`: reads only what the first group of that expression finds in the text. */
function matching({ match }: Alternative, reader: Reader): Reader {
  if (match === undefined) return reader;
  if (!['text', 'string'].includes(reader.type)) throw new PathError('match needs text');
  if (!match.includes('(')) throw new PathError('match needs a group: what is in it is taken');
  const pattern = new RegExp(match);
  const read: Reader['read'] = (run, frame) => {
    const raw = reader.read(run, frame);
    return raw === undefined || raw === '""' ? raw : (pattern.exec(textOf(raw))?.[1] ?? undefined);
  };
  return { ...reader, read };
}

function compileFrom(loader: Loader, given: Given): Core {
  const { rule, target, scope, top } = given;
  const { read, at, type, many: lists, any } = matching(rule, readPath(loader, String(rule.from), scope));
  const { many } = target.element;
  // A FHIR path that meets a list means its first entry. A sender's own list has no such rule.
  if (lists && !any && !many && !isFhir(loader))
    throw new PathError(`cardinality: ${target.path} holds one value, the source a list`);
  if (rule.split && (!many || !['text', 'string'].includes(type)))
    throw new PathError('split needs text and a list to fill');
  const apply = compileApply(type, optionsOf(loader, given));
  const produce: Core['produce'] = (run, frame) => {
    const raw = read(run, frame);
    if (raw === undefined) return undefined;
    if (raw === '""') {
      run.nulls.add(top);
      return undefined;
    }
    const source = at(run, frame);
    run.source = source;
    if (!rule.split && !Array.isArray(raw)) return apply(run, frame, raw);
    const list = Array.isArray(raw)
      ? raw
      : textOf(raw)
          .split(rule.split ?? '')
          .filter(Boolean);
    const values: Json[] = [];
    for (let index = 0; index < (many ? list.length : Math.min(1, list.length)); index += 1) {
      run.source = rule.split ? source : `${source}/${index}`;
      const value = apply(run, frame, list[index] as Json);
      if (value !== undefined) values.push(value);
    }
    run.source = source;
    return many && values.length > 0 ? values : values[0];
  };
  return { produce, field: at, sourced: true };
}

/** Gives nothing where any part of the template is empty. */
function compileTemplate(loader: Loader, given: Given): Core {
  const parts = (given.rule.template ?? '').split(/\{([^}]*)\}/);
  const readers = parts
    .filter((_, index) => index % 2 === 1)
    .map((path) => readPath(loader, path, given.scope));
  if (readers.length === 0) throw new PathError('a template without {PATH} is a value');
  const apply = compileApply('text', optionsOf(loader, given));
  const fixed = parts.filter((_, index) => index % 2 === 0);
  const { fill, source, field } = compileParts(fixed, readers, given.target.element.type);
  const produce: Core['produce'] = (run, frame) => {
    const { text, emptied } = fill(run, frame);
    if (emptied) run.nulls.add(given.top);
    if (text === undefined) return undefined;
    run.source = source(run, frame);
    return apply(run, frame, text);
  };
  return { produce, field, sourced: true };
}
