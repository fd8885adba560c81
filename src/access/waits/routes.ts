/** `GET /waits`: how long people wait for a service, for the service itself and for commissioners. */
import type { FastifyInstance } from 'fastify';
import type { Context } from '../../context.ts';
import { oneOf, queryOf } from '../../doors/query.ts';
import { rejected } from '../../errors.ts';
import { isId } from '../../fhir/ids.ts';
import { findWaits } from './find-waits.ts';

const TAKEN = ['period', 'service'];

export function registerWaits(app: FastifyInstance, ctx: Context): void {
  app.get('/waits', async (request, reply) => {
    const query = queryOf(request);
    const other = [...query.keys()].find((name) => !TAKEN.includes(name));
    if (other !== undefined)
      throw rejected(400, 'not-supported', `waits have no parameter ${other}`, { expression: other });
    const service = oneOf(query, 'service') ?? null;
    if (service !== null && !isId(service))
      throw rejected(400, 'value', 'a service is named by its id', { expression: 'service' });
    const today = new Date().toISOString().slice(0, 10);
    const asked = { service, period: oneOf(query, 'period'), today };
    const report = await findWaits(ctx.db, request.recipient, asked);
    return reply.header('cache-control', 'private, no-cache').send(report);
  });
}
