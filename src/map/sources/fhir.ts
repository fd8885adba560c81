/**
 * Paths of FHIR sources, checked against the StructureDefinitions. Inside an `each`: `subject.reference`.
 * From the root: `MessageHeader.reason.coding.code`, in the first resource of that type. Along a reference:
 * `.resolve(Type)`, and on from there. Of the Bundle entry: `%method`, `%url`, `%fullUrl`, `%type`, and its
 * preconditions (`%ifMatch` and such). `each`
 * goes over `entry[Patient]`, `entry[*]` or a path. Where a path meets a list its first item is meant;
 * `identifier[system=URL]` means the first item with that system.
 */
import { type Element, findElement, PATH_NAMES, typeDefinition } from '../../fhir/definitions.ts';
import { isObject, type Node } from '../../formats/tree.ts';
import type { Json } from '../../model.ts';
import {
  type Frame,
  PathError,
  type Reader,
  type Run,
  type Scope,
  type SourceFormat,
  suggest,
} from '../run.ts';
import { type Entry, indexBundle, resolve } from './bundle.ts';

type Schema = { resources: string[]; elements?: Record<string, string>; ignored?: Record<string, string> };

const ENTRY = /^entry\[(\*|\w+)\]$/;
/** Greedy, so that it finds the last `resolve` of a chain. */
const RESOLVE = /^(.*)\.resolve\((\w+)\)(?:\.(.+))?$/;
/** `identifier[system=URL]` */
const CHOICE = /^(\w+)\[(\w+)=([^[\]]+)\]$/;
const VARIABLES = {
  type: '/resourceType',
  fullUrl: '',
  method: '',
  url: '',
  ifMatch: '',
  ifNoneMatch: '',
  ifModifiedSince: '',
  ifNoneExist: '',
} as const;
/** https://hl7.org/fhir/R4/valueset-http-verb.html */
const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'PATCH'];

export function fhirFormat(schema: Schema): SourceFormat {
  return {
    root: { kind: 'bundle', type: 'Bundle', up: null },
    names: new Set([...PATH_NAMES, ...Object.keys(schema.elements ?? {}).flatMap((name) => name.split('.'))]),
    path: (text, scope) => compilePath(schema, text, scope),
    each: (text, scope) => {
      const [, wanted] = ENTRY.exec(text) ?? [];
      if (wanted) {
        checkType(schema, wanted);
        return {
          scope: { kind: 'entry', type: wanted === '*' ? 'Resource' : wanted, up: scope },
          expand: (run, frame) =>
            (run.bundle?.entries ?? [])
              .filter(({ type }) => wanted === '*' || type === wanted)
              .map((entry) => frameOf(entry, frame)),
        };
      }
      const [, inner, type, rest] = RESOLVE.exec(text) ?? [];
      if (inner && type && !rest) {
        const follow = followTo(schema, { inner, type }, scope);
        return {
          scope: { kind: 'entry', type, up: scope },
          expand: (run, frame) => follow.targets(run, frame).map((entry) => frameOf(entry, frame)),
        };
      }
      const reader = compilePath(schema, text, scope);
      if (!reader.many) throw new PathError(`"${text}" is not a list`);
      return {
        scope: { kind: 'element', type: reader.type, up: scope },
        expand: (run, frame) => {
          const at = reader.at(run, frame);
          const { entry } = frame;
          return listOf(reader.read(run, frame)).map((node, index) => ({
            node,
            at: `${at}/${index}`,
            up: frame,
            entry,
          }));
        },
      };
    },
    open: (tree) => ({ root: { node: tree, at: '', up: null }, bundle: indexBundle(tree), unknown: [] }),
  };
}

const NOWHERE: Frame = { node: {}, at: '', up: null };
const frameOf = (entry: Entry, up: Frame): Frame => ({ node: entry.resource, at: entry.at, up, entry });
const listOf = (value: Json | undefined): Json[] =>
  Array.isArray(value) ? value : value === undefined ? [] : [value];

function checkType(schema: Schema, type: string): void {
  if (type !== '*' && !schema.resources.includes(type)) {
    throw new PathError(`this source has no ${type}${suggest(type, schema.resources)}`);
  }
}

function followTo(schema: Schema, { inner, type }: { inner: string; type: string }, scope: Scope) {
  checkType(schema, type);
  const reference = compilePath(schema, inner, scope);
  if (reference.type !== 'Reference') throw new PathError(`"${inner}" is ${reference.type}, not a reference`);
  const targets = (run: Run, frame: Frame): Entry[] =>
    listOf(reference.read(run, frame)).flatMap((link) => {
      const literal = isObject(link) && typeof link.reference === 'string' ? link.reference : undefined;
      const entry = literal && run.bundle ? resolve(run.bundle, literal, frame.entry) : undefined;
      return entry?.type === type ? [entry] : [];
    });
  return { reference, targets };
}

