/**
 * What a service says of itself, by https://hl7.org/fhir/R4/http.html#update of its HealthcareService: how
 * its team on duty is reached. Its own systems and the operator read and write it; others are told where they
 * may know that it is involved (`projectContact`).
 */
import type { HealthcareService } from '@medplum/fhirtypes';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { actorOf } from '../../audit/record.ts';
import type { Context } from '../../context.ts';
import { rejected } from '../../errors.ts';
import { acceptJson, FHIR_JSON } from '../../fhir/accept.ts';
import { readContact, writeContact } from '../../fhir/duty-contact.ts';
import type { DutyContact, Recipient } from '../../model.ts';
import { kindOf } from '../project/project-care.ts';
import { checkContact, keepContact } from './duty-contacts.ts';
import { findService, registeredServices } from './services.ts';

type WithId = { Params: { id: string } };

export function registerServices(app: FastifyInstance, ctx: Context): void {
  const path = '/fhir/HealthcareService/:id';
  app.get<WithId>(path, { onRequest: acceptJson }, async (request, reply) =>
    answer(reply, await describe(ctx, ownId(request))),
  );
  app.put<WithId>(path, { onRequest: acceptJson }, async (request, reply) => {
    const id = ownId(request);
    await describe(ctx, id);
    await keepContact(ctx.db, id, contactIn(request.body, id), actorOf(request.recipient));
    return answer(reply, await describe(ctx, id));
  });
}

const today = () => new Date().toISOString().slice(0, 10);

/** Another's service is answered like one that does not exist. */
function ownId({ params: { id }, recipient }: FastifyRequest<WithId> & { recipient: Recipient }): string {
  if (recipient.kind === 'operator' || recipient.system.service.id === id) return id;
  throw unknown();
}

const unknown = () => rejected(404, 'not-found', 'no such resource is known here');

/** Throws Rejected(404) for what is no registered service. */
async function describe({ db }: Context, id: string): Promise<HealthcareService> {
  const registered = (await registeredServices(db)).get(id);
  const service = registered && (await findService(db, id));
  if (!service) throw unknown();
  const type = kindOf(service);
  return {
    resourceType: 'HealthcareService',
    id,
    active: true,
    providedBy: { reference: `Organization/${id}`, display: service.name },
    ...(type ? { type: [type] } : {}),
    ...writeContact(registered.duty, new Date()),
  };
}

const any = z.unknown().optional();
const Day = z.enum(['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun']);

/** What may be said here; the rest of what a read gives is as the operator registered it. */
const Said = z.strictObject({
  ...{ resourceType: z.literal('HealthcareService'), meta: any, active: any, providedBy: any, type: any },
  id: z.string().optional(),
  telecom: z
    .array(
      z.strictObject({
        extension: z.array(z.looseObject({ url: z.string(), valueDate: z.string().optional() })).optional(),
        system: z.literal('phone'),
        value: z.string(),
        use: any,
      }),
    )
    .length(1, 'one telephone number'),
  availableTime: z.array(
    z.strictObject({
      daysOfWeek: z.array(Day).optional(),
      allDay: z.boolean().optional(),
      availableStartTime: z.string().optional(),
      availableEndTime: z.string().optional(),
    }),
  ),
});

function contactIn(body: unknown, id: string): DutyContact {
  const { data, error } = Said.safeParse(body);
  if (!data) {
    const [{ path, message } = { path: [], message: 'not understood' }] = error.issues;
    throw rejected(422, 'structure', message, { expression: ['HealthcareService', ...path].join('.') });
  }
  if (data.id !== undefined && data.id !== id)
    throw rejected(400, 'value', 'the id is not that of the URL', { expression: 'HealthcareService.id' });
  return checkContact(readContact(data as HealthcareService), today());
}

function answer(reply: FastifyReply, service: HealthcareService): FastifyReply {
  return reply.type(`${FHIR_JSON}; charset=utf-8`).header('cache-control', 'private, no-cache').send(service);
}
