/** Paths of forms: `child.name`, and `fields[key=q_dob].value` of the item whose key that is. */
import { isObject, textOf } from '../../formats/tree.ts';
import type { Json } from '../../model.ts';
import type { SourceTree } from '../language/mapping-file.ts';
import { PathError, suggest } from '../run.ts';

/** With `member` it means the item of a list whose member has that value. */
type Step = { name: string; member?: string | undefined; value?: string | undefined };

export const stepsOf = (path: string): Step[] =>
  path.split(/\.(?![^[]*\])/).map((text) => {
    const [, name = text, member, value] = /^([^[]*)\[(\w+)=([^\]]*)\]$/.exec(text) ?? [];
    return { name, member, value };
  });

/** What the items of a list hold, of which a path chooses one by a member. */
export function itemOf(tree: SourceTree, text: string, member: string): SourceTree {
  const item = Array.isArray(tree) ? (tree[0] as SourceTree) : undefined;
  if (item === undefined) throw new PathError(`"${text}" chooses from what is no list`);
  const names = typeof item === 'object' && !Array.isArray(item) ? Object.keys(item) : [];
  if (!names.includes(member))
    throw new PathError(`no field "${member}" in "${text}"${suggest(member, names)}`);
  return item;
}

/** The value at the end of the path, and its JSON pointer from where it starts. */
export function follow(start: Json | undefined, steps: Step[]): { node: Json | undefined; place: string } {
  let node = start;
  let place = '';
  for (const { name, member, value } of steps) {
    node = isObject(node) ? node[name] : undefined;
    place += `/${name}`;
    if (member === undefined) continue;
    const isMeant = (item: Json | undefined) => isObject(item) && textOf(item[member] ?? '') === value;
    const index = Array.isArray(node) ? node.findIndex(isMeant) : -1;
    if (index >= 0) place += `/${index}`;
    if (Array.isArray(node)) node = node[index];
    else if (!isMeant(node)) node = undefined;
  }
  return { node, place };
}
