/** How names of one origin are made. Lists begin with the commonest; all were written for this generator. */

export type Sex = 'female' | 'male';

export type Origin = {
  /** Of a hundred families. */
  share: number;
  female: readonly string[];
  male: readonly string[];
  /** Of children born in these years, where fashion has changed; else the same as their parents'. */
  young?: Readonly<Record<Sex, readonly string[]>>;
  family: readonly string[];
  /** Rarer family names, put together: beginnings and ends, and the share of families who have such a one. */
  tail?: { begin: readonly string[]; end: readonly string[]; share: number };
  /** How steeply common names outnumber rare ones: small for few names that very many bear. */
  flat?: number;
  /**
   * shared: a family has one name. gendered: the same, with an ending by sex (Kowalski, Kowalska).
   * personal: women bear a name of their own (Begum, Kaur), children their father's or that of their sex.
   * patronymic: a child's family name is the father's given name.
   * grandfather: everybody's family name is a grandfather's given name, and a second name the father's.
   * double: the mother's and the father's names, in this order.
   */
  custom: 'shared' | 'gendered' | 'personal' | 'patronymic' | 'grandfather' | 'double';
  /** What women of this origin are called where the custom is personal, and men; the share who are. */
  own?: Readonly<Record<Sex, readonly string[]>> & { share: number };
  /** Second given names that everybody of a sex may have (Singh, Kaur). */
  second?: Readonly<Record<Sex, readonly string[]>>;
};

export const list = (names: string): readonly string[] => names.trim().split(/\s+/);
