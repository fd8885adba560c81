import type { FastifyInstance } from 'fastify';

export type Route = { method: string; url: string };

/** Pages are for people: no description of the API names them. */
export const isPage = (url: string): boolean => /^\/pages(\/|$)/.test(url);

/** A list that grows with every route registered from now on, without those Fastify adds by itself (HEAD). */
export function collectRoutes(app: FastifyInstance, isListed = (_url: string) => true): Route[] {
  const routes: Route[] = [];
  app.addHook('onRoute', ({ method, url }) => {
    if (!isListed(url)) return;
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
  const parts = url.split('/').map((part) => {
    if (part === '*') return '.*';
    return part.startsWith(':') ? '[^/]+' : part.replace(/\W/g, '\\$&');
  });
  const form = new RegExp(`^${parts.join('/').replace(/(?<=.)\/$/, '')}$`);
  forms.set(url, form);
  return form;
}
