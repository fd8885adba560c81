/** Search of subscriptions, the caller's own: https://hl7.org/fhir/R4/subscription.html#search */
import type { FastifyRequest } from 'fastify';
import { queryOf } from '../../doors/query.ts';
import { Rejected } from '../../errors.ts';
import type { Db } from '../../store/pool.ts';
import type { Stored } from './stored.ts';
import { findSubscriptions } from './subscriptions.ts';

const NAMES = ['status', 'url', '_id', '_count', '_after', '_format', '_pretty'];
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
const MAX_PAGE = 100;

/** `self` and `next` are relative to the base URL; `next` is empty at the end. */
type Found = { page: Stored[]; self: string; next: string[] };

/**
 * `status` and `_id` take several values, `url` is exact. Throws Rejected(400) for anything else, as the
 * other searches do.
 */
export async function searchSubscriptions(db: Db, request: FastifyRequest): Promise<Found> {
  const query = readQuery(request);
  const limit = countOf(query.get('_count'));
  const after = query.get('_after');
  const found = await findSubscriptions(db, request.recipient, {
    ids: query
      .get('_id')
      ?.split(',')
      .filter((id) => UUID.test(id)),
    statuses: query
      .get('status')
      ?.split(',')
      .map((status) => status.split('|').at(-1) ?? ''),
    endpoint: query.get('url') ?? undefined,
    after: after && UUID.test(after) ? after : undefined,
    limit: limit + 1,
  });
  const page = found.slice(0, limit);
  const next = new URLSearchParams(query);
  next.set('_after', page.at(-1)?.id ?? '');
  return { page, self: pathOf(query), next: found.length > limit ? [pathOf(next)] : [] };
}

const pathOf = (query: URLSearchParams) => `/Subscription${query.size > 0 ? `?${query}` : ''}`;

/**
 * What was understood. A parameter that is unknown, or given twice, is refused, or left out for who prefers
 * that.
 */
function readQuery(request: FastifyRequest): URLSearchParams {
  const lenient = /\bhandling\s*=\s*lenient\b/.test(String(request.headers.prefer ?? ''));
  const understood = new URLSearchParams();
  const query = queryOf(request);
  for (const [name, value] of query) {
    // A page link goes on for a client that adds how many it wants.
    const again = understood.has(name) && !(name === '_count' && query.has('_after'));
    const wrong = !NAMES.includes(name) || again;
    if (!wrong) understood.set(name, value);
    else if (!lenient)
      throw refuse(name, `Subscription can be searched by ${NAMES.slice(0, 4).join(', ')}, each once`);
  }
  return understood;
}

function countOf(text: string | null): number {
  if (text === null) return MAX_PAGE;
  if (!/^[1-9]\d{0,8}$/.test(text)) throw refuse('_count', '_count is a whole number above 0');
  return Math.min(Number(text), MAX_PAGE);
}

function refuse(field: string, text: string): Rejected {
  return new Rejected(400, [{ severity: 'error', code: 'not-supported', field, text }]);
}
