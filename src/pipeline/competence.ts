/** That a young person may decide about some help for themselves: a message of Skein's own, as a hold is. */
import type { Context } from '../context.ts';
import { competenceOf } from '../link/safety/statements.ts';
import { actorOf, type Speaker, say, spoken } from './safety.ts';

/**
 * `scopes`: services by id, or `third-sector-help`. `until`: ISO instant. `clinician`: who found it, named by
 * the request where nobody proved who they are. `ended`: it is so no longer.
 */
export type Competence = { scopes: string[]; until: string; ended: boolean; clinician: string };

/**
 * In force when it is answered, of each scope by itself; said again, it takes the place of what was said of
 * it. Gives the id of the message; null where nobody is known by that id.
 */
export function sayCompetence(
  ctx: Context,
  id: string,
  { scopes, until, ended, clinician, ...speaker }: Speaker & Competence,
): Promise<string | null> {
  const { service: author } = speaker;
  const body = { said: 'competence', ...spoken(speaker), clinician, scopes, until, ended };
  return say(ctx, id, { actor: actorOf(speaker), interaction: 'competence', body }, ({ person, at }) =>
    person.charts.flatMap(({ key: chart }) =>
      scopes.map((scope) => competenceOf(ctx.key, { chart, author, at }, { scope, until, ended })),
    ),
  );
}
