/** `/pages`: where to go from here, by role; for whoever runs Skein also what is held, by cause. */
import type { FastifyInstance } from 'fastify';
import type { Context } from '../../context.ts';
import { countWork } from '../../read/referrals.ts';
import { linkTo, makeFrame, mayView, readViewer, type Viewer } from './frame.ts';
import { type CauseLine, describeCauses } from './messages/page.ts';
import type { Messages } from './messages/routes.ts';
import { sendPage } from './views.ts';
import { dateTime } from './words.ts';

type Door = { href: string; text: string; what: string };
/** What waits; null for who does not see it. */
type Held = { count: number; causes: CauseLine[]; now: string };

export function registerHome(scope: FastifyInstance, ctx: Context, messages: Messages): void {
  scope.get('/pages', async (request, reply) => {
    const viewer = await readViewer(ctx, request);
    const frame = await makeFrame(ctx, viewer, { title: 'Home', here: '/pages' });
    const isHeld = viewer.service === null && mayView(ctx, viewer, '/pages/messages');
    const held = isHeld ? await readHeld(ctx, messages) : null;
    const work = viewer.service && mayView(ctx, viewer, '/pages/referrals') ? await readWork(viewer) : null;
    const heading = viewer.service?.name ?? 'Whoever runs Skein';
    return sendPage(reply, 'home', { frame, heading, held, work, doors: listDoors(ctx, viewer) });
  });
}

/** What waits for the reader's service: referrals that it was asked, and prompts that it owns. */
async function readWork(viewer: Viewer): Promise<{ href: string; text: string }[]> {
  const { referrals, prompts } = await countWork(viewer.asking);
  const line = (path: string, count: number, [one, many]: [string, string]) =>
    count > 0 ? [{ href: linkTo(path, viewer), text: `${count} ${count === 1 ? one : many}` }] : [];
  return [
    ...line('/pages/referrals', referrals, [
      'referral waits for your answer',
      'referrals wait for your answer',
    ]),
    ...line('/pages/families', prompts, [
      'question is open about your families',
      'questions are open about your families',
    ]),
  ];
}

async function readHeld(ctx: Context, messages: Messages): Promise<Held> {
  const causes = describeCauses(await messages.listHeld(ctx));
  const count = causes.reduce((sum, one) => sum + one.count, 0);
  return { count, causes, now: dateTime(new Date()) };
}

function listDoors(ctx: Context, viewer: Viewer): Door[] {
  const door = (path: string, text: string, what: string, more: Record<string, string> = {}) =>
    mayView(ctx, viewer, path) ? [{ href: linkTo(path, viewer, more), text, what }] : [];
  const families = viewer.service
    ? door('/pages/families', 'My families', OWN_FAMILIES)
    : door('/pages/families', 'Families', 'Every journey there is. See one as a service sees it');
  const held = { state: 'held' };
  return [
    ...families,
    ...door('/pages/referrals', 'Referrals', 'Who waits for your answer, and for whose answer you wait'),
    ...door('/pages/worklist', 'Worklist', 'Who may be one person, and whose baby it is'),
    ...door('/pages/messages', 'Held messages', 'What was received and waits for somebody', held),
    ...door('/pages/playground', 'Mapping playground', 'Try a mapping, or a draft of one, on a message'),
    ...door('/pages/deliveries', 'Deliveries', 'Which subscriber is behind, why, and when it is tried next'),
    ...door('/pages/systems', 'Systems', 'Who sends and subscribes, who is silent, and how to register one'),
    ...door('/pages/figures', 'Figures', 'What came, how soon it was told, who waits, where families are'),
    ...door('/pages/sharing', 'Sharing', 'Who may know what, what is held, and who was told what about whom'),
  ];
}

const OWN_FAMILIES = 'Journeys in which somebody is a patient of yours, and what there is to do';
