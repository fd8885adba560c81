/** `/pages/referrals`: made to the reader's service and by it; one of them, and its answer. */
import type { Bundle } from '@medplum/fhirtypes';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Context } from '../../../context.ts';
import { formOf } from '../../../doors/body.ts';
import { oneOf, queryOf, readPairs } from '../../../doors/query.ts';
import { Rejected } from '../../../errors.ts';
import { isId } from '../../../fhir/ids.ts';
import type { Service } from '../../../model.ts';
import { notFound } from '../../../read/answer.ts';
import {
  type Referred,
  readOwnWaits,
  readReferral,
  readReferrals,
  SERVICE_KINDS,
} from '../../../read/referrals.ts';
import type { Asking } from '../../../read/search/candidates.ts';
import { linkTo, makeFrame, mayAnswer, readViewer, type Viewer } from '../frame.ts';
import { turnTo } from '../sign-in/guard.ts';
import { sendPage } from '../views.ts';
import { isoOf, todayOf } from '../words.ts';
import {
  BLANK,
  type Chosen,
  checkTyped,
  REASONS,
  readTyped,
  sayKindOf,
  type Typed,
  type Wrong,
} from './answer.ts';
import { describeReferral, describeWaits, sortReferrals } from './page.ts';

/** `version`: of the Task, as whoever answers has seen it. */
type Word = Chosen & { id: string; version: string };
/**
 * Throws Rejected: 404 where the reader's service was asked nothing by that id, 412 where it has been
 * answered otherwise since.
 */
export type AnswerReferral = (asking: Asking, word: Word) => Promise<void>;

type WithId = { Params: { id: string } };
const HERE = '/pages/referrals';

export function registerReferrals(scope: FastifyInstance, ctx: Context, say: AnswerReferral): void {
  scope.get(HERE, async (request, reply) => {
    const { viewer, service } = await readParty(ctx, request);
    const query = queryOf(request);
    const which = oneOf(query, 'show') === 'answered' ? 'answered' : 'waiting';
    const found = await readReferrals(viewer.asking, which, oneOf(query, 'cursor') || null);
    request.given = bundleOf(found.referred);
    return sendPage(reply, 'referrals', {
      frame: await makeFrame(ctx, viewer, { title: 'Referrals', here: HERE }),
      ...sortReferrals(found, { service: service.id, hrefOf: (id) => linkTo(`${HERE}/${id}`, viewer) }),
      isWaiting: which === 'waiting',
      waits: describeWaits(await readOwnWaits(viewer.asking, service.id, isoOf(todayOf(found.now)))),
      other: linkTo(HERE, viewer, which === 'waiting' ? { show: 'answered' } : {}),
      next: found.next && linkTo(HERE, viewer, { show: which, cursor: found.next }),
    });
  });
  scope.get<WithId>(`${HERE}/:id`, async (request, reply) =>
    sendOne(ctx, { request, reply, typed: BLANK, wrong: [] }),
  );
  scope.post<WithId>(`${HERE}/:id`, async (request, reply) => answer(ctx, say, { request, reply }));
}

type Exchange = { request: FastifyRequest<WithId>; reply: FastifyReply };
type Shown = Exchange & { typed: Typed; wrong: Wrong[] };

async function sendOne(ctx: Context, { request, reply, typed, wrong }: Shown): Promise<FastifyReply> {
  const { id } = request.params;
  if (!isId(id)) throw notFound();
  const { viewer, service } = await readParty(ctx, request);
  const found = await readReferral(viewer.asking, id);
  request.given = bundleOf(found.referred);
  const here = `${HERE}/${id}`;
  return sendPage(reply, 'referral', {
    frame: await makeFrame(ctx, viewer, { title: 'Referral', here }),
    one: describeReferral(found, { service: service.id, hrefOf: () => here }),
    ...{ typed, wrong, back: linkTo(HERE, viewer), self: linkTo(here, viewer) },
    reasons: optionsOf(Object.entries(REASONS), typed.reason),
    kinds: optionsOf(
      SERVICE_KINDS.map((kind) => [kind, sayKindOf(kind)]),
      typed.kind,
    ),
    mayAnswer: mayAnswer(viewer),
  });
}

const optionsOf = (choices: [value: string, text: string][], chosen: string) => [
  { value: '', text: 'Choose', isChosen: chosen === '' },
  ...choices.map(([value, text]) => ({ value, text, isChosen: value === chosen })),
];

/** Of what it declined a service reads nothing any more: then, and pressed twice, the list is next. */
async function answer(
  ctx: Context,
  say: AnswerReferral,
  { request, reply }: Exchange,
): Promise<FastifyReply> {
  const { id } = request.params;
  const { viewer } = await readParty(ctx, request);
  if (!isId(id) || !mayAnswer(viewer)) throw notFound();
  const form = readPairs(formOf(request));
  const typed = readTyped(form);
  const { chosen, wrong } = checkTyped(typed, SERVICE_KINDS);
  if (!chosen) return sendOne(ctx, { request, reply: reply.code(422), typed, wrong });
  try {
    await say(viewer.asking, { id, version: form.get('version') ?? '', ...chosen });
  } catch (error) {
    const status = error instanceof Rejected ? error.status : 0;
    if (status === 404) return turnTo(reply, linkTo(HERE, viewer));
    if (status !== 412) throw error;
    const text = 'It has been answered or changed since you opened it. This is how it stands now';
    return sendOne(ctx, { request, reply: reply.code(409), typed, wrong: [{ field: 'now', text }] });
  }
  return turnTo(reply, linkTo(chosen.act === 'accept' ? `${HERE}/${id}` : HERE, viewer));
}

/** Referrals are between two services: to whoever runs Skein they are rows of families. */
async function readParty(
  ctx: Context,
  request: FastifyRequest,
): Promise<{ viewer: Viewer; service: Service }> {
  const viewer = await readViewer(ctx, request);
  if (!viewer.service) throw notFound();
  return { viewer, service: viewer.service };
}

/** What is given, for the audit. */
function bundleOf(referred: Referred[]): Bundle {
  const entry = referred.flatMap(({ task, referral, patient }) =>
    [task, referral, patient].flatMap((one) => (one ? { resource: one } : [])),
  );
  return { resourceType: 'Bundle', type: 'collection', entry };
}
