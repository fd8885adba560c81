/** Every time that glass was broken is reviewed by somebody else, within the working days of the policy. */
import type pg from 'pg';
import { namedOperator, record } from '../../audit/record.ts';
import { rejected } from '../../errors.ts';
import { bankHolidaysAround } from '../../fhir/bank-holidays.ts';
import { isId } from '../../fhir/ids.ts';
import type { Human } from '../../model.ts';
import { type Db, transaction } from '../../store/pool.ts';
import { POLICY } from '../decide/policy.ts';

export const VERDICTS = ['justified', 'unjustified'] as const;
export type Verdict = (typeof VERDICTS)[number];

/**
 * `service`: `ODS|team`; `reads`: answers that this person was given about that one meanwhile; `overdue`: not
 * reviewed, and more working days have begun since than the policy has.
 */
export type GlassRow = {
  id: string;
  at: Date;
  until: Date;
  person: string;
  service: string;
  subject: string;
  name: string | null;
  role: string;
  organisation: string;
  reason: string;
  reads: number;
  overdue: boolean;
  verdict: Verdict | null;
  reviewedBy: string | null;
};

// Days after the day of it, up to today, but for Saturdays, Sundays and bank holidays.
const OVERDUE = `g.verdict is null and (select count(*) from generate_series(
    ((g.at at time zone 'Europe/London')::date + 1)::timestamp, (now() at time zone 'Europe/London')::date::timestamp,
    interval '1 day') as day where extract(isodow from day) < 6 and day::date <> all($2::date[])) > $1`;

const limits = (): [number, string[]] => [POLICY.glass.reviewWorkingDays, bankHolidaysAround(new Date())];

const LIST = `
select g.id, g.at, g.expires_at as until, g.person, v.ods || '|' || v.team as service, g.subject, g.name, g.role,
  g.organisation, g.reason, ${OVERDUE} as overdue, g.verdict, g.reviewed_by as "reviewedBy",
  (select count(*)::int from audit a where a.kind = 'read' and a.persons @> array[g.person]
    and a.human ->> 'issuer' = g.issuer and a.human ->> 'subject' = g.subject
    and a.at between g.at and g.expires_at) as reads
from glass g join service v on v.id = g.service where $3 or g.verdict is null order by g.at, g.id`;

/** Oldest first; those alone that nobody has reviewed, or all. */
export async function listGlass(db: Db, all: boolean): Promise<GlassRow[]> {
  return (await db.query<GlassRow>(LIST, [...limits(), all])).rows;
}

const COUNT = `select count(*)::int as n from glass g where ${OVERDUE}`;

export async function countOverdue(db: Db): Promise<number> {
  return (await db.query<{ n: number }>(COUNT, limits())).rows[0]?.n ?? 0;
}

type Open = Pick<GlassRow, 'person' | 'name' | 'verdict'> & { issuer: string; subject: string };
const FIND = 'select person, name, issuer, subject, verdict from glass where id = $1 for update';
const KEEP = 'update glass set reviewed_at = now(), reviewed_by = $2, verdict = $3 where id = $1';

/** `by`: a name; `human`: the same person, where they proved who they are. */
export type Review = { by: string; human?: Human | undefined; verdict: Verdict };

/**
 * Keeps what was found, once, with its row in the audit. Throws Rejected 422 where there is no such item, it
 * was reviewed before, or whoever broke the glass reviews it.
 */
export function reviewGlass(db: pg.Pool, id: string, { by, human, verdict }: Review): Promise<void> {
  return transaction(db, async (client) => {
    const { rows } = isId(id) ? await client.query<Open>(FIND, [id]) : { rows: [] };
    const [item] = rows;
    if (!item) throw refusal('there is no such item: see skein glass list');
    if (item.verdict) throw refusal(`it was reviewed before: ${item.verdict}`);
    const isSame = human
      ? human.issuer === item.issuer && human.subject === item.subject
      : [item.name, item.subject].some((name) => lettersOf(name ?? '') === lettersOf(by));
    if (isSame || lettersOf(by) === '') throw refusal('it is reviewed by another person than who did it');
    await client.query(KEEP, [id, by, verdict]);
    const actor = { ...namedOperator(by), ...(human ? { human } : {}) };
    const about = { type: 'Patient', ids: [item.person], persons: [item.person] };
    const said = { kind: 'decision' as const, outcome: verdict, interaction: 'glass-review' };
    await record(client, { ...said, actor, ...about });
  });
}

/** However somebody types it. */
const lettersOf = (name: string): string =>
  name
    .normalize('NFKD')
    .toLowerCase()
    .replace(/[^\p{L}\p{N}]/gu, '');

const refusal = (text: string) => rejected(422, 'business-rule', text);
