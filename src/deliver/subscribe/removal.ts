/** `$confirm-removal`: a recipient says that what an event took back is removed (sharing rule 16). */
import type { OperationOutcome } from '@medplum/fhirtypes';
import type { FastifyRequest } from 'fastify';
import { actorOf, record } from '../../audit/record.ts';
import type { Context } from '../../context.ts';
import { Rejected } from '../../errors.ts';
import { transaction } from '../../store/pool.ts';
import { TAKES_BACK } from '../number/told-before.ts';
import { numberOf, parametersOf } from './parameters.ts';
import type { Stored } from './stored.ts';

// Said again it stands from the first time on. Of a number that takes nothing back nothing is kept.
const CONFIRM = `
with meant as (
  select n.subscription_id, n.number, e.event -> 'focus' as focus, e.event -> 'persons' as persons from notification n join event e on e.id = n.event_id
   where n.subscription_id = $1 and n.number = $2 and e.event ->> 'code' = any($3)),
kept as (insert into removal (subscription_id, number) select subscription_id, number from meant on conflict do nothing)
select focus, persons from meant`;

type Meant = { focus: { type: string; id: string }; persons: string[] };

/** Parameters with `eventNumber`. Throws Rejected: 400 without, 422 where that event takes nothing back. */
export async function confirmRemoval(
  { db }: Context,
  request: FastifyRequest,
  { id }: Stored,
): Promise<OperationOutcome> {
  const number = numberOf(parametersOf(request, ['eventNumber']), 'eventNumber');
  if (number === null) throw refuse(400, 'required', 'eventNumber says which event took it back');
  await transaction(db, async (client) => {
    const { rows } = await client.query<Meant>(CONFIRM, [id, number, [...TAKES_BACK]]);
    if (!rows[0]) throw refuse(422, 'business-rule', `event ${number} takes nothing back`);
    const { focus, persons } = rows[0];
    const actor = actorOf(request.recipient);
    const about = { interaction: '$confirm-removal', type: focus.type, ids: [focus.id], persons };
    await record(client, { kind: 'decision', outcome: 'done', actor, ...about, request: request.id });
  });
  const diagnostics = `kept: what event ${number} took back is removed`;
  return {
    resourceType: 'OperationOutcome',
    issue: [{ severity: 'information', code: 'informational', diagnostics }],
  };
}

const refuse = (status: number, code: string, text: string): Rejected =>
  new Rejected(status, [{ severity: 'error', code, field: 'eventNumber', text }]);
