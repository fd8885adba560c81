import { buildApp } from '../../src/app.ts';
import type { System } from '../../src/model.ts';
import { registerRead } from '../../src/read/routes.ts';
import { testContext } from '../support/context.ts';
import type { TestDatabase } from '../support/database.ts';

/** The read API over one database; requests are made as a system, or as the operator. */
export async function startReading(database: TestDatabase) {
  const app = buildApp(testContext(database), [registerRead]);
  await app.ready();
  const as = (system: System | undefined, headers: object) => ({
    ...headers,
    ...(system ? { 'x-skein-system': system.name } : {}),
  });
  return {
    get: (url: string, system?: System, headers: object = {}) =>
      app.inject({ method: 'GET', url, headers: as(system, headers) }),
    send: (
      method: 'GET' | 'POST' | 'DELETE',
      url: string,
      { type, body }: { type?: string; body?: string } = {},
    ) =>
      app.inject({
        method,
        url,
        headers: type ? { 'content-type': type } : {},
        ...(body ? { payload: body } : {}),
      }),
    post: (url: string, body: Record<string, string>, system?: System) =>
      app.inject({
        method: 'POST',
        url,
        headers: as(system, { 'content-type': 'application/x-www-form-urlencoded' }),
        payload: new URLSearchParams(body).toString(),
      }),
  };
}
