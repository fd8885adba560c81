/** `/pages/sharing`: the policy in force, what it lets a service know of somebody, and who was told what. */
import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { Context } from '../../../context.ts';
import { oneOf, queryOf } from '../../../doors/query.ts';
import { isId } from '../../../fhir/ids.ts';
import { notFound } from '../../../read/answer.ts';
import { linkTo, listChoices, makeFrame, OPERATOR, readViewer, type Viewer } from '../frame.ts';
import { HEADERS, sendPage } from '../views.ts';
import { dayOf, longDate } from '../words.ts';
import { describeTold, describeTrace, groupRows, plain, type Row, type Told, type Traced } from './page.ts';

type PolicyTable = {
  digest: string;
  categories: { code: string; what: string }[];
  rows: Row[];
  rules: string[];
};
/** What access and the audit tell: pages decide nothing and read no table. */
export type Sharing = {
  policy: () => PolicyTable;
  /** What the files would open that is not in force, for want of a second name. */
  pending: (ctx: Context) => Promise<string[]>;
  held: (ctx: Context) => Promise<{ person: string; since: string | null; service: string | null }[]>;
  told: (ctx: Context, id: string) => Promise<Told[]>;
  /** Null for a service that nobody registered. */
  trace: (ctx: Context, service: string, person: string) => Promise<Traced | null>;
};

type WithId = { Params: { id: string } };
const HERE = '/pages/sharing';
const MOST_TOLD = 200;

export function registerSharing(scope: FastifyInstance, ctx: Context, sharing: Sharing): void {
  scope.get(HERE, async (request, reply) => {
    const viewer = await readGovernance(ctx, request);
    const asked = (oneOf(queryOf(request), 'id') ?? '').trim().toLowerCase();
    if (isId(asked)) return reply.headers(HEADERS).redirect(linkTo(`${HERE}/${asked}`, viewer), 303);
    if (asked) reply.code(422);
    const { digest, categories, rows, rules } = sharing.policy();
    return sendPage(reply, 'sharing', {
      frame: await makeFrame(ctx, viewer, { title: 'Sharing', here: HERE }),
      ...{ digest, categories, groups: groupRows(rows), rules: rules.map(plain), as: viewer.as },
      pending: await sharing.pending(ctx),
      held: (await sharing.held(ctx)).map(({ person, since, service }) => {
        const day = dayOf(since ?? undefined);
        const href = linkTo(`${HERE}/${person}`, viewer);
        return { person, href, since: day === null ? '' : longDate(day), service: service ?? '' };
      }),
      wrong: asked ? [{ field: 'id', text: 'Enter the id of a person or a journey, as the API has it' }] : [],
    });
  });
  scope.get<WithId>(`${HERE}/:id`, async (request, reply) => {
    const viewer = await readGovernance(ctx, request);
    const { id } = request.params;
    if (!isId(id)) throw notFound();
    const service = oneOf(queryOf(request), 'service') || null;
    const trace = service ? await sharing.trace(ctx, service, id) : null;
    if (service && !trace) throw notFound();
    const told = await sharing.told(ctx, id);
    request.given = { resourceType: 'Bundle', type: 'collection', entry: [{ resource: about(id) }] };
    const here = `${HERE}/${id}`;
    const choices = (await listChoices(ctx, { service: null })).filter(({ value }) => value !== OPERATOR);
    return sendPage(reply, 'sharing-person', {
      frame: await makeFrame(ctx, viewer, { title: 'Who was told', here }),
      ...{ id, self: here, as: viewer.as, back: linkTo(HERE, viewer), total: told.length },
      told: describeTold(told.slice(-MOST_TOLD)),
      trace: trace && describeTrace(trace, sharing.policy().categories),
      services: [
        { value: '', text: 'Choose', isChosen: service === null },
        ...choices.map((one) => ({ ...one, isChosen: one.value === service })),
      ],
    });
  });
}

/** For the audit: whose ids were looked at. */
const about = (id: string) => ({ resourceType: 'Patient' as const, id });

/** To a service the decisions about others are not there. */
async function readGovernance(ctx: Context, request: FastifyRequest): Promise<Viewer> {
  const viewer = await readViewer(ctx, request);
  if (viewer.service) throw notFound();
  return viewer;
}
