/**
 * Decides which slice of an element a value belongs to. https://hl7.org/fhir/R4/profiling.html#discriminator
 */
import { type Item, insideOf, targetType } from './items.ts';
import type { Discriminator, Rule } from './read-differential.ts';

type Fits = (rule: Rule, item: Item) => boolean;

const BY_URL: Discriminator[] = [{ type: 'value', path: 'url' }];
const BY_TYPE: Discriminator[] = [{ type: 'type', path: '$this' }];

/** The discriminators of an element. Extensions are always sliced by url and choices by type, even where a
 * differential does not say so. */
function discriminatorsOf(rule: Rule, element: string): Discriminator[] {
  if (rule.discriminators) return rule.discriminators;
  if (element === 'extension' || element === 'modifierExtension') return BY_URL;
  return element.endsWith('[x]') ? BY_TYPE : [];
}

/** True where a value of the element `name` belongs to the slice `called`. */
export function isInSlice(
  { rule, name, called, slice }: { rule: Rule; name: string; called: string; slice: Rule },
  item: Item,
  fits: Fits,
): boolean {
  const discriminators = discriminatorsOf(rule, name);
  const told = discriminators.map(({ type, path }) => {
    if (type === 'type' && path === '$this') return isOfType(slice, called, item);
    if (path === 'url' && item.type === 'Extension') return item.node.url === urlOf(slice);
    return discriminates(type, stepsOf(path), slice, item, fits);
  });
  // A slice may leave some of its discriminators open, not all.
  return told.includes(true) && !told.includes(false);
}

const stepsOf = (path: string) =>
  path === '$this' ? [] : path.replace(/\.?ofType\(\w+\)/g, '').split(/\.(?![^(]*\))/);

export const urlOf = (slice: Rule) =>
  slice.children.get('url')?.fixed ?? slice.types?.[0]?.profiles[0]?.split('|')[0];

/** A slice called `valueQuantity` gives its type by its name where its rule gives none. */
const isOfType = ({ types }: Rule, called: string, item: Item) =>
  types ? types.some(({ code }) => code === item.type) : called === item.steps[0];

/** Follows a discriminator's path through the slice's rules and the value together, to the place where the
 * slice says what distinguishes it; undefined where it says nothing there. */
function discriminates(
  type: string,
  steps: string[],
  rule: Rule,
  item: Item,
  fits: Fits,
): boolean | undefined {
  const [step, ...rest] = steps;
  if (step === 'resolve()') return fits(rule, item) && targetType(item.node) !== undefined;
  // A slice may fix the value above the end of the path (a pattern on the whole element).
  if (step === undefined && type === 'type' && rule.types)
    return rule.types.some(({ code }) => code === item.type);
  if (step === undefined || rule.fixed !== undefined || rule.pattern !== undefined) return fits(rule, item);
  const [, url] = /^extension\('(.*)'\)$/.exec(step) ?? [];
  // A discriminator's path writes a choice as `value`, a profile as `value[x]`.
  const name = rule.children.has(step) ? step : `${step}[x]`;
  const child = url === undefined ? rule.children.get(name) : sliceWithUrl(rule, url);
  const inside = insideOf(item, url === undefined ? name : 'extension').filter(
    ({ node }) => url === undefined || node.url === url,
  );
  if (!child) return undefined;
  if (type === 'exists') return child.max === 0 ? inside.length === 0 : inside.length > 0;
  // The distinguishing rule may stand in a slice of the child.
  const rules = [child, ...child.slices.values()];
  const told = inside.flatMap((one) => rules.map((inner) => discriminates(type, rest, inner, one, fits)));
  if (told.includes(true)) return true;
  return told.includes(false) || inside.length === 0 ? false : undefined;
}

function sliceWithUrl({ children }: Rule, url: string): Rule | undefined {
  return [...(children.get('extension')?.slices.values() ?? [])].find((slice) => urlOf(slice) === url);
}
