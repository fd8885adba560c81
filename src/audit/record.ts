/** One row of the audit: who was given what, who was refused, or what somebody changed. */
import { POLICY_DIGEST } from '../access/decide/policy.ts';
import { Unavailable } from '../errors.ts';
import type { Human, Recipient } from '../model.ts';
import type { Db } from '../store/pool.ts';

/**
 * `system` and `service` are null for the operator; `name`: of the system, or of who decided. `human`: the
 * person at that system, who proved who they are.
 */
export type Actor = { system: number | null; service: string | null; name: string; human?: Human };

/**
 * `ids`: what was given, or of a refusal what was asked for. `persons`: whom it is about; `of`: ids of
 * resources whose persons are added to them. `interaction`: as FHIR calls it, an operation with its `$`.
 * `outcome`: HTTP status, `done` or `unchanged`. `target`: name of the registered system that was changed.
 * `policy`: its digest, where it is not the one in force.
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
};

/** Whoever runs Skein, where nobody is named. */
export const OPERATOR: Actor = { system: null, service: null, name: 'operator' };

export function actorOf(recipient: Recipient): Actor {
  const { human } = recipient;
  const who = human ? { human } : {};
  if (recipient.kind === 'operator') return { ...OPERATOR, name: recipient.name, ...who };
  const { id, name, service } = recipient.system;
  // 0: whoever is signed in to the pages asks by no system.
  return { system: id || null, service: service.id, name, ...who };
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
  human)
values ($1, $2, $3, $4, $5, $6, $7, $8,
  case when cardinality($10::uuid[]) = 0 then $9::uuid[] else array(
    select unnest($9::uuid[]) union select unnest(r.persons) from resource r where r.id = any($10)) end,
  (select id from system where name = $11), $12, $13, $14::jsonb)`;

/**
 * Adds the row, with the policy in force. For an answer it is awaited before the answer is given; for a
 * change it is part of the transaction of the change. Throws Unavailable where it cannot be written: then
 * nothing is given, and nothing changed.
 */
export async function record(db: Db, entry: Entry): Promise<void> {
  const { kind, outcome, actor, interaction, type = null, ids = [], persons = [], of = [] } = entry;
  const { target = null, request = null, policy = POLICY_DIGEST } = entry;
  const insert = {
    name: 'audit-record',
    text: INSERT,
    values: [
      ...[kind, outcome, actor.system, actor.service, actor.name, interaction, type],
      ...[ids, persons, of, target, request, policy, actor.human ? personOf(actor.human) : null],
    ],
  };
  await db.query(insert).catch((cause: unknown) => {
    throw new Unavailable('the audit cannot be written', { cause });
  });
}
