/** One row of the audit: who was given what, who was refused, or what somebody changed. */
import { basisOf, NO_SECTOR, OPERATOR_BASIS, POLICY_DIGEST } from '../access/decide/policy.ts';
import { Unavailable } from '../errors.ts';
import type { Human, Recipient } from '../model.ts';
import type { Db } from '../store/pool.ts';

/**
 * `system` and `service` are null for the operator; `name`: of the system, or of who decided. `human`: the
 * person at that system, who proved who they are. `sector`: of the service, where what is told to it is.
 */
export type Actor = {
  system: number | null;
  service: string | null;
  name: string;
  human?: Human;
  sector?: string | null;
};

/**
 * `ids`: what was given, or of a refusal what was asked for. `persons`: whom it is about; `of`: ids of
 * resources whose persons are added to them. `interaction`: as FHIR calls it, an operation with its `$`.
 * `outcome`: HTTP status, `done` or `unchanged`. `target`: name of the registered system that was changed.
 * `policy`: its digest, where it is not the one in force. `to`: who is told, where it is not the actor: a
 * name of `bases` in the sharing policy. `digest`: of what was released.
 * Nothing that somebody typed: no name of a person, no number, nothing that was searched for.
 */
export type Entry = {
  kind: 'read' | 'refusal' | 'change' | 'decision' | 'registration' | 'policy';
  outcome: string;
  actor: Actor;
  interaction: string;
  type?: string | null;
  ids?: string[];
  persons?: string[];
  of?: string[];
  target?: string;
  request?: string;
  policy?: string;
  to?: string;
  digest?: string;
};

/** Whoever runs Skein, where nobody is named. */
export const OPERATOR: Actor = { system: null, service: null, name: 'operator' };

export function actorOf(recipient: Recipient): Actor {
  const { human } = recipient;
  const who = human ? { human } : {};
  if (recipient.kind === 'operator') return { ...OPERATOR, name: recipient.name, ...who };
  const { id, name, service } = recipient.system;
  // 0: whoever is signed in to the pages asks by no system.
  return { system: id || null, service: service.id, name, sector: service.sector, ...who };
}

/** Nothing is told by a refusal, and by what people change none but what they said themselves. */
function basisFor({ kind, actor, to }: Entry): string | null {
  if (kind !== 'read') return null;
  return basisOf(to ?? (actor.service === null ? OPERATOR_BASIS : (actor.sector ?? NO_SECTOR)));
}

/** Who a person is, as the audit has it: by what their issuer and their organisation call them, no name. */
const personOf = ({ issuer, subject, role, organisation }: Human) =>
  JSON.stringify({ issuer, subject, role, organisation });

/** An operator who is named, as by `--by`; `human`: who is signed in as whoever runs Skein. */
export const namedOperator = (name: string, human?: Human): Actor => ({
  ...OPERATOR,
  name,
  ...(human ? { human } : {}),
});

/** That the operator changed something of a registered system. In the transaction that does. */
export const recordRegistration = (db: Db, interaction: string, target: string): Promise<void> =>
  record(db, { kind: 'registration', outcome: 'done', actor: OPERATOR, interaction, target });

const INSERT = `
insert into audit (kind, outcome, system_id, service, name, interaction, type, ids, persons, target, request, policy,
  human, basis, digest)
values ($1, $2, $3, $4, $5, $6, $7, $8,
  case when cardinality($10::uuid[]) = 0 then $9::uuid[] else array(
    select unnest($9::uuid[]) union select unnest(r.persons) from resource r where r.id = any($10)) end,
  (select id from system where name = $11), $12, $13, $14::jsonb, $15, $16)`;

/**
 * Adds the row, with the policy in force. For an answer it is awaited before the answer is given; for a
 * change it is part of the transaction of the change. Throws Unavailable where it cannot be written: then
 * nothing is given, and nothing changed.
 */
export async function record(db: Db, entry: Entry): Promise<void> {
  const { kind, outcome, actor, interaction, type = null, ids = [], persons = [], of = [] } = entry;
  const { target = null, request = null, policy = POLICY_DIGEST, digest = null } = entry;
  const insert = {
    name: 'audit-record',
    text: INSERT,
    values: [
      ...[kind, outcome, actor.system, actor.service, actor.name, interaction, type],
      ...[ids, persons, of, target, request, policy, actor.human ? personOf(actor.human) : null],
      ...[basisFor(entry), digest],
    ],
  };
  await db.query(insert).catch((cause: unknown) => {
    throw new Unavailable('the audit cannot be written', { cause });
  });
}
