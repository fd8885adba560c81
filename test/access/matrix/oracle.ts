/**
 * What a service may know, worked out from the table and the order of force of the sharing rules, apart from the code that
 * decides: law-sealed, safety hold, labels, refusal, agreement, the table, nothing.
 */
import { readFileSync } from 'node:fs';
import { parse } from 'yaml';
import type { Category } from '../../../src/model.ts';
import type { Compartment, Fact, Mark } from './canaries.ts';

/** Own patient: mother, partner or infant; own care that ended, lately or long ago; asked and not answered; declined; a chart and no
 * care; nothing at all. */
export const RELATIONS = [
  'M',
  'P',
  'I',
  'recent',
  'past',
  'pending',
  'declined',
  'author',
  'stranger',
] as const;
export type Relation = (typeof RELATIONS)[number];
/** Each of the mother, but `placed`, of the infant. `sealed`: what is known of her a clinic said that nobody may know of. */
export const CONDITIONS = [
  ...['plain', 'hold', 'label-R', 'label-V', 'sealed', 'placed', 'frozen', 'unverified'],
  ...['refused-content', 'refused-all', 'refused-DEM', 'agreed'],
] as const;
export type Condition = (typeof CONDITIONS)[number];
export type Case = { condition: Condition; relation: Relation };

type Level = '-' | 'E' | 'S' | 'F';
type YamlRow = { sectors: string[]; cells: Record<Category, string> };
const { rows }: { rows: YamlRow[] } = parse(
  readFileSync(new URL('../../../policy/sharing.yaml', import.meta.url), 'utf8'),
);
/** One of each row, since a row is one for all its sectors; and those that a rule of its own names. */
const NAMED = ['drug-and-alcohol', 'third-sector-domestic-abuse', 'national'];
export const SECTORS = rows.flatMap(({ sectors }) =>
  sectors.filter((sector, place) => place === 0 || NAMED.includes(sector)),
);
export const CATEGORIES = Object.keys(rows[0]?.cells ?? {}) as Category[];

const ORDER = ['-', 'E', 'S', 'F'];
const rank = (level: string) => ORDER.indexOf(level);
const atMost = (level: Level, most: Level): Level => (rank(level) > rank(most) ? most : level);
const raise = (level: Level): Level => ORDER[Math.min(rank(level) + 1, 3)] as Level;

/** The place of the cell that holds for a member, before anything narrows it. */
function columnOf(relation: Relation, of: Compartment): 'own' | 'mother' | 'infant' | null {
  if (relation === 'recent' || relation === 'past') return of === 'M' ? 'own' : null;
  if (relation !== 'M' && relation !== 'P' && relation !== 'I') return null;
  if (relation === of) return 'own';
  // The partner’s place is shut, to him and by way of him, until two people’s word of it is recorded.
  if (relation === 'P' || of === 'P') return null;
  return of === 'M' ? 'mother' : 'infant';
}

export type Reader = { sector: string } & Case;
const REFUSED: Partial<Record<Condition, string[]>> = {
  'refused-content': ['REF', 'ENC', 'CLN', 'FRM'],
  'refused-all': ['INV', 'STG', 'DEM', 'CON', 'REF', 'ENC', 'CLN', 'FRM', 'SAF'],
  'refused-DEM': ['DEM'],
};

export function levelOf({ sector, relation, condition }: Reader, of: Compartment, category: Category): Level {
  const column = columnOf(relation, of);
  const text = rows.find(({ sectors }) => sectors.includes(sector))?.cells[category] ?? '-/-/-/-';
  const [own, mother, , infant] = text.slice(0, 7).split('/') as Level[];
  if (column === null || condition === 'unverified') return '-';
  // Nobody is anybody's patient by her any more.
  if (condition === 'frozen' && subjectOf(relation) === 'M') return '-';
  if (condition === 'frozen' && of === 'M') return '-';
  const isHers = of === 'M';
  // Held: nobody by way of her, and she by way of nobody. Labelled: she by way of nobody.
  if (condition === 'hold' && column !== 'own' && (isHers || relation === 'M')) return '-';
  if (condition.startsWith('label') && column === 'mother') return '-';
  if (isHers && REFUSED[condition]?.includes(category)) return '-';
  if (condition === 'placed' && column === 'infant')
    return category === 'INV' ? atMost(infant as Level, 'E') : '-';
  const isAgreed = condition === 'agreed' && isHers;
  const cell = { own, mother, infant }[column] as Level;
  const asks = text.includes('with own agreement') && column === 'own';
  const level = asks ? (isAgreed ? cell : '-') : isAgreed ? raise(cell) : cell;
  return relation === 'past' ? (category === 'INV' ? atMost(level, 'E') : '-') : level;
}

