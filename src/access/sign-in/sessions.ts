/** Sessions of people in SQL: what one process grants or ends all others know at once. */
import type { Human, Service } from '../../model.ts';
import type { Db } from '../../store/pool.ts';
import type { Known } from '../human/examine.ts';
import { hashToken, newToken } from '../register/systems.ts';

export const OPERATOR = 'operator';
const IDLE = "interval '15 minutes'";
const WHOLE = "interval '8 hours'";
/** What takes apart what was joined is done within so long of the last proof. */
const FRESH = "interval '5 minutes'";
const ALIVE = `seen_at > now() - ${IDLE} and begun_at > now() - ${WHOLE}`;

/** `actsAs`: the id of a service, or `operator`; null: not chosen yet. */
export type Kept = {
  person: Known;
  actsAs: string | null;
  service: Service | null;
  isFresh: boolean;
  idToken: string;
};

// What somebody was before must not go on under a new name: the session that was there ends here.
const BEGIN = `with before as (delete from session where id = $6)
  insert into session (id, human, acts_as, id_token, proved_at) values ($1, $2, $3, $4, $5)`;

type New = { person: Known; actsAs: string | null; idToken: string; provedAt: Date | null };

/** What the cookie is to hold: another each time. `before`: what it held, if anything. */
export async function beginSession(
  db: Db,
  { person, actsAs, idToken, provedAt }: New,
  before: string | null,
): Promise<string> {
  const token = newToken();
  const old = before === null ? null : hashToken(before);
  await db.query(BEGIN, [hashToken(token), JSON.stringify(person), actsAs, idToken, provedAt, old]);
  return token;
}

const SEE = `with seen as (update session set seen_at = now() where id = $1 and ${ALIVE} returning *)
  select s.human as person, s.acts_as as "actsAs", s.id_token as "idToken",
    coalesce(s.proved_at > now() - ${FRESH}, false) as "isFresh",
    case when v.id is null then null else json_build_object('id', v.id, 'name', v.name, 'ods', v.ods,
      'team', v.team, 'sector', v.sector, 'kind', v.kind) end as service
  from seen s left join service v on v.registered and v.id::text = s.acts_as`;

/** Null where it has ended, or never was. Whoever is seen is not idle. */
export async function seeSession(db: Db, token: string): Promise<Kept | null> {
  const { rows } = await db.query<Kept>(SEE, [hashToken(token)]);
  return rows[0] ?? null;
}

export async function actAs(db: Db, token: string, hat: string): Promise<void> {
  await db.query('update session set acts_as = $2 where id = $1', [hashToken(token), hat]);
}

export async function endSession(db: Db, token: string): Promise<void> {
  await db.query('delete from session where id = $1', [hashToken(token)]);
}

export async function sweepSessions(db: Db): Promise<void> {
  await db.query(`delete from session where not (${ALIVE})`);
}

/** Without what it may do, which is asked each time. */
export const asHuman = (person: Known, may: Human['may']): Human => ({ ...person, may });
