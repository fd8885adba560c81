/**
 * The worklist over the API (docs/adr/0030-worklist.md): `Task/$worklist` lists its items, worst harm first,
 * `Task/{id}/$accept`, `$reject`, `$defer` and `$undo` settle one. Whoever may not know of an item is
 * answered as of an id that nothing has.
 */
import type { Bundle, Resource, Task } from '@medplum/fhirtypes';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { mayMatch } from '../../access/decide/may-match.ts';
import type { Context } from '../../context.ts';
import { readJsonBodies } from '../../doors/body.ts';
import { queryOf } from '../../doors/query.ts';
import { rejected } from '../../errors.ts';
import { acceptJson } from '../../fhir/accept.ts';
import { toOutcome } from '../../fhir/outcome.ts';
import type { Recipient } from '../../model.ts';
import { fhirBase, notFound, sendFhir } from '../../read/answer.ts';
import type { Figures, Item } from './item.ts';
import { listItems, readAsked } from './list.ts';
import { readDeferral, readWord, type Word } from './read-word.ts';
import { type SeenItem, seeItems } from './see.ts';
import { composeTask, type Effect } from './task.ts';

type WithId = { Params: { id: string } };
/** What was decided of an item, as whoever keeps it knows it. */
type Decided = { ids: string[] };

/** How it is found and kept; `D`: what takes a decision back. */
export type KeepWorklist<D extends Decided = Decided> = {
  items: () => Promise<Item[]>;
  figures: () => Promise<Figures>;
  /** Something was decided: what is listed next goes by it. */
  forget: () => void;
  knownTo: (service: string, persons: string[]) => Promise<Set<string>>;
  findEffect: (ctx: Context, item: Item) => Promise<Effect>;
  acceptItem: (ctx: Context, item: Item, word: Word) => Promise<void>;
  rejectItem: (ctx: Context, item: Item, word: Word) => Promise<void>;
  deferItem: (ctx: Context, item: Item, word: Word & { until: string | null }) => Promise<void>;
  findDecidedItem: (ctx: Context, id: string) => Promise<D | null>;
  undoDecided: (ctx: Context, decided: D, word: Word) => Promise<void>;
};

const MOST_BYTES = 65_536;
const WHO = 'it is decided by whoever runs Skein';

/** The item of that id as the recipient may see it, with what would follow for whoever may accept it. */
export async function readItem(
  ctx: Context,
  keep: Pick<KeepWorklist, 'items' | 'knownTo' | 'findEffect'>,
  { recipient, id }: { recipient: Recipient; id: string },
): Promise<Resource | null> {
  const seen = await seeOne(ctx, keep, { recipient, id });
  if (!seen) return null;
  const effect = recipient.kind === 'operator' ? await keep.findEffect(ctx, seen.item) : null;
  return taskFor(recipient, seen, effect);
}

const taskFor = (recipient: Recipient, { item, own }: SeenItem, effect: Effect | null = null): Task =>
  composeTask(
    item,
    { own, service: recipient.kind === 'system' ? recipient.system.service.id : null },
    effect,
  );

async function seeOne(
  { db }: Context,
  { items, knownTo }: Pick<KeepWorklist, 'items' | 'knownTo'>,
  { recipient, id }: { recipient: Recipient; id: string },
): Promise<SeenItem | null> {
  if (!mayMatch(recipient)) return null;
  const all = (await items()).filter((item) => item.id === id);
  return (await seeItems({ db, recipient, knownTo }, all))[0] ?? null;
}

export function registerWorklist<D extends Decided>(
  app: FastifyInstance,
  ctx: Context,
  keep: KeepWorklist<D>,
): void {
  const { db } = ctx;
  const base = fhirBase(ctx.config);

  async function list({ recipient, query }: FastifyRequest): Promise<Bundle> {
    const asked = readAsked(queryOf({ query }));
    const items = mayMatch(recipient) ? await keep.items() : [];
    const seen = await seeItems({ db, recipient, knownTo: keep.knownTo }, items);
    const tasks = seen
      .filter(({ item }) => (item.until !== null) === (asked.status === 'on-hold'))
      .map((one) => taskFor(recipient, one));
    const figures = recipient.kind === 'operator' ? await keep.figures() : null;
    return listItems(base, asked, { tasks, figures });
  }

  /** The item, which this recipient may settle. Throws what an unknown id is answered with, or 403. */
  async function itemFor({ recipient, params: { id } }: FastifyRequest<WithId>): Promise<Item> {
    const seen = await seeOne(ctx, keep, { recipient, id });
    if (!seen) throw notFound();
    if (recipient.kind !== 'operator') throw rejected(403, 'forbidden', WHO);
    return seen.item;
  }

  /** What was decided is taken back; else a day until which it was put off. */
  async function undo(request: FastifyRequest<WithId>, word: Word): Promise<void> {
    const { recipient, params } = request;
    const decided = recipient.kind === 'operator' ? await keep.findDecidedItem(ctx, params.id) : null;
    if (decided) return keep.undoDecided(ctx, decided, word);
    const item = await itemFor(request);
    if (item.until === null) throw rejected(422, 'business-rule', 'nothing was decided: nothing to undo');
    return keep.deferItem(ctx, item, { ...word, until: null });
  }

  app.register(async (scope) => {
    scope.addHook('onRequest', acceptJson);
    readJsonBodies(scope);
    scope.get('/fhir/Task/$worklist', async (request, reply) => sendFhir(reply, await list(request)));
    const settle = (
      operation: string,
      work: (request: FastifyRequest<WithId>) => Promise<unknown>,
    ): unknown =>
      scope.post<WithId>(
        `/fhir/Task/:id/$${operation}`,
        { bodyLimit: MOST_BYTES },
        async (request, reply) => {
          await work(request);
          keep.forget();
          return answer(reply);
        },
      );
    settle('accept', async (request) => {
      const word = readWord(request.body);
      await keep.acceptItem(ctx, await itemFor(request), word);
    });
    settle('reject', async (request) => {
      const word = readWord(request.body);
      await keep.rejectItem(ctx, await itemFor(request), word);
    });
    settle('defer', async (request) => {
      const word = readDeferral(request.body, new Date().toISOString().slice(0, 10));
      await keep.deferItem(ctx, await itemFor(request), word);
    });
    settle('undo', (request) => undo(request, readWord(request.body)));
  });
}

function answer(reply: FastifyReply): FastifyReply {
  const text = 'stored, and in force: GET /fhir/Task/$worklist no longer lists what is settled';
  return sendFhir(reply, toOutcome([{ severity: 'information', code: 'informational', text }]));
}
