/** Who was told what about a person, as far as she may know of whoever was told. */
import { type Disclosure, findDisclosures } from '../../audit/who.ts';
import type { Db } from '../../store/pool.ts';
import type { LeftOut } from './left-out.ts';

/** `service`: its id; `day`: ISO; `what`: in words. */
export type Telling = {
  day: string;
  service: string;
  what: string;
  basis: string | null;
  policy: string | null;
};

const WHAT: Record<string, string> = {
  Patient: 'who you are',
  EpisodeOfCare: 'your care',
  Encounter: 'your visits',
  ServiceRequest: 'your referrals',
};
/** Of others that are told, one would tell of a hold, a relationship or a loss. */
const NOTIFIED = ['referral-received', 'referral-accepted', 'episode-started', 'episode-ended', 'encounter'];

type Given = { at: Date; names: Map<string, string>; shown: Set<string> };

/**
 * Up to an instant, a line for each day, service and kind. `names`: of the services that she is told of, by
 * id; `shown`: ids of what she is given. What else was told, and to whom, is counted for whoever releases
 * her copy.
 */
export async function findTellings(
  db: Db,
  person: string,
  { at, names, shown }: Given,
): Promise<{ tellings: Telling[]; leftOut: LeftOut[] }> {
  const told = (await findDisclosures(db, person, new Date(0))).filter((one) => one.at <= at && isTold(one));
  const ids = new Map([...names].map(([id, name]) => [name, id]));
  const lines = told.flatMap((one): [string, Telling][] => {
    const service = ids.get(one.service ?? '');
    if (service === undefined || !one.ids.some((id) => shown.has(id))) return [];
    const line = lineOf(one);
    return [[[line.day, one.service, line.what, line.basis, line.policy].join('\n'), { ...line, service }]];
  });
  const sorted = [...new Map(lines)].sort(([a], [b]) => (a < b ? -1 : 1));
  const others = Map.groupBy(
    told.filter(({ service }) => !ids.has(service ?? '')),
    ({ service }) => service ?? 'whoever runs Skein',
  );
  const what = 'times that it was told';
  return {
    tellings: sorted.map(([, telling]) => telling),
    leftOut: [...others]
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([service, { length }]) => ({ what, rule: 'recipient not shown', service, count: length })),
  };
}

const isTold = ({ kind, way }: Disclosure): boolean =>
  kind === 'read' || (kind === 'notification' && NOTIFIED.includes(way));

const lineOf = ({ at, type, basis, policy }: Disclosure) => ({
  day: at.toISOString().slice(0, 10),
  ...{ what: WHAT[type ?? ''] ?? 'your record', basis, policy },
});
