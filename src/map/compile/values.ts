/** How an alternative of a rule gives its value: closures for from, value, template, ref, expr and hook. */
import { findElement, isPrimitive } from '../../fhir/definitions.ts';
import { isObject, type Node, textOf } from '../../formats/tree.ts';
import type { Json } from '../../model.ts';
import { type CodeTable, translate } from '../language/concept-map.ts';
import type { Alternative } from '../language/mapping-file.ts';
import { type Frame, PathError, type Run, report, suggest } from '../run.ts';
import { localReference, serviceReference } from '../sources/bundle.ts';
import { article, clockOf, converterTo } from './convert.ts';
import { isEmail, isNoDay, isPhone, nhsDigits, saysNone } from './looks.ts';
import { checkCode, type Target } from './target.ts';

/** Converts a source value to the element's type; where it cannot, reports it and gives undefined. */
type Apply = (run: Run, frame: Frame, raw: Json) => Json | undefined;
/** A value that cannot be used holds the message (severity error), unless the rule says warning. */
type Options = {
  rule: Alternative;
  target: Target;
  severity: 'error' | 'warning';
  maps: Map<string, CodeTable>;
  required: boolean;
};

const TIMES = ['date', 'dateTime', 'instant'];
/** Types whose text is for people, such as names and address lines. */
const WORDS = ['string', 'markdown'];
const NUMBERS = ['integer', 'positiveInt', 'unsignedInt', 'decimal'];

/** Throws PathError where that source type cannot become that element. */
export function compileApply(sourceType: string, options: Options): Apply {
  const { target, rule } = options;
  const { element } = target;
  if (rule.map) return compileMap(options);
  if (rule.unmapped) throw new PathError('unmapped needs map');
  if (element.type === 'Reference') return compileReference(sourceType, options);
  if (rule.as === 'service')
    throw new PathError(`wrong type: ${target.path} is ${element.type}, not a reference`);
  if (!isPrimitive(element.type)) {
    if (sourceType !== element.type) throw wrongType(sourceType, target);
    return (run, frame, raw) => copyTree(run, frame, raw, { at: run.source, type: element.type });
  }
  if (!fits(sourceType, element.type)) throw wrongType(sourceType, target);
  const convert = compilePrimitive(options);
  // FHIR sources send true and 3 as JSON values; a CSV row or a form may send yes and "3".
  const asItIs = sourceType === element.type && rule.as === undefined;
  return asItIs ? (run, frame, raw) => (run.bundle ? raw : convert(run, frame, raw)) : convert;
}

function wrongType(sourceType: string, { path, element }: Target): PathError {
  const hint = isPrimitive(element.type)
    ? ''
    : ['CodeableConcept', 'Coding'].includes(element.type)
      ? '; map it, or name a part of it'
      : '; name a part of it';
  return new PathError(`wrong type: ${path} is ${element.type}, the source is ${sourceType}${hint}`);
}

/** `text` and `time` are types of the source language, for converters to read; FHIR sources have FHIR's own
 * primitive types. */
function fits(source: string, type: string): boolean {
  if (source === 'time' || TIMES.includes(source)) return TIMES.includes(type) || type === 'string';
  if (source === 'boolean') return type === 'boolean' || type === 'string';
  if (NUMBERS.includes(source)) return NUMBERS.includes(type) || type === 'string';
  if (WORDS.includes(source)) return WORDS.includes(type);
  if (source === 'text') return true;
  return isPrimitive(source) && ![...TIMES, ...NUMBERS, 'boolean'].includes(type);
}

/** A time that may mean another instant than its sender meant is told; the same one is taken each time. */
export function warnOfClock(run: Run, raw: string): void {
  const clock = clockOf(raw, run.zone);
  if (!clock) return;
  const field = run.source;
  const why = {
    missing: 'the clocks go forward over this hour, and it does not exist: it is taken as summer time',
    twice: 'the clocks go back over this hour, and it exists twice: it is taken as winter time',
  }[clock];
  const text = `${field}: ${why}; send its offset`;
  report(run, { severity: 'warning', code: 'value', field, text });
}

