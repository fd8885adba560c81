/** Chance that can be repeated: a small generator of numbers (sfc32), its start taken from a text. */

export type Chance = {
  /** At least 0, less than 1. */
  next(): number;
  /** A whole number of `from` to `to`, both included. */
  int(from: number, to: number): number;
  /** True in this share of calls. */
  is(share: number): boolean;
  pick<T>(list: readonly T[]): T;
  /** An early entry more often than a late one, as names go: the weight of place n is 1 / (n + `flat`). */
  ranked<T>(list: readonly T[], flat?: number): T;
  /** One of the names of a table of weights. */
  weighed<K extends string>(weights: Readonly<Record<K, number>>): K;
};

/** Four numbers of 32 bits from a text (FNV-1a, each from another start). */
const startOf = (text: string): number[] =>
  [0x811c9dc5, 0x01000193, 0x9e3779b9, 0x85ebca6b].map((basis) => {
    let hash = basis;
    for (let at = 0; at < text.length; at++) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193);
    return hash >>> 0;
  });

function sfc32([a = 0, b = 0, c = 0, d = 0]: number[]): () => number {
  return () => {
    const sum = (a + b + d) | 0;
    d = (d + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = ((c << 21) | (c >>> 11)) + sum;
    c |= 0;
    return (sum >>> 0) / 4_294_967_296;
  };
}

export function chanceOf(seed: string): Chance {
  const next = sfc32(startOf(seed));
  for (let warm = 0; warm < 12; warm++) next();
  const int = (from: number, to: number) => from + Math.floor(next() * (to - from + 1));
  const at = <T>(list: readonly T[], place: number) => list[Math.min(place, list.length - 1)] as T;
  return {
    next,
    int,
    is: (share) => next() < share,
    pick: (list) => at(list, Math.floor(next() * list.length)),
    // The integral of 1 / (n + flat), turned round: no table of sums for each list.
    ranked: (list, flat = 4) => at(list, Math.floor(flat * ((list.length + flat) / flat) ** next() - flat)),
    weighed: (weights) => {
      const names = Object.keys(weights) as (keyof typeof weights)[];
      let left = next() * names.reduce((sum, name) => sum + weights[name], 0);
      for (const name of names) {
        left -= weights[name];
        if (left < 0) return name;
      }
      return names.at(-1) as keyof typeof weights;
    },
  };
}
