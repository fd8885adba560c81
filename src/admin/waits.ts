/** `skein waits`: how long people wait for each service, in figures that tell of nobody. */
import type { Waits } from '../access/waits/figures.ts';
import { findWaits, type ServiceWaits } from '../access/waits/find-waits.ts';
import type { Context } from '../context.ts';
import type { Done } from './command.ts';
import { findNamed } from './service.ts';

export type WaitsFlags = { service?: string; period?: string };

/** Throws Rejected for what is no quarter, and Error where nobody registered the service. */
export async function showWaits(ctx: Context, flags: WaitsFlags, today: string): Promise<Done> {
  const service = flags.service === undefined ? null : (await findNamed(ctx, flags.service)).id;
  const report = await findWaits(
    ctx.db,
    { kind: 'operator', name: 'cli' },
    { service, period: flags.period, today },
  );
  const { name, from, until } = report.period;
  const lines = report.services.map(lineOf);
  const head = `${name} (${from} to ${until}); counts ${report.counts}; days: median, 90th percentile, longest\n`;
  return { data: report, text: head + (lines.length > 0 ? lines.join('') : 'no service is registered\n') };
}

function lineOf(one: ServiceWaits): string {
  const { sent, accepted, refused, careBegun, open } = one.referrals;
  const counts = Object.entries({ sent, accepted, refused, 'care begun': careBegun, open });
  const told = counts.map(([name, count]) => `${name} ${count ?? '-'}`).join(', ');
  const waits = [
    `to accepted ${say(one.daysToAccepted)}`,
    `to care begun ${say(one.daysToCareBegun)}`,
    `open ${say(one.daysOpen)}`,
  ];
  return `${one.name}: ${told}; ${waits.join('; ')}\n`;
}

const say = (waits: Waits | null): string =>
  waits === null ? '-' : `${waits.median}, ${waits.ninetieth}, ${waits.longest}`;
