/** What one service may know of one person today, and what that goes by. */
import { CATEGORIES, type Category, type Level, type Service } from '../../model.ts';
import type { Db } from '../../store/pool.ts';
import { viewAs } from '../register/view-as.ts';
import { decide, type Grant } from './decide.ts';
import { loadGrants } from './grants.ts';

/** `because`: codes of what was found of the two, in the order of its force. */
export type Trace = { levels: { category: Category; level: Level }[]; because: string[] };

/** By the decision of every way out. Of whom nobody knows it is that of a stranger. */
export async function traceDecision(db: Db, service: Service, person: string): Promise<Trace> {
  const grants = await loadGrants(db, viewAs(service), [person]);
  const grant = grants.everything ? undefined : grants.persons.get(person);
  const levels = CATEGORIES.map((category) => ({ category, level: decide(grants, category, person) }));
  return { levels, because: grant ? findBecause(grant) : ['stranger'] };
}

function findBecause(grant: Grant): string[] {
  const { care, asked, roles, held, restricted, away, closed, youth, refused, agreed, stated } = grant;
  const found: [code: string, holds: boolean][] = [
    ['held', held === true],
    ['restricted', restricted === true],
    ['refused', (refused ?? []).length > 0],
    ['young', closed === true || Boolean(youth)],
    ['placed', away === true],
    ['stated', (stated ?? []).length > 0],
    ['agreed', (agreed ?? []).length > 0],
    [`care-${care}`, care !== null],
    ['asked', asked === true],
    ...roles.map(({ role }): [string, boolean] => [`role-${role}`, true]),
  ];
  const codes = [...new Set(found.flatMap(([code, holds]) => (holds ? [code] : [])))];
  const standing = codes.some((code) => /^(care|role)-|^asked$/.test(code));
  return standing ? codes : [...codes, 'stranger'];
}
