/** `skein incident`: who got what of a wrong link, and who has said that it is removed (sharing rule 16). */
import type { Context } from '../context.ts';
import { findTakenBackBy, type TakenBack } from '../deliver/number/incident.ts';
import { findConcerned } from '../save/maintenance-sql.ts';
import type { Done } from './command.ts';
import { findByName } from './messages.ts';

/** `id`: of the message that put it right: a decision, or a sender's correction. */
export async function describeIncident(ctx: Pick<Context, 'db' | 'key'>, id: string): Promise<Done> {
  const message = await findByName(ctx, id);
  const taken = await findTakenBackBy(ctx.db, message);
  const waiting = [...new Set(taken.flatMap((one) => (one.confirmed ? [] : nameOf(one))))];
  const lines = [
    `message ${id} of ${message.system}, ${message.receivedAt.toISOString()}`,
    ...taken.flatMap(describe),
    taken.length === 0
      ? 'nothing was taken back: nobody had been told of what it changed'
      : `not confirmed: ${waiting.join(', ') || 'nobody, all have'}`,
  ];
  return {
    data: { message: id, system: message.system, at: message.receivedAt, taken, waiting },
    text: lines.map((line) => `${line}\n`).join(''),
    about: await findConcerned(ctx.db, message),
  };
}

const nameOf = ({ system }: TakenBack): string => system ?? 'the operator';

function describe(one: TakenBack): string[] {
  const { sector, number, code, focus, at, told, confirmed, got } = one;
  const state = confirmed
    ? `confirmed ${confirmed.toISOString()}`
    : told
      ? 'told, not confirmed'
      : 'to be told';
  return [
    `${nameOf(one)}: ${focus.type}/${focus.id} ${code}, number ${number}, ${at.toISOString()}: ${state}`,
    ...(got.length === 0 ? ['  could read it, and was not told of it'] : []),
    ...got.map(
      (before) =>
        `  got ${before.code}, number ${before.number}, ${before.at}, ${before.content}, by ${sector ?? 'no sector'} ${before.category}`,
    ),
  ];
}
