/**
 * A statement of a referral and what it is called. `within`: sender and person; only what is of one sender
 * and one person is ever joined. `isPart`: it changes a referral, and says less than one.
 */
export type Named = {
  key: string;
  first: string;
  within: [systemId: number, person: unknown];
  receiver: string | null;
  isPart: boolean;
  names: Set<string>;
};

type Joins = {
  /** The key of the referral that each part is of. */
  leaders: Map<string, string>;
  /** Parts that lead to no referral that was made, or to several. */
  astray: Set<string>;
};

/**
 * Each part with the one referral that its names lead to. A name that two referrals have leads to neither,
 * and so does a part whose names lead to two. Parts that lead to a referral lend it their names; those that
 * lead to none are one another's where they share a name.
 */
export function joinByNames(all: Named[]): Joins {
  const leaders = new Map<string, string>();
  const astray = new Set<string>();
  for (const named of groupWithin(all)) {
    const whole = named.filter(({ isPart }) => !isPart);
    const owned = new Map(whole.map((one) => [one.key, { receiver: one.receiver, names: one.names }]));
    let open = named.filter(({ isPart }) => isPart);
    for (let found = true; found; ) {
      const led = open.map((part) => ({ part, to: leadsTo(part, owned) }));
      for (const { part, to } of led) if (to.size > 1) astray.add(part.key);
      const joined = led.filter(({ to }) => to.size === 1);
      for (const { part, to } of joined) {
        const [key = ''] = to;
        leaders.set(part.key, key);
        const owner = owned.get(key);
        if (owner) owned.set(key, { ...owner, names: new Set([...owner.names, ...part.names]) });
      }
      open = led.flatMap(({ part, to }) => (to.size === 0 ? part : []));
      found = joined.length > 0;
    }
    for (const part of open) astray.add(part.key);
    for (const [key, leader] of joinLoose(open)) leaders.set(key, leader);
  }
  return { leaders, astray };
}

function groupWithin(all: Named[]): Named[][] {
  const bySender = Map.groupBy(all, ({ within: [systemId] }) => systemId);
  return [...bySender.values()].flatMap((own) => [
    ...Map.groupBy(own, ({ within: [, person] }) => person).values(),
  ]);
}

type Owned = Map<string, Pick<Named, 'receiver' | 'names'>>;

function leadsTo(part: Named, owned: Owned): Set<string> {
  const fitting = [...owned].filter(([, { receiver }]) => fits(receiver, part.receiver));
  const found = [...part.names].flatMap((name) => {
    const keys = fitting.flatMap(([key, { names }]) => (names.has(name) ? key : []));
    return keys.length === 1 ? keys : [];
  });
  return new Set(found);
}

/** A part that names no receiver is no news of it. */
const fits = (one: string | null, other: string | null) => one === null || other === null || one === other;

/** Parts of a referral whose beginning has not been heard: the first said leads those with a name of its. */
function joinLoose(parts: Named[]): Map<string, string> {
  const sorted = [...parts].sort((a, b) =>
    a.first < b.first || (a.first === b.first && a.key < b.key) ? -1 : 1,
  );
  const leaders = new Map<string, string>();
  for (const lead of sorted) {
    if (leaders.has(lead.key)) continue;
    const names = new Set(lead.names);
    leaders.set(lead.key, lead.key);
    for (let grown = true; grown; ) {
      const near = sorted.filter(
        (one) => !leaders.has(one.key) && fits(one.receiver, lead.receiver) && meets(one.names, names),
      );
      for (const one of near) {
        leaders.set(one.key, lead.key);
        for (const name of one.names) names.add(name);
      }
      grown = near.length > 0;
    }
  }
  return leaders;
}

const meets = (some: Set<string>, names: Set<string>) => [...some].some((name) => names.has(name));
