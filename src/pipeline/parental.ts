/** Who holds parental responsibility for a child: a message of Skein's own, as a hold is. */
import type { Context } from '../context.ts';
import type { Parental } from '../fhir/parental.ts';
import { holderOf } from '../fhir/parental.ts';
import { authorOf, PARENTAL, parentalOf, safetyIn } from '../link/safety/statements.ts';
import { actorOf, type Speaker, say, spoken } from './safety.ts';

/** `clinician`: who entered it, named by the request where nobody proved who they are. */
export type Saying = Parental & { ended: boolean; clinician: string };

/**
 * In force when it is answered; said again of the same holder, it takes the place of what was said, where the
 * service that said it speaks, or (`service` null) the operator. Null where it is another's word, where
 * nothing is there to end, or nobody is known by that id.
 */
export function sayParental(
  ctx: Context,
  id: string,
  { holder, from, document, ended, clinician, ...speaker }: Speaker & Saying,
): Promise<string | null> {
  const { service } = speaker;
  const parental = { holder, from, document };
  const body = { said: 'parental-responsibility', ...spoken(speaker), clinician, ...parental, ended };
  const saying = { actor: actorOf(speaker), interaction: 'parental-responsibility', body };
  return say(ctx, id, saying, ({ person, facts, at }) => {
    const charts = new Set(person.charts.map(({ key }) => key));
    const before = safetyIn(facts.statements, PARENTAL).filter(
      ({ chart, content }) =>
        charts.has(chart) && holderOf(content) === holder && content.status === 'active',
    );
    const isOthers = service !== null && before.some(({ content }) => authorOf(content) !== service);
    if (isOthers || (ended && before.length === 0)) return [];
    const author = before[0] ? authorOf(before[0].content) : service;
    return person.charts.map(({ key: chart }) =>
      parentalOf(ctx.key, { chart, author, at }, { ...parental, ended }),
    );
  });
}
