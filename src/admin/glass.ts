/** `skein glass …`: what people did who broke glass, and what came of its review. */

import { type GlassRow, listGlass, reviewGlass, VERDICTS, type Verdict } from '../access/glass/reviews.ts';
import { humanOfFile } from '../access/human/of-file.ts';
import { WrongUse } from '../command/wrong-use.ts';
import type { Context } from '../context.ts';
import type { Done } from './command.ts';

export async function showGlass({ db }: Context, all: boolean): Promise<Done> {
  const items = await listGlass(db, all);
  const none = all ? 'glass was never broken\n' : 'nothing is to be reviewed\n';
  return { data: { items }, text: items.map(describe).join('') || none };
}

function describe(item: GlassRow): string {
  const { id, at, until, person, service, subject, name, role, organisation } = item;
  const { reason, reads, overdue, verdict, reviewedBy } = item;
  const state = verdict ? `${verdict}, by ${reviewedBy}` : overdue ? 'overdue' : 'to be reviewed';
  const who = `${name ?? subject} (${subject}), ${role} of ${organisation}, at ${service}`;
  return [
    `${id}  ${state}`,
    `  ${at.toISOString()} to ${until.toISOString()}: ${who}`,
    `  Patient/${person}, ${reads} answers`,
    `  ${reason.replaceAll(/\s+/g, ' ')}\n`,
  ].join('\n');
}

/** `user`: a file with the token of who reviews it, in place of a name that is typed. */
type Reviewing = { by: string | undefined; user: string | undefined; verdict: string | undefined };

/** Throws WrongUse, and what `reviewGlass` refuses. */
export async function reviewGlassOf(ctx: Context, id: string, reviewing: Reviewing): Promise<Done> {
  const { by, user, verdict } = reviewing;
  if (!isVerdict(verdict)) throw new WrongUse(`--verdict is ${VERDICTS.join(' or ')}`);
  if ((by === undefined) === (user === undefined))
    throw new WrongUse('glass review needs --by NAME, or --user FILE');
  const human = user === undefined ? undefined : await humanOfFile(ctx.config, user, 'governance');
  await reviewGlass(ctx.db, id, { by: by ?? human?.name ?? human?.subject ?? '', human, verdict });
  return { data: { id, verdict }, text: `kept: ${verdict}\n` };
}

const isVerdict = (text: string | undefined): text is Verdict =>
  (VERDICTS as readonly (string | undefined)[]).includes(text);
