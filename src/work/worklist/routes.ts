/**
 * The worklist over the API (docs/adr/0030-worklist.md): `Task/$worklist` lists its items, worst harm first,
 * `Task/{id}/$accept`, `$reject`, `$defer` and `$undo` settle one.
 */
import type { Bundle } from '@medplum/fhirtypes';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Context } from '../../context.ts';
import { readJsonBodies } from '../../doors/body.ts';
import { queryOf } from '../../doors/query.ts';
import { acceptJson } from '../../fhir/accept.ts';
import { toOutcome } from '../../fhir/outcome.ts';
import { fhirBase, sendFhir } from '../../read/answer.ts';
import type { Asking, Desk } from './desk.ts';
import { listItems, readAsked } from './list.ts';
import { readDeferral, readWord } from './read-word.ts';

type WithId = { Params: { id: string } };

const MOST_BYTES = 65_536;

export function registerWorklist(app: FastifyInstance, ctx: Context, desk: Desk): void {
  const base = fhirBase(ctx.config);

  async function list({ recipient, query }: FastifyRequest): Promise<Bundle> {
    const asked = readAsked(queryOf({ query }));
    const tasks = await desk.list(recipient, asked.status);
    return listItems(base, asked, { tasks, figures: await desk.figures(recipient) });
  }

  app.register(async (scope) => {
    scope.addHook('onRequest', acceptJson);
    readJsonBodies(scope);
    scope.get('/fhir/Task/$worklist', async (request, reply) => sendFhir(reply, await list(request)));
    const settle = (operation: string, work: (asking: Asking, body: unknown) => Promise<void>): unknown =>
      scope.post<WithId>(
        `/fhir/Task/:id/$${operation}`,
        { bodyLimit: MOST_BYTES },
        async ({ recipient, params: { id }, body }, reply) => {
          await work({ recipient, id }, body);
          return answer(reply);
        },
      );
    settle('accept', (asking, body) => desk.accept(asking, readWord(body)));
    settle('reject', (asking, body) => desk.reject(asking, readWord(body)));
    settle('defer', (asking, body) => desk.defer(asking, readDeferral(body, today())));
    settle('undo', (asking, body) => desk.undo(asking, readWord(body)));
  });
}

const today = () => new Date().toISOString().slice(0, 10);

function answer(reply: FastifyReply): FastifyReply {
  const text = 'stored, and in force: GET /fhir/Task/$worklist no longer lists what is settled';
  return sendFhir(reply, toOutcome([{ severity: 'information', code: 'informational', text }]));
}
