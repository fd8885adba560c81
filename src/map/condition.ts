/** `when`: PATH, not PATH, PATH = x, PATH != x, PATH in (a, b), PATH not in (a, b), PATH known MAP, PATH longer 8; `and` binds before `or`; or `fhirpath: …`. */
import { type CodeTable, translate } from './concept-map.ts';
import { evaluate } from './fhirpath.ts';
import { type Frame, PathError, type Reader, type Run, suggest, textOf } from './run.ts';

export type Condition = (run: Run, frame: Frame) => boolean;
type Names = { read: (path: string) => Reader; maps: Map<string, CodeTable> };

const CLAUSE = /^(not )?(\S+)(?: (=|!=|in|not in|known|longer) (.+))?$/;

/** Throws PathError where it cannot be read or a path in it does not exist. */
export function compileCondition(text: string, names: Names): Condition {
  if (text.startsWith('fhirpath:')) {
    const expression = text.slice(9).trim();
    return (_, frame) => evaluate(expression, frame.node)[0] === true;
  }
  const any = text
    .split(' or ')
    .map((part) => part.split(' and ').map((clause) => compileClause(clause.trim(), names)));
  return (run, frame) => any.some((all) => all.every((holds) => holds(run, frame)));
}

function compileClause(text: string, { read, maps }: Names): Condition {
  const [, negated, path, operator, operand = ''] = CLAUSE.exec(text) ?? [];
  if (!path)
    throw new PathError(`"${text}" is not a condition: PATH, not PATH, PATH = x, PATH in (a, b), PATH known MAP`);
  const reader = read(path);
  const value = (run: Run, frame: Frame): string | undefined => {
    const raw = reader.read(run, frame);
    return raw === undefined || raw === '""' ? undefined : textOf(Array.isArray(raw) ? raw[0] : raw);
  };
  const test = compileTest(operator, operand, maps);
  return (run, frame) => test(value(run, frame)) !== (negated !== undefined);
}

function compileTest(
  operator: string | undefined,
  operand: string,
  maps: Map<string, CodeTable>,
): (value: string | undefined) => boolean {
  if (!operator) return (value) => value !== undefined;
  if (operator === '=') return (value) => value === operand;
  if (operator === '!=') return (value) => value !== operand;
  if (operator === 'longer') return (value) => (value?.length ?? 0) > Number(operand);
  if (operator === 'known') {
    const table = maps.get(operand);
    if (!table) throw new PathError(`no ConceptMap "${operand}"${suggest(operand, maps.keys())}`);
    return (value) => value !== undefined && translate(table, value) !== undefined;
  }
  if (!/^\(.*\)$/.test(operand)) throw new PathError(`"${operand}" is not a list like (a, b)`);
  const list = new Set(
    operand
      .slice(1, -1)
      .split(',')
      .map((item) => item.trim()),
  );
  return (value) => list.has(value ?? '') === (operator === 'in');
}