const isCharity = (sector: string) => sector.startsWith('third-sector');
/** Those whose row opens nothing: they send, or are told figures, and read of nobody. */
const readsNothing = (sector: string) =>
  rows.some(
    ({ sectors, cells }) =>
      sectors.includes(sector) && Object.values(cells).every((one) => /^-\/-\/-\/-/.test(one)),
  );

/** To whom the author wrote a referral of the member that the relation is about: charities see nobody else's patients. */
export const isAsked = ({ sector, relation }: Pick<Reader, 'sector' | 'relation'>): boolean =>
  relation === 'pending' ||
  relation === 'declined' ||
  (isCharity(sector) && !['stranger', 'author'].includes(relation));
export const subjectOf = (relation: Relation): Compartment =>
  relation === 'P' || relation === 'I' ? relation : 'M';

/** What is planted of each member; of a journey its id, as of the infant. No answer holds clinical content, a formulation or a safeguarding fact: nobody is shown any. */
export const PLANTED: Record<Category, Mark[]> = {
  ...{ INV: ['E', 'S', 'F', 'T'], STG: ['E'], DEM: ['E', 'S', 'F', 'T'], CON: ['S', 'F', 'T'] },
  ...{ REF: ['E', 'S', 'F', 'T'], ENC: ['E', 'S', 'F', 'T'], CLN: ['S', 'T'], FRM: ['S', 'T'], SAF: ['S'] },
};

/** May this reader meet this fact? */
export function maySee(reader: Reader, fact: Fact): boolean {
  const { relation, condition, sector } = reader;
  const { of, category, mark } = fact;
  if (condition === 'frozen' && of === 'M') return false;
  const level = (one: Category) => levelOf(reader, of, one);
  const reaches = (one: Category, needed: string) => rank(level(one)) >= rank(needed);
  const isAddressed = of === subjectOf(relation) && isAsked(reader) && !readsNothing(sector);
  const isWaiting = isAddressed && relation === 'pending';
  // Where to find somebody who is held, labelled or placed stays with whoever said it.
  const isHidden =
    (of === 'M' && ['hold', 'label-R', 'label-V'].includes(condition)) ||
    (of === 'I' && condition === 'placed');
  // The author’s own words of her: very restricted, or of a clinic that nobody may know of.
  const isInside = of === 'M' && ['label-V', 'sealed'].includes(condition);
  const knowsChart = isAddressed || (!isInside && level('INV') !== '-');
  switch (category) {
    case 'CLN':
    case 'FRM':
    case 'SAF':
      return false;
    case 'STG':
      return (['M', 'I'] as const).some((one) =>
        (['STG', 'INV'] as const).some((of) => levelOf(reader, one, of) !== '-'),
      );
    case 'DEM':
      if (mark === 'E') return mayName(reader, of);
      // As that message gave it, to whom it asks; else in codes.
      return isWaiting || (mark !== 'T' && knowsChart && reaches('DEM', mark));
    case 'CON':
      if (mark === 'S') return isWaiting || reaches('CON', 'S');
      return !isHidden && (isWaiting || (mark === 'F' && knowsChart && reaches('CON', 'F')));
    case 'REF':
      // A declined referral is nothing to its receiver but what itself said: of which it was the answer.
      if (relation === 'declined') return mark === 'E' && of === subjectOf(relation);
      if (isAddressed) return true;
      return mark !== 'T' && !isInside && reaches('REF', mark);
    default:
      return mark !== 'T' && !isInside && reaches(category, mark);
  }
}

/** That there is such a person: to who may know of them, or of any care of theirs, and to who has a chart. */
function mayName(reader: Reader, of: Compartment): boolean {
  const { relation, condition } = reader;
  if ((['INV', 'DEM'] as const).some((one) => levelOf(reader, of, one) !== '-')) return true;
  if (of !== subjectOf(relation) || relation === 'stranger' || condition === 'unverified') return false;
  return relation !== 'pending' || isAsked(reader);
}

/** Must it be met in what the reader finds by searching? A chart without care may be a row of its own, beside the person's. */
export function mustSee(reader: Reader, fact: Fact): boolean {
  if (!maySee(reader, fact)) return false;
  const isNamed = (['INV', 'DEM'] as const).some((one) => levelOf(reader, fact.of, one) !== '-');
  if (fact.category === 'DEM' && fact.mark === 'E') return isNamed;
  return !(fact.category === 'REF' && reader.relation === 'declined');
}
