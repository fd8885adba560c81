import { isObject, type Node } from '../../formats/tree.ts';
import type { Json } from '../../model.ts';
import type { Run } from '../run.ts';
import type { Target } from './target.ts';

/** The object being filled and its name in lineage, such as `patient.name[0]`. */
export type Out = { object: Node; at: string };
export type ElementValue = { value: Json; source: string; rule: string };

/** Writes one target; compiled once. Where the path passes a list its first entry is meant, and it is made
 * only when there is a value. */
type Writer = {
  /** Gives the object that holds the element, and makes it where it is absent. */
  enter: (object: Node) => Node;
  /** The place that the next value would have: `.name[0].family`, or `.name[2]` where two entries exist. */
  next: (object: Node) => string;
  put: (run: Run, out: Out, said: ElementValue) => void;
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
    // Of a choice such as value[x], the first form that got a value is kept.
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
