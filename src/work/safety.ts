/**
 * `Patient/{id}/$place-hold`, `$lift-hold`, `$safe-contact` and `$set-placement`: what a service says for
 * somebody's safety (docs/adr/0021-safety-hold.md). Of somebody whom it may not know every answer is that of
 * an unknown id.
 */
import { randomUUID } from 'node:crypto';
import type { Extension } from '@medplum/fhirtypes';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import type { Grants } from '../access/decide/decide.ts';
import { loadGrants } from '../access/decide/grants.ts';
import {
  mayHold,
  mayPlaceHolds,
  maySayContact,
  maySayContacts,
  maySayPlacements,
} from '../access/hold/may-place.ts';
import type { Context } from '../context.ts';
import { ignoreBodies, readJsonBodies } from '../doors/body.ts';
import { rejected } from '../errors.ts';
import { acceptJson } from '../fhir/accept.ts';
import { toOutcome } from '../fhir/outcome.ts';
import { safeContact } from '../fhir/safe-contact.ts';
import { notFound, sendFhir } from '../read/answer.ts';
import { humanOf, type Speaker, speakerOf } from './speaker.ts';

type WithId = { Params: { id: string } };

/** How it is kept: `personNow` gives the person that an id leads to, or null. */
export type KeepSafety = {
  personNow: (ctx: Context, id: string) => Promise<string | null>;
  placeHold: (ctx: Context, person: string, speaker: Speaker) => Promise<unknown>;
  liftHold: (ctx: Context, person: string, speaker: Speaker) => Promise<string | null>;
  sayContact: (ctx: Context, person: string, said: Speaker & { contact: Extension }) => Promise<unknown>;
  sayPlacement: (ctx: Context, person: string, said: Speaker & { ended: boolean }) => Promise<unknown>;
};

const MOST_BYTES = 65_536;
const NOT_LIFTED = 'a hold is lifted by the review of a second person, with whoever runs Skein, and not here';
const NOT_REVIEWED =
  'a hold is lifted by a second person: a reviewer at a statutory health service, named by X-Skein-User';

export function registerSafety(app: FastifyInstance, ctx: Context, keep: KeepSafety): void {
  /** The person, where this recipient may speak of it. Throws what an unknown id is answered with. */
  async function personFor(
    { recipient, params }: FastifyRequest<WithId>,
    may: (grants: Grants, person: string) => boolean,
  ): Promise<string> {
    const person = await keep.personNow(ctx, params.id);
    // Who is nobody is asked about like anybody else.
    const asked = person ?? randomUUID();
    const grants = await loadGrants(ctx.db, recipient, [asked]);
    if (person === null || !may(grants, person)) throw notFound();
    return person;
  }

  app.register(async (scope) => {
    scope.addHook('onRequest', acceptJson);
    // Nothing in a body could keep a hold from being placed.
    ignoreBodies(scope, MOST_BYTES);
    scope.post<WithId>('/fhir/Patient/:id/$place-hold', async (request, reply) => {
      if (!mayPlaceHolds(request.recipient))
        throw rejected(
          403,
          'forbidden',
          'a hold is placed by a statutory health service, or one against domestic abuse',
        );
      const person = await personFor(request, mayHold);
      await keep.placeHold(ctx, person, speakerOf(request));
      return answer(reply, 'stored, and in force: this is not an emergency route');
    });
    scope.post<WithId>('/fhir/Patient/:id/$lift-hold', async (request, reply) => {
      if (!ctx.config.HUMAN_ISSUER) throw rejected(403, 'forbidden', NOT_LIFTED);
      if (!humanOf(request)?.may.includes('reviewer') || !maySayContacts(request.recipient))
        throw rejected(403, 'forbidden', NOT_REVIEWED);
      // Whoever has open care of the person knows of the hold; nobody else learns of it here.
      const person = await personFor(request, maySayContact);
      const message = await keep.liftHold(ctx, person, speakerOf(request));
      if (message === null) throw rejected(422, 'business-rule', 'no hold stands of this person');
      return answer(reply, 'stored: held no more, what may be seen again is told');
    });
  });
  app.register(async (scope) => {
    scope.addHook('onRequest', acceptJson);
    readJsonBodies(scope);
    scope.post<WithId>(
      '/fhir/Patient/:id/$safe-contact',
      { bodyLimit: MOST_BYTES },
      async (request, reply) => {
        if (!maySayContacts(request.recipient))
          throw rejected(403, 'forbidden', 'how to reach somebody is said by a statutory health service');
        const contact = safeContact(readParameters(request.body), new Date());
        const person = await personFor(request, maySayContact);
        await keep.sayContact(ctx, person, { ...speakerOf(request), contact });
        return answer(reply, 'stored, and in force');
      },
    );
    scope.post<WithId>(
      '/fhir/Patient/:id/$set-placement',
      { bodyLimit: MOST_BYTES },
      async (request, reply) => {
        if (!maySayPlacements(request.recipient))
          throw rejected(
            403,
            'forbidden',
            'that a child is placed is said by a statutory health service, or by children’s services',
          );
        const { placement, ...others } = readParameters(request.body, PLACEMENTS_SHAPE);
        if (!PLACEMENTS.includes(placement) || Object.keys(others).length > 0)
          throw rejected(422, 'value', PLACEMENTS_SHAPE, { expression: 'Parameters.parameter' });
        const person = await personFor(request, maySayContact);
        const ended = placement === 'with-birth-family';
        await keep.sayPlacement(ctx, person, { ...speakerOf(request), ended });
        return answer(reply, 'stored, and in force');
      },
    );
  });
}

function answer(reply: FastifyReply, text: string): FastifyReply {
  return sendFhir(reply, toOutcome([{ severity: 'information', code: 'informational', text }]));
}

const Given = z.object({
  resourceType: z.literal('Parameters'),
  parameter: z.array(
    z.union([
      z.strictObject({ name: z.string(), valueCode: z.string() }),
      z.strictObject({ name: z.string(), valueTime: z.string() }),
      z.strictObject({ name: z.string(), valueString: z.string() }),
      z.strictObject({ name: z.string(), valueBoolean: z.boolean() }),
    ]),
  ),
});
const SHAPE = 'send Parameters: how, days, from, to, voicemail, letter, name';
const PLACEMENTS: unknown[] = ['placed', 'with-birth-family'];
const PLACEMENTS_SHAPE = `send Parameters: placement, a code: ${PLACEMENTS.join(' or ')}`;

/** Each parameter once. Throws Rejected(400). */
function readParameters(body: unknown, shape = SHAPE): Record<string, unknown> {
  const { data } = Given.safeParse(body);
  const given = (data?.parameter ?? []).map(({ name, ...value }) => [name, Object.values(value)[0]] as const);
  const names = new Set(given.map(([name]) => name));
  if (!data || names.size !== given.length)
    throw rejected(400, 'structure', shape, { expression: 'Parameters.parameter' });
  return Object.fromEntries(given);
}
