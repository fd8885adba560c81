/**
 * `Consent`: what a person agreed to or refused of the sharing of what is known of them, as the service says
 * that cares for them (docs/adr/0024-consent.md). It is read by its author alone. Of somebody whom that may
 * not know every answer is that of an unknown id.
 */
import { randomUUID } from 'node:crypto';
import type { Consent } from '@medplum/fhirtypes';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { loadGrants } from '../access/decide/grants.ts';
import { mayKeepConsent, mayKeepConsents } from '../access/hold/may-place.ts';
import { registeredServices } from '../access/register/services.ts';
import type { Context } from '../context.ts';
import { readJsonBodies } from '../doors/body.ts';
import { rejected } from '../errors.ts';
import { acceptJson } from '../fhir/accept.ts';
import { composeConsent, readConsent, type Said } from '../fhir/consent.ts';
import type { Human, Recipient } from '../model.ts';
import { fhirBase, notFound, sendFhir } from '../read/answer.ts';
import { requireCapacity, requireStatement } from './capacity.ts';

type WithId = { Params: { id: string } };
/** As it stands, and whose word it is. */
export type Kept = { consent: Consent & { id: string }; author: string };
type Word = {
  service: string;
  system: number;
  by: string;
  human?: Human | undefined;
  /** Of a safeguarding statement why it is made, and by whom: kept with the message alone. */
  reason?: string;
  clinician?: string | null;
  consent: Consent & { id: string };
};

/** How it is kept: `keepConsent` for every chart that the person has. */
export type KeepConsents = {
  personNow: (ctx: Context, id: string) => Promise<string | null>;
  keepConsent: (ctx: Context, person: string, word: Word) => Promise<unknown>;
  findConsent: (ctx: Context, id: string) => Promise<Kept | null>;
};

const MOST_BYTES = 65_536;
const WHO = 'what a person agrees to or refuses is said by a statutory health service that cares for them';

export function registerConsents(app: FastifyInstance, ctx: Context, keep: KeepConsents): void {
  const base = fhirBase(ctx.config);

  /** The person, where this recipient may speak for them. */
  async function personFor({ recipient }: FastifyRequest, said: Said): Promise<string> {
    const person = await keep.personNow(ctx, said.patient);
    // Who is nobody is asked about like anybody else.
    const asked = person ?? randomUUID();
    const grants = await loadGrants(ctx.db, recipient, [asked]);
    if (person === null || !mayKeepConsent(grants, asked)) throw notFound();
    if (!grants.everything) requireCapacity(said, grants.persons.get(asked));
    return person;
  }

  /** What the body says, which this service may say. Throws Rejected 403 or 422. */
  async function saidIn(request: FastifyRequest): Promise<Said> {
    if (!mayKeepConsents(request.recipient)) throw rejected(403, 'forbidden', WHO);
    const said = readConsent(request.body);
    const services = await registeredServices(ctx.db);
    const unknown = said.services.find((service) => !services.has(service));
    const expression = 'Consent.provision.actor.reference';
    if (unknown) throw rejected(422, 'not-found', 'no such service is registered here', { expression });
    if (said.type === 'permit' && !isForOthers(said, authorOf(request).service))
      throw rejected(
        422,
        'business-rule',
        'name the services that may know more; what your own service may know is agreed with another',
        { expression },
      );
    requireStatement(request, said, ctx.config.HUMAN_ISSUER !== undefined);
    return said;
  }

  async function ownOf(request: FastifyRequest<WithId>): Promise<Kept> {
    const { recipient, params } = request;
    const kept = await keep.findConsent(ctx, params.id);
    const isOwn = recipient.kind === 'operator' || kept?.author === authorOf(request).service;
    if (!kept || !isOwn) throw notFound();
    return kept;
  }

  app.register(async (scope) => {
    scope.addHook('onRequest', acceptJson);
    readJsonBodies(scope);
    scope.post('/fhir/Consent', { bodyLimit: MOST_BYTES }, async (request, reply) => {
      const said = await saidIn(request);
      const person = await personFor(request, said);
      const author = authorOf(request);
      const consent = composeConsent(randomUUID(), author.service, { ...said, patient: person });
      await keep.keepConsent(ctx, person, { ...author, ...reasonOf(said), consent });
      reply.code(201).header('location', `${base}/Consent/${consent.id}`);
      return sendFhir(reply, consent);
    });
    scope.put<WithId>('/fhir/Consent/:id', { bodyLimit: MOST_BYTES }, async (request, reply) => {
      const said = await saidIn(request);
      const { consent: before, author } = await ownOf(request);
      const patient = await keep.personNow(ctx, said.patient);
      if (patient === null || `Patient/${patient}` !== before.patient?.reference)
        throw rejected(422, 'business-rule', 'it is of another person: that is another Consent', {
          expression: 'Consent.patient',
        });
      // To open more one has care of the person still; to narrow, and withdraw, one need not.
      if (said.status === 'active' && said.type === 'permit') await personFor(request, said);
      const consent = composeConsent(before.id, author, { ...said, patient });
      await keep.keepConsent(ctx, patient, { ...authorOf(request), ...reasonOf(said), consent });
      return sendFhir(reply, consent);
    });
    scope.get<WithId>('/fhir/Consent/:id', async (request, reply) =>
      sendFhir(reply, (await ownOf(request)).consent),
    );
  });
}

const reasonOf = ({ by }: Said): Pick<Word, 'reason' | 'clinician'> =>
  by.capacity === 'safeguarding' ? { reason: by.reason, clinician: by.clinician } : {};

const isForOthers = ({ services }: Said, own: string): boolean =>
  services.length > 0 && !services.includes(own);

/** The recipient of a request that was found to be a system's. */
function authorOf({ recipient }: FastifyRequest): Omit<Word, 'consent'> {
  const { system, human } = recipient as Extract<Recipient, { kind: 'system' }>;
  return { service: system.service.id, system: system.id, by: system.name, human };
}
