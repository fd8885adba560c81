/** `skein why`: why somebody was, or was not, told of what a message changed. */
import { listSystems } from '../access/register/systems.ts';
import type { Context } from '../context.ts';
import { type Answer, explainTelling } from '../deliver/number/why.ts';
import type { Stored } from '../deliver/subscribe/stored.ts';
import { findSubscription, findSubscriptions } from '../deliver/subscribe/subscriptions.ts';
import { rejected } from '../errors.ts';
import { isId } from '../fhir/ids.ts';
import { findConcerned } from '../save/maintenance-sql.ts';
import type { Done } from './command.ts';
import { findByName } from './messages.ts';

const OPERATOR = { kind: 'operator' as const, name: 'skein why' };

/** `who`: a subscription's id, a system's name, or a service as `ODS|team`. No names of people. */
export async function explainWhy(
  ctx: Pick<Context, 'db' | 'key'>,
  message: string,
  who: string,
): Promise<Done> {
  const found = await findByName(ctx, message);
  const subscriptions = await findFor(ctx, who);
  const answers = await explainTelling(ctx.db, found, subscriptions);
  const state =
    found.status === 'accepted'
      ? []
      : [`the message is ${found.status ?? 'replaced by another'}: nothing of it is told`];
  const lines = [
    ...state,
    ...(subscriptions.length === 0 ? [`${who} has no subscription`] : []),
    ...(state.length === 0 && subscriptions.length > 0 && answers.length === 0
      ? ['it changed nothing that is told']
      : []),
    ...answers.map(describe),
  ];
  const data = { status: found.status, subscriptions: subscriptions.map(({ id }) => id), answers };
  const about = await findConcerned(ctx.db, found);
  return { data, text: lines.map((line) => `${line}\n`).join(''), about };
}

async function findFor({ db }: Pick<Context, 'db'>, who: string): Promise<Stored[]> {
  if (isId(who)) {
    const stored = await findSubscription(db, OPERATOR, who);
    if (!stored) throw rejected(422, 'not-found', `there is no subscription ${who}`);
    return [stored];
  }
  const named = (await listSystems(db)).filter(
    ({ name, service: { ods, team } }) => name === who || `${ods}|${team}` === who,
  );
  const systems = named.map(({ id }) => id);
  if (systems.length === 0)
    throw rejected(422, 'not-found', `no system and no service (ODS|team) is called "${who}"`);
  const all = await findSubscriptions(db, OPERATOR, {});
  return all.filter(({ system }) => system !== null && systems.includes(system.id));
}

const describe = ({ code, at, subscription, cause, words }: Answer): string =>
  `${at.toISOString()} ${code}, subscription ${subscription}: ${cause}: ${words}`;
