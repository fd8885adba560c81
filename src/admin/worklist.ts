/** `skein worklist`: what people are to decide, most harmful first. Nothing of it is told to anybody. */
import type { Context } from '../context.ts';
import { openWorklist } from '../pipeline/worklist/open-worklist.ts';
import type { Figures, Item } from '../work/worklist/item.ts';
import type { Done } from './command.ts';

const SHOWN = 200;

/** The worklist as it is now: what was decided, or has come together by itself, is not on it. */
export async function showWorklist(ctx: Pick<Context, 'db' | 'key'>): Promise<Done> {
  const worklist = openWorklist(ctx);
  const [items, figures] = [await worklist.items(), await worklist.figures()];
  const waiting = items.filter(({ until }) => until === null);
  const lines = [
    ...waiting.slice(0, SHOWN).map(describeItem),
    waiting.length > SHOWN ? `and ${waiting.length - SHOWN} more: --json has them all` : '',
    ...describeFigures(figures),
  ];
  const text = items.length === 0 ? 'nothing is to be decided\n' : lines.filter(Boolean).join('\n');
  return { data: { figures, items }, text: text.endsWith('\n') ? text : `${text}\n` };
}

const describeFigures = ({ items, stops, deferred, per, raised, oldest }: Figures): string[] => [
  `${items} items, ${stops} of them about contacts to be stopped`,
  deferred > 0 ? `${deferred} of them put off, and not shown here` : '',
  per === null
    ? ''
    : `${per} per 1,000 births; ${raised} raised a day; the oldest of ${oldest?.toISOString().slice(0, 10) ?? 'none'}`,
];

function describeItem({ question, ids, systems, stops, likely, bits, reasons, since }: Item): string {
  const weight = likely ? ` (${likely}, ${bits} bits)` : '';
  return [
    `${stops ? 'contacts to be stopped: ' : ''}${question} ${ids.join(' ')}${weight}`,
    reasons.join(', '),
    `by ${systems.join(', ')}, since ${since.toISOString().slice(0, 10)}`,
  ].join('; ');
}
