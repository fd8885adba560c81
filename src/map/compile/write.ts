import { isObject, type Node } from '../../formats/tree.ts';
import type { Json } from '../../model.ts';
import type { Run } from '../run.ts';
import type { Target } from './target.ts';

/** What is being filled, and what lineage calls it: `patient.name[0]`. */
export type Out = { object: Node; at: string };
export type Said = { value: Json; source: string; rule: string };

/** How one target is written: compiled once. A list on the way means its first entry, which is made when there is a value. */
type Writer = {
  /** The object that holds the element, made if need be. */
  enter: (object: Node) => Node;
  /** `.name[0].family`, or `.name[2]` for the entry that a list would get next. */
  next: (object: Node) => string;
  put: (run: Run, out: Out, said: Said) => void;
};

export function compileWriter({ through, name, others, element }: Target): Writer {
  const prefix = `${through.map((step) => `.${step.name}${step.many ? '[0]' : ''}`).join('')}.${name}`;
  const enter: Writer['enter'] = (object) => {
    let holder = object;
    for (const step of through) {
      holder[step.name] ??= step.many ? [{}] : {};
      holder = (step.many ? (holder[step.name] as Node[])[0] : holder[step.name]) as Node;
    }
    return holder;
  };
  const length = (object: Node): number => {
    let holder: Json | undefined = object;
    for (const step of [...through, { name, many: false }]) {
      const inner: Json | undefined = isObject(holder) ? holder[step.name] : undefined;
      holder = step.many && Array.isArray(inner) ? inner[0] : inner;
    }
    return Array.isArray(holder) ? holder.length : 0;
  };
  const put: Writer['put'] = (run, { object, at }, { value, source, rule }) => {
    const holder = enter(object);
    // Of a choice the first form that has a value stands.
    if (others.some((other) => holder[other] !== undefined)) return;
    if (!element.many || (Array.isArray(value) && holder[name] === undefined)) {
      holder[name] ??= value;
      run.lineage.push({ element: at + prefix, source, rule });
      return;
    }
    holder[name] ??= [];
    const list = holder[name] as Json[];
    for (const item of Array.isArray(value) ? value : [value]) {
      run.lineage.push({ element: `${at}${prefix}[${list.length}]`, source, rule });
      list.push(item);
    }
  };
  return { enter, put, next: element.many ? (object) => `${prefix}[${length(object)}]` : () => prefix };
}
