/** `skein why`: why somebody was, or was not, told of what a message changed. */
import { listSystems } from '../access/register/systems.ts';
import type { Context } from '../context.ts';
import { type Answer, explainTelling } from '../deliver/number/why.ts';
import { type Asked, eventsOfBundle, findEvents } from '../deliver/number/why-facts.ts';
import type { Stored } from '../deliver/subscribe/stored.ts';
import { findSubscription, findSubscriptions } from '../deliver/subscribe/subscriptions.ts';
import { rejected } from '../errors.ts';
import { isId } from '../fhir/ids.ts';
import type { Done } from './command.ts';
import { findByName } from './messages.ts';

const OPERATOR = { kind: 'operator' as const, name: 'skein why' };

/**
 * `what`: the id of a message, of a notification (its Bundle and webhook-id), or the number of an event as
 * log lines have it. `who`: a subscription's id, a system's name, or a service as `ODS|team`. No names of
 * people.
 */
export async function explainWhy(ctx: Pick<Context, 'db' | 'key'>, what: string, who: string): Promise<Done> {
  const { asked, status } = await findWhat(ctx, what);
  const subscriptions = await findFor(ctx, who);
  const answers = await explainTelling(ctx, asked, subscriptions);
  const state =
    status === 'accepted'
      ? []
      : [`the message is ${status ?? 'superseded by another under its id'}: nothing of it is told`];
  const lines = [
    ...state,
    ...(subscriptions.length === 0 ? [`${who} has no subscription`] : []),
    ...(state.length === 0 && subscriptions.length > 0 && answers.length === 0
      ? ['it changed nothing that is told']
      : []),
    ...answers.map(describe),
  ];
  const data = { status, subscriptions: subscriptions.map(({ id }) => id), answers };
  const events = await findEvents(ctx.db, asked);
  const about = [...new Set(events.flatMap(({ event }) => event.persons))];
  return { data, text: lines.map((line) => `${line}\n`).join(''), about };
}

/** Of an event the status is that of a message that is told of. */
type What = { asked: Asked; status: string | null };

async function findWhat(ctx: Pick<Context, 'db' | 'key'>, what: string): Promise<What> {
  const events = /^\d{1,18}$/.test(what) ? [what] : await eventsOfBundle(ctx.db, what.toLowerCase());
  if (events.length > 0) return { asked: { events }, status: 'accepted' };
  const message = await findByName(ctx, what);
  return { asked: { message }, status: message.status };
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

const describe = ({ code, at, event, message, subscription, cause, words }: Answer): string =>
  `${at.toISOString()} ${code} (event ${event}${message ? ` of message ${message}` : ''}), subscription ${subscription}: ${cause}: ${words}`;