const AS: Record<string, (text: string) => string> = {
  compact: (text) => text.replace(/\s+/g, ''),
  'nhs-number': nhsDigits,
  // A country code may come with its sign, or as it is dialled from here.
  phone: (text) => text.trim().replace(/^\+(\+|00)/, '+'),
};

/** Why a value that can be read is not taken: '' where nothing need be said of it, undefined where it is. */
type WhyNot = (text: string, run: Run) => string | undefined;

function whyNotOf({ as }: Alternative, path: string): WhyNot | undefined {
  const { is, what } = CONTACTS[as ?? ''] ?? {};
  if (is) return (text) => (is(text) ? undefined : saysNone(text) ? '' : `is no ${what}`);
  // 99991231 or 00010101: what systems write where there is no day.
  const day = DAYS[path.split('.').at(-1) ?? ''];
  return day ? (text, run) => (isNoDay(text, run) ? `stands for no day: no ${day}` : undefined) : undefined;
}

const DAYS: Record<string, string> = { birthDate: 'birth date', deceasedDateTime: 'death' };
const CONTACTS: Record<string, { is: (text: string) => boolean; what: string }> = {
  phone: { is: isPhone, what: 'telephone number' },
  email: { is: isEmail, what: 'e-mail address' },
};

function compilePrimitive({ rule, target, severity }: Options): Apply {
  const { element, path } = target;
  const convert = converterTo(element.type);
  const codes = element.codes && new Set(element.codes);
  const shaped = AS[rule.as ?? ''];
  const isTime = TIMES.includes(element.type) && element.type !== 'date';
  const whyNot = whyNotOf(rule, path);
  return (run, _, raw) => {
    const at = run.source;
    const why = whyNot?.(textOf(raw), run);
    if (why !== undefined) {
      const text = `${at} ${why}; it is left out`;
      if (why) report(run, { severity: 'warning', code: 'value', field: at, expression: path, text });
      return undefined;
    }
    const value = convert(shaped ? shaped(textOf(raw)) : raw, run.zone);
    if (isTime && value !== undefined) warnOfClock(run, textOf(raw));
    if (value === undefined) {
      report(run, {
        severity,
        code: 'value',
        field: at,
        expression: path,
        text: `${at} is not ${article(element.type)}`,
      });
    } else if (codes && !codes.has(String(value))) {
      report(run, {
        severity,
        code: 'code-invalid',
        field: at,
        expression: path,
        text: `${at} "${value}" is not a ${path} code`,
      });
      return undefined;
    }
    return value;
  };
}

function compileMap({ rule, maps, target, severity }: Options): Apply {
  const { map = '', unmapped } = rule;
  const table = maps.get(map);
  if (!table) throw new PathError(`no ConceptMap "${map}"${suggest(map, maps.keys())}`);
  if (!unmapped) throw new PathError('map needs unmapped: reject, keep-original or fixed');
  const { element, path } = target;
  const shape = shapes[element.type];
  if (!shape)
    throw new PathError(
      `wrong type: ${path} is ${element.type}; a translated code is a code, Coding or CodeableConcept`,
    );
  const fixed = typeof unmapped === 'object' ? unmapped.fixed : undefined;
  for (const { code } of [...table.codes.values(), ...(fixed ? [{ code: fixed }] : [])])
    checkCode(element, code, path);
  if (unmapped === 'keep-original' && element.type === 'code')
    throw new PathError(`wrong type: ${path} is a code: unmapped cannot be keep-original`);
  const system = [...table.codes.values()][0]?.system ?? '';
  return (run, _, raw) => {
    const at = run.source;
    const code = textOf(raw).trim();
    const found = translate(table, code);
    if (found) return shape(found);
    const level = unmapped === 'reject' ? severity : 'warning';
    report(run, {
      severity: level,
      code: 'code-invalid',
      field: at,
      expression: path,
      text: `${at} "${code}" is not in table ${map}${fixed ? `: it is taken as ${fixed}` : ''}`,
    });
    if (fixed) return shape({ system, code: fixed });
    if (unmapped === 'reject') return undefined;
    return element.type === 'Coding'
      ? { ...(table.source ? { system: table.source } : {}), code }
      : element.type === 'CodeableConcept'
        ? { text: code }
        : code;
  };
}

