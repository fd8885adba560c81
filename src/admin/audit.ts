/** `skein audit …`: whether the record of what was told is whole, and who was told what of somebody. */
import { type Verified, verifyAudit } from '../audit/verify.ts';
import { type Disclosure, findDisclosures } from '../audit/who.ts';
import { WrongUse } from '../command/wrong-use.ts';
import type { Context } from '../context.ts';
import type { Done } from './command.ts';

const KNOWN = /^([1-9]\d{0,17}):([0-9a-f]{64})$/;

/** `N:HASH` of a segment. Throws WrongUse. */
export function readKnown(text: string | undefined): { n: string; hash: string } | undefined {
  if (text === undefined) return undefined;
  const [, n, hash] = KNOWN.exec(text.toLowerCase()) ?? [];
  if (n === undefined || hash === undefined)
    throw new WrongUse('--known is N:HASH, as an earlier skein audit verify named the newest segment');
  return { n, hash };
}

/** Ends with 1 on any fault. */
export async function verify(ctx: Context, known?: { n: string; hash: string }): Promise<Done> {
  const done = await verifyAudit(ctx, known);
  return { data: done, text: describe(done), code: done.faults.length > 0 ? 1 : 0 };
}

function describe({ segments, rows, dropped, faults, unsealed, newest }: Verified): string {
  const lines = [
    `${segments} segments with ${rows} rows${dropped > 0 ? `, and ${dropped} that went with their month` : ''}`,
    ...faults.map(({ segment, row, what }) =>
      row === null ? `segment ${segment}: ${what}` : `segment ${segment}, row ${row}: ${what}`,
    ),
    `not sealed yet: ${unsealed.rows} rows${unsealed.rows > 0 ? `, the oldest ${unsealed.oldestSeconds} s old` : ''}`,
    ...(newest ? [`newest segment, to be kept elsewhere: ${newest.n}:${newest.hash}`] : []),
    faults.length === 0 ? 'whole: every sealed row is as it was' : `${faults.length} faults`,
  ];
  return lines.map((line) => `${line}\n`).join('');
}

/** A day, or an instant; from the beginning where it is left out. Throws WrongUse. */
export function readSince(text: string | undefined): Date {
  const since = new Date(text ?? 0);
  if (text !== undefined && (!/^\d{4}-\d\d-\d\d(T.*)?$/.test(text) || Number.isNaN(since.getTime())))
    throw new WrongUse('--since is a date such as 2026-01-31');
  return since;
}

export async function tellWho({ db }: Context, id: string, since: Date): Promise<Done> {
  const told = await findDisclosures(db, id, since);
  const text = told.length === 0 ? 'nothing is on record about this id\n' : told.map(lineOf).join('');
  return { data: { id, told }, text };
}

function lineOf(one: Disclosure): string {
  const { at, system, service, by, kind, way, outcome, type, ids, policy, basis, request, human } = one;
  const who = system ?? by ?? 'operator';
  const what = ids.length > 3 ? `${ids.length} ids` : ids.join(' ');
  const parts = [
    `${at.toISOString()} ${who}${service ? ` (${service})` : ''}${human ? ` for ${human.subject} as ${human.role} of ${human.organisation}` : ''}`,
    `${kind} ${way} ${outcome}: ${[type, what].filter(Boolean).join(' ') || 'nothing'}`,
    `policy ${policy ?? 'not kept'}${basis ? `, basis ${basis}` : ''}${request ? `, request ${request}` : ''}`,
  ];
  return `${parts.join(', ')}\n`;
}
