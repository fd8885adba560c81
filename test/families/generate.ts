/**
 * Synthetic family records, as many as wanted, with the truth of who is who: to measure a matcher that was written
 * apart from this. The same options give the same records. Memory does not grow with their number.
 */
import { familyOf } from './family.ts';
import type { Supply } from './household.ts';
import { nhsNumbers, phoneNumbers } from './numbers.ts';
import { type Chance, chanceOf } from './random.ts';
import type { Labelled } from './record.ts';
import { recordsOf, type Wrongness } from './write.ts';

/** To develop with, to compare with, and to look at once. No seed of one gives what any seed of another gives. */
export type Split = 'train' | 'dev' | 'sealed';

export type Rates = {
  /** The share of births that are of two or more. */
  twins: number;
  /** A multiple of the ordinary rate of slips. */
  errors: number;
  /** The share of babies' records that carry the mother's number. */
  mothersNumber: number;
  /** Every origin of names as often as any other, and outcomes of birth more nearly so: to compare groups. */
  evenly: boolean;
};
export type Options = Partial<Rates> & { records: number; seed: number; split?: Split };

export const ORDINARY: Rates = { twins: 0.016, errors: 1, mothersNumber: 0.002, evenly: false };
/** Sets that make things harder one at a time. */
export const STRESS = {
  twins: { ...ORDINARY, twins: 0.25 },
  errors: { ...ORDINARY, errors: 3 },
  mothersNumber: { ...ORDINARY, mothersNumber: 0.012 },
} satisfies Record<string, Rates>;

/** Records wait here for their neighbours, so that a family's come neither together nor in order. */
const WINDOW = { most: 2_000, least: 40 };

function* familyRecords(seed: string, options: Required<Options>): Generator<Labelled> {
  const supply: Supply = {
    adult: nhsNumbers(seed, 0),
    child: nhsNumbers(seed, 1),
    phone: phoneNumbers(seed),
  };
  const officePhones = Array.from({ length: 20 }, () => supply.phone());
  const wrong: Wrongness = { ...options, seed, officePhones };
  for (let n = 0; ; n++) {
    const chance = chanceOf(`${seed} family ${n}`);
    const people = familyOf({
      chance,
      seed,
      id: `${options.split}-${options.seed}-${n}`,
      ...{ twins: options.twins, evenly: options.evenly },
      supply,
    });
    const birth = people.find(({ role }) => role === 'infant')?.born ?? 0;
    for (const person of people) yield* recordsOf(chance, person, { birth, wrong });
  }
}

function* disordered(chance: Chance, source: Generator<Labelled>, window: number): Generator<Labelled> {
  const waiting: Labelled[] = [];
  for (const record of source) {
    if (waiting.length < window) {
      waiting.push(record);
      continue;
    }
    const place = chance.int(0, window - 1);
    yield waiting[place] as Labelled;
    waiting[place] = record;
  }
}

/** Each record once, with its truth. The number of them is exact; the last families are cut short by it. */
export function* generate(given: Options): Generator<Labelled> {
  const options = { split: 'dev' as const, ...ORDINARY, ...given };
  const seed = `${options.split} ${options.seed}`;
  let n = 0;
  const window = Math.max(WINDOW.least, Math.min(WINDOW.most, Math.floor(options.records / 10)));
  for (const { record, truth } of disordered(
    chanceOf(`${seed} order`),
    familyRecords(seed, options),
    window,
  )) {
    if (n >= options.records) return;
    n++;
    yield { record: { ...record, record_id: `${options.split}-${options.seed}-r${n}` }, truth };
  }
}
