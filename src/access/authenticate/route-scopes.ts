/**
 * The scope that each route needs: the one table of it. A route that is not in it is refused to whoever is
 * limited by scopes.
 */
import type { FastifyRequest } from 'fastify';
import type { Route } from '../../doors/route-list.ts';
import { rejected } from '../../errors.ts';
import { isPublic } from './public.ts';
import { type Letter, type Need, requireScope, scopesOf } from './scopes.ts';

/** Whatever is in a message: who may send may send all of it, and ask what became of it. */
const SEND: Need = { type: '*', letter: 'c' };

/**
 * By method and URL, the first that fits. A letter alone is of the type in the URL. `none`: no scope, since
 * it holds nothing of a person, and has a rule of its own.
 */
const NEEDS: [RegExp, Letter | Need | 'none'][] = [
  [/^POST \/fhir(\/\$process-message)?$/, SEND],
  [/^(POST|GET) \/intake\//, SEND],
  // A wait is told by Tasks; figures of it are what a search for them could be added up to.
  [/^GET \/waits$/, { type: 'Task', letter: 's' }],
  // It says in words what all its entries say, so it is for who may read all of them.
  [/^GET \/fhir\/Group\/:id\/\$journey$/, { type: '*', letter: 'r' }],
  // It gives of every type whatever is of its families.
  [/^(GET|POST) \/fhir\/Subscription\/:id\/\$snapshot$/, { type: '*', letter: 'r' }],
  // As much in words as a journey, of every family.
  [/^(GET|POST) \/pages(\/|$)/, { type: '*', letter: 'r' }],
  [/^POST \/fhir\/Patient\/\$match$/, 's'],
  // What it opens is read by the same scopes as anything.
  [/^POST \/fhir\/Patient\/(:id\/)?\$break-glass$/, 'r'],
  [
    /^POST \/fhir\/Patient\/:id\/\$(place-hold|lift-hold|safe-contact|set-placement|set-competence|set-parental-responsibility)$/,
    'u',
  ],
  [/^(GET|POST) \/fhir\/Subscription\/(:id\/)?\$(status|events)$/, 'r'],
  [/^POST \/fhir\/Subscription\/:id\/\$(confirm-removal|rotate-secret)$/, 'u'],
  [/^GET \/fhir\/Subscription\/:id\/\$attempts$/, 'r'],
  [/^GET \/fhir\/Task\/\$worklist$/, 's'],
  [/^POST \/fhir\/Task\/:id\/\$(accept|reject|defer|undo)$/, 'u'],
  [/^POST \/fhir\/[A-Z]\w+\/_search$/, 's'],
  [/^GET \/fhir\/[A-Z]\w+$/, 's'],
  [/^GET \/fhir\/[A-Z]\w+\/:id(\/_history(\/:vid)?)?$/, 'r'],
  [/^POST \/fhir\/[A-Z]\w+$/, 'c'],
  [/^PUT \/fhir\/[A-Z]\w+\/:id$/, 'u'],
  [/^DELETE \/fhir\/[A-Z]\w+\/:id$/, 'd'],
  [/^GET \/metrics$/, 'none'],
];

/** What a route needs; undefined where nobody has said. */
export function needOf({ method, url }: Route): Need | 'none' | undefined {
  if (isPublic(url)) return 'none';
  const need = NEEDS.find(([form]) => form.test(`${method} ${url}`))?.[1];
  if (need === undefined || typeof need === 'object' || need === 'none') return need;
  return { type: /^\/fhir\/(\w+)/.exec(url)?.[1] ?? '*', letter: need };
}

/** Throws Rejected 403 where the scopes of who asks do not hold what the route needs. */
export function requireRouteScope({ recipient, method, routeOptions: { url } }: FastifyRequest): void {
  if (url === undefined || scopesOf(recipient) === null) return;
  const need = needOf({ method: method === 'HEAD' ? 'GET' : method, url });
  if (need === undefined) throw rejected(403, 'forbidden', 'no scope opens this');
  if (need !== 'none') requireScope(recipient, need);
}

/** All scopes that some route needs, by type with their letters in order: `system/Patient.rs`. */
export function scopesNeeded(routes: Route[]): string[] {
  const letters = new Map<string, Set<Letter>>();
  for (const route of routes) {
    const need = needOf(route);
    if (!need || need === 'none') continue;
    letters.set(need.type, (letters.get(need.type) ?? new Set()).add(need.letter));
  }
  const inOrder = (of: Set<Letter>) =>
    (['c', 'r', 'u', 'd', 's'] as const).filter((letter) => of.has(letter));
  const whole = 'system/*.cruds';
  const each = [...letters].filter(([type]) => type !== '*');
  return [whole, ...each.map(([type, of]) => `system/${type}.${inOrder(of).join('')}`).sort()];
}
