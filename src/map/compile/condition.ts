/** `when`: PATH, not PATH, PATH = x, PATH != x, PATH in (a, b), PATH not in (a, b), PATH known MAP, PATH
 * longer 8, PATH is nhs-number, PATH is past; `and` binds before `or`; or `fhirpath: …`. */

import { textOf } from '../../formats/tree.ts';
import { type CodeTable, translate } from '../language/concept-map.ts';
import { type Frame, PathError, type Reader, type Run, suggest } from '../run.ts';
import { converterTo } from './convert.ts';
import { checkExpression, evaluate } from './fhirpath.ts';
import { type Heard, LOOKS } from './looks.ts';
import { checkType } from './possible.ts';

export type Condition = (run: Run, frame: Frame) => boolean;
type Names = {
  read: (path: string) => Reader;
  maps: Map<string, CodeTable>;
  fields?: ReadonlySet<string> | undefined;
  /** Its fields are of the types that a source.yaml gives them: text, time, boolean, integer. */
  plain: boolean;
};
/**
 * True where the value of the path fulfils the clause; undefined stands for a path without a value. `heard`:
 * when, for what is past or to come; now where no message is read.
 */
type Test = (value: string | undefined, heard?: Heard) => boolean;
/** One clause of a condition. `tried` holds the values at which its answer may change. */
type Clause = { text: string; path: string; reader: Reader; test: Test; tried: string[]; literals: string[] };

const CLAUSE = /^(not )?(\S+)(?: (=|!=|in|not in|known|longer|is) (.+))?$/;
const LIST = /^\(([^()]*)\)$/;

/** Throws PathError where the condition cannot be parsed, names a path the source does not have, or has a
 * part that can never be true. */
export function compileCondition(text: string, names: Names): Condition {
  if (text.startsWith('fhirpath:')) {
    const expression = text.slice(9).trim();
    checkExpression(expression, names.fields);
    return (run, frame) => evaluate(expression, run, frame)[0] === true;
  }
  const any = parseCondition(text).map((clauses) => clauses.map((clause) => compileClause(clause, names)));
  for (const all of any) checkPossible(all);
  const tests = any.map((all) => all.map(conditionOf));
  return (run, frame) => tests.some((all) => all.every((holds) => holds(run, frame)));
}

/** The codes that a condition requires of a path (`=` and `in`; not `!=` and `not in`): a rule under this
 * condition sees no other code there. */
export function askedCodes(text: string, path: string): string[] {
  if (text.startsWith('fhirpath:')) return [];
  return parseCondition(text)
    .flat()
    .flatMap((clause) => {
      const [, negated, asked, operator, operand = ''] = CLAUSE.exec(clause) ?? [];
      if (negated || asked !== path) return [];
      return operator === '=' ? [operand] : operator === 'in' ? listOf(operand) : [];
    });
}

export type ClauseTest = Pick<Clause, 'path' | 'test' | 'tried'>;

/** The clauses of a condition that loads, for who asks what it means: alternatives, each of clauses that must
 * all hold. */
export function clausesOf(text: string, maps: ReadonlyMap<string, CodeTable>): ClauseTest[][] {
  const all = new Map(maps);
  return parseCondition(text).map((clauses) =>
    clauses.map((clause) => {
      const [, negated, path = '', operator, operand = ''] = CLAUSE.exec(clause) ?? [];
      const { test, literals = [], tried = literals } = compileTest(operator, operand, all);
      return { path, tried, test: negated ? (value, heard) => !test(value, heard) : test };
    }),
  );
}

/** A condition as a list of alternatives (`or`), each a list of clauses that must all hold (`and`). */
const parseCondition = (text: string): string[][] =>
  text.split(' or ').map((part) => part.split(' and ').map((clause) => clause.trim()));

/** A condition compares booleans as true and false, however the sender writes yes and no. */
const toBoolean = converterTo('boolean');

function conditionOf({ reader, test }: Clause): Condition {
  const boolean = reader.type === 'boolean';
  return (run, frame) => {
    const raw = reader.read(run, frame);
    if (reader.any && Array.isArray(raw) && raw.length > 0)
      return raw.some((value) => test(textOf(value), run));
    if (raw === undefined || raw === '""') return test(undefined, run);
    const value = Array.isArray(raw) ? raw[0] : raw;
    return test(textOf((boolean ? toBoolean(value ?? null, '') : undefined) ?? value), run);
  };
}

function compileClause(text: string, { read, maps, plain }: Names): Clause {
  const [, negated, path, operator, operand = ''] = CLAUSE.exec(text) ?? [];
  if (!path)
    throw new PathError(
      `"${text}" is not a condition: PATH, not PATH, PATH = x, PATH in (a, b), PATH known MAP, PATH is nhs-number`,
    );
  const reader = read(path);
  const { test, literals = [], tried = literals } = compileTest(operator, operand, maps);
  checkType({ path, reader, operator, literals }, plain);
  return {
    text,
    path,
    reader,
    literals,
    tried,
    test: negated ? (value, heard) => !test(value, heard) : test,
  };
}

function compileTest(
  operator: string | undefined,
  operand: string,
  maps: Map<string, CodeTable>,
): { test: Test; literals?: string[]; tried?: string[] } {
  if (!operator) return { test: (value) => value !== undefined };
  if (operator === '=' || operator === '!=') {
    if (/\s/.test(operand))
      throw new PathError(`"${operand}" is more than one word: in (${operand}) takes several`);
    return { test: (value) => (value === operand) === (operator === '='), literals: [operand] };
  }
  if (operator === 'longer') {
    if (!/^\d+$/.test(operand)) throw new PathError(`"${operand}" is not a number of characters`);
    const least = Number(operand);
    return {
      test: (value) => (value?.length ?? 0) > least,
      tried: ['~'.repeat(least), '~'.repeat(least + 1)],
    };
  }
  if (operator === 'known') {
    const table = maps.get(operand);
    if (!table) throw new PathError(`no ConceptMap "${operand}"${suggest(operand, maps.keys())}`);
    const test: Test = (value) => value !== undefined && translate(table, value) !== undefined;
    return { test, tried: [...table.codes.keys()] };
  }
  if (operator === 'is') {
    const look = LOOKS[operand];
    if (!look)
      throw new PathError(
        `nothing is known to look like "${operand}"${suggest(operand, Object.keys(LOOKS))}`,
      );
    const test: Test = (value, heard = { now: new Date(), zone: 'UTC' }) =>
      value !== undefined && look.test(value, heard);
    return { test, tried: [look.example] };
  }
  const literals = listOf(operand);
  const list = new Set(literals);
  return { test: (value) => list.has(value ?? '') === (operator === 'in'), literals };
}

function listOf(operand: string): string[] {
  const [, inner] = LIST.exec(operand) ?? [];
  if (inner === undefined) throw new PathError(`"${operand}" is not a list like (a, b)`);
  return inner.split(',').map((item) => item.trim());
}

/** Throws where two clauses about one path exclude each other. Tries every value at which an answer changes,
 * no value, and one value that no clause names. */
function checkPossible(all: Clause[]): void {
  for (const { path, reader } of all) {
    if (reader.any) continue;
    const clauses = all.filter((clause) => clause.path === path);
    const values = [undefined, '~', ...clauses.flatMap(({ tried }) => tried)];
    if (values.some((value) => clauses.every(({ test }) => test(value)))) continue;
    throw new PathError(`can never be true: ${clauses.map(({ text }) => `"${text}"`).join(' and ')}`);
  }
}
