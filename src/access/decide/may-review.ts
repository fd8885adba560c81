/**
 * Who may know that two records may be one person (sharing rule 19): whoever runs Skein sees both sides; a
 * statutory health service its own.
 */
import { decide, type Grants, reaches } from './decide.ts';
import { treats } from './may-match.ts';

/** Persons whom a question is about, and which of them have a verified NHS number. */
export type Asked = { ids: string[]; verified: string[] };

/**
 * Those of the persons that the recipient may be told of: its own verified patients. None where one of them,
 * of whichever side, is held, restricted or placed: the question alone would say where to look.
 */
export function ownSides(grants: Grants, { ids, verified }: Asked): string[] {
  if (grants.everything) return ids;
  if (ids.some((person) => grants.persons.get(person)?.held)) return [];
  return ids.filter(
    (person) =>
      verified.includes(person) && treats(grants, person) && reaches(decide(grants, 'DEM', person), 'S'),
  );
}
