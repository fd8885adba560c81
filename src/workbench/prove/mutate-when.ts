import type { Path } from '../../map/language/yaml-file.ts';
import { type Edit, GONE } from './edit.ts';
import { isSame, type Sense } from './same-sense.ts';

type Around = { sense: Sense; idle?: (clause: string) => boolean };

/** Faults of a condition: the whole removed, each clause negated or removed, each code of a list removed.
 * Removing a clause that `idle` names changes nothing, so it is not tried; nor is what means the same. */
export function conditionEdits(when: string, path: Path, { sense, idle = () => false }: Around): Edit[] {
  return faultsOf(when, path, idle).filter(
    ({ value }) => !isSame(when, typeof value === 'string' ? value : undefined, sense),
  );
}

function faultsOf(when: string, path: Path, idle: (clause: string) => boolean): Edit[] {
  const edit = (value: string) => ({ path, what: `when "${value}" instead of "${when}"`, value });
  if (when.startsWith('fhirpath:')) {
    const negated = `fhirpath: (${when.slice('fhirpath:'.length).trim()}).not()`;
    return [{ path, what: `when "${when}" dropped`, value: GONE }, edit(negated)];
  }
  const parts = when.split(/( and | or )/);
  const clauses =
    parts.length > 1 ? parts.flatMap((clause, index) => (index % 2 === 0 ? [{ clause, index }] : [])) : [];
  const replace = (index: number, clause: string) => parts.with(index, clause).join('');
  return [
    ...(parts.length === 1 && idle(when) ? [] : [{ path, what: `when "${when}" dropped`, value: GONE }]),
    ...parts.flatMap((clause, index) =>
      index % 2 === 0
        ? [negate(clause), ...shorten(clause)].map((changed) => edit(replace(index, changed)))
        : [],
    ),
    ...clauses.filter(({ clause }) => !idle(clause)).map(({ index }) => edit(without(parts, index))),
  ];
}

function negate(clause: string): string {
  if (clause.startsWith('not ')) return clause.slice(4);
  if (/ not in /.test(clause)) return clause.replace(' not in ', ' in ');
  if (/ != /.test(clause)) return clause.replace(' != ', ' = ');
  return `not ${clause}`;
}

/** The clause with each code of its list left out in turn. */
function shorten(clause: string): string[] {
  const [, before = '', list = ''] = /^(.* in )\((.*)\)$/.exec(clause) ?? [];
  const codes = list.split(',').map((code) => code.trim());
  return codes.length < 2
    ? []
    : codes.map((_, index) => `${before}(${codes.toSpliced(index, 1).join(', ')})`);
}

function without(parts: string[], index: number): string {
  return parts.toSpliced(index === 0 ? 0 : index - 1, 2).join('');
}
