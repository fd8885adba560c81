/** `/pages/deliveries`: how each subscriber is reached, and what whoever runs Skein can do about it. */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Context } from '../../../context.ts';
import { formOf } from '../../../doors/body.ts';
import { readPairs } from '../../../doors/query.ts';
import { Rejected } from '../../../errors.ts';
import { isId } from '../../../fhir/ids.ts';
import { notFound } from '../../../read/answer.ts';
import { linkTo, makeFrame, readViewer, type Viewer } from '../frame.ts';
import { sendPage } from '../views.ts';
import {
  type Again,
  type Delivery,
  type DeliveryDetail,
  describeAgain,
  describeDelivery,
  describeDetail,
} from './page.ts';

type Range = { from: number; until: number; dryRun: boolean };
/** What the store and the sender do: pages read no table and send nothing themselves. */
export type Deliveries = {
  list: (ctx: Context) => Promise<Delivery[]>;
  find: (ctx: Context, id: string) => Promise<DeliveryDetail>;
  test: (ctx: Context, id: string) => Promise<{ ok: boolean; outcome: string; status: number | null }>;
  retry: (ctx: Context, id: string) => Promise<boolean>;
  replay: (
    ctx: Context,
    id: string,
    range: Range,
  ) => Promise<{ events: Again[]; sent: number; stopped: string | null }>;
};

const HERE = '/pages/deliveries';

export function registerDeliveries(scope: FastifyInstance, ctx: Context, deliveries: Deliveries): void {
  scope.get(HERE, async (request, reply) => {
    const viewer = await readOperator(ctx, request);
    const now = new Date();
    const lines = (await deliveries.list(ctx)).map((one) => ({
      ...describeDelivery(one, now),
      href: linkTo(`${HERE}/${one.id}`, viewer),
    }));
    const late = lines.filter(({ isFailing }) => isFailing).length;
    return sendPage(reply, 'deliveries', {
      frame: await makeFrame(ctx, viewer, { title: 'Deliveries', here: HERE }),
      ...{ lines, late },
    });
  });
  scope.get<{ Params: { id: string } }>(`${HERE}/:id`, async (request, reply) =>
    sendOne(ctx, deliveries, { request, reply, said: NOTHING }),
  );
  scope.post<{ Params: { id: string } }>(`${HERE}/:id`, async (request, reply) => {
    await readOperator(ctx, request);
    const said = await act(ctx, deliveries, { id: request.params.id, form: readPairs(formOf(request)) });
    if (said.wrong) reply.code(422);
    return sendOne(ctx, deliveries, { request, reply, said });
  });
}

/** What came of a form: `again` is what was, or with `isDry` would be, sent once more. */
type Said = {
  done: string;
  wrong: string;
  isDry: boolean;
  again: ReturnType<typeof describeAgain>;
  from: string;
  until: string;
};
const NOTHING: Said = { done: '', wrong: '', isDry: false, again: [], from: '', until: '' };

type Asked = { id: string; form: URLSearchParams };

/** Pressed twice it is done twice, which a receiver takes for a repeat. */
async function act(ctx: Context, deliveries: Deliveries, { id, form }: Asked): Promise<Said> {
  if (!isId(id)) throw notFound();
  const what = form.get('act');
  try {
    if (what === 'test') return await sayTest(ctx, deliveries, id);
    if (what === 'retry') {
      const due = await deliveries.retry(ctx, id);
      return { ...NOTHING, done: due ? 'What waits is tried now' : 'Nothing had failed' };
    }
    if (what === 'look' || what === 'replay') return await sayAgain(ctx, deliveries, { id, form });
  } catch (error) {
    if (!(error instanceof Rejected) || error.status === 404) throw error;
    return { ...NOTHING, ...typedIn(form), wrong: `This cannot be: ${error.message}` };
  }
  return { ...NOTHING, wrong: 'Choose what is to be done' };
}

async function sayTest(ctx: Context, deliveries: Deliveries, id: string): Promise<Said> {
  const { ok, outcome, status } = await deliveries.test(ctx, id);
  const answer = status === null ? outcome : `HTTP ${status}`;
  return {
    ...NOTHING,
    done: ok ? `The test was answered: ${answer}` : `The test was not answered well: ${answer}`,
  };
}

const typedIn = (form: URLSearchParams) => ({
  from: form.get('from') ?? '',
  until: form.get('until') ?? '',
});
const NUMBER = /^[1-9]\d{0,14}$/;

async function sayAgain(ctx: Context, deliveries: Deliveries, { id, form }: Asked): Promise<Said> {
  const typed = typedIn(form);
  const until = typed.until || typed.from;
  if (!NUMBER.test(typed.from) || !NUMBER.test(until))
    return { ...NOTHING, ...typed, wrong: 'Enter the numbers of events, such as 120 and 180' };
  const isDry = form.get('act') === 'look';
  // Other numbers than those that were looked at are looked at first.
  if (!isDry && form.get('looked') !== `${typed.from} ${typed.until}`)
    return sayAgain(ctx, deliveries, { id, form: new URLSearchParams({ ...typed, act: 'look' }) });
  const range = { from: Number(typed.from), until: Number(until), dryRun: isDry };
  const { events, sent, stopped } = await deliveries.replay(ctx, id, range);
  const done = isDry
    ? ''
    : `${sent} sent again${stopped ? `, then it was not answered well: ${stopped}` : ''}`;
  return { ...NOTHING, ...typed, isDry, done, again: describeAgain(events) };
}

type Shown = { request: FastifyRequest<{ Params: { id: string } }>; reply: FastifyReply; said: Said };

async function sendOne(ctx: Context, deliveries: Deliveries, { request, reply, said }: Shown) {
  const viewer = await readOperator(ctx, request);
  const { id } = request.params;
  if (!isId(id)) throw notFound();
  const here = `${HERE}/${id}`;
  return sendPage(reply, 'delivery', {
    frame: await makeFrame(ctx, viewer, { title: 'Delivery', here }),
    ...{ one: describeDetail(await deliveries.find(ctx, id), new Date()), said },
    ...{ back: linkTo(HERE, viewer), self: linkTo(here, viewer) },
  });
}

/** Subscriptions are of all services: to one of them the others' are not there. */
async function readOperator(ctx: Context, request: FastifyRequest): Promise<Viewer> {
  const viewer = await readViewer(ctx, request);
  if (viewer.service) throw notFound();
  return viewer;
}