type Coded = { system: string; code: string; display?: string };
const shapes: Record<string, (coding: Coded) => Json> = {
  code: ({ code }) => code,
  string: ({ code }) => code,
  uri: ({ code }) => code,
  Coding: (coding) => ({ ...coding }) as Node,
  CodeableConcept: (coding) => ({ coding: [{ ...coding }] }) as Node,
};

const SERVICES = ['Organization', 'HealthcareService', 'PractitionerRole', 'CareTeam'];

function compileReference(sourceType: string, { rule, target, severity, required }: Options): Apply {
  if (sourceType !== 'Reference')
    throw new PathError(`wrong type: ${target.path} is a reference, the source is ${sourceType}; use ref`);
  const { targets } = target.element;
  if (rule.as === 'service' && targets && !targets.some((type) => SERVICES.includes(type)))
    throw new PathError(`wrong type: ${target.path} refers to ${targets.join(', ')}, not to a service`);
  if (rule.as === 'service')
    return (run, frame, raw) => {
      if (!run.bundle || !isObject(raw)) return undefined;
      const service = serviceReference(run.bundle, raw, frame.entry);
      if (service === undefined) reportNoService(run, target.path);
      return service;
    };
  const level = required ? severity : 'warning';
  return (run, frame, raw) =>
    localise(run, frame, { raw, at: run.source, severity: level, expression: target.path });
}

/** Warns that a reference names no service. An absent service means the sender's own, so a sender that meant
 * another must be told. */
function reportNoService(run: Run, expression: string): void {
  const field = run.source;
  const text = `${field} leads to no service (an ODS code, or an identifier of a team): it is not kept`;
  report(run, { severity: 'warning', code: 'not-found', field, expression, text });
}

type SentReference = { raw: Json; at: string; severity: 'error' | 'warning'; expression?: string };

function localise(
  run: Run,
  frame: Frame,
  { raw, at, severity, expression }: SentReference,
): Json | undefined {
  if (!run.bundle || !isObject(raw)) return raw;
  const found = localReference(run.bundle, raw, frame.entry);
  if (found !== undefined && found !== 'missing') return found;
  const field = `${at}/reference`;
  const place = { field, ...(expression && { expression }) };
  if (found === 'missing')
    report(run, { severity, code: 'not-found', ...place, text: `${field} leads to nothing in this message` });
  else
    report(run, {
      severity: 'warning',
      code: 'not-supported',
      ...place,
      text: `${field} leads to what is not kept, and is left out; it stays in the stored message`,
    });
  return undefined;
}

/** Where a value stands in its source, and its FHIR type. */
type Copied = { at: string; type: string };

/**
 * Copies a value and rewrites every reference inside it (see localReference). A reference that leads nowhere
 * is left out, and so is whatever held nothing else, or is nothing without it.
 */
export function copyTree(run: Run, frame: Frame, value: Json, { at, type }: Copied): Json | undefined {
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) {
    const list = value
      .map((item, index) => copyTree(run, frame, item, { at: `${at}/${index}`, type }))
      .filter((item) => item !== undefined);
    return list.length > 0 || value.length === 0 ? list : undefined;
  }
  if (typeof value.reference === 'string')
    return localise(run, frame, { raw: value, at, severity: 'warning' });
  const copy: Node = {};
  const names = Object.keys(value);
  for (const name of names) {
    const element = findElement(type, name);
    const inner = { at: `${at}/${name}`, type: element?.type ?? '' };
    const kept = copyTree(run, frame, value[name] as Json, inner);
    if (kept !== undefined) copy[name] = kept;
    else if (element?.min || (type === 'Extension' && element?.choice)) return undefined;
  }
  return names.length === 0 || Object.keys(copy).length > 0 ? copy : undefined;
}
