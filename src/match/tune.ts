/** Weights learned from pairs of which nobody says who is who (expectation maximisation); deterministic. */
import { bitsOf, FIELDS, type Field, KINDS, type Levels, type Model, type Weight } from './model.ts';

/** How often each pattern of levels was seen. */
export type Patterns = { add: (levels: Levels) => void; list: () => Pattern[] };
type Pattern = { levels: Levels; count: number };

/** What a pair of candidates may be. `near`: strangers who share a key, and so agree more than others do. */
const CLASSES = ['same', 'family', 'twin', 'near'] as const;
type Class = (typeof CLASSES)[number];
type Shares = Record<Class, number>;
type Table = { [F in Field]: Record<string, Record<Class, number>> };

const ROUNDS = 60;
/** What the weights that were there before count for: so many pairs, or a hundredth of those seen. */
const WORTH = 5;

export function countPatterns(): Patterns {
  const counts = new Map<string, Pattern>();
  return {
    add: (levels) => {
      const key = FIELDS.map((field) => levels[field] ?? '').join();
      const known = counts.get(key);
      if (known) known.count += 1;
      else counts.set(key, { levels, count: 1 });
    },
    list: () => [...counts.entries()].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, pattern]) => pattern),
  };
}

/**
 * `candidates`: pairs that share a key; `strangers`: pairs at random. How a family's records agree is not
 * learned, since without being told who is who no file shows it: families and namesakes change places. Those
 * weights stay as they were and keep families apart from one person. `hasFamilies`: there are any.
 */
export function tune(
  model: Model,
  {
    candidates,
    strangers,
    hasFamilies,
  }: { candidates: Pattern[]; strangers: Pattern[]; hasFamilies: boolean },
): Model {
  let table = startOf(model);
  const started = table;
  let shares: Shares = hasFamilies
    ? { same: 0.3, family: 0.3, twin: 0.02, near: 0.38 }
    : { same: 0.5, family: 0, twin: 0, near: 0.5 };
  for (let round = 0; round < ROUNDS; round += 1)
    ({ table, shares } = improve(candidates, { table, shares, started }));
  const weights = {} as Model['weights'];
  const bits = {} as Model['bits'];
  for (const field of FIELDS) {
    const learned = combine(field, { model, table, strangers });
    weights[field] = keepOrder(learned);
    bits[field] = Object.fromEntries(
      Object.entries(weights[field]).map(([level, weight]) => [level, bitsOf(weight)]),
    );
  }
  return { ...model, version: model.version + 1, weights, bits };
}

function startOf({ weights }: Model): Table {
  const table = {} as Table;
  for (const field of FIELDS) {
    table[field] = Object.fromEntries(
      Object.entries(weights[field]).map(([level, { same, stranger, family, twin }]) => [
        level,
        { same, family, twin, near: 0.8 * stranger + 0.2 * family },
      ]),
    );
  }
  return table;
}

type State = { table: Table; shares: Shares };

function improve(patterns: Pattern[], { table, shares, started }: State & { started: Table }): State {
  const next = {} as Table;
  const worth = Math.max(WORTH, patterns.reduce((sum, { count }) => sum + count, 0) / 100);
  for (const field of FIELDS)
    next[field] = Object.fromEntries(
      Object.entries(started[field]).map(([level, of]) => [
        level,
        { ...scaled(of, worth), near: of.near * WORTH },
      ]),
    );
  const sizes: Shares = { same: 1, family: 1, twin: 1, near: 1 };
  for (const { levels, count } of patterns) {
    const likely = scaled(posterior(levels, table, shares), count);
    for (const one of CLASSES) sizes[one] += likely[one];
    for (const field of FIELDS) {
      const level = levels[field];
      if (level !== null) for (const one of CLASSES) next[field][level]![one] += likely[one];
    }
  }
  for (const field of FIELDS) {
    normalise(Object.values(next[field]), CLASSES);
    for (const [level, { family, twin }] of Object.entries(started[field]))
      next[field][level] = { ...next[field][level]!, family, twin };
  }
  const total = CLASSES.reduce((sum, one) => sum + (shares[one] > 0 ? sizes[one] : 0), 0);
  for (const one of CLASSES) sizes[one] = shares[one] > 0 ? sizes[one] / total : 0;
  return { table: next, shares: sizes };
}

function posterior(levels: Levels, table: Table, shares: Shares): Shares {
  const likely = { ...shares };
  for (const field of FIELDS) {
    const level = levels[field];
    if (level !== null) for (const one of CLASSES) likely[one] *= table[field][level]![one];
  }
  const total = CLASSES.reduce((sum, one) => sum + likely[one], 0);
  return total === 0 ? { same: 0, family: 0, twin: 0, near: 1 } : scaled(likely, 1 / total);
}

const scaled = (of: Shares, by: number): Shares => ({
  same: of.same * by,
  family: of.family * by,
  twin: of.twin * by,
  near: of.near * by,
});

function normalise<K extends string>(rows: Record<K, number>[], columns: readonly K[]): void {
  for (const column of columns) {
    const sum = rows.reduce((total, row) => total + row[column], 0);
    for (const row of rows) row[column] /= sum;
  }
}

type Learned = { model: Model; table: Table; strangers: Pattern[] };

function combine(field: Field, { model, table, strangers }: Learned): Record<string, Weight> {
  const seen = new Map<string, number>();
  let all = 0;
  for (const { levels, count } of strangers) {
    const level = levels[field];
    if (level === null) continue;
    seen.set(level, (seen.get(level) ?? 0) + count);
    all += count;
  }
  const rows = Object.entries(model.weights[field]).map(([level, before]): [string, Weight] => {
    const worth = Math.min(all + 1, WORTH / before.stranger);
    const stranger = ((seen.get(level) ?? 0) + worth * before.stranger) / (all + worth);
    return [level, { ...before, same: table[field][level]!.same, stranger }];
  });
  normalise(
    rows.map(([, weight]) => weight),
    ['same', ...KINDS] as const,
  );
  return Object.fromEntries(rows);
}

/** Levels that would say more than one of more agreement share what they say with it. */
function keepOrder(levels: Record<string, Weight>): Record<string, Weight> {
  const pools: { names: string[]; same: number; stranger: number }[] = [];
  for (const [name, { same, stranger }] of Object.entries(levels)) {
    let pool = { names: [name], same, stranger };
    for (
      let last = pools.at(-1);
      last && last.same / last.stranger < pool.same / pool.stranger;
      last = pools.at(-1)
    ) {
      pools.pop();
      pool = {
        names: [...last.names, ...pool.names],
        same: last.same + pool.same,
        stranger: last.stranger + pool.stranger,
      };
    }
    pools.push(pool);
  }
  const ratioOf = (name: string) => pools.find(({ names }) => names.includes(name))!;
  return Object.fromEntries(
    Object.entries(levels).map(([name, weight]) => {
      const { names, same, stranger } = ratioOf(name);
      return [name, names.length > 1 ? { ...weight, same: (weight.stranger * same) / stranger } : weight];
    }),
  );
}
