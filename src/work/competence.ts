/**
 * `Patient/{id}/$set-competence`: a clinician found that a young person may decide about some help for
 * themselves (docs/adr/0031-young-people.md). Of somebody whom the service may not know every answer is that
 * of an unknown id.
 */
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { loadGrants } from '../access/decide/grants.ts';
import { POLICY } from '../access/decide/policy.ts';
import { maySayContacts, treatsVerified } from '../access/hold/may-place.ts';
import { registeredServices } from '../access/register/services.ts';
import { findRows } from '../access/see/rows.ts';
import type { Context } from '../context.ts';
import { readJsonBodies } from '../doors/body.ts';
import { type Rejected, rejected } from '../errors.ts';
import { acceptJson } from '../fhir/accept.ts';
import { THIRD_SECTOR_HELP } from '../fhir/competence.ts';
import { toOutcome } from '../fhir/outcome.ts';
import type { Human } from '../model.ts';
import { notFound, sendFhir } from '../read/answer.ts';
import { asOf } from '../store/clock.ts';
import { humanOf, type Speaker, speakerOf } from './speaker.ts';

type WithId = { Params: { id: string } };
type Word = Speaker & { scopes: string[]; until: string; ended: boolean; clinician: string };

/** How it is kept, for every chart that the person has. */
export type KeepCompetence = {
  personNow: (ctx: Context, id: string) => Promise<string | null>;
  sayCompetence: (ctx: Context, person: string, said: Word) => Promise<unknown>;
};

const MOST_BYTES = 65_536;
const DAY = 24 * 60 * 60 * 1000;
const WHO = 'it is found by a clinician at a statutory health service, of whose care the young person is';
const SHAPE =
  'send Parameters: service (a Reference, each once) or third-sector-help (true), until (a date), clinician (a name, unless X-Skein-User names one), ended (true, to take it back)';

const Parameter = z.union([
  z.strictObject({
    name: z.literal('service'),
    valueReference: z.strictObject({
      reference: z.string().regex(/^(Organization|HealthcareService)\/[0-9a-f-]{36}$/),
    }),
  }),
  z.strictObject({ name: z.literal(THIRD_SECTOR_HELP), valueBoolean: z.literal(true) }),
  z.strictObject({ name: z.literal('until'), valueDate: z.iso.date() }),
  z.strictObject({ name: z.literal('clinician'), valueString: z.string().trim().min(1).max(200) }),
  z.strictObject({ name: z.literal('ended'), valueBoolean: z.literal(true) }),
]);
const Given = z.strictObject({
  resourceType: z.literal('Parameters'),
  parameter: z.array(Parameter).min(1).max(50),
});
type Parameter = z.infer<typeof Parameter>;

export function registerCompetence(app: FastifyInstance, ctx: Context, keep: KeepCompetence): void {
  /**
   * Of its own verified patient, who is young. Throws what an unknown id is answered with, or Rejected 422.
   */
  async function personFor({ recipient, params }: FastifyRequest<WithId>): Promise<string> {
    const person = await keep.personNow(ctx, params.id);
    const [row] = await findRows({ db: ctx.db, recipient }, [`Patient/${person ?? params.id}`]);
    const grants = await loadGrants(ctx.db, recipient, person === null ? [] : [person]);
    if (person === null || !row || !treatsVerified(grants, row)) throw notFound();
    const youth = grants.everything ? null : grants.persons.get(person)?.youth;
    if (youth === 'held') throw refusal(`nobody decides alone under ${POLICY.young.heldUnder}`);
    if (youth !== 'young')
      throw refusal(`it is asked of young people alone: under ${POLICY.young.under}, and no infants`);
    return person;
  }

  async function requireServices(scopes: string[]): Promise<void> {
    const services = await registeredServices(ctx.db);
    if (scopes.every((scope) => scope === THIRD_SECTOR_HELP || services.has(scope))) return;
    throw rejected(422, 'not-found', 'no such service is registered here', AT);
  }

  app.register(async (scope) => {
    scope.addHook('onRequest', acceptJson);
    readJsonBodies(scope);
    scope.post<WithId>(
      '/fhir/Patient/:id/$set-competence',
      { bodyLimit: MOST_BYTES },
      async (request, reply) => {
        const human = humanOf(request);
        const isProved = !ctx.config.HUMAN_ISSUER || human?.may.includes('clinician');
        if (!maySayContacts(request.recipient) || !isProved) throw rejected(403, 'forbidden', WHO);
        const said = readCompetence(request.body, human);
        await requireServices(said.scopes);
        const person = await personFor(request);
        await keep.sayCompetence(ctx, person, { ...speakerOf(request), ...said });
        const text = said.ended ? 'stored: it is so no longer' : 'stored, and in force until it expires';
        return sendFhir(reply, toOutcome([{ severity: 'information', code: 'informational', text }]));
      },
    );
  });
}

const AT = { expression: 'Parameters.parameter' };
const refusal = (text: string): Rejected => rejected(422, 'business-rule', text);

/** Throws Rejected 400 or 422. */
function readCompetence(body: unknown, human: Human | undefined): Omit<Word, keyof Speaker> {
  const { data } = Given.safeParse(body);
  if (!data) throw rejected(400, 'structure', SHAPE, AT);
  const { parameter } = data;
  const once = (name: Parameter['name']) => {
    const found = parameter.filter((one) => one.name === name);
    if (found.length > 1) throw rejected(400, 'structure', SHAPE, AT);
    return found[0];
  };
  const services = parameter.flatMap((one) =>
    one.name === 'service' ? (one.valueReference.reference.split('/')[1] as string) : [],
  );
  const scopes = once(THIRD_SECTOR_HELP) ? [THIRD_SECTOR_HELP] : services;
  const [named, until] = [once('clinician'), once('until')];
  const clinician =
    human?.name ?? human?.subject ?? (named && 'valueString' in named ? named.valueString : null);
  const isOneScope = scopes.length > 0 && (services.length === 0 || scopes === services);
  if (!isOneScope || clinician === null || !until || !('valueDate' in until))
    throw rejected(422, 'required', SHAPE, AT);
  const ended = once('ended') !== undefined;
  return { scopes: [...new Set(scopes)], until: endOf(until.valueDate, ended), ended, clinician };
}

/** The end of that day, in UTC. */
function endOf(day: string, ended: boolean): string {
  const end = new Date(`${day}T23:59:59.999Z`);
  const now = asOf();
  const last = new Date(now);
  last.setUTCMonth(last.getUTCMonth() + POLICY.young.decisionMonths);
  if (!ended && (end < now || end.getTime() > last.getTime() + DAY))
    throw refusal(`until: a day to come, at most ${POLICY.young.decisionMonths} months ahead`);
  return end.toISOString();
}
