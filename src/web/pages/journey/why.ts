/** *Why am I shown this*: the level, the rule, and whose message said it. */
import type { Category, Level } from '../../../model.ts';
import type { Why } from '../../../read/journey/reasons.ts';
import { dateTime } from '../words.ts';
import type { Given } from './given.ts';

/** `text`: sentences. `level` is null where nothing says by which rule. */
export type ShownAs = { level: string; sign: Level; text: string };

const LEVELS: Record<Level, string> = { F: 'Full', S: 'Summary', E: 'Existence', '-': 'Not shown' };
const CATEGORIES: Record<Category, string> = {
  ...{ INV: 'who is involved', STG: 'stage', DEM: 'who it is', CON: 'contact details', REF: 'referral' },
  ...{ ENC: 'contacts', CLN: 'clinical record', FRM: 'formulation', SAF: 'safeguarding' },
};
const STANDINGS: Record<Why['standing'], string> = {
  operator: 'the operator sees everything, in a trial',
  party: 'what your service sent, or was asked',
  own: 'own patient',
  mother: 'mother of a family of yours',
  partner: 'other parent of a family of yours',
  infant: 'infant of a family of yours',
};

/** By the first of the references: the care itself comes before its contacts. */
export function sayWhy({ why, nameOf }: Given, [reference = '']: string[]): ShownAs {
  const found = why.get(reference);
  if (!found) return { level: 'Summary', sign: 'S', text: 'Rule: the sharing policy in force.' };
  const { level, standing, category, said } = found;
  const rule = isWhole(standing)
    ? STANDINGS[standing]
    : `${STANDINGS[standing]}, ${CATEGORIES[category]}: ${LEVELS[level]}`;
  // Who is not named may be named in the row itself: nothing is said of the sender then.
  const by = said?.by ? `From ${nameOf(said.by)}, message` : 'Message';
  const source = said ? `${by} of ${dateTime(new Date(said.at))}. ` : '';
  return { level: LEVELS[level], sign: level, text: `${source}Rule: ${rule}.` };
}

const isWhole = (standing: Why['standing']) => standing === 'operator' || standing === 'party';
