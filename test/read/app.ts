import Fastify from 'fastify';
import { authenticate } from '../../src/access/authenticate.ts';
import { Rejected } from '../../src/errors.ts';
import type { System } from '../../src/model.ts';
import { registerRead } from '../../src/read/routes.ts';
import { testContext } from '../support/context.ts';
import type { TestDatabase } from '../support/database.ts';

/** The read API over one database; requests are made as a system, or as the operator. */
export async function startReading(database: TestDatabase) {
  const ctx = testContext(database);
  const app = Fastify();
  const recipientOf = authenticate(ctx);
  app.addHook('onRequest', async (request) => {
    request.recipient = await recipientOf(request);
  });
  app.setErrorHandler((error, _request, reply) => {
    if (!(error instanceof Rejected)) throw error;
    const issue = error.issues.map(({ severity, code, text, field }) => ({
      severity,
      code,
      diagnostics: text,
      expression: field && [field],
    }));
    return reply.code(error.status).send({ resourceType: 'OperationOutcome', issue });
  });
  registerRead(app, ctx);
  await app.ready();
  const as = (system: System | undefined, headers: object) => ({
    ...headers,
    ...(system ? { 'x-skein-system': system.name } : {}),
  });
  return {
    app,
    get: (url: string, system?: System, headers: object = {}) =>
      app.inject({ method: 'GET', url, headers: as(system, headers) }),
    post: (url: string, body: Record<string, string>, system?: System) =>
      app.inject({
        method: 'POST',
        url,
        headers: as(system, { 'content-type': 'application/x-www-form-urlencoded' }),
        payload: new URLSearchParams(body).toString(),
      }),
  };
}
