/** `GET /fhir/AuditEvent?patient=`: what `skein audit who` says, for the operator alone. */
import { randomUUID } from 'node:crypto';
import type { FastifyInstance } from 'fastify';
import type { Context } from '../context.ts';
import { oneOf, queryOf } from '../doors/query.ts';
import { rejected } from '../errors.ts';
import { acceptJson } from '../fhir/accept.ts';
import { searchset } from '../fhir/bundle.ts';
import { isId } from '../fhir/ids.ts';
import { fhirBase, sendFhir } from '../read/answer.ts';
import { auditEventOf } from './audit-event.ts';
import { findDisclosures } from './who.ts';

const TAKEN = ['patient', '_format', '_pretty'];

export function registerAuditEvents(app: FastifyInstance, ctx: Context): void {
  app.get('/fhir/AuditEvent', { onRequest: acceptJson }, async (request, reply) => {
    if (request.recipient.kind !== 'operator')
      throw rejected(403, 'forbidden', 'who was told what is for whoever runs Skein');
    const query = queryOf(request);
    const other = [...query.keys()].find((name) => !TAKEN.includes(name));
    if (other !== undefined)
      throw rejected(400, 'not-supported', 'AuditEvent is searched by patient', { field: other });
    const patient = oneOf(query, 'patient')?.replace(/^Patient\//, '') ?? '';
    if (!isId(patient)) throw rejected(400, 'value', 'patient is the id of one', { field: 'patient' });
    const told = await findDisclosures(ctx.db, patient, new Date(0));
    const entry = told.map((one) => {
      const id = randomUUID();
      const resource = auditEventOf(one, { id, patient });
      return { fullUrl: `urn:uuid:${id}`, resource, search: { mode: 'match' as const } };
    });
    const url = `${fhirBase(ctx.config)}/AuditEvent?patient=${patient}`;
    return sendFhir(reply, searchset([{ relation: 'self', url }], entry));
  });
}