function compilePath(schema: Schema, text: string, scope: Scope): Reader {
  if (text.startsWith('%')) return compileVariable(schema, text.slice(1), scope);
  const [, inner, type, rest] = RESOLVE.exec(text) ?? [];
  if (inner && type) {
    const { targets, reference } = followTo(schema, { inner, type }, scope);
    if (!rest)
      return { type, many: false, read: (run, frame) => targets(run, frame)[0]?.resource, at: reference.at };
    return compileSteps(schema, [type, ...stepsOf(rest)], (run, frame) => {
      const [target] = targets(run, frame);
      return target ? frameOf(target, frame) : NOWHERE;
    });
  }
  const [head = '', ...steps] = stepsOf(text);
  if (!/^[A-Z]/.test(head)) return compileSteps(schema, [scope.type, head, ...steps], (_, frame) => frame);
  if (head === 'Bundle') return compileSteps(schema, ['Bundle', ...steps], (run) => run.root);
  checkType(schema, head);
  return compileSteps(schema, [head, ...steps], (run) => {
    const entry = run.bundle?.entries.find(({ type }) => type === head);
    return entry ? frameOf(entry, run.root) : NOWHERE;
  });
}

function compileVariable({ resources, ignored = {} }: Schema, name: string, scope: Scope): Reader {
  if (!Object.hasOwn(VARIABLES, name))
    throw new PathError(`no variable %${name}${suggest(name, Object.keys(VARIABLES))}`);
  if (scope.kind !== 'entry') throw new PathError(`%${name} needs an entry around it: each: entry[*]`);
  const variable = name as keyof typeof VARIABLES;
  const types = [...resources, ...Object.keys(ignored).filter((one) => !one.includes('.'))];
  return {
    type: 'text',
    many: false,
    codes: variable === 'type' ? types : variable === 'method' ? METHODS : undefined,
    read: (_, { entry }) => entry?.[variable],
    at: (_, frame) => frame.at + VARIABLES[variable],
  };
}

/** Splits a path at its dots, except those inside brackets (a url). */
const stepsOf = (path: string): string[] => path.split(/\.(?![^[]*\])/);

/** One step of a path. `isMeant` chooses the entry of a list; undefined means the first. */
type Step = { name: string; isMeant: ((item: Json) => boolean) | undefined };

function compileSteps(
  schema: Schema,
  [owner = '', ...path]: string[],
  start: (run: Run, frame: Frame) => Frame,
): Reader {
  let present: Element = { type: owner };
  const steps = path.map((text): Step => {
    const [, name = text, part = '', wanted] = CHOICE.exec(text) ?? [];
    const element = elementOf(schema, present.type, name);
    if (wanted === undefined) {
      present = element;
      return { name, isMeant: undefined };
    }
    if (!element.many) throw new PathError(`${present.type}.${name} is no list to choose from`);
    const { codes } = elementOf(schema, element.type, part);
    if (codes && !codes.includes(wanted))
      throw new PathError(`"${wanted}" is no code of ${element.type}.${part}${suggest(wanted, codes)}`);
    const { many: _, ...one } = element;
    present = one;
    return { name, isMeant: (item) => isObject(item) && item[part] === wanted };
  });
  return {
    type: present.type,
    many: present.many === true,
    codes: present.codes,
    read: (run, frame) => {
      let node = start(run, frame).node as Json | undefined;
      for (const { name, isMeant } of steps) {
        const item = Array.isArray(node) ? node[0] : node;
        node = isObject(item) ? item[name] : undefined;
        if (isMeant) node = listOf(node).find(isMeant);
      }
      return node === '' || node === null ? undefined : node;
    },
    at: (run, frame) => {
      const from = start(run, frame);
      let node = from.node as Json | undefined;
      let at = from.at;
      for (const { name, isMeant } of steps) {
        if (Array.isArray(node)) [node, at] = [node[0], `${at}/0`];
        node = isObject(node) ? (node as Node)[name] : undefined;
        at += `/${name}`;
        if (!isMeant) continue;
        const place = Array.isArray(node) ? node.findIndex(isMeant) : -1;
        node = listOf(node).find(isMeant);
        if (place >= 0) at += `/${place}`;
      }
      return at;
    },
  };
}

function elementOf({ elements }: Schema, owner: string, name: string): Element {
  const other = elements?.[`${owner}.${name}`];
  const element: Element | undefined = other ? { type: other } : findElement(owner, name);
  if (element) return element;
  throw new PathError(
    `no element ${owner}.${name}${suggest(name, Object.keys(typeDefinition(owner)?.elements ?? {}))}`,
  );
}
