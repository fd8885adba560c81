/** Whether everybody is joined as well as everybody else: by origin of names, ethnic group and outcome of the birth. */
import { MATCHING } from '../src/access/decide/matching.ts';
import { ALL_RULES, scoreRecords } from '../src/match/score-records.ts';
import { recordOf } from '../src/workbench/evaluate/read-truth.ts';
import { generate, ORDINARY } from '../test/families/generate.ts';
import type { OriginName } from '../test/families/names/compose.ts';
import type { Labelled } from '../test/families/record.ts';
import { round, say } from './report.ts';

/** Of whom most are who have names of this origin, by the groups of the census of England and Wales. */
const ETHNIC: Record<OriginName, string> = {
  ...{ british: 'White British', welsh: 'White British', irish: 'White Irish', traveller: 'White Traveller' },
  ...{ polish: 'White other', romanian: 'White other', portuguese: 'White other', turkish: 'White other' },
  orthodoxJewish: 'White other',
  ...{ pakistani: 'Pakistani', bangladeshi: 'Bangladeshi', punjabi: 'Indian', gujarati: 'Indian' },
  ...{ tamil: 'Asian other', chinese: 'Chinese', arabic: 'Arab', caribbean: 'Black Caribbean' },
  ...{ somali: 'Black African', yoruba: 'Black African', igbo: 'Black African', ghanaian: 'Black African' },
};
const BY: Record<string, (truth: Labelled['truth']) => string> = {
  'name origin': ({ name_origin }) => name_origin,
  'ethnic group': ({ name_origin }) => ETHNIC[name_origin],
  'birth outcome': ({ birth_outcome, role }) =>
    `${birth_outcome}: ${role === 'mother' || role === 'partner' ? 'parents' : 'children'}`,
};

type Row = Record<string, string | number>;
/** Records of one person: how many, in how many clusters, and of which groups the person is. */
type Linked = { records: number; clusters: Set<string[]>; truth: Labelled['truth'] };

/**
 * `rate`: joins made of those needed (n records of one person need n - 1), with the interval of 95 %; `toBest`: to
 * that of the best group of its kind.
 */
export function benchGroups(asked: { records: number; seed: number }): Row[] {
  say(`groups: ${asked.records} records, every group as often as any other ...`);
  const people = [...link(asked).values()].filter(({ records }) => records > 1);
  return Object.entries(BY).flatMap(([by, groupOf]) => {
    const rows = [...Map.groupBy(people, ({ truth }) => groupOf(truth))].map(([group, members]) =>
      rowOf(members, { by, group }),
    );
    const best = Math.max(...rows.map(({ rate }) => rate));
    return rows.sort((a, b) => a.rate - b.rate).map((row) => ({ ...row, toBest: round(row.rate / best, 3) }));
  });
}

function link({ records: most, seed }: { records: number; seed: number }): Map<string, Linked> {
  const options = { ...ORDINARY, evenly: true, records: most, seed, split: 'dev' as const };
  let asOf = '';
  for (const { record } of generate(options)) if (record.birth_date > asOf) asOf = record.birth_date;
  const records = [];
  const known = new Map<string, { person: string; truth: Labelled['truth'] }>();
  for (const { record, truth } of generate(options)) {
    records.push(recordOf(record, asOf));
    known.set(record.record_id, { person: record.person_id, truth });
  }
  const people = new Map<string, Linked>();
  for (const cluster of scoreRecords(records, MATCHING, ALL_RULES).clusters)
    for (const id of cluster) {
      const { person, truth } = known.get(id) as { person: string; truth: Labelled['truth'] };
      const one = people.get(person) ?? { records: 0, clusters: new Set(), truth };
      one.records += 1;
      one.clusters.add(cluster);
      people.set(person, one);
    }
  return people;
}

function rowOf(members: Linked[], { by, group }: { by: string; group: string }) {
  const sum = (of: (one: Linked) => number) => members.reduce((total, one) => total + of(one), 0);
  const needed = sum(({ records }) => records - 1);
  const rate = sum(({ records, clusters }) => records - clusters.size) / needed;
  const { low, high } = wilson(rate, needed);
  return {
    by,
    group,
    people: members.length,
    rate: round(rate, 4),
    low: round(low, 4),
    high: round(high, 4),
  };
}

/** https://en.wikipedia.org/wiki/Binomial_proportion_confidence_interval#Wilson_score_interval, 95 %. */
function wilson(rate: number, count: number) {
  const z = 1.96;
  const middle = (rate + z ** 2 / (2 * count)) / (1 + z ** 2 / count);
  const half =
    (z / (1 + z ** 2 / count)) * Math.sqrt((rate * (1 - rate)) / count + z ** 2 / (4 * count ** 2));
  return { low: middle - half, high: middle + half };
}
