/** `/pages/figures`: what came, how soon it was told, who waits, and where families are; for the operator. */
import type { FastifyInstance } from 'fastify';
import type { Context } from '../../../context.ts';
import type { Recipient } from '../../../model.ts';
import { notFound } from '../../../read/answer.ts';
import { makeFrame, readViewer } from '../frame.ts';
import { sendPage } from '../views.ts';
import { drawFigures, type Figures } from './page.ts';

export type ReadFigures = (ctx: Context, recipient: Recipient) => Promise<Figures>;

const HERE = '/pages/figures';

export function registerFigures(scope: FastifyInstance, ctx: Context, read: ReadFigures): void {
  scope.get(HERE, async (request, reply) => {
    const viewer = await readViewer(ctx, request);
    if (viewer.service) throw notFound();
    return sendPage(reply, 'figures', {
      frame: await makeFrame(ctx, viewer, { title: 'Figures', here: HERE }),
      charts: drawFigures(await read(ctx, viewer.asking.recipient)),
    });
  });
}
