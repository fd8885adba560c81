/** The body of `$accept`, `$reject`, `$defer` and `$undo`: Parameters with who decides, and why. */
import { z } from 'zod';
import { rejected } from '../../errors.ts';
import type { Human } from '../../model.ts';

const Given = z.object({
  resourceType: z.literal('Parameters'),
  parameter: z
    .array(
      z.union([
        z.strictObject({ name: z.enum(['by', 'reason']), valueString: z.string() }),
        z.strictObject({ name: z.literal('until'), valueDate: z.string() }),
      ]),
    )
    .default([]),
});
const LONGEST = { by: 200, reason: 1_000 };
const MOST_DAYS = 366;
const DAY = 86_400_000;

/** `human`: who said it, where somebody proved who they are. */
export type Word = { by: string; reason: string; human?: Human };

/** Throws Rejected 400 where it is no such Parameters, 422 where something is missing or too long. */
export function readWord(body: unknown): Word {
  const { by = '', reason = '', ...others } = read(body, 'send Parameters: by, reason');
  if (others.until !== undefined) throw refusal('only $defer takes until');
  return checked({ by, reason });
}

/** The same with the day until which it is put off: after today, within a year. */
export function readDeferral(body: unknown, today: string): Word & { until: string } {
  const { by = '', reason = '', until = '' } = read(body, 'send Parameters: by, until, reason');
  return { ...checked({ by, reason }), until: checkUntil(until, today) };
}

/** Throws Rejected 422 but for a day after today, within a year. */
export function checkUntil(until: string, today: string): string {
  const at = Date.parse(until);
  const isDay = /^\d{4}-\d\d-\d\d$/.test(until) && new Date(at || 0).toISOString().startsWith(until);
  if (!isDay || until <= today || at - Date.parse(today) > MOST_DAYS * DAY)
    throw refusal('until is a day after today, and within a year');
  return until;
}

function read(body: unknown, shape: string): Partial<Record<'by' | 'reason' | 'until', string>> {
  const { data } = Given.safeParse(body);
  const given = (data?.parameter ?? []).map(
    (one) => [one.name, 'valueDate' in one ? one.valueDate : one.valueString] as const,
  );
  if (!data || new Set(given.map(([name]) => name)).size !== given.length)
    throw rejected(400, 'structure', shape, { expression: 'Parameters.parameter' });
  return Object.fromEntries(given);
}

export function checked({ by, reason, ...rest }: Word): Word {
  const word = { ...rest, by: by.trim(), reason: reason.trim() };
  if (word.by === '') throw refusal('by is missing: the name of the person who decides');
  if (word.by.length > LONGEST.by || word.reason.length > LONGEST.reason)
    throw refusal(`by has at most ${LONGEST.by} characters, reason ${LONGEST.reason}`);
  return word;
}

const refusal = (text: string) => rejected(422, 'value', text, { expression: 'Parameters.parameter' });
