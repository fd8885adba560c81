/** `skein status` and `skein deliveries`: what an operator reads at three in the morning. */
import type { Context } from '../context.ts';
import { type Delivery, describeDelivery, listDeliveries, retryNow } from '../deliver/operate/deliveries.ts';
import { type Range, replayDelivered } from '../deliver/operate/replay.ts';
import type { Db } from '../store/pool.ts';
import type { Done } from './command.ts';
import { readStatus, type Status } from './status.ts';

/** `code` 1 where somebody should look: urgent news that reached nobody, or an outbox that stands still. */
export async function showStatus(db: Db): Promise<Done> {
  const status = await readStatus(db);
  const stuck = secondsSince(status.outbox.oldestAt, status.at) > STUCK_SECONDS;
  const code = status.urgent.length > 0 || stuck ? 1 : 0;
  return { data: status, text: textOf(status).join(''), code };
}

/** The metric of it alerts then, too. */
const STUCK_SECONDS = 5;

function textOf(status: Status): string[] {
  const { subscriptions, failing, urgent, held, messages, outbox, silent, at } = status;
  return [
    ...urgent.map((one) => `URGENT: ${one}\n`),
    ...subscriptions.map(
      ({ status, count, behind, waiting, oldestAt }) =>
        `subscriptions ${status}: ${count}, ${behind} to be answered, ${waiting} without a number${since(oldestAt, at)}\n`,
    ),
    ...(failing > 0 ? [`${failing} of them are failing: skein deliveries\n`] : []),
    ...held.map(
      ({ system, status, cause, count, since: from }) =>
        `${status} of ${system}: ${count} by ${cause}${since(from, at)}: skein messages --held\n`,
    ),
    ...silent.map(
      ({ system, missed }) =>
        `silent: ${system}, for ${Math.round(missed)} hours in which it is usually heard\n`,
    ),
    `messages: ${messages.lastHour} in the last hour, ${messages.lastDay} in a day${since(messages.newestAt, at, 'the newest')}\n`,
    `to be published: ${outbox.count}${since(outbox.oldestAt, at)}\n`,
  ];
}

const secondsSince = (from: Date | null, at: Date): number =>
  from ? (at.getTime() - from.getTime()) / 1_000 : 0;

function since(from: Date | null, at: Date, what = 'the oldest'): string {
  return from ? `, ${what} ${ageOf(secondsSince(from, at))} ago` : '';
}

const UNITS: [number, string][] = [
  [86_400, 'days'],
  [3_600, 'hours'],
  [60, 'minutes'],
];
/** In the largest unit of which there are two. */
function ageOf(seconds: number): string {
  const [size, unit] = UNITS.find(([one]) => seconds >= 2 * one) ?? [1, 's'];
  return `${Math.floor(Math.max(0, seconds) / size)} ${unit}`;
}

export async function showDeliveries(db: Db, id?: string): Promise<Done> {
  const now = new Date();
  if (id === undefined) {
    const all = await listDeliveries(db);
    const lines = all.map((one) => lineOf(one, now));
    return { data: all, text: lines.join('') || 'there is no subscription\n' };
  }
  const one = await describeDelivery(db, id);
  const lines = [
    lineOf(one, now),
    ...one.attempts.map(
      ({ at, kind, first, last, outcome, status }) =>
        `attempt ${at.toISOString()} ${kind}${first === null ? '' : ` ${first} to ${last}`}: ${outcome ?? 'no outcome yet'}${status ? `, HTTP ${status}` : ''}\n`,
    ),
    ...one.events.map(
      ({ number, event, code, focus, at, state }) =>
        `number ${number} ${at.toISOString()} event ${event} ${code} ${focus}: ${state}\n`,
    ),
  ];
  return { data: one, text: lines.join('') };
}

function lineOf(one: Delivery, now: Date): string {
  const { id, service, system, status, lastNumber, behind, waiting, oldestAt, answeredAt, nextTry } = one;
  const whose = service ? `${service} by ${system}` : 'the operator';
  const next = nextTry ? `, next try ${nextTry <= now ? 'now' : nextTry.toISOString()}` : '';
  const failed =
    one.failures > 0 || one.lastError
      ? `, failed ${one.failures} times in a row: ${one.lastError ?? one.error}`
      : '';
  const last = answeredAt ? `last answered ${answeredAt.toISOString()}` : 'never answered';
  return (
    `${id} ${whose}, ${status}: ${behind} of ${lastNumber} to be answered, ${waiting} without a number` +
    `${since(oldestAt, now)}; ${last}${failed}${next}\n`
  );
}

export async function retryDelivery({ db }: Context, id: string): Promise<Done> {
  const due = await retryNow(db, id);
  const text = due ? 'what waits is tried now' : 'nothing has failed: what waits is sent by itself';
  return { data: { id, due }, text: `${id}: ${text}\n` };
}

export async function replayDelivery(ctx: Context, id: string, range: Range): Promise<Done> {
  const { events, sent, stopped } = await replayDelivered(ctx, id, range);
  const lines = events.map(
    ({ number, code, told }) =>
      `number ${number} ${code}: ${told ? 'as it was' : 'without content, since today it may not be known'}\n`,
  );
  const end = range.dryRun
    ? `${events.length} would be sent again, under their former numbers\n`
    : stopped === null
      ? `${sent} were sent again\n`
      : `${sent} were sent again, then it was not answered well: ${stopped}\n`;
  return {
    data: { id, events, sent, stopped },
    text: [...lines, end].join(''),
    code: stopped === null ? 0 : 1,
  };
}
