import { evalFhirPath, type FhirPathAtom, LRUCache, parseFhirPath } from '@medplum/core';
import { type Frame, PathError, type Run, report, suggest } from '../run.ts';

/**
 * Keeps parsed expressions: parsing costs many times more than evaluating, and a mapping has tens of them.
 */
const cache = new LRUCache<FhirPathAtom>(500);

/**
 * Evaluates the FHIRPath of a `when` or `expr`; plain paths are some 50 times faster. The engine throws at
 * shapes that FHIR does not have, such as an object for a code: that holds the message. The issue's text
 * quotes the expression, which is ours, and nothing of the sender's.
 */
export function evaluate(expression: string, run: Run, { node, at }: Frame): unknown[] {
  try {
    return evalFhirPath(expression, node, {}, cache);
  } catch {
    const text = `${at || 'the message'} is not of the shape that a rule asks about: ${expression}`;
    report(run, { severity: 'error', code: 'structure', ...(at ? { field: at } : {}), text });
    return [];
  }
}

const TOKEN = /'(?:[^'\\]|\\.)*'|[$%]?[A-Za-z_]\w*|\d[\d.]*|\S/g;
const OPERATORS = new Set('and or xor implies in contains is as div mod'.split(' '));
const CONSTANTS = new Set('true false $this $index $total %context %resource'.split(' '));
/** http://hl7.org/fhirpath/N1 and http://hl7.org/fhir/R4/fhirpath.html */
const FUNCTIONS = new Set(
  `empty exists all allTrue anyTrue allFalse anyFalse subsetOf supersetOf count distinct isDistinct
    where select repeat ofType single first last tail skip take intersect exclude union combine iif
    toBoolean convertsToBoolean toInteger convertsToInteger toDate convertsToDate toDateTime
    convertsToDateTime toDecimal convertsToDecimal toQuantity convertsToQuantity toString
    convertsToString toTime convertsToTime indexOf substring startsWith endsWith contains upper
    lower replace matches replaceMatches length toChars join abs ceiling exp floor ln log power
    round sqrt truncate children descendants trace now timeOfDay today not is as resolve extension
    hasValue`.split(/\s+/),
);

/**
 * Throws PathError where the expression cannot be parsed to its end (the parser silently stops at what it
 * does not understand), calls a function that FHIRPath does not have, or, where `names` are given, reads a
 * field that the source does not have.
 */
export function checkExpression(expression: string, names?: ReadonlySet<string>): void {
  const wrong = (what: string) => new PathError(`"${expression}" is not FHIRPath: ${what}`);
  const tokens = expression.match(TOKEN) ?? [];
  for (const [index, token] of tokens.entries()) {
    const before = tokens[index - 1] ?? '';
    const follows =
      /^[\w'$%]/.test(token) &&
      (/^[\d'$%)\]]/.test(before) || (/^\w/.test(before) && !OPERATORS.has(before)));
    if (follows && !OPERATORS.has(token))
      throw wrong(`"${token}" after "${before}"${suggest(token, OPERATORS)}`);
    if (follows || !/^[A-Za-z_$%]/.test(token) || CONSTANTS.has(token)) continue;
    const known = tokens[index + 1] === '(' ? FUNCTIONS : names;
    if (known && !known.has(token)) throw wrong(`no "${token}"${suggest(token, known)}`);
  }
  try {
    parseFhirPath(expression);
  } catch (error) {
    throw wrong(error instanceof Error ? error.message : String(error));
  }
}
