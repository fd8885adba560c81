/**
 * `skein number …`: what people do about a number that is in dispute or tainted, or of a changed identity.
 */
import type { Context } from '../context.ts';
import { freezeNumber, type Lift, liftNumber, showNumber } from '../pipeline/numbers.ts';

type Done = { data: object; text: string };

export async function describeNumber(ctx: Context, number: string): Promise<Done> {
  const shown = await showNumber(ctx, number);
  const lines = [
    shown.state,
    ...shown.claims.map(
      ({ system, sector, charts, setAside }) =>
        `${system}, sector ${sector ?? 'none'}: ${charts} charts${setAside ? `, ${setAside} set aside` : ''}`,
    ),
    ...shown.traced.map((chart) => `traced for the chart ${chart}`),
    ...shown.doubts.map(
      ({ kind, rule, systems, contacts }) =>
        `waits: ${kind}, ${rule}: ${systems.join(', ')}${contacts.length ? ` (${contacts.join(', ')})` : ''}`,
    ),
    ...(shown.freeze
      ? [`frozen by ${shown.freeze.by}, ${shown.freeze.at.toISOString()}: ${shown.freeze.cause}`]
      : []),
    ...shown.lifts.map(({ by, at }) => `lifted by ${by}, ${at.toISOString()}`),
  ];
  return { data: shown, text: lines.map((line) => `${line}\n`).join('') };
}

export async function liftOne(ctx: Context, number: string, lift: Lift): Promise<Done> {
  const done = await liftNumber(ctx, number, lift);
  const { setAside, changed, state } = done;
  return {
    data: done,
    text: `lifted: ${setAside} charts set aside, ${changed} families changed; ${state}\n`,
  };
}

export async function freezeOne(ctx: Context, number: string, by: string, cause: string): Promise<Done> {
  const done = await freezeNumber(ctx, number, { by, cause });
  const { changed, state } = done;
  return { data: done, text: `${state}: ${changed} families changed\n` };
}
