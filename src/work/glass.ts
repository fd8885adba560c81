/**
 * `Patient/{id}/$break-glass` and `Patient/$break-glass`: a clinician, as a person, looks at somebody in an
 * emergency whom the policy does not open to their service (docs/adr/0026-human-identity.md). Whoever is not
 * to be found so is answered like an unknown id.
 */
import type { Parameters } from '@medplum/fhirtypes';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { isStatutory } from '../access/decide/decide.ts';
import { loadGrants } from '../access/decide/grants.ts';
import { POLICY } from '../access/decide/policy.ts';
import { type Breaker, breakGlass, mayTry } from '../access/glass/break.ts';
import { type Demographics, findByDemographics, findById } from '../access/glass/find.ts';
import { project } from '../access/project/project.ts';
import { findRows } from '../access/see/rows.ts';
import { standIn } from '../access/see/visible.ts';
import type { Context } from '../context.ts';
import { readJsonBodies } from '../doors/body.ts';
import { rejected } from '../errors.ts';
import { acceptJson } from '../fhir/accept.ts';
import { isValidNhsNumber } from '../fhir/nhs-number.ts';
import { NHS_NUMBER } from '../fhir/systems.ts';
import { notFound, sendFhir } from '../read/answer.ts';

const MOST_BYTES = 65_536;
const WHO = 'glass is broken by a person: a clinician at a statutory health service, whom X-Skein-User names';

type WithId = { Params: { id: string } };
type Find = (body: Given) => Promise<string | null>;

export function registerGlass(app: FastifyInstance, ctx: Context): void {
  async function answer(request: FastifyRequest, reply: FastifyReply, find: Find): Promise<FastifyReply> {
    const breaker = breakerOf(request);
    const given = readGiven(request.body);
    if (!(await mayTry(ctx.db, breaker.human))) {
      reply.header('retry-after', '3600');
      throw rejected(429, 'throttled', `at most ${POLICY.glass.triesPerHour} times in an hour`);
    }
    const person = await find(given);
    if (!(await isThere(breaker, person))) throw notFound();
    const breaking = { person: person as string, reason: given.reason, hours: given.hours };
    const { id, until } = await breakGlass(ctx.db, breaker, { ...breaking, request: request.id });
    return sendFhir(reply, describe({ person: person as string, id, until }));
  }

  /** Would anything be shown of this person by broken glass? Asked of nobody alike. */
  async function isThere(breaker: Breaker, person: string | null): Promise<boolean> {
    const [found] = await findRows(
      { db: ctx.db, recipient: 'pipeline' },
      person === null ? [] : [`Patient/${person}`],
    );
    const row = found ?? standIn('Patient');
    const grants = await loadGrants(ctx.db, breaker, row.persons);
    if (grants.everything) return false;
    const [own = ''] = row.persons;
    const grant = grants.persons.get(own);
    if (grant) grants.persons.set(own, { ...grant, glass: true });
    const shown = project(breaker, grants, row);
    return found !== undefined && shown?.resourceType === 'Patient' && shown.name !== undefined;
  }

  app.register(async (scope) => {
    scope.addHook('onRequest', acceptJson);
    readJsonBodies(scope);
    const limit = { bodyLimit: MOST_BYTES };
    scope.post<WithId>('/fhir/Patient/:id/$break-glass', limit, async (request, reply) =>
      answer(request, reply, (given) => {
        if (given.whom) throw wrong();
        return findById(ctx, request.params.id);
      }),
    );
    scope.post('/fhir/Patient/$break-glass', limit, async (request, reply) =>
      answer(request, reply, ({ whom }) => {
        if (!whom) throw wrong();
        return findByDemographics(ctx, whom);
      }),
    );
  });
}

/** Throws Rejected 403 where no such person asks: a system alone is nobody. */
function breakerOf({ recipient }: FastifyRequest): Breaker {
  const human = recipient.kind === 'system' ? recipient.human : undefined;
  const isTheirs = recipient.kind === 'system' && isStatutory(recipient.system.service.sector);
  if (!isTheirs || !human?.may.includes('clinician')) throw rejected(403, 'forbidden', WHO);
  return { ...recipient, human };
}

const Given = z.object({
  resourceType: z.literal('Parameters'),
  parameter: z
    .array(
      z.union([
        z.strictObject({ name: z.literal('reason'), valueString: z.string().trim().min(1).max(1_000) }),
        z.strictObject({ name: z.literal('hours'), valueInteger: z.int().min(1) }),
        z.strictObject({
          name: z.literal('identifier'),
          valueIdentifier: z.object({ system: z.literal(NHS_NUMBER), value: z.string() }),
        }),
        z.strictObject({ name: z.literal('birthDate'), valueDate: z.iso.date() }),
        z.strictObject({ name: z.literal('given'), valueString: z.string().trim().min(1).max(100) }),
      ]),
    )
    .max(5),
});
/** `whom`: where the body says it. */
type Given = { reason: string; hours: number; whom: Demographics | null };

/** Each parameter once. Throws Rejected 422. */
function readGiven(body: unknown): Given {
  const { data } = Given.safeParse(body);
  const said = new Map((data?.parameter ?? []).map((one) => [one.name, one]));
  const text = (name: 'reason' | 'given') => {
    const one = said.get(name);
    return one && 'valueString' in one ? one.valueString : undefined;
  };
  const [reason, given] = [text('reason'), text('given')];
  const [hours, number, birth] = [said.get('hours'), said.get('identifier'), said.get('birthDate')];
  const asked = hours && 'valueInteger' in hours ? hours.valueInteger : POLICY.glass.hours;
  const isWhole = data !== undefined && said.size === data.parameter.length;
  if (!isWhole || reason === undefined || asked > POLICY.glass.mostHours) throw wrong();
  const parts = [number, birth, given].filter((one) => one !== undefined).length;
  if (parts === 0) return { reason, hours: asked, whom: null };
  const value = number && 'valueIdentifier' in number ? number.valueIdentifier.value.replace(/\s/g, '') : '';
  const birthDate = birth && 'valueDate' in birth ? birth.valueDate : '';
  if (parts < 3 || !isValidNhsNumber(value)) throw wrong();
  return { reason, hours: asked, whom: { number: value, birthDate, given: given ?? '' } };
}

const wrong = () => {
  const text =
    `send Parameters: reason (text), and hours, ${POLICY.glass.hours} where left out and ` +
    `${POLICY.glass.mostHours} at most; without an id identifier (NHS number), birthDate and given as well`;
  return rejected(422, 'value', text, { expression: 'Parameters.parameter' });
};

type Done = { person: string; id: string; until: Date };
const describe = ({ person, id, until }: Done): Parameters => ({
  resourceType: 'Parameters',
  parameter: [
    { name: 'patient', valueReference: { reference: `Patient/${person}` } },
    { name: 'until', valueInstant: until.toISOString() },
    { name: 'review', valueId: id },
  ],
});
