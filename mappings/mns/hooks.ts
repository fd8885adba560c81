/** What a signal says of a number's change: which parts say so differs by the type and the age of the signal. */
import type { Json } from '../../src/model.ts';

type Node = { [name: string]: Json };
const isNode = (value: unknown): value is Node => typeof value === 'object' && value !== null && !Array.isArray(value);
const at = (value: unknown, name: string): Json | undefined => (isNode(value) ? value[name] : undefined);
const list = (value: unknown): unknown[] => (Array.isArray(value) ? value : []);
const named = (items: unknown, name: string): unknown => list(items).find((one) => at(one, 'name') === name);

/** A part of additional-context, else the parameter of that name. */
function partOf(entry: unknown, name: string): unknown {
  const parameters = at(at(entry, 'resource'), 'parameter');
  return named(at(named(parameters, 'additional-context'), 'part'), name) ?? named(parameters, name);
}

function textOf(entry: unknown, name: string): string | undefined {
  const part = partOf(entry, name);
  const value = at(part, 'valueString') ?? at(part, 'valueCode');
  return typeof value === 'string' ? value : undefined;
}

const isNumberChange = (entry: unknown) => textOf(entry, 'event-type')?.startsWith('nhs-number-change') === true;

/** I (invalidated) or R (replaced). */
export function status(entry: unknown): Json | undefined {
  if (!isNumberChange(entry)) return undefined;
  const code = textOf(entry, 'nhs-number-status') ?? textOf(entry, 'nhsNumberStatus');
  return code === 'I' || code === 'R' ? code : undefined;
}

/** Of an identity that was changed, where the publisher says so. */
export const cause = (entry: unknown): Json | undefined =>
  isNumberChange(entry) && textOf(entry, 'cause') === 'identity-change' ? 'identity-change' : undefined;

const TEN_DIGITS = /(?:^|\/)(\d{10})$/;
const subjectOf = (entry: unknown): Json | undefined =>
  at(at(at(partOf(entry, 'subject'), 'valueReference'), 'identifier'), 'value');

/**
 * The number in whose place another came is the subject; that other is the record that the signal leads to, or
 * brings along: PDS answers for a number that was replaced with the record that stands.
 */
export function replacedBy(entry: unknown, root: unknown): Json | undefined {
  if (!isNumberChange(entry)) return undefined;
  const parameters = at(at(entry, 'resource'), 'parameter');
  const focus = named(at(named(parameters, 'notification-event'), 'part'), 'focus');
  const reference = at(at(focus, 'valueReference'), 'reference');
  const records = list(at(root, 'entry'))
    .map((one) => at(one, 'resource'))
    .filter((resource) => at(resource, 'resourceType') === 'Patient');
  const said = [...records.map((record) => at(record, 'id')), reference];
  const numbers = said.flatMap((one) => (typeof one === 'string' ? (TEN_DIGITS.exec(one)?.[1] ?? []) : []));
  return numbers.find((number) => number !== subjectOf(entry));
}
