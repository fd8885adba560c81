/** What a family's statements say without one person, and without what others' say of who that was. Pure. */
import type { ContactPoint, HumanName, Patient, RelatedPerson, Resource } from '@medplum/fhirtypes';
import { NHS_NUMBER } from '../fhir/systems.ts';
import type { Json } from '../model.ts';
import type { StatementState } from '../store/facts.ts';

/**
 * What a person is found by. `charts`: keys of their charts; `keys`: these and the keys of their numbers; the
 * rest in small letters, `texts` as they may stand in free text.
 */
export type Traces = {
  charts: ReadonlySet<string>;
  keys: ReadonlySet<string>;
  names: { family: string; given: string }[];
  numbers: string[];
  births: string[];
  texts: string[];
};
type Said = Pick<StatementState, 'key' | 'type' | 'chart' | 'ref' | 'content'>;

const ERASED = '[erased]';
/** What is shorter may stand for anything. */
const LEAST_TEXT = 5;
const small = (text: string | undefined): string => (text ?? '').trim().toLowerCase();

/** Of the statements of a family, by the charts of one person of it. */
export function tracesOf(statements: StatementState[], charts: ReadonlySet<string>): Traces {
  const own = statements.filter(({ key, type }) => type === 'Patient' && charts.has(key));
  const patients = own.map(({ content }) => content as Patient);
  const names = patients.flatMap(({ name }) => namesIn(name));
  const numbers = patients
    .flatMap(({ identifier = [] }) => identifier)
    .flatMap(({ system, value }) => (system === NHS_NUMBER && value ? value.replace(/\s/g, '') : []));
  const points = patients.flatMap(({ telecom }) => pointsIn(telecom));
  return {
    charts,
    keys: new Set([...charts, ...own.flatMap(({ ref }) => ref ?? [])]),
    names,
    numbers: [...new Set(numbers)],
    births: [...new Set(patients.flatMap(({ birthDate }) => birthDate ?? []))],
    texts: [
      ...names.flatMap(({ family, given }) => [
        `${given} ${family}`,
        `${family}, ${given}`,
        `${family} ${given}`,
      ]),
      ...points,
      ...numbers.flatMap((one) => [one, one.replace(/^(...)(...)(....)$/, '$1 $2 $3')]),
    ].filter((text) => text.length >= LEAST_TEXT),
  };
}

const namesIn = (names: HumanName[] = []) =>
  names.flatMap(({ family, given: [given] = [] }) =>
    family && given ? { family: small(family), given: small(given) } : [],
  );
const pointsIn = (points: ContactPoint[] = []) => points.flatMap(({ value }) => (value ? small(value) : []));

/** Whether it is about that person, or a relation of somebody to them. */
export function isAbout(traces: Traces, { key, type, chart, ref, content }: Said): boolean {
  if (traces.charts.has(chart) || traces.charts.has(key)) return true;
  if (type === 'Linkage') return ref !== null && traces.charts.has(ref);
  if (type !== 'RelatedPerson') return false;
  return ref !== null ? traces.keys.has(ref) : names(traces, content as RelatedPerson);
}

/** A contact or a relation by that name, number or telephone. */
function names(
  { names, texts }: Traces,
  { name, telecom }: { name?: HumanName | HumanName[]; telecom?: ContactPoint[] },
): boolean {
  const given = namesIn(name === undefined || Array.isArray(name) ? name : [name]);
  return (
    given.some((one) => names.some(({ family, given }) => one.family === family && one.given === given)) ||
    pointsIn(telecom).some((point) => texts.includes(point))
  );
}

/** Another's resource without them: contacts that they are, and free text that names them in full. */
export function withoutMention(traces: Traces, content: Resource): Resource {
  const contacts = content.resourceType === 'Patient' ? content.contact : undefined;
  const left = contacts?.filter((contact) => !names(traces, contact));
  const { contact: _contact, ...rest } = content as Patient;
  const kept = left === undefined || left.length === contacts?.length ? content : rest;
  const whole = kept === rest && left && left.length > 0 ? { ...rest, contact: left } : kept;
  return redact(whole as unknown as Json, traces.texts) as unknown as Resource;
}

function redact(value: Json, texts: string[]): Json {
  if (typeof value === 'string') return redactText(value, texts);
  if (Array.isArray(value)) return value.map((one) => redact(one, texts));
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, redact(one, texts)]));
}

const redactText = (text: string, texts: string[]): string =>
  texts.reduce((left, named) => left.replace(new RegExp(RegExp.escape(named), 'giu'), ERASED), text);

/** Whether raw text of no record speaks of them: by a number, or by name and birth date together. */
export function speaksOf({ numbers, names, births }: Traces, body: string): boolean {
  const text = body.toLowerCase();
  const packed = text.replace(/[\s-]/g, '');
  const isBorn = births.some((born) => packed.includes(born.replaceAll('-', '')));
  return (
    numbers.some((one) => packed.includes(one)) ||
    (isBorn && names.some(({ family, given }) => text.includes(family) && text.includes(given)))
  );
}
