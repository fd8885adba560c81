/**
 * `Patient/{id}/$set-parental-responsibility`: who holds it for a child, from when and by which document, as
 * a person entered it (docs/adr/0032-who-agreed.md). Of somebody whom the service may not know every answer
 * is that of an unknown id.
 */
import { randomUUID } from 'node:crypto';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { loadGrants } from '../access/decide/grants.ts';
import { maySayContact, maySayPlacements } from '../access/hold/may-place.ts';
import type { Context } from '../context.ts';
import { readJsonBodies } from '../doors/body.ts';
import { rejected } from '../errors.ts';
import { acceptJson } from '../fhir/accept.ts';
import { toOutcome } from '../fhir/outcome.ts';
import { DOCUMENTS, HOLDERS, type Parental } from '../fhir/parental.ts';
import type { Human } from '../model.ts';
import { notFound, sendFhir } from '../read/answer.ts';
import { humanOf, type Speaker, speakerOf } from './speaker.ts';

type WithId = { Params: { id: string } };
type Word = Pick<Speaker, 'by' | 'human'> & { service: string | null; system?: number } & Said;
type Said = Parental & { ended: boolean; clinician: string };

/** How it is kept, for every chart that the child has. */
export type KeepParental = {
  personNow: (ctx: Context, id: string) => Promise<string | null>;
  sayParental: (ctx: Context, person: string, said: Word) => Promise<string | null>;
};

const MOST_BYTES = 65_536;
const WHO = 'it is entered by a person at a statutory health service, or children’s services';
const SHAPE = `send Parameters: holder (${HOLDERS.join(', ')}), document (${DOCUMENTS.join(', ')}), from (a date), clinician (a name, unless X-Skein-User names one), ended (true, where it is so no longer)`;
const AT = { expression: 'Parameters.parameter' };

const Given = z.strictObject({
  resourceType: z.literal('Parameters'),
  parameter: z.array(
    z.union([
      z.strictObject({ name: z.literal('holder'), valueCode: z.enum(HOLDERS) }),
      z.strictObject({ name: z.literal('document'), valueCode: z.enum(DOCUMENTS) }),
      z.strictObject({ name: z.literal('from'), valueDate: z.iso.date() }),
      z.strictObject({ name: z.literal('clinician'), valueString: z.string().trim().min(1).max(200) }),
      z.strictObject({ name: z.literal('ended'), valueBoolean: z.literal(true) }),
    ]),
  ),
});

export function registerParental(app: FastifyInstance, ctx: Context, keep: KeepParental): void {
  /** A child in the open care of who asks. */
  async function childFor({ recipient, params }: FastifyRequest<WithId>): Promise<string> {
    const person = await keep.personNow(ctx, params.id);
    const asked = person ?? randomUUID();
    const grants = await loadGrants(ctx.db, recipient, [asked]);
    if (person === null || !maySayContact(grants, asked)) throw notFound();
    const isMinor = grants.everything || grants.persons.get(person)?.minor;
    if (!isMinor)
      throw rejected(422, 'business-rule', 'nobody holds it for whoever is of age, or of no known age');
    return person;
  }

  app.register(async (scope) => {
    scope.addHook('onRequest', acceptJson);
    readJsonBodies(scope);
    scope.post<WithId>(
      '/fhir/Patient/:id/$set-parental-responsibility',
      { bodyLimit: MOST_BYTES },
      async (request, reply) => {
        const { recipient } = request;
        const human = humanOf(request);
        const isHuman = recipient.kind === 'operator' || !ctx.config.HUMAN_ISSUER || human !== undefined;
        if ((recipient.kind === 'system' && !maySayPlacements(recipient)) || !isHuman)
          throw rejected(403, 'forbidden', WHO);
        const said = readParental(request.body, human);
        const child = await childFor(request);
        const speaker = recipient.kind === 'operator' ? OPERATOR : speakerOf(request);
        if ((await keep.sayParental(ctx, child, { ...speaker, ...said })) === null)
          throw rejected(
            422,
            'business-rule',
            'it is for whoever said it, or runs Skein, to change or end',
            AT,
          );
        const text = 'stored, and in force';
        return sendFhir(reply, toOutcome([{ severity: 'information', code: 'informational', text }]));
      },
    );
  });
}

const OPERATOR = { service: null, by: 'operator' };

/** Each parameter once. Throws Rejected 400 or 422. */
function readParental(body: unknown, human: Human | undefined): Said {
  const { data } = Given.safeParse(body);
  const given = (data?.parameter ?? []).map(({ name, ...value }) => [name, Object.values(value)[0]] as const);
  const said: Partial<Record<string, unknown>> = Object.fromEntries(given);
  if (!data || Object.keys(said).length !== given.length) throw rejected(400, 'structure', SHAPE, AT);
  const { holder, document, from, ended = false } = said;
  const clinician = human?.name ?? human?.subject ?? said.clinician;
  if (![holder, document, from, clinician].every((one) => typeof one === 'string'))
    throw rejected(422, 'required', SHAPE, AT);
  return { holder, document, from, clinician, ended } as Said;
}
