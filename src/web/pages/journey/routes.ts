/** `/pages/journey/{id}`: the journey of a family, as one service sees it, or as two do side by side. */
import type { Bundle, BundleEntry } from '@medplum/fhirtypes';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Context } from '../../../context.ts';
import { formOf } from '../../../doors/body.ts';
import { oneOf, queryOf, readPairs } from '../../../doors/query.ts';
import { Rejected } from '../../../errors.ts';
import { keyedId } from '../../../fhir/ids.ts';
import { notFound } from '../../../read/answer.ts';
import { readJourney } from '../../../read/journey/journey.ts';
import { findPageLook, keepPageLook } from '../../../read/journey/looks.ts';
import { readReasons } from '../../../read/journey/reasons.ts';
import { findTasks } from '../../../read/journey/tasks.ts';
import { readResource } from '../../../read/read.ts';
import { linkTo, listChoices, makeFrame, mayAnswer, readViewer, type Viewer } from '../frame.ts';
import { turnTo } from '../sign-in/guard.ts';
import { sendPage } from '../views.ts';
import type { Told } from './given.ts';
import { type JourneyPage, makeJourneyPage } from './page.ts';

type WithId = { Params: { id: string } };
const REASONED = /^(EpisodeOfCare|Encounter|ServiceRequest)$/;

export function registerJourney(scope: FastifyInstance, ctx: Context): void {
  scope.post<WithId>('/pages/journey/:id/seen', async (request, reply) => haveSeen(ctx, request, reply));
  scope.get<WithId>('/pages/journey/:id', async (request, reply) => {
    const { id } = request.params;
    const here = `/pages/journey/${id}`;
    const isWhole = oneOf(queryOf(request), 'window') === 'whole';
    const viewer = await readViewer(ctx, request);
    const beside = await readBeside(ctx, request);
    const who = lookerOf(ctx, viewer);
    const look = who === null ? null : await findPageLook(ctx.db, who, id);
    const told = await tellJourney(viewer, id, look?.before ?? null);
    if (beside) {
      const other = await tellJourney(beside, id, null);
      if (!told && !other) throw notFound();
      request.given = bundleOf([told, other]);
      const sides = [
        { viewer, told, side: 'a' },
        { viewer: beside, told: other, side: 'b' },
      ].map((one) => sideOf(one, isWhole));
      const frame = await makeFrame(ctx, viewer, { title: 'See it as', here });
      const choices = await Promise.all([viewer, beside].map((one) => listChoices(ctx, one)));
      return sendPage(reply, 'beside', { frame, sides, choices, back: linkTo(here, viewer) });
    }
    if (!told) throw notFound();
    request.given = bundleOf([told]);
    const formats = [
      { id: 'famw', kind: 'wide' as const },
      { id: 'famn', kind: 'narrow' as const },
    ];
    return sendPage(reply, 'journey', {
      frame: await makeFrame(ctx, viewer, { title: 'Family journey', here }),
      page: makeJourneyPage(told, { isWhole, formats }),
      sheetOf: mayAnswer(viewer) && ((one: string) => linkTo(`/pages/helping/${one}`, viewer)),
      answers: viewer.service && {
        prompt: (one: string) => linkTo(`/pages/prompts/${one}`, viewer),
        referral: (one: string) => linkTo(`/pages/referrals/${one}`, viewer),
      },
      back: linkTo('/pages/families', viewer),
      seen: look && { action: linkTo(`${here}/seen`, viewer), at: look.at.toISOString() },
      whole: linkTo(here, viewer, isWhole ? {} : { window: 'whole' }),
    });
  });
}

/** Somebody at a service, by a keyed name; in a trial without sign-in its service. Null: the operator. */
function lookerOf({ key }: Context, { person, service }: Viewer): string | null {
  if (!service) return null;
  return keyedId(key, 'page-look', service.id, ...(person ? [person.issuer, person.subject] : []));
}

/** Moves up to when they have seen it, never back; of what they may not see, nothing. */
async function haveSeen(ctx: Context, request: FastifyRequest<WithId>, reply: FastifyReply) {
  const { id } = request.params;
  const viewer = await readViewer(ctx, request);
  const who = lookerOf(ctx, viewer);
  if (!who) throw notFound();
  await readResource(viewer.asking, 'Group', id);
  const at = new Date(readPairs(formOf(request)).get('at') ?? '');
  if (!Number.isNaN(at.getTime())) await keepPageLook(ctx.db, who, id, at);
  return turnTo(reply, linkTo(`/pages/journey/${id}`, viewer));
}

/** A second pair of eyes is for the operator alone. */
async function readBeside(ctx: Context, request: FastifyRequest): Promise<Viewer | null> {
  const isAsked = Boolean(oneOf(queryOf(request), 'beside'));
  return isAsked && request.recipient.kind === 'operator' ? readViewer(ctx, request, 'beside') : null;
}

/** Null where the viewer may not see it, or there is none. */
async function tellJourney(
  { asking, service }: Viewer,
  id: string,
  before: Date | null,
): Promise<Told | null> {
  const pairs: [string, string][] = before ? [['_since', before.toISOString()]] : [];
  const journey = await readJourney(asking, { id, base: '', pairs }).catch((error: unknown) => {
    if (error instanceof Rejected && error.status === 404) return null;
    throw error;
  });
  if (!journey) return null;
  const { bundle, involved, now } = journey;
  const resources = (bundle.entry ?? []).flatMap(({ resource }) => resource ?? []);
  const names = (wanted: RegExp) =>
    resources.flatMap(({ resourceType, id: own }) =>
      wanted.test(resourceType) ? [`${resourceType}/${own}`] : [],
    );
  const [tasks, why] = await Promise.all([
    findTasks(asking, names(/^Patient$/)),
    readReasons(asking, names(REASONED)),
  ]);
  return { bundle, involved, tasks, why, now, service: service?.id ?? null, seen: before };
}

/** What is given, for the audit. */
function bundleOf(told: (Told | null)[]): Bundle {
  const entry = told.flatMap((one): BundleEntry[] =>
    one ? [...(one.bundle.entry ?? []), ...one.tasks.map((resource) => ({ resource }))] : [],
  );
  return { resourceType: 'Bundle', type: 'collection', entry };
}

type Side = { viewer: Viewer; told: Told | null; side: string };
type Shown = { name: string; side: string; page: JourneyPage | null };

function sideOf({ viewer, told, side }: Side, isWhole: boolean): Shown {
  const formats = [{ id: `fam${side}`, kind: 'column' as const }];
  const name = viewer.service ? viewer.name : 'The operator';
  return { name, side, page: told && makeJourneyPage(told, { isWhole, formats }) };
}
