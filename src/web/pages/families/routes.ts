/** `/pages/families`: own families, by stage or by who is in them. */
import type { Bundle } from '@medplum/fhirtypes';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Context } from '../../../context.ts';
import { formOf } from '../../../doors/body.ts';
import { oneOf, queryOf, readPairs } from '../../../doors/query.ts';
import { type Family, findOwnPatients, readFamilies } from '../../../read/families.ts';
import { linkTo, makeFrame, readViewer, type Viewer } from '../frame.ts';
import { HEADERS, sendPage } from '../views.ts';
import { chooseStage, describeFamilies, NOTICE, STAGE_CODES } from './page.ts';
import { BLANK, checkTyped, readPersons, readTyped, type Typed, type Wrong } from './search.ts';

const HERE = '/pages/families';

export function registerFamilies(scope: FastifyInstance, ctx: Context): void {
  scope.get(HERE, async (request, reply) => {
    const viewer = await readViewer(ctx, request);
    return sendFamilies(ctx, viewer, { request, reply, typed: BLANK, wrong: [] });
  });
  // By POST, since what is looked for names somebody; what is found is told by ids.
  scope.post(`${HERE}/search`, async (request, reply) => {
    const viewer = await readViewer(ctx, request);
    const typed = readTyped(readPairs(formOf(request)));
    const { sought, wrong } = checkTyped(typed);
    if (wrong.length > 0) {
      reply.code(422);
      return sendFamilies(ctx, viewer, { request, reply, typed, wrong });
    }
    const found = await findOwnPatients(viewer.asking, sought);
    return reply.headers(HEADERS).redirect(linkTo(HERE, viewer, { person: found.join(',') }), 303);
  });
}

type Shown = { request: FastifyRequest; reply: FastifyReply; typed: Typed; wrong: Wrong[] };

async function sendFamilies(ctx: Context, viewer: Viewer, shown: Shown): Promise<FastifyReply> {
  const { request, reply, typed, wrong } = shown;
  const query = queryOf(request);
  const stage = oneOf(query, 'stage') || null;
  const wanted = {
    stage: STAGE_CODES.includes(stage ?? '') ? stage : null,
    persons: readPersons(oneOf(query, 'person')),
    cursor: oneOf(query, 'cursor') ?? null,
  };
  const { families, next, now } = await readFamilies(viewer.asking, wanted);
  request.given = bundleOf(families);
  const kept: Record<string, string> = wanted.stage ? { stage: wanted.stage } : {};
  return sendPage(reply, 'families', {
    frame: await makeFrame(ctx, viewer, { title: viewer.service ? 'My families' : 'Families', here: HERE }),
    lines: describeFamilies(families, now, (id) => linkTo(`/pages/journey/${id}`, viewer)),
    ...{ typed, wrong, stages: chooseStage(wanted.stage), as: viewer.as, notice: NOTICE },
    isSearched: wanted.persons !== null,
    search: linkTo(`${HERE}/search`, viewer),
    all: linkTo(HERE, viewer),
    next: next && linkTo(HERE, viewer, { ...kept, cursor: next }),
  });
}

/** What is given, for the audit. */
function bundleOf(families: Family[]): Bundle {
  const resources = families.flatMap(({ group, members }) => [group, ...members]);
  return { resourceType: 'Bundle', type: 'collection', entry: resources.map((resource) => ({ resource })) };
}
