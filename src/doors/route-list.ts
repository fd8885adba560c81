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

/** The methods by which anything is served at a path; HEAD wherever GET is. */
export function methodsAt(routes: Route[], path: string): string[] {
  const trimmed = path.replace(/(?<=.)\/$/, '');
  const found = routes.filter(({ url }) => formOf(url).test(trimmed)).map(({ method }) => method);
  const all = new Set(found.flatMap((method) => (method === 'GET' ? ['GET', 'HEAD'] : [method])));
  return [...all].sort();
}

const forms = new Map<string, RegExp>();

function formOf(url: string): RegExp {
  const known = forms.get(url);
  if (known) return known;
  const parts = url.split('/').map((part) => (part.startsWith(':') ? '[^/]+' : part.replace(/\W/g, '\\$&')));
  const form = new RegExp(`^${parts.join('/').replace(/(?<=.)\/$/, '')}$`);
  forms.set(url, form);
  return form;
}
