import type { FastifyInstance } from 'fastify';

export type Route = { method: string; url: string };

/** A list that grows with every route registered from now on, without those Fastify adds by itself (HEAD). */
export function collectRoutes(app: FastifyInstance): Route[] {
  const routes: Route[] = [];
  app.addHook('onRoute', ({ method, url }) => {
    for (const one of [method].flat())
      if (one !== 'HEAD' && one !== 'OPTIONS') routes.push({ method: one, url });
  });
  return routes;
}
