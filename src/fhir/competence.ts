/**
 * A decision that a young person may decide about some help for themselves (Gillick), as Skein keeps it: a
 * Flag about a chart, with what it is for.
 */
import type { Extension, Flag } from '@medplum/fhirtypes';
import { SKEIN_DEFINITIONS } from './systems.ts';

/** Any service of the third sector, in place of the id of one service. */
export const THIRD_SECTOR_HELP = 'third-sector-help';

const SCOPE = `${SKEIN_DEFINITIONS}decision-scope`;
/** `scope`: the id of a service, or `third-sector-help`. */
export const scopeOf = (scope: string): Extension => ({ url: SCOPE, valueCode: scope });
export const findScope = ({ extension = [] }: Flag): string | undefined =>
  extension.find(({ url }) => url === SCOPE)?.valueCode;

/** From when it was recorded until it expires, unless it was taken back. */
export function standsAt({ status, period = {} }: Flag, at: Date): boolean {
  const now = at.toISOString();
  return status === 'active' && (period.start ?? '') <= now && now <= (period.end ?? '');
}
