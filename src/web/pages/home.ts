/** `/pages`: where to go from here; for the operator also what is held, by cause. */
import type { FastifyInstance } from 'fastify';
import type { Context } from '../../context.ts';
import { linkTo, makeFrame, readViewer } from './frame.ts';
import { describeCauses } from './messages/page.ts';
import type { Messages } from './messages/routes.ts';
import { sendPage } from './views.ts';
import { dateTime } from './words.ts';

export function registerHome(scope: FastifyInstance, ctx: Context, messages: Messages): void {
  scope.get('/pages', async (request, reply) => {
    const viewer = await readViewer(ctx, request);
    const frame = await makeFrame(ctx, viewer, { title: 'Home', here: '/pages' });
    const families = linkTo('/pages/families', viewer);
    if (viewer.service) return sendPage(reply, 'home', { frame, families, service: viewer.name });
    const causes = describeCauses(await messages.listHeld(ctx));
    const held = causes.reduce((sum, { count }) => sum + count, 0);
    const all = linkTo('/pages/messages', viewer, { state: 'held' });
    return sendPage(reply, 'home', { frame, families, causes, held, all, now: dateTime(new Date()) });
  });
}
