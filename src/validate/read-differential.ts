/** Reads a StructureDefinition's differential as a tree of rules. https://hl7.org/fhir/R4/profiling.html */
import { type FhirPathAtom, parseFhirPath } from '@medplum/core';
import type { ElementDefinition, StructureDefinition } from '@medplum/fhirtypes';
import type { Json } from '../model.ts';

export type Constraint = { key: string; text: string; warning: boolean; holds: FhirPathAtom };
export type Discriminator = { type: string; path: string };

/** What a profile requires of one element beyond its base. */
export type Rule = {
  min?: number;
  max?: number;
  fixed?: Json;
  pattern?: Json;
  /** Bounds of a number or a time, and of the length of a text. */
  least?: Json;
  most?: Json;
  maxLength?: number;
  types?: { code: string; profiles: string[]; targets: string[] }[];
  /** Canonical of a required value set. */
  valueSet?: string;
  mustSupport?: true;
  constraints: Constraint[];
  discriminators?: Discriminator[];
  closed?: boolean;
  /** True where slices must appear in the order in which the profile lists them. */
  ordered?: boolean;
  /** True for a modifier extension. */
  isModifier?: true;
  slices: Map<string, Rule>;
  children: Map<string, Rule>;
};

const emptyRule = (): Rule => ({ constraints: [], slices: new Map(), children: new Map() });

const copyAll = (rules: Map<string, Rule>) =>
  new Map([...rules].map(([name, rule]) => [name, copyRule(rule)]));
const copyRule = (rule: Rule): Rule => ({
  ...rule,
  constraints: [...rule.constraints],
  slices: copyAll(rule.slices),
  children: copyAll(rule.children),
});

/** Adds a profile's rules to its base's. `complain` gets a text for each unreadable invariant. */
export function readDifferential(
  { differential, url }: StructureDefinition,
  base: Rule | undefined,
  complain: (problem: string) => void,
): Rule {
  const root = base ? copyRule(base) : emptyRule();
  for (const element of differential?.element ?? []) {
    const steps = (element.id ?? idOf(element)).split('.').slice(1);
    addTo(
      steps.reduce((rule, step) => stepInto(rule, step), root),
      element,
      (key) => complain(`${url}: invariant ${key} cannot be read and is not checked`),
    );
  }
  return root;
}

/** The path of an element with its slices. Without ids the slice name belongs to the last step. */
const idOf = ({ path = '', sliceName }: ElementDefinition) => (sliceName ? `${path}:${sliceName}` : path);

/** Follows one step of an element id: `identifier:nhsNumber` is the element, then its slice. */
function stepInto(rule: Rule, step: string): Rule {
  const [name = '', slice] = step.split(':');
  const element = ensure(rule.children, name);
  return slice === undefined ? element : ensure(element.slices, slice);
}

function ensure(rules: Map<string, Rule>, name: string): Rule {
  const found = rules.get(name) ?? emptyRule();
  rules.set(name, found);
  return found;
}

function addTo(rule: Rule, element: ElementDefinition, complain: (key: string) => void): void {
  if (element.min !== undefined) rule.min = element.min;
  if (element.max !== undefined && element.max !== '*') rule.max = Number(element.max);
  for (const [name, value] of Object.entries(element)) {
    if (name.startsWith('fixed')) rule.fixed = value as Json;
    if (name.startsWith('pattern')) rule.pattern = value as Json;
    if (name.startsWith('minValue')) rule.least = value as Json;
    if (name.startsWith('maxValue')) rule.most = value as Json;
  }
  if (element.type)
    rule.types = element.type.map(({ code = '', profile = [], targetProfile = [] }) => ({
      code: code
        .replace('http://hl7.org/fhirpath/System.', '')
        .replace(/^[A-Z]/, (letter) => (code.includes('//') ? letter.toLowerCase() : letter)),
      profiles: profile,
      targets: targetProfile,
    }));
  if (element.binding?.strength === 'required' && element.binding.valueSet)
    rule.valueSet = element.binding.valueSet;
  if (element.maxLength !== undefined) rule.maxLength = element.maxLength;
  if (element.mustSupport) rule.mustSupport = true;
  if (element.isModifier) rule.isModifier = true;
  if (element.slicing) {
    rule.discriminators = (element.slicing.discriminator ?? []).map(({ type = '', path = '' }) => ({
      type,
      path,
    }));
    rule.closed = element.slicing.rules === 'closed';
    rule.ordered = element.slicing.ordered === true;
  }
  for (const { key = '', human = '', severity, expression } of element.constraint ?? []) {
    if (!expression) continue;
    try {
      rule.constraints.push({
        key,
        text: human,
        warning: severity === 'warning',
        holds: parseFhirPath(expression),
      });
    } catch {
      complain(key);
    }
  }
}
