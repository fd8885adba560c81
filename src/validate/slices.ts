/** Which slice of an element a value is in. https://hl7.org/fhir/R4/profiling.html#discriminator */
import { type Item, insideOf, targetType } from './items.ts';
import type { Discriminator, Rule } from './read-differential.ts';

/** Whether a value passes a rule. */
type Fits = (rule: Rule, item: Item) => boolean;

const BY_URL: Discriminator[] = [{ type: 'value', path: 'url' }];
const BY_TYPE: Discriminator[] = [{ type: 'type', path: '$this' }];

/** Extensions are sliced by their url and choices by their type, whether or not a differential says so. */
function discriminatorsOf(rule: Rule, element: string): Discriminator[] {
  if (rule.discriminators) return rule.discriminators;
  if (element === 'extension' || element === 'modifierExtension') return BY_URL;
  return element.endsWith('[x]') ? BY_TYPE : [];
}

/** Whether a value of the element `name` is in the slice `called`. */
export function isInSlice(
  { rule, name, called, slice }: { rule: Rule; name: string; called: string; slice: Rule },
  item: Item,
  fits: Fits,
): boolean {
  const discriminators = discriminatorsOf(rule, name);
  return (
    discriminators.length > 0 &&
    discriminators.every(({ type, path }) => {
      if (type === 'type' && path === '$this') return isOfType(slice, called, item);
      if (path === 'url' && item.type === 'Extension') return item.node.url === urlOf(slice);
      return discriminates(type, stepsOf(path), slice, item, fits);
    })
  );
}

const stepsOf = (path: string) =>
  path === '$this' ? [] : path.replace(/\.?ofType\(\w+\)/g, '').split(/\.(?![^(]*\))/);

export const urlOf = (slice: Rule) =>
  slice.children.get('url')?.fixed ?? slice.types?.[0]?.profiles[0]?.split('|')[0];

/** `valueQuantity` and such name their type where the slice does not. */
const isOfType = ({ types }: Rule, called: string, item: Item) =>
  types ? types.some(({ code }) => code === item.type) : called === item.steps[0];

/** Follows the path down the slice's rules and the value together, to where the slice says what sets it apart. */
function discriminates(type: string, steps: string[], rule: Rule, item: Item, fits: Fits): boolean {
  const [step, ...rest] = steps;
  if (step === 'resolve()') return fits(rule, item) && targetType(item.node) !== undefined;
  // A slice may say it all at once, above the end of the path.
  if (step === undefined && type === 'type' && rule.types)
    return rule.types.some(({ code }) => code === item.type);
  if (step === undefined || rule.fixed !== undefined || rule.pattern !== undefined) return fits(rule, item);
  const [, url] = /^extension\('(.*)'\)$/.exec(step) ?? [];
  // A choice is `value` in a path, and `value[x]` in a profile.
  const name = rule.children.has(step) ? step : `${step}[x]`;
  const child = url === undefined ? rule.children.get(name) : sliceWithUrl(rule, url);
  const inside = insideOf(item, url === undefined ? name : 'extension').filter(
    ({ node }) => url === undefined || node.url === url,
  );
  if (!child) return false;
  if (type === 'exists') return child.max === 0 ? inside.length === 0 : inside.length > 0;
  // What sets it apart may be said in a slice of the child.
  const told = [child, ...child.slices.values()];
  return inside.some((one) => told.some((inner) => discriminates(type, rest, inner, one, fits)));
}

function sliceWithUrl({ children }: Rule, url: string): Rule | undefined {
  return [...(children.get('extension')?.slices.values() ?? [])].find((slice) => urlOf(slice) === url);
}
