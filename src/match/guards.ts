/** What stands in the way of joining two records, whatever their bits: the rules of docs/matching.md. */
import type { Levels } from './model.ts';
import type { MatchRecord } from './record.ts';

/** These keep two records out of one cluster, also where others would lead from one to the other. */
export const VETOES = [
  'numbers-conflict',
  'birth-dates-conflict',
  'twins',
  'names-and-birth-conflict',
] as const;

/** These leave the decision to people. */
const DOUBTS = [
  'mothers-number',
  'number-tainted',
  'number-unverified',
  'birth-date-missing',
  'birth-date-differs',
  'no-given-name',
  'initial-only',
  'given-names-differ',
  'sex-conflict',
  'multiple-birth',
  'childs-name-not-exact',
] as const;

export type Veto = (typeof VETOES)[number];
export type Guard = Veto | (typeof DOUBTS)[number];

export const isVetoed = (guards: Guard[]): boolean => guards.some((guard) => VETOES.includes(guard as Veto));

export function guardsOf(a: MatchRecord, b: MatchRecord, levels: Levels): Guard[] {
  const { number, given, birthDate, sex } = levels;
  const isChild = a.age !== 'adult' || b.age !== 'adult';
  const isMultiple = a.plurality === 'several' || b.plurality === 'several';
  const isFuzzy = given === 'similar' || given === 'nickname';
  const fired: [Guard, boolean][] = [
    ['numbers-conflict', number !== 'same' && a.verified && b.verified && isOther(a, b)],
    ['birth-dates-conflict', birthDate === 'different'],
    ['twins', a.birthOrder !== undefined && b.birthOrder !== undefined && a.birthOrder !== b.birthOrder],
    [
      'names-and-birth-conflict',
      isConflict(given, isChild) && (isMultiple || (birthDate !== null && birthDate !== 'same')),
    ],
    ['mothers-number', a.standing === 'mothers' || b.standing === 'mothers'],
    ['number-tainted', a.standing === 'tainted' || b.standing === 'tainted'],
    ['number-unverified', number !== null && !(a.verified && b.verified)],
    ['birth-date-missing', birthDate === null],
    ['birth-date-differs', birthDate === 'near' || birthDate === 'month'],
    ['no-given-name', given === null],
    ['initial-only', given === 'initial'],
    ['given-names-differ', isConflict(given, isChild)],
    ['sex-conflict', sex === 'different'],
    ['multiple-birth', isMultiple],
    ['childs-name-not-exact', isChild && isFuzzy],
  ];
  return fired.flatMap(([guard, is]) => (is ? [guard] : []));
}

/** Two numbers, of which neither is a mother's on her baby. */
const isOther = (a: MatchRecord, b: MatchRecord): boolean =>
  a.number !== undefined &&
  b.number !== undefined &&
  a.number !== b.number &&
  a.standing !== 'mothers' &&
  b.standing !== 'mothers';

/** Jayden and Kayden are one edit apart, and two children. */
export const isConflict = (given: Levels['given'], isChild: boolean): boolean =>
  given === 'different' || (isChild && given === 'similar');
