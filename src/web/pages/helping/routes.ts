/** `/pages/helping/{id}`: a sheet for one person to take home, once a clinician says that it is safe. */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Context } from '../../../context.ts';
import { formOf } from '../../../doors/body.ts';
import { readPairs } from '../../../doors/query.ts';
import { isId } from '../../../fhir/ids.ts';
import { notFound } from '../../../read/answer.ts';
import { readSheet } from '../../../read/sheet.ts';
import { linkTo, makeFrame, mayAnswer, readViewer } from '../frame.ts';
import { sendPage } from '../views.ts';
import { writeSheet } from './page.ts';

type WithId = { Params: { id: string } };
type Exchange = { request: FastifyRequest<WithId>; reply: FastifyReply };
const HERE = '/pages/helping';

export function registerHelping(scope: FastifyInstance, ctx: Context): void {
  scope.get<WithId>(`${HERE}/:id`, async (request, reply) => send(ctx, { request, reply }));
  scope.post<WithId>(`${HERE}/:id`, async (request, reply) => send(ctx, { request, reply }));
}

/** Looked at first; printed once it was asked whether it is safe. What is released is on record as given. */
async function send(ctx: Context, { request, reply }: Exchange): Promise<FastifyReply> {
  const { id } = request.params;
  const viewer = await readViewer(ctx, request);
  if (!isId(id) || !mayAnswer(viewer)) throw notFound();
  const found = await readSheet(viewer.asking, id);
  const sheet = writeSheet(found);
  if (!sheet) throw notFound();
  request.given = { resourceType: 'Bundle', type: 'collection', entry: [{ resource: found.patient }] };
  const isPost = request.method === 'POST';
  const isReleased = isPost && readPairs(formOf(request)).get('safe') === 'yes';
  if (isPost && !isReleased) reply.code(422);
  const here = `${HERE}/${id}`;
  return sendPage(reply, 'helping', {
    frame: await makeFrame(ctx, viewer, { title: 'Who is helping', here }),
    ...{ sheet, isReleased, wrong: isPost && !isReleased ? [WRONG] : [] },
    ...{ self: linkTo(here, viewer), back: linkTo('/pages/families', viewer) },
  });
}

const WRONG = { field: 'safe', text: 'Say that you have asked whether it is safe to take home' };
