/**
 * The weights of policy/matching.yaml: of each field and level of agreement, how often it is seen where two
 * records are of one person, of two strangers, of two of one family, and of two of one birth.
 */

export const KINDS = ['stranger', 'family', 'twin'] as const;
/** Whom else two records might be of. */
export type Kind = (typeof KINDS)[number];

/** Levels of each field, from the most agreement to the least. */
export const LEVELS = {
  number: ['same', 'near', 'different'],
  given: ['same', 'swapped', 'nickname', 'similar', 'initial', 'different'],
  family: ['same', 'swapped', 'part', 'similar', 'different'],
  birthDate: ['same', 'month', 'near', 'different'],
  sex: ['same', 'different'],
  address: ['same', 'postcode', 'line', 'near', 'different'],
  phone: ['same', 'different'],
  mother: ['same', 'different'],
} as const;

export type Field = keyof typeof LEVELS;
export const FIELDS = Object.keys(LEVELS) as Field[];
/** null: one of the two does not say, which is neutral. */
export type Levels = { [F in Field]: (typeof LEVELS)[F][number] | null };

/** Probabilities of one level. */
export type Weight = { same: number } & Record<Kind, number>;
export type Bits = Record<Kind, number>;

export type Model = {
  version: number;
  /** One in so many is the other record's person: the national prior. */
  prior: number;
  thresholds: {
    /** Bits for a link by demographics without anybody looking: in total, and against one of the family. */
    total: number;
    family: number;
    twin: number;
    /** Bits for people to look at it. */
    review: number;
    reviewFamily: number;
    reviewTwin: number;
    reviewAdultTwin: number;
  };
  /** A phone or an address of more people than these is an institution's. */
  sharedBy: number;
  weights: { [F in Field]: Record<string, Weight> };
  bits: { [F in Field]: Record<string, Bits> };
};

/** How much a level speaks for one person, in bits, against each other kind of pair. */
export function bitsOf(weight: Weight): Bits {
  const against = (kind: Kind) => Math.log2(weight.same / weight[kind]);
  return { stranger: against('stranger'), family: against('family'), twin: against('twin') };
}
